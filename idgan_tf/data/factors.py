"""Datasets whose images are a full grid over known factors: what disentanglement metrics need."""

import numpy as np
import tensorflow as tf

from idgan_tf.data.base import Dataset


class FactorDataset(Dataset):
    """One image for every combination of `factor_sizes`, stored in row-major order (last factor fastest).

    Attributes:
        factor_names: K names.
        factor_sizes: K numbers of values.
    """

    factor_names = ()
    factor_sizes = ()

    @property
    def num_examples(self):
        return int(np.prod(self.factor_sizes))

    def index(self, factors):
        """Factor classes [N, K] -> the indices of their images [N]."""
        return np.ravel_multi_index(np.asarray(factors).T, self.factor_sizes)

    def factors(self, indices):
        """Indices of images [N] -> factor classes [N, K]."""
        return np.stack(np.unravel_index(indices, self.factor_sizes), axis=-1)

    def factors_in_graph(self, index):
        """Indices of images, int64 tensor [B] -> factor classes, int32 tensor [B, K]."""
        strides = [int(np.prod(self.factor_sizes[k + 1 :])) for k in range(len(self.factor_sizes))]
        classes = index[:, None] // tf.constant(strides, tf.int64) % tf.constant(self.factor_sizes, tf.int64)
        return tf.cast(classes, tf.int32)

    def batch(self, rows, seed):
        """`decode` and "factors", int32 [B, K], where `decode` does not give other ones."""
        return {"factors": self.factors_in_graph(rows["index"]), **self.decode(rows, seed)}

    def sample_factors(self, count, rng):
        """Uniform factor classes [count, K] from a `numpy.random.Generator`."""
        return np.stack([rng.integers(0, size, count) for size in self.factor_sizes], axis=-1)

    @property
    def drawn_classes(self):
        """The classes of each factor that `sample_factors` draws, K arrays, ascending: a single one of a constant."""
        return [np.arange(size) for size in self.factor_sizes]

    @property
    def drawn_freely(self):
        """Whether it draws every combination of them equally often: one can be held still, and the others vary."""
        return True

    def images(self, factors, seed=(0, 0)):
        """Factor classes [N, K] -> images float32 [N, H, W, C]; `seed` is for datasets with random parts."""
        return self.take(self.index(factors), seed)["image"]


class Derived(FactorDataset):
    """The images of another dataset with known factors, as other examples: a part of them, in another order, in pairs.

    Args:
        dataset: a `FactorDataset`.
        name: of this one, in logs and results.
    """

    def __init__(self, dataset, name):
        self.dataset, self.name = dataset, name
        for attribute in ("image_shape", "binary", "factor_names", "factor_sizes"):
            setattr(self, attribute, getattr(dataset, attribute))
        for attribute in ("home", "weight", "licence", "layout"):
            setattr(self, attribute, getattr(dataset, attribute))

    @property
    def whole(self):
        return self.dataset.whole

    @property
    def looks(self):
        return self.dataset.looks

    @property
    def arrays(self):
        return self.dataset.arrays

    def row_of(self, index):
        return self.dataset.row_of(index)

    def stored(self, rows):
        return self.dataset.stored(rows)

    def decode(self, rows, seed):
        return self.dataset.decode(rows, seed)

    def factors_in_graph(self, index):
        return self.dataset.factors_in_graph(index)

    def images(self, factors, seed=(0, 0)):
        return self.dataset.images(factors, seed)
