"""What the papers' input pipelines do to images at random: `<Dataset>.augment = (@flip, @dequantise)` in gin.

Each is a function (image [B, H, W, C], seed) -> image, for training only: `Dataset.take` leaves it out.
"""

import gin
import tensorflow as tf

from idgan_tf import noise


@gin.register
def flip(image, seed):
    """Mirrors each image left to right with probability 1/2."""
    chosen = noise.uniform([image.shape[0], 1, 1, 1], seed) < 0.5
    return tf.where(chosen, tf.reverse(image, [2]), image)


@gin.register
def dequantise(image, seed):
    """Adds U[0, 1)/256, one grey level: U/128 for images in [-1, 1] (1Konny/idgan, inputs.py)."""
    return image + noise.uniform(image.shape, seed) / 256.0
