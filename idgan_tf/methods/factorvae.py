"""FactorVAE: a VAE whose aggregate posterior is pushed towards independent dimensions.

Kim & Mnih, "Disentangling by Factorising", ICML 2018, arXiv:1802.05983.
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods.base import Player
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.objectives.weights import require_weights


@gin.register
class FactorVAE(BetaVAE):
    """Maximises ELBO - gamma * TC(q(c)) (Eq. 2), with TC from a density-ratio discriminator.

    The discriminator learns from the codes of the same batch, shuffled over the whole global batch, rather
    than from a second batch (Algorithm 2): one pass of the encoder, as in disentanglement_lib.

    Args:
        encoder: image [B, H, W, C] -> (mean [B, D], logvar [B, D]).
        decoder: c [B, D] -> logits [B, H, W, C].
        discriminator: c [B, D] -> logit [B] of "c is from q(c)".
        vae_optimizer: of encoder and decoder.
        discriminator_optimizer: of the discriminator.
        nll: (image, logits) -> [B], one of `objectives.likelihood`.
        gamma: weight of the total correlation, >= 0: a number, or a schedule of the step.
        beta: weight of the KL term, likewise; 1 in the paper, and docs/stage2.md says why less helps at first.
    """

    def __init__(self, encoder, decoder, discriminator, vae_optimizer, discriminator_optimizer, nll, gamma, beta=1.0):
        require_weights("FactorVAE", gamma=gamma)
        super().__init__(encoder, decoder, vae_optimizer, nll, beta, discriminator=discriminator)
        self.discriminator_optimizer, self.gamma = discriminator_optimizer, gamma

    @property
    def players(self):
        return {
            **super().players,
            "discriminator": Player([self.discriminator], self.discriminator_optimizer),
        }

    def train_step(self, batch, seed):
        """One step of the VAE, then one of the discriminator on the codes before that step."""
        seed_c, seed_shuffle = noise.split(seed, 2)
        c, values = self.update_vae(batch["image"], seed_c)
        with tf.GradientTape() as tape:
            joint = self.discriminator(tf.stop_gradient(c), training=True)
            product = self.discriminator(permute_dims(c, seed_shuffle), training=True)
            discriminator_loss = tf.reduce_mean(density_ratio_loss(joint, product))
        self.minimize("discriminator", discriminator_loss, tape)
        return {**values, "discriminator_loss": discriminator_loss}

    def code_cost(self, c, mean, logvar, kl):
        tc = tf.reduce_mean(self.discriminator(c, training=True))  # Eq. 3: log D / (1 - D) is the logit
        cost, terms = super().code_cost(c, mean, logvar, kl)
        return cost + self.now(self.gamma) * tc, {"tc": tc, **terms}


def permute_dims(c, seed):
    """Algorithm 1: every dimension of c [B, D] shuffled over the global batch, without gradient."""
    return noise.shuffle_columns(c, seed)


def density_ratio_loss(joint, product):
    """Cross-entropy [B] of telling the logits [B] of joint codes from those of shuffled ones."""
    return 0.5 * (tf.nn.softplus(-joint) + tf.nn.softplus(product))
