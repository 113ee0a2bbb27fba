"""The code of every image, computed once: metrics of one evaluation share what has been encoded."""

import weakref

import numpy as np
import tensorflow as tf

from idgan_tf.data.factors import FactorDataset
from idgan_tf.evaluation.result import available, finite
from idgan_tf.progress import bar

BATCH = 512  # images per call of the encoder; no code depends on it
_known = weakref.WeakKeyDictionary()


class Representation:
    """Codes r(x) of a dataset's images by row number, each encoded when it is first asked for.

    Args:
        encode: image [B, H, W, C] -> codes [B, D].
        dataset: a `Dataset`.
    """

    def __init__(self, encode, dataset):
        self._encode, self._dataset = tf.function(encode), dataset
        self._codes, self._done = None, np.zeros(dataset.num_examples, bool)

    def __call__(self, rows):
        """Row numbers [N] -> codes float32 [N, D].

        Raises:
            NonFiniteError: the encoder gives NaN or infinity.
        """
        missing = np.unique(rows[~self._done[rows]])
        with bar(what="encoding", unit="images", total=len(missing)) as progress:
            for start in range(0, len(missing), BATCH):
                some = missing[start : start + BATCH]
                self._keep(some, self._encode_batch(some))
                progress.update(len(some))
        return self._codes[rows]

    def _encode_batch(self, rows):
        padded = np.resize(rows, BATCH)  # one shape, one graph
        return np.asarray(self._encode(self._dataset.take(padded)["image"]), np.float32)[: len(rows)]

    def _keep(self, rows, codes):
        finite(codes, "codes")
        if self._codes is None:
            self._codes = np.zeros([len(self._done), codes.shape[1]], np.float32)
        self._codes[rows], self._done[rows] = codes, True


def of(method, dataset):
    """The representation of a method at its present step: the mean of its q(c|x), shared by all who ask.

    Raises:
        Unavailable: the method does not encode, or the dataset has no known factors.
    """
    available(hasattr(method, "encode"), f"{type(method).__name__} has no encoder")
    available(isinstance(dataset, FactorDataset), f"the factors of {dataset.name} are not known")
    key = (int(method.step.numpy()), dataset)
    if method not in _known or _known[method][0] != key:
        owner = weakref.ref(method)  # the cache must not keep the method alive
        _known[method] = key, Representation(lambda image: owner().encode(image)[0], dataset)
    return _known[method][1]


def split(method, dataset, seed, num_train, num_test):
    """((codes, factors) to fit on, (codes, factors) to score on), random images of a `FactorDataset`."""
    codes_of, rng = of(method, dataset), np.random.default_rng(seed)
    factors = [dataset.sample_factors(count, rng) for count in (num_train, num_test)]
    return [(codes_of(dataset.index(f)), f) for f in factors]
