"""Noise on all images that a discriminator sees, which falls during the training, and what may go wrong with it.

Sonderby et al., "Amortised MAP Inference for Image Super-resolution", ICLR 2017; here as in the code of IB-GAN.
"""

import math
from collections.abc import Callable

import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from idgan_tf import noise

# What `diagnose` warns of; chosen here, from runs on dSprites (the table in docs/ibgan.md).
HOPELESS = 1.5  # nats of -log D of generated images: 1.0 where they become sprites, 1.96 and 1.99 in a collapse
NOISELESS = 0.1  # noise below which D sees textures and G should not draw them
TEXTURE = 0.5  # roughness: of dSprites 0.10, of sprites that IB-GAN drew 0.08 to 0.36, of textures 0.83 and above
DIAGNOSED = 64  # images


class NoisyImages:
    """For a method that draws `generate(s, c)` of codes `sample_code(image, seed)`, s [B, 0], and reports its "fool".

    A subclass sets `instance_noise`, the standard deviation: a number, or a schedule of the step.
    """

    instance_noise: LearningRateSchedule | float
    image_shape: tuple
    now: Callable
    sample_code: Callable
    generate: Callable

    def diagnose(self, means):
        """The two ways it dies: images of a texture once the noise has gone, and a D that nothing fools."""
        warnings = []
        if means["fool"] > HOPELESS:
            warnings.append(
                f"the discriminator wins: it gives generated images a probability of {math.exp(-means['fool']):.1%} of "
                "being real; lower its rate or let the noise last longer"
            )
        if self.now(self.instance_noise) < NOISELESS:
            code = self.sample_code(tf.zeros([DIAGNOSED, *self.image_shape]), tf.constant([0, 0]))
            rough = float(roughness(self.generate(tf.zeros([DIAGNOSED, 0]), code)))
            if rough > TEXTURE:
                warnings.append(
                    f"the images have become a texture: neighbouring pixels differ {rough:.2f} times as much as any "
                    "two; raise the discriminator's rate or let the noise last longer"
                )
        return warnings


def disturb(image, sigma, seed):
    """image [B, H, W, C] in [-1, 1] with noise of standard deviation sigma, clipped to [-1, 1]."""
    return tf.clip_by_value(image + sigma * noise.normal(image.shape, seed), -1.0, 1.0)


def roughness(image):
    """How unlike neighbours are in images [B, H, W, C]: 0 where they are flat, 1 where pixels are independent.

    Half the mean squared difference of pixels side by side, over the variance of all (the ratio of von Neumann 1941).
    """
    down, across = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
    difference = 0.5 * (tf.reduce_mean(tf.square(down)) + tf.reduce_mean(tf.square(across)))
    return tf.math.divide_no_nan(0.5 * difference, tf.math.reduce_variance(image))
