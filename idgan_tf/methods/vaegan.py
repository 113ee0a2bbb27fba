"""VAE-GAN: a beta-VAE whose likelihood is measured in the features of a discriminator.

Larsen et al., "Autoencoding beyond pixels using a learned similarity metric", ICML 2016; with beta, and with
the adversarial loss reaching the encoder, it is a baseline of ID-GAN (Table 2).
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require, require_flag
from idgan_tf.methods.base import Player
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.methods.gan import GAN, spread
from idgan_tf.objectives.adversarial import real_loss
from idgan_tf.objectives.gaussian import gaussian_kl, sample_gaussian
from idgan_tf.objectives.weights import require_weights


@gin.register
class VAEGAN(GAN):
    """Encoder: beta * KL + L_feat [+ L_fool of reconstructions]; decoder: gamma * L_feat + L_fool; D: L_GAN.

    L_feat = 0.5 * ||f(x) - f(G(c))||^2 with c ~ q(c|x) and f a hidden layer of D; the fakes of L_GAN and
    L_fool are reconstructions and samples from the prior (Larsen et al., Algorithm 1).

    Args:
        encoder: image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]).
        encoder_optimizer: of the encoder.
        beta: weight of the KL term, >= 0: a number, or a schedule of the step.
        gamma: weight of L_feat against L_fool in the decoder (the generator), likewise.
        adv_to_encoder: whether the adversarial loss of reconstructions reaches the encoder; ID-GAN says so,
            Larsen et al. block it.
        **gan: the arguments of `GAN`; `discriminator` has `features` and `judge`.
    """

    fakes_per_image = 2
    meanings = {
        "kl": BetaVAE.meanings["kl"],
        "adversarial": "loss of the discriminator; 2.079 means that it cannot tell fakes, two for each image",
    }
    owners = {"kl": "encoder", "feature_nll": "generator", **GAN.owners}

    def __init__(self, encoder, encoder_optimizer, beta, gamma, adv_to_encoder, **gan):
        require_weights("VAEGAN", beta=beta, gamma=gamma)
        require_flag("VAEGAN.adv_to_encoder", adv_to_encoder)
        super().__init__(encoder=encoder, **gan)
        require(self.nuisance_dim == 0, "VAEGAN has no nuisance: VAEGAN.nuisance_dim must be 0")
        self.encoder_optimizer, self.beta, self.gamma = encoder_optimizer, beta, gamma
        self.adv_to_encoder = adv_to_encoder

    @property
    def players(self):
        return {**super().players, "encoder": Player([self.encoder], self.encoder_optimizer)}

    def train_step(self, batch, seed):
        """One step of D, then one of encoder and decoder, each on its own loss."""
        image = batch["image"]
        seed_c, seed_prior, seed_real, seed_d = noise.split(seed, 4)
        real = self.as_real(image, seed_real)
        with tf.GradientTape(persistent=True) as tape:
            mean, logvar = self.encoder(image, training=True)
            c = sample_gaussian(mean, logvar, seed_c)
            both = tf.concat([c, noise.normal(c.shape, seed_prior)], axis=0)
            fake = self.generator(both, training=True)
        values = self.update_discriminator(real, tf.stop_gradient(fake), None, seed_d)

        target = self.discriminator.features(real)
        with tape:
            features = self.discriminator.features(fake)
            fool = tf.split(real_loss(self.discriminator.judge(features)), 2)
            kl = tf.reduce_mean(gaussian_kl(mean, logvar))
            difference = tf.cast(target - tf.split(features, 2)[0], tf.float32)
            feature_nll = 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(difference), axis=-1))
            generator_loss = self.now(self.gamma) * feature_nll + tf.reduce_mean(fool[0]) + tf.reduce_mean(fool[1])
            encoder_loss = self.now(self.beta) * kl + feature_nll
            if self.adv_to_encoder:
                encoder_loss += tf.reduce_mean(fool[0])
        self.minimize("encoder", encoder_loss, tape)
        self.minimize("generator", generator_loss, tape)
        self.update_average(self.average_generator, self.generator, self.average_decay)
        losses = {"encoder_loss": encoder_loss, "generator_loss": generator_loss}
        return {**losses, "feature_nll": feature_nll, "kl": kl, **values, "fake_spread": spread(fake)}

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of q(c|x)."""
        return self.encoder(image)
