"""Diagonal Gaussians given by mean and log-variance. All values in nats, summed over dimensions."""

import math

from keras import ops

from idgan_tf import noise

LOG_2_PI = math.log(2.0 * math.pi)


def sample_gaussian(mean, logvar, seed):
    """A draw [B, D] from N(mean, exp(logvar)), differentiable in both (the reparameterisation trick)."""
    return mean + ops.exp(0.5 * logvar) * noise.normal(mean.shape, seed)


def gaussian_kl_per_dimension(mean, logvar):
    """KL(N(mean, exp(logvar)) || N(0, 1)) of every dimension, [B, D]."""
    return 0.5 * (ops.square(mean) + ops.exp(logvar) - 1.0 - logvar)


def gaussian_kl(mean, logvar):
    """KL(N(mean, exp(logvar)) || N(0, I)), [B]."""
    return ops.sum(gaussian_kl_per_dimension(mean, logvar), axis=-1)


def gaussian_code_nll(x, mean, logvar):
    """-log N(x; mean, exp(logvar)), [B], for x, mean and logvar [B, D].

    The variance has a floor of 1e-8, as in ID-GAN's code: a frozen encoder may be very sure of a dimension.
    """
    return 0.5 * ops.sum(LOG_2_PI + logvar + ops.square(x - mean) / (ops.exp(logvar) + 1e-8), axis=-1)
