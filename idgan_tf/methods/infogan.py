"""InfoGAN as the ID-GAN paper compares with it: a prior code, and an encoder trained on generated images.

Chen et al., "InfoGAN", NeurIPS 2016; ID-GAN, section 4.1 and Eq. 5. The encoder is a network of its own, a
Gaussian q(c|x), and c ~ N(0, I): ID-GAN's tables name no other.
"""

import math

import gin
import tensorflow as tf

from idgan_tf.methods.base import Player
from idgan_tf.methods.gan import GAN
from idgan_tf.networks.ranges import unsigned
from idgan_tf.objectives.gaussian import gaussian_code_nll
from idgan_tf.objectives.weights import require_weights

PRIOR_ENTROPY = 0.5 * (1.0 + math.log(2.0 * math.pi))  # of N(0, 1), in nats


@gin.register
class InfoGAN(GAN):
    """min_{G,q} max_D L_GAN - lambda_info * I, I = E[log q(c|G(s, c))] + H(c) <= I(c; G(s, c)).

    Args:
        encoder: image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of q(c|x); moves with the
            generator.
        lambda_info: weight of the mutual information, >= 0: a number, or a schedule of the step.
        **gan: the arguments of `GAN`.
    """

    meanings = {"information": "nats of the code that can be read from an image, a lower bound", **GAN.meanings}
    owners = {"information": "generator", **GAN.owners}

    def __init__(self, encoder, lambda_info, **gan):
        require_weights(type(self).__name__, lambda_info=lambda_info)
        super().__init__(encoder=encoder, **gan)
        self.lambda_info = lambda_info

    @property
    def players(self):
        return {
            **super().players,
            "generator": Player([self.generator, self.encoder], self.generator_optimizer),
        }

    def code_nll(self, c, fake):
        """H(c) - I (Eq. 5), a scalar in nats: the mean of -log q(c|x) of x in [-1, 1]."""
        return tf.reduce_mean(gaussian_code_nll(c, *self.encoder(unsigned(fake), training=True)))

    def generator_cost(self, c, fake, seed):
        """G's and q's side of L_GAN - lambda_info * I, without the constant H(c); reports I."""
        loss, terms = super().generator_cost(c, fake, seed)
        nll = self.code_nll(c, fake)
        return loss + self.now(self.lambda_info) * nll, {**terms, "information": self.code_dim * PRIOR_ENTROPY - nll}

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of q(c|x)."""
        return self.encoder(image)
