"""Handwritten digits that come with scikit-learn: small enough to learn in a minute (Alpaydin & Kaynak 1998)."""

import functools

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.data.base import Dataset
from idgan_tf.errors import require, require_number

COUNT = 1797
LEVELS = 16  # the largest value of a pixel
SEED = 0  # of the permutation that is cut into the two parts: scikit-learn's order is one writer after the other


@gin.register
class Digits(Dataset):
    """1,797 grey images of 8x8 pixels, of which some are held out.

    Args:
        num_test: how many, drawn at random; `held_out` has them, and training never sees them.
    """

    name = "digits"
    image_shape = (8, 8, 1)
    num_classes = 10
    source = "scikit-learn"
    home, weight, licence, layout = "scikit-learn", "nothing", "CC BY 4.0", "none"
    class_names = tuple("0123456789")

    def __init__(self, num_test):
        require_number("Digits.num_test", num_test, minimum=1, integer=True)
        require(num_test < COUNT, f"Digits.num_test must leave some of {COUNT} images to train on, got {num_test}")
        self.num_test, self._part = num_test, slice(num_test, None)

    @functools.cached_property
    def held_out(self) -> "Digits | None":
        other = Digits(self.num_test)
        other.name, other._part, other.held_out = "digits_held_out", slice(self.num_test), None
        return other

    @functools.cached_property
    def arrays(self):
        from sklearn.datasets import load_digits

        digits, rows = load_digits(), np.random.default_rng(SEED).permutation(COUNT)[self._part]
        return {
            "image": digits.images[rows, ..., None].astype(np.uint8),
            "label": digits.target[rows].astype(np.int32),
        }

    def decode(self, rows, seed):
        del seed  # nothing random
        return {
            "image": tf.cast(rows["image"], tf.float32) / LEVELS,
            "label": tf.cast(rows["label"], tf.int32),
        }
