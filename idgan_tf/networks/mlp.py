"""Fully connected networks on codes."""

import gin
import keras
from keras import layers

from idgan_tf.networks.base import Network
from idgan_tf.networks.layers import dense


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class MLPDiscriminator(Network):
    """Total-correlation discriminator, z [B, D] -> logit [B] of "z is from q(z)" (ID-GAN, Table A.2).

    It has two outputs, one for q(z) and one for the product of its marginals; the logit is their difference.

    Args:
        latent_dim: D.
        width, depth: of the hidden layers.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, latent_dim, width, depth, init, name="tc_discriminator"):
        super().__init__(name, latent_dim=latent_dim, width=width, depth=depth, init=init)
        sizes = [latent_dim] + [width] * depth
        self.stack = keras.Sequential(
            [layer for size in sizes[:-1] for layer in (dense(size, width, init), layers.LeakyReLU(0.2))],
            name="stack",
        )
        self.head = dense(sizes[-1], 2, init, dtype="float32", name="head")
        self(keras.Input((latent_dim,)))

    def call(self, z, training=False):
        joint, product = keras.ops.unstack(self.head(self.stack(z)), 2, axis=-1)
        return joint - product
