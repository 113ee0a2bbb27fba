"""QLAE: an autoencoder whose code takes a few values in every dimension.

Hsu et al., "Disentanglement via Latent Quantization", NeurIPS 2023, arXiv:2305.18378, with the fixed values of finite
scalar quantisation (Mentzer et al., arXiv:2309.15505) in the place of learned ones, as in kylehkhsu/tripod: they need
no loss of their own.
"""

import gin
import keras
import tensorflow as tf

from idgan_tf.errors import require
from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.faces import CodeFaces


@gin.register
class QLAE(CodeFaces, Method):
    """Minimises E[-log p(x|c(x))], c(x) on a grid, under the weight decay of its optimizer, from which biases are free.

    Args:
        encoder: image [B, H, W, C] -> (code [B, D], logvar [B, D]), a `networks.quantised.QuantisedEncoder`.
        decoder: c [B, D] -> logits [B, H, W, C].
        optimizer: of both.
        nll: (image, logits) -> [B], one of `objectives.likelihood`.
    """

    meanings = {"nll": "nats it costs to draw an image from its code"}

    def __init__(self, encoder, decoder, optimizer, nll):
        super().__init__(encoder=encoder, decoder=decoder)
        self.levels = encoder.config.get("levels")
        require(self.levels, f"QLAE.encoder must be a QuantisedEncoder, got {type(encoder).__name__}")
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        self.ae_optimizer, self.nll = optimizer, nll
        self.image_shape, self.code_dim = encoder.config["image_shape"], encoder.config["latent_dim"]

    @property
    def players(self):
        return {"ae": Player([self.encoder, self.decoder], self.ae_optimizer)}

    def train_step(self, batch, seed):
        del seed  # nothing random
        image = batch["image"]
        with tf.GradientTape() as tape:
            c, _ = self.encoder(image, training=True)
            nll = tf.reduce_mean(self.nll(image, self.decoder(c, training=True)))
        self.minimize("ae", nll, tape)
        return {"nll": nll}

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (code [B, D] on the grid, logvar [B, D] of a teacher's q(c|x))."""
        return self.encoder(image)

    def decode(self, c):
        """c [B, D] -> mean image [B, H, W, C] in [0, 1]."""
        return keras.ops.sigmoid(self.decoder(c))
