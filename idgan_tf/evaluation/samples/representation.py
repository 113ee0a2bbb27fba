"""The code of every image, computed once: metrics of one evaluation share what has been encoded."""

import weakref

import numpy as np
import tensorflow as tf

from idgan_tf.data.factors import FactorDataset
from idgan_tf.evaluation.checks import finite
from idgan_tf.evaluation.metric import require_available
from idgan_tf.evaluation.samples.kept import Kept
from idgan_tf.methods.faces import can
from idgan_tf.progress import bar

BATCH = 256  # images per call of the encoder; no code depends on it
_kept = Kept()


class Representation:
    """Codes r(x) of a dataset's images by their factors, each encoded when it is first asked for.

    Args:
        encode: image [B, H, W, C] -> codes [B, D].
        dataset: a `FactorDataset`.
    """

    def __init__(self, encode, dataset):
        self._encode, self._dataset = tf.function(encode), dataset
        self._cells = np.empty(0, np.int64)  # of the grid of factors, ascending
        self._codes = np.empty([0, 0], np.float32)  # of each of them

    def __call__(self, factors):
        """Factor classes [N, K] -> codes float32 [N, D].

        Raises:
            NonFiniteError: the encoder gives NaN or infinity.
        """
        cells = np.ravel_multi_index(np.transpose(factors), self._dataset.factor_sizes)
        missing = np.setdiff1d(cells, self._cells)
        if len(missing):
            codes = self._encoded(missing)
            known = np.concatenate([self._codes, codes]) if len(self._codes) else codes
            order = np.argsort(np.concatenate([self._cells, missing]))
            self._cells, self._codes = np.concatenate([self._cells, missing])[order], known[order]
        return self._codes[np.searchsorted(self._cells, cells)]

    def _encoded(self, cells):
        """Codes [M, D] of cells [M]."""
        codes = []
        with bar(what="encoding", unit="images", total=len(cells)) as progress:
            for start in range(0, len(cells), BATCH):
                some = np.resize(cells[start : start + BATCH], BATCH)  # one shape, one graph
                image = self._dataset.images(np.stack(np.unravel_index(some, self._dataset.factor_sizes), axis=-1))
                codes.append(np.asarray(self._encode(image), np.float32))
                finite(codes[-1], "codes")
                progress.update(min(BATCH, len(cells) - start))
        return np.concatenate(codes)[: len(cells)]


def of(method, dataset):
    """The representation of a method with its present weights: the mean of its q(c|x), shared by all who ask.

    Raises:
        Unavailable: the method does not encode, or the dataset has no known factors.
    """
    require_available(can(method, "encode"), f"{type(method).__name__} has no encoder")
    require_available(isinstance(dataset, FactorDataset), f"the factors of {dataset.name} are not known")
    owner = weakref.proxy(method)  # what is kept must not keep the method alive
    return _kept(method, (dataset,), lambda: Representation(lambda image: owner.encode(image)[0], dataset))


def varying(dataset, fewest=1, freely=False):
    """Numbers [V] of the factors of a `FactorDataset` that are drawn in more classes than one; the others are constant.

    Args:
        dataset: draws factors.
        fewest: factors that a metric needs.
        freely: whether it needs one held still while the others vary as ever.

    Raises:
        Unavailable: there are fewer, or factors depend on one another.
    """
    numbers = np.array([k for k, classes in enumerate(dataset.drawn_classes) if len(classes) > 1], np.int64)
    require_available(
        len(numbers) >= fewest,
        f"{len(numbers)} of the factors of {dataset.name} vary ({dataset.source}), and {fewest} are needed",
    )
    require_available(
        dataset.drawn_freely or not freely,
        f"one factor is to be held still while the others vary, and in {dataset.name} they depend on one another "
        f"({dataset.source})",
    )
    return numbers


def of_factors(dataset):
    """What a protocol says of factors that are constant in a part of a dataset, or depend on one another there."""
    classes = zip(dataset.factor_names, dataset.drawn_classes, strict=True)
    constant = ", ".join(name for name, some in classes if len(some) == 1)
    said = {"constant_factors": constant} if constant else {}
    return said if dataset.drawn_freely else {**said, "factors": "dependent: some combinations are not drawn"}


def sample(method, dataset, seed, count, fewest=1):
    """Codes [N, D] and factors [N, V] of random images of a `FactorDataset`.

    Factors that are constant in it are left out; `fewest` as in `varying`.
    """
    codes_of, numbers = of(method, dataset), varying(dataset, fewest)
    factors = dataset.sample_factors(count, np.random.default_rng(seed))
    return codes_of(factors), factors[:, numbers]


def split(method, dataset, seed, num_train, num_test, fewest=1):
    """((codes, factors) to fit on, (codes, factors) to score on), random images of a `FactorDataset`.

    Factors that are constant in it are left out; `fewest` as in `varying`.
    """
    codes_of, numbers, rng = of(method, dataset), varying(dataset, fewest), np.random.default_rng(seed)
    factors = [dataset.sample_factors(count, rng) for count in (num_train, num_test)]
    return [(codes_of(f), f[:, numbers]) for f in factors]
