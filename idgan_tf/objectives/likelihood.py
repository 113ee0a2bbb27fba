"""Negative log-likelihoods of images in [0, 1], from decoder logits; [B], summed over pixels and channels."""

import gin
import tensorflow as tf
from keras import ops

PIXELS = (1, 2, 3)


@gin.register
def bernoulli_nll(image, logits):
    """Cross-entropy of Bernoulli pixels, [B], in nats."""
    return ops.sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=image, logits=logits), axis=PIXELS)


@gin.register
def gaussian_nll(image, logits):
    """Squared error of sigmoid(logits), [B]: a Gaussian of variance 1/2 without its constant (ID-GAN's code)."""
    return ops.sum(ops.square(ops.sigmoid(logits) - image), axis=PIXELS)
