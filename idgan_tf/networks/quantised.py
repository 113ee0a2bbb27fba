"""Codes of a few values in every dimension, and an encoder that gives them."""

import math

import gin
import keras
from keras import ops

from idgan_tf.errors import require_number
from idgan_tf.networks.base import Network
from idgan_tf.networks.conv import HIDDEN, trunk
from idgan_tf.networks.layers import batch_norm, dense

DEVIATIONS = 3.0  # chosen here: from a level to where the next one is as near


def quantise(a, levels):
    """tanh(a) at the nearest of `levels` values, equally far apart from -1 to 1 (kylehkhsu/tripod, nn/quantizer.py).

    Args:
        a: [B, D].
        levels: how many, >= 2.

    Returns:
        (code [B, D], through which gradients pass as if it were tanh(a) (straight-through); logvar [B, D], always
        the same, of the Gaussian q(c|x) that a teacher needs: its draws are nearest to the code's level, but for 3 in
        1,000).
    """
    place = 0.5 * (levels - 1) * (ops.tanh(a) + 1.0)  # 0 to levels - 1
    place = place + ops.stop_gradient(ops.round(place) - place)  # a whole number, to the bit
    code = place * (2.0 / (levels - 1)) - 1.0
    return code, ops.full_like(code, -2.0 * math.log(DEVIATIONS * (levels - 1)))


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class QuantisedEncoder(Network):
    """Image [B, 64, 64, C] -> (code [B, D], logvar [B, D]) of `quantise`; `ConvEncoder` otherwise.

    What goes into tanh is normalised over the batch (ours; the encoders of Hsu et al. have normalisations throughout):
    without it, 300 steps on dSprites drove it to +-300, where every image has one code and no gradient passes.

    Args:
        image_shape: (64, 64, C).
        latent_dim: D.
        levels: values of a dimension, >= 2.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, latent_dim, levels, init, name="encoder"):
        require_number("QuantisedEncoder.levels", levels, minimum=2, integer=True)
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, levels=levels, init=init)
        self.trunk = trunk(image_shape, init)
        self.head = dense(HIDDEN, latent_dim, init, use_bias=False, dtype="float32", name="head")
        self.norm = batch_norm(0.9, 1e-5, dtype="float32", name="norm")  # PyTorch's momentum and epsilon
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return quantise(self.norm(self.head(self.trunk(image)), training=training), self.config["levels"])
