"""ID-GAN end to end (Table 2): the encoder learns from beta-VAE, game and distillation at once."""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require
from idgan_tf.methods.base import Player
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.methods.gan import GAN, spread
from idgan_tf.methods.idgan import IDGAN
from idgan_tf.networks.ranges import unsigned
from idgan_tf.objectives.adversarial import real_loss
from idgan_tf.objectives.gaussian import gaussian_code_nll, gaussian_kl, sample_gaussian
from idgan_tf.objectives.weights import require_weights


@gin.register
class IDGANEnd2End(GAN):
    """min_{G,q,p} max_D L_betaVAE(q, p) + L_GAN(D, G) - lambda_id * R_ID(G, q), c ~ q(c|x) reparameterised.

    All three terms reach the encoder. The paper gives no weights; the sum is plain.

    Args:
        encoder: image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]).
        decoder: c [B, D] -> logits [B, H, W, C].
        vae_optimizer: of encoder and decoder.
        nll: (image, logits) -> [B], one of `objectives.likelihood`.
        beta: weight of the KL term, >= 0: a number, or a schedule of the step.
        lambda_id: weight of the distillation term, likewise.
        **gan: the arguments of `GAN`.
    """

    codes = "c ~ q(c)"
    meanings = {**BetaVAE.meanings, **IDGAN.meanings}
    owners = {"loss": "vae", "nll": "vae", "kl": "vae", "fool": "generator", **IDGAN.owners}

    def __init__(self, encoder, decoder, vae_optimizer, nll, beta, lambda_id, **gan):
        require_weights("IDGANEnd2End", beta=beta, lambda_id=lambda_id)
        super().__init__(encoder=encoder, decoder=decoder, **gan)
        require(
            self.code_dim == encoder.get_config()["latent_dim"],
            "the generator's latent_dim must be nuisance_dim + the encoder's latent_dim",
        )
        self.vae_optimizer, self.nll, self.beta, self.lambda_id = vae_optimizer, nll, beta, lambda_id

    @property
    def players(self):
        return {**super().players, "vae": Player([self.encoder, self.decoder], self.vae_optimizer)}

    def train_step(self, batch, seed):
        """One step of D, then one of everything else on the joint objective."""
        image = batch["image"]
        seed_c, seed_s, seed_new_s, seed_real, seed_d, seed_g = noise.split(seed, 6)
        with tf.GradientTape() as tape:
            mean, logvar = self.encoder(image, training=True)
            c = sample_gaussian(mean, logvar, seed_c)
            fake = self.generator(self.latent(c, seed_s), training=True)
        values = self.update_discriminator(self.as_real(image, seed_real), tf.stop_gradient(fake), c, seed_d)

        with tape:
            if self.nuisance_dim:
                fake = self.generator(self.latent(c, seed_new_s), training=True)
            fool = tf.reduce_mean(real_loss(self.judge(fake, c, seed_g)[0]))
            distillation = tf.reduce_mean(gaussian_code_nll(c, *self.encoder(unsigned(fake), training=True)))
            nll = tf.reduce_mean(self.nll(image, self.decoder(c, training=True)))
            kl = tf.reduce_mean(gaussian_kl(mean, logvar))
            loss = nll + self.now(self.beta) * kl + fool + self.now(self.lambda_id) * distillation
        self.minimize(("vae", "generator"), loss, tape)
        self.update_average(self.average_generator, self.generator, self.average_decay)
        terms = {"nll": nll, "kl": kl, "fool": fool, "distillation": distillation}
        return {"loss": loss, **terms, **values, "fake_spread": spread(fake)}

    def sample_code(self, image, seed):
        """c [B, D] ~ q(c|x) for images [B, H, W, C]."""
        return sample_gaussian(*self.encode(image), seed=seed)

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of q(c|x)."""
        return self.encoder(image)

    def decode(self, c):
        """c [B, D] -> the decoder's mean image [B, H, W, C] in [0, 1]."""
        return tf.sigmoid(self.decoder(c))
