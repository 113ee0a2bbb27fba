"""A dataset whose image is its factors, and methods whose code is what a test wants."""

import functools

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.factors import FactorDataset
from idgan_tf.methods.base import Method
from idgan_tf.methods.faces import CodeFaces


class Pixels(FactorDataset):
    """Factors of 3, 4 and 5 values; the first pixels of an image are the factors in [0, 1]."""

    name, source, image_shape = "pixels", "made", (4, 4, 1)
    factor_names, factor_sizes = ("a", "b", "c"), (3, 4, 5)

    @functools.cached_property
    def arrays(self):
        factors = self.factors(np.arange(self.num_examples)) / (np.array(self.factor_sizes) - 1)
        images = np.zeros([self.num_examples, 16], np.float32)
        images[:, : factors.shape[1]] = factors
        return {"image": images.reshape(-1, 4, 4, 1)}

    def decode(self, rows, seed):
        return {"image": rows["image"]}


class Codes(CodeFaces, Method):
    """Encodes an image as `code(pixels [B, 16])`, with unit variance."""

    def __init__(self, code):
        super().__init__()
        self.code, self.calls = code, 0

    def encode(self, image):
        mean = self.code(tf.reshape(image, [-1, 16]))
        return mean, tf.zeros_like(mean)


@pytest.fixture
def pixels():
    return Pixels()


@pytest.fixture
def codes_method():
    return Codes


@pytest.fixture(autouse=True)
def clean():
    gin.clear_config()
    keras.utils.set_random_seed(0)
    yield
    gin.clear_config()
