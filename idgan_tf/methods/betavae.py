"""beta-VAE: a VAE whose code pays beta times its information.

Higgins et al., "beta-VAE", ICLR 2017; here as stage 1 of ID-GAN (Eq. 1). beta = 1 is the VAE of Kingma & Welling.
"""

import gin
import keras
import tensorflow as tf

from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.objectives.gaussian import gaussian_kl, sample_gaussian
from idgan_tf.objectives.weights import require_weights


@gin.register
class BetaVAE(CodeFaces, Method):
    """Minimises E_q(c|x)[-log p(x|c)] + beta * KL(q(c|x) || N(0, I)).

    Args:
        encoder: image [B, H, W, C] -> (mean [B, D], logvar [B, D]).
        decoder: c [B, D] -> logits [B, H, W, C].
        optimizer: of both.
        nll: (image, logits) -> [B], one of `objectives.likelihood`.
        beta: weight of the KL term, >= 0: a number, or a schedule of the step.
        **networks: further networks of a subclass.
    """

    meanings = {"nll": "nats it costs to draw an image from its code", "kl": "nats of information in the code"}

    def __init__(self, encoder, decoder, optimizer, nll, beta, **networks):
        super().__init__(encoder=encoder, decoder=decoder, **networks)
        require_weights(type(self).__name__, beta=beta)
        self.vae_optimizer, self.nll, self.beta = optimizer, nll, beta
        self.image_shape, self.code_dim = encoder.config["image_shape"], encoder.config["latent_dim"]

    @property
    def players(self):
        return {"vae": Player([self.encoder, self.decoder], self.vae_optimizer)}

    def train_step(self, batch, seed):
        return self.update_vae(batch["image"], seed)[1]

    def update_vae(self, image, seed):
        """One step of encoder and decoder; returns the codes [B, D] drawn for it and the values to report."""
        with tf.GradientTape() as tape:
            mean, logvar = self.encoder(image, training=True)
            c = sample_gaussian(mean, logvar, seed)
            nll = tf.reduce_mean(self.nll(image, self.decoder(c, training=True)))
            kl = tf.reduce_mean(gaussian_kl(mean, logvar))
            cost, terms = self.code_cost(c, mean, logvar, kl)
            loss = nll + cost
        self.minimize("vae", loss, tape)
        return c, {"loss": loss, "nll": nll, "kl": kl, **terms}

    def code_cost(self, c, mean, logvar, kl):
        """What the code pays, given draws c [B, D] and the mean KL: (scalar, {name: value to report})."""
        del c, mean, logvar
        return self.now(self.beta) * kl, {}

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of q(c|x)."""
        return self.encoder(image)

    def decode(self, c):
        """c [B, D] -> mean image [B, H, W, C] in [0, 1]."""
        return keras.ops.sigmoid(self.decoder(c))
