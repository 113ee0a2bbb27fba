"""cVAE: a VAE whose encoder and decoder are told the class.

Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019, compare with it
(section 4.2) and give no more than that its decoder reads z beside the one-hot label: networks and weights follow
`LabelRelevantVAE`.
"""

import gin
import tensorflow as tf

from idgan_tf.methods.base import Player
from idgan_tf.methods.label_faces import Labelled, complete, corrupt
from idgan_tf.networks.ranges import signed, unsigned
from idgan_tf.objectives.gaussian import gaussian_kl_per_dimension, sample_gaussian
from idgan_tf.objectives.weights import require_weights


@gin.register
class CVAE(Labelled):
    """Minimises lambda_rec * L_rec + lambda_kl * KL(q(z|x, y) || N(0, I)), in the means of
    `LabelRelevantVAE`.

    Args:
        encoder: (image in [-1, 1], one-hot label) -> (mean, logvar) of q(z|x, y), each [B, D].
        decoder: [z, one-hot label] -> image in [-1, 1].
        optimizer: constructor of the optimizer of each player.
        num_classes: C.
        lambda_kl, lambda_rec: weights of the two terms, >= 0: numbers, or schedules of the step.
    """

    meanings = {"rec": "mean squared error of rebuilt images, in [-1, 1]"}

    def __init__(self, encoder, decoder, optimizer, num_classes, lambda_kl, lambda_rec, **networks):
        super().__init__(encoder=encoder, decoder=decoder, **networks)
        require_weights(type(self).__name__, lambda_kl=lambda_kl, lambda_rec=lambda_rec)
        self.num_classes, self.z_dim = num_classes, encoder.config["latent_dim"]
        self.lambda_kl, self.lambda_rec = lambda_kl, lambda_rec
        self.vae_optimizer = optimizer()

    @property
    def players(self):
        return {"vae": Player([self.encoder, self.decoder], self.vae_optimizer)}

    def train_step(self, batch, seed):
        image, label = signed(batch["image"]), batch["label"]
        with tf.GradientTape() as tape:
            rebuilt, kl = self._rebuild(image, label, seed)
            rec = tf.reduce_mean(tf.square(image - rebuilt))
            loss = self.now(self.lambda_rec) * rec + self.now(self.lambda_kl) * kl
        self.minimize("vae", loss, tape)
        return {"loss": loss, "rec": rec, "kl_mean": kl}

    def _rebuild(self, image, label, seed):
        """(image through encoder and decoder, mean KL of a dimension)."""
        mean, logvar = self.encoder(image, tf.one_hot(label, self.num_classes), training=True)
        rebuilt = self._draw(label, sample_gaussian(mean, logvar, seed), training=True)
        return rebuilt, tf.reduce_mean(gaussian_kl_per_dimension(mean, logvar))

    def _decoder(self):
        return self.decoder

    def reconstruct(self, image, label):
        """image [B, H, W, C] in [0, 1] and its class [B] -> the image of its mean code."""
        mean, _ = self.encoder(signed(image), tf.one_hot(label, self.num_classes))
        return unsigned(self._draw(label, mean))

    def inpaint(self, image, mask, label):
        """As `LabelFaces.inpaint`, but the class [B] must be given (section 4.5)."""
        return complete(image, self.reconstruct(corrupt(image, mask), label), mask)
