"""Pairs of images that share some of their factors, of any dataset with known factors: weak supervision.

Locatello et al., "Weakly-Supervised Disentanglement Without Compromises", ICML 2020, arXiv:2002.02886; drawn as in
disentanglement_lib, methods/weak/train_weak_lib.py (`simple_dynamics`).
"""

import gin
import numpy as np
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.data.factors import Derived, FactorDataset
from idgan_tf.errors import ConfigError, require, require_number

STREAM = 1  # of a seed that the other dataset draws by, too


@gin.register
class Pairs(Derived):
    """Another dataset, every image of which comes with a "partner": its factors, of which a few are drawn again.

    One factor in half of the pairs, and as often a number of them from 1 to `most`; a factor drawn again may be the
    same. Every visit to an image draws another partner. Metrics and pictures see the images alone.

    Args:
        dataset: a `FactorDataset` with an image for every combination of its factors.
        most: how many factors may change, 1 to K - 1; None is K - 1. The k of disentanglement_lib: its -1 is None.
    """

    def __init__(self, dataset, most=None):
        require(
            isinstance(dataset, FactorDataset) and _is_whole(dataset),
            "Pairs.dataset must have an image for every combination of known factors, "
            f"got {getattr(dataset, 'name', dataset)}",
        )
        count = len(dataset.factor_sizes)
        most = count - 1 if most is None else most
        require_number("Pairs.most", most, minimum=1, integer=True)
        require(most < count, f"Pairs.most must leave one of the {count} factors of {dataset.name} alone, got {most}")
        super().__init__(dataset, f"{dataset.name}_pairs")
        self.most = most

    @property
    def source(self):
        factors = "1 factor" if self.most == 1 else f"{self.most} factors"
        return f"{self.dataset.source}; pairs that differ in at most {factors}"

    def index_of(self, numbers, seed):
        """Those of the images, then those of their partners: int64 [2B]."""
        count = len(self.factor_sizes)
        factors = self.factors_in_graph(numbers)
        draw = noise.row_uniform(numbers, (2 + 2 * count,), noise.fold(seed, STREAM))
        few, order, values = draw[:, :2], draw[:, 2 : 2 + count], draw[:, 2 + count :]
        changed = tf.where(few[:, :1] < 0.5, 1.0, 1.0 + tf.floor(few[:, 1:] * self.most))  # [B, 1]
        rank = tf.argsort(tf.argsort(order, axis=-1), axis=-1)
        again = tf.cast(values * tf.constant(self.factor_sizes, tf.float32), tf.int32)
        partners = tf.where(tf.cast(rank, tf.float32) < changed, again, factors)
        strides = np.cumprod([1, *self.factor_sizes[:0:-1]])[::-1]
        return tf.concat([numbers, tf.reduce_sum(tf.cast(partners, tf.int64) * strides, axis=-1)], axis=0)

    def batch(self, rows, seed):
        """What the other dataset gives of the images, and "partner", float32 [B, H, W, C]."""
        both = self.dataset.batch(rows, seed)
        batch = {name: tf.split(value, 2)[0] for name, value in both.items()}
        return {**batch, "partner": tf.split(both["image"], 2)[1]}


def _is_whole(dataset):
    """Whether a dataset has one example for each combination of its factors, and they tell which."""
    try:
        last = dataset.index(np.array([dataset.factor_sizes]) - 1)[0]
    except ConfigError:
        return False
    return last + 1 == dataset.num_examples == np.prod(dataset.factor_sizes)
