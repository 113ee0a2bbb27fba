"""IB-GAN: a GAN whose latent code passes an information bottleneck; also its InfoGAN and GAN baselines.

Jeon et al., "IB-GAN: Disentangled Representation Learning with Information Bottleneck GAN", AAAI 2021. The
loss is that of the released code, which sets the signs of the printed Algorithm 1 right.
"""

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require, require_flag, require_number
from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.code_reader import two_steps
from idgan_tf.methods.faces import PRIOR, CodeFaces, join
from idgan_tf.methods.instance_noise import NoisyImages, disturb
from idgan_tf.networks.ranges import signed, unsigned
from idgan_tf.objectives.adversarial import fake_loss, real_loss, smoothed_real_loss, with_gradient_penalty
from idgan_tf.objectives.gaussian import gaussian_kl_per_dimension, sample_gaussian
from idgan_tf.objectives.weights import follows, is_zero, require_weights
from idgan_tf.replicas import all_rows

GUARD_CEILING, GUARD_WEIGHT = 20.0, 100.0  # nats, and the weight of the KL above them (released code)


@gin.register
class DCInfoGAN(NoisyImages, CodeFaces, Method):
    """InfoGAN, IB-GAN's baseline (Table 6): min_{G,q} max_D L_GAN - I^L(z, G(z)), z ~ N(0, I), q(z|x) = N(Q(x), I).

    In every step all players move from the same forward pass.

    Args:
        generator: z [B, Dz] -> image [B, H, W, C] in [-1, 1].
        front: image -> features that `discriminator` and `reconstructor` read, or None when they read images.
            The discriminator alone trains it.
        discriminator: -> logit [B, 1] of "real".
        reconstructor: Q, -> mean [B, Dz] of q(z|x).
        generator_optimizer: of all networks but the discriminator's.
        discriminator_optimizer: of front and discriminator.
        z_dim: Dz.
        gamma: weight of the adversarial term in the generator's loss, >= 0 (the gamma of Table 7, by the
            code): a number, or a schedule of the step, as all weights.
        alpha: weight of the lower bound of the information in the loss of G (and e), >= 0. Q has its own loss
            to itself, so no weight is needed there.
        instance_noise: standard deviation of the noise on real and generated images, >= 0: a number, or a schedule of
            the step.
        real_label: (low, high) of the uniform target of real images; (1.0, 1.0) without label smoothing.
        r1: weight of ||d logit / d image||^2 on real images in D's loss, >= 0: a number, or a schedule of the step.
            Ours: the paper has none.
        **networks: further networks of a subclass, which move with the generator.

    Attributes:
        codes: where `sample_code` takes c from, for protocols.
    """

    codes = PRIOR
    meanings = {"mi_lower": "nats of the code that can be read from an image, the lower bound"}
    owners = dict.fromkeys(("mi_lower", "mi_upper", "fool", "kl"), "generator")
    nuisance_dim = 0

    def __init__(
        self,
        generator,
        front,
        discriminator,
        reconstructor,
        generator_optimizer,
        discriminator_optimizer,
        z_dim,
        gamma,
        alpha,
        instance_noise,
        real_label,
        r1=0.0,
        **networks,
    ):
        shared = {"front": front} if front is not None else {}
        super().__init__(
            **networks, **shared, generator=generator, discriminator=discriminator, reconstructor=reconstructor
        )
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.z_dim, self.gamma, self.alpha, self.r1 = z_dim, gamma, alpha, r1
        self.instance_noise, self.real_label = instance_noise, tuple(real_label)
        self.image_shape, self.code_dim = generator.config["image_shape"], generator.config["latent_dim"]
        name = type(self).__name__
        require_number(f"{name}.z_dim", z_dim, minimum=1, integer=True)
        require_weights(name, gamma=gamma, alpha=alpha, r1=r1, instance_noise=instance_noise)
        require(len(real_label) == 2, f"{name}.real_label is (low, high), got {real_label!r}")

    @property
    def traversal_range(self):
        return -1.0, 1.0  # released code

    @property
    def players(self):
        judges = {name: network for name, network in self.networks.items() if name in ("front", "discriminator")}
        makers = [network for name, network in self.networks.items() if name not in judges]
        return {
            "discriminator": Player([*judges.values()], self.discriminator_optimizer),
            "generator": Player(makers, self.generator_optimizer),
        }

    def train_step(self, batch, seed):
        """Algorithm 1: one step of D and one of G, Q (and e), both on the same images.

        D and Q read generated images first and real ones second, as in the released code: what Q says of a real image
        by its running statistics (`encode`) counts real images, too, though no loss asks Q about them.
        """
        real = signed(batch["image"])
        seed_z, seed_r, seed_real, seed_fake, seed_label = noise.split(seed, 5)
        z = noise.normal([real.shape[0], self.z_dim], seed_z)
        sigma, alpha = self.now(self.instance_noise), self.now(self.alpha)

        with tf.GradientTape(persistent=True) as tape:
            r, kl = self.bottleneck(z, seed_r, training=True)
            fake = self.generator(r, training=True)
            seen_fake = self.look(disturb(fake, sigma, seed_fake), training=True)
            fake_logit = self.discriminator(seen_fake, training=True)
            reconstruction = self.reconstructor(scale_gradient(seen_fake, alpha), training=True)
            real_logit, seen_real, r1 = self.judge_real(disturb(real, sigma, seed_real))
            discriminator_loss = self.discriminator_loss(real_logit, fake_logit, seed_label)
            discriminator_loss += self.now(self.r1) * r1
            mi_lower = tf.reduce_mean(information_lower_bound(z, reconstruction))
            kl_per_dimension = tf.reduce_mean(kl, axis=0)
            mi_upper = tf.reduce_sum(kl_per_dimension)
            fool = tf.reduce_mean(real_loss(fake_logit))
            generator_loss = self.generator_loss(fool, mi_lower, mi_upper)
        self.reconstructor(seen_real, training=True)  # for its running statistics, as in the released code
        self.minimize("discriminator", discriminator_loss, tape)
        self.minimize("generator", generator_loss, tape)

        means = {
            "discriminator_loss": discriminator_loss,
            "generator_loss": self.generator_loss(fool, alpha * mi_lower, mi_upper),
            "mi_lower": mi_lower,
            "mi_upper": mi_upper,
            "fool": fool,
            "real_logit": tf.reduce_mean(real_logit),
            "fake_logit": tf.reduce_mean(fake_logit),
        }
        if not follows(self.instance_noise):  # else the log has it as it has all weights
            means["instance_noise"] = sigma
        if not is_zero(self.r1):
            means["r1"] = r1
        return {**means, **{f"kl_{i}": kl for i, kl in enumerate(tf.unstack(kl_per_dimension))}}

    def judge_real(self, image):
        """Real images as D gets them -> (their logits [B, 1], what D and Q read of them, R1 or 0 without a weight)."""

        def judge(x):
            seen = self.look(x, training=True)
            return self.discriminator(seen, training=True), seen

        if is_zero(self.r1):
            return *judge(image), 0.0
        logit, seen, r1 = with_gradient_penalty(judge, image)
        return logit, seen, tf.reduce_mean(r1)

    def discriminator_loss(self, real_logit, fake_logit, seed):
        """-L_GAN of logits [B, 1], a scalar, with targets of real images drawn from `real_label`."""
        label = noise.uniform(real_logit.shape, seed, *self.real_label)
        return tf.reduce_mean(smoothed_real_loss(real_logit, label) + fake_loss(fake_logit))

    def generator_loss(self, fool, mi_lower, mi_upper):
        """gamma * fool - I^L, scalars, `fool` = -log D(x): what G and Q descend on; `mi_upper` is 0 here.

        How much of I^L reaches G is not weighed here, but by `scale_gradient` on what Q reads.
        """
        del mi_upper
        return self.now(self.gamma) * fool - mi_lower

    def bottleneck(self, z, seed, training):
        """(what G reads of z [B, Dz], the KL of each of its dimensions in nats): there is none, so (z, [B, 0])."""
        del seed, training
        return z, z[:, :0]

    def look(self, image, training):
        """What D and Q read of images."""
        return self.front(image, training=training) if "front" in self.networks else image

    def information_bounds(self, count, seed):
        """Of `count` images in inference mode, as noisy as those of this step: (I^L [N], KL of every r_i [N, Dr]).

        The means over images are the bounds that the paper prints; without e the second is [N, 0].
        """
        seed_z, seed_r, seed_noise = noise.split(seed, 3)
        z = noise.normal([count, self.z_dim], seed_z)
        r, kl = self.bottleneck(z, seed_r, training=False)
        noisy = disturb(self.generator(r), self.now(self.instance_noise), seed_noise)
        seen = self.look(noisy, training=False)
        return information_lower_bound(z, self.reconstructor(seen)), kl

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (Q(x), 0), the mean and the log-variance of q(z|x), each [B, Dz]."""
        return two_steps(image, self.reconstructor, front=self.networks.get("front"))

    def generate(self, s, c):
        """c [B, D], of IB-GAN r -> image [B, H, W, C] in [0, 1]; there is no nuisance, s is [B, 0]."""
        return unsigned(self.generator(join(s, c)))

    def sample_code(self, image, seed):
        """What G reads of z ~ N(0, I), as many as images [B, H, W, C]: [B, D]."""
        seed_z, seed_r = noise.split(seed, 2)
        return self.bottleneck(noise.normal([image.shape[0], self.z_dim], seed_z), seed_r, training=False)[0]


@gin.register
class IBGAN(DCInfoGAN):
    """min_{G,q,e} max_D L_GAN - (I^L - beta * I^U), x = G(r), r ~ e(r|z) (Eq. 11).

    I^L = E[log q(z|x)] + H(z) (Eq. 7), I^U = KL(e(r|z) || m(r)) (Eq. 10); z and m(r) are N(0, I).

    Args:
        encoder: z -> (mean, logvar) of e(r|z).
        beta: weight of I^U, >= 0: a number, or a schedule of the step.
        divergence_guard: wherever beta is 0, adds 100 I^U whenever it reaches 20 nats, as the released code does.
        **infogan: the arguments of `DCInfoGAN`, whose generator reads r [B, Dr].
    """

    codes = "c = r ~ e(r|z), z ~ N(0, I)"
    meanings = {"mi_upper": "nats that the code may carry, the upper bound", **DCInfoGAN.meanings}

    def __init__(self, encoder, beta, divergence_guard, **infogan):
        require_weights("IBGAN", beta=beta)
        require_flag("IBGAN.divergence_guard", divergence_guard)
        super().__init__(encoder=encoder, **infogan)
        self.beta, self.divergence_guard = beta, divergence_guard

    def bottleneck(self, z, seed, training):
        """(r ~ e(r|z), the KL of every r_i to m(r), whose sum over i is I^U of z), each [B, Dr] (Eq. 10)."""
        mean, logvar = self.encoder(z, training=training)
        return sample_gaussian(mean, logvar, seed), gaussian_kl_per_dimension(mean, logvar)

    def generator_loss(self, fool, mi_lower, mi_upper):
        """gamma * fool - (I^L - beta * I^U), scalars, `fool` = -log D(x): what G, Q and e descend on (Eq. 11)."""
        beta = tf.cast(self.now(self.beta), tf.float32)
        price = beta * mi_upper
        if self.divergence_guard:
            of_all = tf.reduce_mean(all_rows(tf.reshape(mi_upper, [1])))  # all replicas must agree
            diverges = tf.equal(beta, 0.0) & (of_all >= GUARD_CEILING)
            price += tf.where(diverges, GUARD_WEIGHT * mi_upper, 0.0)
        return super().generator_loss(fool, mi_lower, mi_upper) + price

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, Dr], logvar [B, Dr]) of e(r|Q(x)): in two steps."""
        return two_steps(image, self.reconstructor, self.encoder, self.networks.get("front"))


@gin.register
class DCGAN(DCInfoGAN):
    """GAN, IB-GAN's baseline: D alone shapes the images. Q only watches them, to measure the GAN by.

    Args:
        **infogan: the arguments of `DCInfoGAN`, without alpha.
    """

    def __init__(self, **infogan):
        super().__init__(alpha=0.0, **infogan)


def information_lower_bound(z, reconstruction):
    """I^L, [B]: log q(z|x) - log p(z) for q = N(reconstruction, I) and p = N(0, I); its mean is Eq. 7."""
    return 0.5 * tf.reduce_sum(tf.square(z) - tf.square(z - reconstruction), axis=-1)


def scale_gradient(x, factor):
    """x, but `factor` times its gradient."""
    factor = tf.cast(factor, x.dtype)
    return factor * x + (1.0 - factor) * tf.stop_gradient(x)
