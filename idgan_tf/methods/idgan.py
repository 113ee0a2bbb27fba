"""ID-GAN: a GAN that renders the code of a frozen, disentangling encoder.

Lee et al., "High-Fidelity Synthesis with Disentangled Representation", ECCV 2020, arXiv:2001.04296. This is the
two-step method: stage 1 (any method with `encode`) is trained first and only read here.
"""

import math

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require_number
from idgan_tf.methods.base import Method, Player, copy_of
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.objectives.adversarial import fake_loss, logit_and_gradient_penalty, real_loss
from idgan_tf.objectives.gaussian import gaussian_nll, sample_gaussian

BLIND = 2.0 * math.log(2.0)  # loss of a discriminator that answers 1/2 to everything


@gin.register
class IDGAN(CodeFaces, Method):
    """min_G max_D L_GAN(D, G) - lambda_id * R_ID(G) (Eq. 2 to 4), x = G(s, c), c ~ q(c|x') of a real image x'.

    R_ID is the mean log-density of c under q(.|G(s, c)); its gradient reaches G through the frozen encoder.

    Args:
        teacher: {"teacher_encoder": ..., "teacher_decoder": ...}, frozen networks of stage 1; the
            decoder is for pictures.
        generator: [s, c], [B, S + D] -> image [B, H, W, C] in [-1, 1].
        discriminator: image in [-1, 1] -> logit [B].
        generator_optimizer, discriminator_optimizer: of the two players.
        nuisance_dim: S, the size of s ~ N(0, I); 0 for none.
        lambda_id: weight of the distillation term, >= 0.
        r1: weight of ||d logit / d image||^2 on real images, >= 0.
        average_decay: decay of the generator's running average, in [0, 1).
    """

    def __init__(
        self,
        teacher,
        generator,
        discriminator,
        generator_optimizer,
        discriminator_optimizer,
        nuisance_dim,
        lambda_id,
        r1,
        average_decay,
    ):
        for name, value in {"lambda_id": lambda_id, "r1": r1, "average_decay": average_decay}.items():
            require_number(f"IDGAN.{name}", value, minimum=0)
        require_number("IDGAN.nuisance_dim", nuisance_dim, minimum=0, integer=True)
        super().__init__(
            **teacher, generator=generator, discriminator=discriminator, average_generator=copy_of(generator)
        )
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.nuisance_dim, self.lambda_id, self.r1 = nuisance_dim, lambda_id, r1
        self.average_decay = average_decay
        self.image_shape = discriminator.config["image_shape"]
        self.code_dim = self.teacher_encoder.config["latent_dim"]

    @property
    def players(self):
        return {
            "discriminator": Player([self.discriminator], self.discriminator_optimizer),
            "generator": Player([self.generator], self.generator_optimizer),
        }

    def train_step(self, batch, seed):
        """One step of D on real and fake, then one of G on the same c with a new s."""
        image = batch["image"]
        real = 2.0 * image - 1.0
        seed_c, seed_s, seed_new_s = noise.split(seed, 3)
        c = sample_gaussian(*self.teacher_encoder(image), seed_c)

        with tf.GradientTape() as generator_tape:
            fake = self.generator(self._latent(c, seed_s), training=True)

        with tf.GradientTape() as discriminator_tape:
            real_logit, r1 = logit_and_gradient_penalty(self.discriminator, real)
            fake_logit = self.discriminator(tf.stop_gradient(fake), training=True)
            adversarial = tf.reduce_mean(real_loss(real_logit) + fake_loss(fake_logit))
            r1 = tf.reduce_mean(r1)
            discriminator_loss = adversarial + self.r1 * r1
        self.minimize("discriminator", discriminator_loss, discriminator_tape)

        with generator_tape:  # recording goes on: without s, the fake of the new step is the one above
            if self.nuisance_dim:
                fake = self.generator(self._latent(c, seed_new_s), training=True)
            fool = tf.reduce_mean(real_loss(self.discriminator(fake, training=True)))
            distillation = tf.reduce_mean(gaussian_nll(c, *self.teacher_encoder(0.5 * (fake + 1.0))))
            generator_loss = fool + self.lambda_id * distillation
        self.minimize("generator", generator_loss, generator_tape)
        self.update_average(self.average_generator, self.generator, self.average_decay)
        return {
            "discriminator_loss": discriminator_loss,
            "adversarial": adversarial,
            "generator_loss": generator_loss,
            "distillation": distillation,
            "r1": r1,
            "real_logit": tf.reduce_mean(real_logit),
            "fake_logit": tf.reduce_mean(fake_logit),
            "fake_spread": tf.reduce_mean(tf.math.reduce_std(fake, axis=0)),
        }

    def _latent(self, c, seed):
        """The generator's input [s, c], s first, as in the paper's code."""
        if not self.nuisance_dim:
            return c
        return tf.concat([noise.normal([c.shape[0], self.nuisance_dim], seed), c], axis=-1)

    def diagnose(self, means):
        """The two ways stage 2 dies on dSprites: a flat discriminator, a saturated generator."""
        warnings = []
        if abs(means["adversarial"] - BLIND) < 5e-3 and means["r1"] < 1e-3:
            warnings.append(
                "the discriminator has gone flat (it answers 1/2 to everything, R1 "
                f"{means['r1']:.1e}): only distillation moves the generator"
            )
        if means["fake_spread"] < 1e-2:
            warnings.append(
                "the generator has saturated: its images hardly differ from one another "
                f"(spread {means['fake_spread']:.1e})"
            )
        return warnings

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, D], logvar [B, D]) of the teacher's q(c|x)."""
        return self.teacher_encoder(image)

    def decode(self, c):
        """c [B, D] -> the teacher's image [B, H, W, C] in [0, 1]."""
        return tf.sigmoid(self.teacher_decoder(c))

    def generate(self, s, c):
        """s [B, S], c [B, D] -> image [B, H, W, C] in [0, 1], from the averaged weights."""
        return 0.5 * (self.average_generator(tf.concat([s, c], axis=-1)) + 1.0)
