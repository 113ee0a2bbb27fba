"""GAN: the adversarial game that the methods of the ID-GAN paper share, and its baseline without a code.

Goodfellow et al., NeurIPS 2014, with the non-saturating generator loss, and the R1 penalty of Mescheder et
al., "Which Training Methods for GANs do actually Converge?", ICML 2018. ID-GAN's Table 1 gives it a prior of
ten dimensions, Table 4 one of nuisance variables alone.
"""

import math

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require, require_number
from idgan_tf.methods.base import Method, Player, copy_of
from idgan_tf.methods.faces import PRIOR, CodeFaces, join
from idgan_tf.networks.ranges import signed, unsigned
from idgan_tf.objectives.adversarial import fake_loss, real_loss, with_gradient_penalty
from idgan_tf.objectives.weights import require_weights

# R1 below which a discriminator that answers 1/2 is flat. Chosen here: the released settings on dSprites draw sharp
# sprites at 1.8e-4 (docs/stage2.md).
FLAT = 1e-4


@gin.register
class GAN(CodeFaces, Method):
    """min_G max_D E[log D(x)] + E[log(1 - D(G(s, c)))], s and c ~ N(0, I).

    Args:
        generator: [s, c], [B, S + D] -> image [B, H, W, C] in [-1, 1].
        discriminator: image in [-1, 1] -> logit [B] of "real".
        generator_optimizer, discriminator_optimizer: of the two players.
        nuisance_dim: S, the size of the nuisance s; the rest of the generator's input is the code c.
        r1: weight of ||d logit / d image||^2 on real images, >= 0: a number, or a schedule of the step.
        r1_every: computes R1 in every so many steps alone, with so many times its weight: the same mean.
        average_decay: decay of the generator's running average, in [0, 1).
        real_noise: real images in [-1, 1] get noise from U[0, real_noise), >= 0.
        **networks: further networks of a subclass.

    Attributes:
        codes: where `sample_code` takes c from, for protocols.
    """

    fakes_per_image = 1
    codes = PRIOR
    meanings = {"adversarial": "loss of the discriminator; 1.386 means that it cannot tell fakes"}
    owners = {"fake_spread": "generator"}

    def __init__(
        self,
        generator,
        discriminator,
        generator_optimizer,
        discriminator_optimizer,
        nuisance_dim,
        r1,
        average_decay,
        real_noise,
        r1_every=1,
        **networks,
    ):
        name = type(self).__name__
        require_weights(name, r1=r1)
        require_number(f"{name}.r1_every", r1_every, minimum=1, integer=True)
        for key, value in {"average_decay": average_decay, "real_noise": real_noise}.items():
            require_number(f"{name}.{key}", value, minimum=0)
        require(average_decay < 1, f"{name}.average_decay must be below 1, got {average_decay}")
        require_number(f"{name}.nuisance_dim", nuisance_dim, minimum=0, integer=True)
        super().__init__(
            **networks, generator=generator, discriminator=discriminator, average_generator=copy_of(generator)
        )
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.nuisance_dim, self.r1 = nuisance_dim, r1
        self.average_decay, self.real_noise = average_decay, real_noise
        self.r1_every = r1_every
        self.code_dim = generator.get_config()["latent_dim"] - nuisance_dim
        self.image_shape = discriminator.get_config()["image_shape"]
        require(self.code_dim >= 0, f"{name}.nuisance_dim {nuisance_dim} exceeds the generator's latent_dim")

    @property
    def players(self):
        return {
            "discriminator": Player([self.discriminator], self.discriminator_optimizer),
            "generator": Player([self.generator], self.generator_optimizer),
        }

    def train_step(self, batch, seed):
        """One step of D on real and fake, then one of G on the same c with a new s."""
        image = batch["image"]
        seed_c, seed_s, seed_new_s, seed_real, seed_d, seed_g = noise.split(seed, 6)
        c = self.sample_code(image, seed_c)
        with tf.GradientTape() as tape:
            fake = self.generator(self.latent(c, seed_s), training=True)
        values = self.update_discriminator(self.as_real(image, seed_real), tf.stop_gradient(fake), c, seed_d)

        with tape:  # recording goes on: without s, the fake of the new step is the one above
            if self.nuisance_dim:
                fake = self.generator(self.latent(c, seed_new_s), training=True)
            generator_loss, terms = self.generator_cost(c, fake, seed_g)
        self.minimize("generator", generator_loss, tape)
        self.update_average(self.average_generator, self.generator, self.average_decay)
        return {**values, "generator_loss": generator_loss, **terms, "fake_spread": spread(fake)}

    def update_discriminator(self, real, fake, c, seed):
        """One step of D on real images [B, H, W, C] and fakes; returns the values to report."""
        seed_real, seed_fake = noise.split(seed, 2)
        with tf.GradientTape() as tape:
            real_logit, real_information, r1 = self._penalized(real, c, seed_real)
            fake_logit, fake_information = self.judge(fake, c, seed_fake)
            adversarial = self.adversarial_loss(real_logit, fake_logit)
            cost, terms = self.information_cost(real_information, fake_information)
            loss = adversarial + self.now(self.r1) * r1 + cost
        self.minimize("discriminator", loss, tape)
        return {
            "discriminator_loss": loss,
            "adversarial": adversarial,
            "r1": r1,
            "real_logit": tf.reduce_mean(real_logit),
            "fake_logit": tf.reduce_mean(fake_logit),
            **terms,
        }

    def _penalized(self, image, c, seed):
        """(logit [B], information [B] or None, mean R1 of images); R1 is 0 between the steps of `r1_every`."""

        def penalized():
            logit, information, penalty = with_gradient_penalty(lambda x: self.judge(x, c, seed), image)
            return logit, information, self.r1_every * tf.reduce_mean(penalty)

        if self.r1_every == 1:
            return penalized()
        due = tf.math.floormod(self.step, self.r1_every) == 0
        return tf.cond(due, penalized, lambda: (*self.judge(image, c, seed), tf.zeros([])))

    def judge(self, image, c, seed):
        """(logit [B] of "real", information [B] in nats that D's bottleneck let through, or None)."""
        del c, seed
        return self.discriminator(image, training=True), None

    def information_cost(self, real, fake):
        """What D pays for the information about real and fake images: (scalar, {name: value to report})."""
        del real, fake
        return 0.0, {}

    def adversarial_loss(self, real_logit, fake_logit):
        """-E[log D(x)] - E[log(1 - D(G(s, c)))], a scalar, of logits [B]: what D descends on, without its penalties."""
        return tf.reduce_mean(real_loss(real_logit)) + self.fakes_per_image * tf.reduce_mean(fake_loss(fake_logit))

    def generator_cost(self, c, fake, seed):
        """-E[log D(G(s, c))] of fakes [B, H, W, C] of c [B, D]: (scalar, {name: value to report})."""
        return tf.reduce_mean(real_loss(self.judge(fake, c, seed)[0])), {}

    def as_real(self, image, seed):
        """Images in [0, 1] as the discriminator sees them."""
        real = signed(image)
        return real + noise.uniform(real.shape, seed, 0.0, self.real_noise) if self.real_noise else real

    def latent(self, c, seed):
        """The generator's input [s, c], s first, as in ID-GAN's code."""
        if not self.nuisance_dim:
            return c
        return tf.concat([noise.normal([c.shape[0], self.nuisance_dim], seed), c], axis=-1)

    def sample_code(self, image, seed):
        """c [B, D] of as many images as there are in image [B, H, W, C]: here from the prior N(0, I)."""
        return self.sample_prior(image.shape[0], seed)

    def generate(self, s, c):
        """s [B, S], c [B, D] -> image [B, H, W, C] in [0, 1], from the averaged weights."""
        return unsigned(self.average_generator(join(s, c)))

    def diagnose(self, means):
        """The two ways a GAN dies on dSprites: a flat discriminator, a saturated generator."""
        warnings = []
        blind = (1 + self.fakes_per_image) * math.log(2.0)  # it answers 1/2 to everything
        if abs(means["adversarial"] - blind) < 5e-3 and means["r1"] < FLAT:
            warnings.append(
                "the discriminator has gone flat (it answers 1/2 to everything, R1 "
                f"{means['r1']:.1e}): it no longer moves the generator"
            )
        if means["fake_spread"] < 1e-2:
            warnings.append(
                "the generator has saturated: its images hardly differ from one another "
                f"(spread {means['fake_spread']:.1e})"
            )
        return warnings


def spread(fake):
    """Mean over pixels of the standard deviation over the batch: 0 when all images are the same, 1 for one image."""
    return tf.reduce_mean(tf.math.reduce_std(fake, axis=0)) if fake.shape[0] > 1 else tf.ones([])
