"""A GAN of classes, with label projection in its discriminator.

Miyato & Koyama, "cGANs with Projection Discriminator", ICLR 2018, arXiv:1802.05637.
Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019, compare with it
(section 4.2) and give no more than that its decoder reads z beside the one-hot label: networks and weights follow
`LabelRelevantVAE`.
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods.base import Player
from idgan_tf.methods.label_faces import Labelled
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.adversarial import require_game


@gin.register
class LabelCGAN(Labelled):
    """A GAN with label projection in its discriminator (Miyato & Koyama 2018).

    Args:
        generator: [z, one-hot label] -> image in [-1, 1].
        discriminator: (image, one-hot label) -> logit [B].
        optimizer: constructor of the optimizer of each player.
        num_classes: C.
        z_dim: D.
        game: the adversarial loss, an `objectives.adversarial.Game`.
    """

    def __init__(self, generator, discriminator, optimizer, num_classes, z_dim, game):
        super().__init__(generator=generator, discriminator=discriminator)
        require_game("LabelCGAN.game", game)
        self.num_classes, self.z_dim, self.game = num_classes, z_dim, game
        self.generator_optimizer, self.discriminator_optimizer = optimizer(), optimizer()

    @property
    def players(self):
        return {
            "discriminator": Player([self.discriminator], self.discriminator_optimizer),
            "generator": Player([self.generator], self.generator_optimizer),
        }

    def train_step(self, batch, seed):
        image, label = signed(batch["image"]), batch["label"]
        one_hot = tf.one_hot(label, self.num_classes)
        with tf.GradientTape(persistent=True) as tape:
            fake = self._draw(label, noise.normal([image.shape[0], self.z_dim], seed), training=True)
            logits = self.discriminator(tf.concat([image, fake], axis=0), tf.tile(one_hot, [2, 1]), training=True)
            real_logit, fake_logit = tf.split(logits, 2)
            discriminator_loss = tf.reduce_mean(self.game.real(real_logit) + self.game.fake(fake_logit))
            generator_loss = tf.reduce_mean(self.game.fool(fake_logit))
        self.minimize("discriminator", discriminator_loss, tape)
        self.minimize("generator", generator_loss, tape)
        return {
            "discriminator_loss": discriminator_loss,
            "generator_loss": generator_loss,
            "real_logit": tf.reduce_mean(real_logit),
            "fake_logit": tf.reduce_mean(fake_logit),
        }

    def _decoder(self):
        return self.generator
