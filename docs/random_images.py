"""Random images in place of photographs that are not here, for measurements of speed.

In a checkout:

    bin/benchmark --gin_file=gin/idgan_celeba64.gin --gin_file=docs/random_images.gin --gin_allow_import=docs
"""

import functools
import tempfile

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.data.base import Dataset

BLOCK = 1000  # images that are random; the file repeats them


@gin.register
class RandomImages(Dataset):
    """`count` images in a mapped file, as those of a prepared dataset are, of two classes."""

    name, source = "random_images", "random"

    def __init__(self, image_shape, count):
        self.image_shape, self.count = tuple(image_shape), count

    @functools.cached_property
    def arrays(self):
        block = np.random.default_rng(0).integers(0, 256, (min(BLOCK, self.count), *self.image_shape), np.uint8)
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the array keeps it
        for first in range(0, self.count, BLOCK):
            file.write(block[: self.count - first])
        file.flush()
        label = np.arange(self.count, dtype=np.int32) % 2
        return {"image": np.memmap(file, np.uint8, "r", shape=(self.count, *self.image_shape)), "label": label}

    def decode(self, rows, seed):
        del seed
        return {"image": tf.cast(rows["image"], tf.float32) / 255.0, "label": rows["label"]}
