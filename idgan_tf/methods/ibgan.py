"""IB-GAN: a GAN whose latent code passes an information bottleneck; also its InfoGAN and GAN baselines.

Jeon et al., "IB-GAN: Disentangled Representation Learning with Information Bottleneck GAN", AAAI 2021. The
loss is that of the released code, which sets the signs of the printed Algorithm 1 right.
"""

import math

import gin
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require, require_number
from idgan_tf.methods.base import Method, Player
from idgan_tf.methods.code_reader import two_steps
from idgan_tf.methods.faces import PRIOR, CodeFaces, join
from idgan_tf.networks.ranges import signed, unsigned
from idgan_tf.objectives.adversarial import fake_loss, real_loss
from idgan_tf.objectives.gaussian import gaussian_kl_per_dimension, sample_gaussian

GUARD_CEILING, GUARD_WEIGHT = 20.0, 100.0  # nats, and the weight of the KL above them (released code)

# What `diagnose` warns of; chosen here, from runs on dSprites (the table in docs/ibgan.md).
HOPELESS = 1.5  # nats of -log D of generated images: 1.0 where they become sprites, 1.96 and 1.99 in a collapse
NOISELESS = 0.1  # noise below which D sees textures and G should not draw them
TEXTURE = 0.5  # roughness: of dSprites 0.10, of sprites that IB-GAN drew 0.08 to 0.36, of textures 0.83 and above
DIAGNOSED = 64  # images


@gin.register
class IBGAN(CodeFaces, Method):
    """min_{G,q,e} max_D L_GAN - (E[log q(z|x)] - beta * KL(e(r|z) || m(r))), x = G(r), r ~ e(r|z) (Eq. 11).

    z and m(r) are N(0, I), q(z|x) is N(Q(x), I). In every step all players move from the same forward pass.
    Without `encoder` the generator reads z itself: the InfoGAN baseline. With `alpha` 0 besides, D alone
    shapes the images and Q only watches them: the GAN baseline, with a Q to measure it by.

    Args:
        encoder: z -> (mean, logvar) of e(r|z), or None.
        generator: r [B, Dr] -> image [B, H, W, C] in [-1, 1].
        front: image -> features that `discriminator` and `reconstructor` read, or None when they read images.
            The discriminator alone trains it.
        discriminator: -> logit [B, 1] of "real".
        reconstructor: Q, -> mean [B, Dz] of q(z|x).
        generator_optimizer: of encoder, generator and reconstructor.
        discriminator_optimizer: of front and discriminator.
        z_dim: Dz.
        gamma: weight of the adversarial term in the generator's loss, >= 0 (the gamma of Table 7, by the
            code).
        alpha: weight of the lower bound of the information in the loss of e and G, >= 0. Q has its own loss
            to itself, so no weight is needed there.
        beta: weight of KL(e(r|z) || m(r)), the upper bound, >= 0; not read without `encoder`.
        divergence_guard: at beta = 0, adds 100 KL whenever the KL reaches 20 nats, as the released code does.
        instance_noise: (first, last, steps): the standard deviation of the noise on real and generated images
            falls linearly from `first` to `last` over so many steps and stays there.
        real_label: (low, high) of the uniform target of real images; (1.0, 1.0) without label smoothing.

    Attributes:
        codes: where `sample_code` takes c from, for protocols.
    """

    nuisance_dim = 0
    traversal_range = (-1.0, 1.0)  # released code

    def __init__(
        self,
        encoder,
        generator,
        front,
        discriminator,
        reconstructor,
        generator_optimizer,
        discriminator_optimizer,
        z_dim,
        gamma,
        alpha,
        beta,
        divergence_guard,
        instance_noise,
        real_label,
    ):
        optional = {"encoder": encoder, "front": front}
        super().__init__(
            **{name: network for name, network in optional.items() if network is not None},
            generator=generator,
            discriminator=discriminator,
            reconstructor=reconstructor,
        )
        for name, value in {"gamma": gamma, "alpha": alpha, "beta": beta}.items():
            require_number(f"IBGAN.{name}", value, minimum=0)
        require_number("IBGAN.z_dim", z_dim, minimum=1, integer=True)
        require(len(instance_noise) == 3, f"IBGAN.instance_noise is (first, last, steps), got {instance_noise!r}")
        for value in instance_noise:
            require_number("IBGAN.instance_noise", value, minimum=0)
        require(len(real_label) == 2, f"IBGAN.real_label is (low, high), got {real_label!r}")
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer
        self.z_dim, self.gamma, self.alpha, self.beta = z_dim, gamma, alpha, beta
        self.guarded = divergence_guard and beta == 0
        self.instance_noise, self.real_label = tuple(instance_noise), tuple(real_label)
        self.codes = "c = r ~ e(r|z), z ~ N(0, I)" if encoder is not None else PRIOR
        self.image_shape, self.code_dim = generator.config["image_shape"], generator.config["latent_dim"]

    @property
    def players(self):
        judges = [self.networks[name] for name in ("front", "discriminator") if name in self.networks]
        makers = [self.networks[name] for name in ("encoder", "generator", "reconstructor") if name in self.networks]
        return {
            "discriminator": Player(judges, self.discriminator_optimizer),
            "generator": Player(makers, self.generator_optimizer),
        }

    def train_step(self, batch, seed):
        """One step of D and one of G, e and Q, both on the same images.

        D and Q read generated images first and real ones second, as in the released code: what Q says of a real image
        by its running statistics (`encode`) counts real images, too, though no loss asks Q about them.
        """
        real = signed(batch["image"])
        seed_z, seed_r, seed_real, seed_fake, seed_label = noise.split(seed, 5)
        z = noise.normal([real.shape[0], self.z_dim], seed_z)
        sigma = instance_noise_level(self.step, *self.instance_noise)

        with tf.GradientTape(persistent=True) as tape:
            r, kl = self._bottleneck(z, seed_r, training=True)
            fake = self.generator(r, training=True)
            seen_fake = self._look(disturb(fake, sigma, seed_fake), training=True)
            fake_logit = self.discriminator(seen_fake, training=True)
            reconstruction = self.reconstructor(scale_gradient(seen_fake, self.alpha), training=True)
            seen_real = self._look(disturb(real, sigma, seed_real), training=True)
            real_logit = self.discriminator(seen_real, training=True)

            label = noise.uniform(real_logit.shape, seed_label, *self.real_label)
            discriminator_loss = tf.reduce_mean(smoothed_real_loss(real_logit, label) + fake_loss(fake_logit))
            mi_lower = tf.reduce_mean(information_lower_bound(z, reconstruction))
            kl_per_dimension = tf.reduce_mean(kl, axis=0)
            mi_upper = tf.reduce_sum(kl_per_dimension)
            fool = tf.reduce_mean(real_loss(fake_logit))
            generator_loss = self.gamma * fool - mi_lower + self._price(mi_upper)
        self.reconstructor(seen_real, training=True)  # for its running statistics, as in the released code
        self.minimize("discriminator", discriminator_loss, tape)
        self.minimize("generator", generator_loss, tape)

        means = {
            "discriminator_loss": discriminator_loss,
            "generator_loss": self.gamma * fool - self.alpha * mi_lower + self._price(mi_upper),
            "mi_lower": mi_lower,
            "mi_upper": mi_upper,
            "fool": fool,
            "real_logit": tf.reduce_mean(real_logit),
            "fake_logit": tf.reduce_mean(fake_logit),
            "instance_noise": sigma,
        }
        return {**means, **{f"kl_{i}": kl for i, kl in enumerate(tf.unstack(kl_per_dimension))}}

    def _bottleneck(self, z, seed, training):
        """(r ~ e(r|z), KL of every r_i), each [B, Dr]; without e: (z, [B, 0])."""
        if "encoder" not in self.networks:
            return z, z[:, :0]
        mean, logvar = self.encoder(z, training=training)
        return sample_gaussian(mean, logvar, seed), gaussian_kl_per_dimension(mean, logvar)

    def _price(self, kl):
        """What the information in r costs."""
        guard = tf.where(kl >= GUARD_CEILING, GUARD_WEIGHT * kl, 0.0) if self.guarded else 0.0
        return self.beta * kl + guard

    def _look(self, image, training):
        """What D and Q read."""
        return self.front(image, training=training) if "front" in self.networks else image

    def information_bounds(self, count, seed):
        """Of `count` images in inference mode, as noisy as those of this step: (I^L [N], KL of every r_i [N, Dr]).

        The means over images are the bounds that the paper prints; without e the second is [N, 0].
        """
        seed_z, seed_r, seed_noise = noise.split(seed, 3)
        z = noise.normal([count, self.z_dim], seed_z)
        r, kl = self._bottleneck(z, seed_r, training=False)
        sigma = instance_noise_level(self.step, *self.instance_noise)
        seen = self._look(disturb(self.generator(r), sigma, seed_noise), training=False)
        return information_lower_bound(z, self.reconstructor(seen)), kl

    def foresee(self, num_steps):
        """A training that ends before its noise does: the steps of the schedule are not shortened with it."""
        first, last, steps = self.instance_noise
        if steps <= num_steps or first == last:
            return []
        sigma = float(instance_noise_level(num_steps, first, last, steps))
        return [
            f"the noise on the images falls for {steps:,} steps, but the training has {num_steps:,} and ends at sigma "
            f"{sigma:.2f}; bind IBGAN.instance_noise = ({first}, {last}, steps) with fewer steps"
        ]

    def encode(self, image):
        """image [B, H, W, C] in [0, 1] -> (mean [B, Dr], logvar [B, Dr]) of e(r|Q(x)): in two steps.

        Without e: (Q(x), 0), the mean and log-variance of q(z|x).
        """
        return two_steps(image, self.reconstructor, self.networks.get("encoder"), self.networks.get("front"))

    def generate(self, s, c):
        """c = r [B, Dr] -> image [B, H, W, C] in [0, 1]; there is no nuisance, s is [B, 0]."""
        return unsigned(self.generator(join(s, c)))

    def sample_code(self, image, seed):
        """r ~ e(r|z), z ~ N(0, I), as many as images [B, H, W, C]: [B, Dr]; without e: z."""
        seed_z, seed_r = noise.split(seed, 2)
        z = noise.normal([image.shape[0], self.z_dim], seed_z)
        return sample_gaussian(*self.encoder(z), seed_r) if "encoder" in self.networks else z

    def diagnose(self, means):
        """The two ways it dies: images of a texture once the noise has gone, and a D that nothing fools."""
        warnings = []
        if means["fool"] > HOPELESS:
            warnings.append(
                f"the discriminator wins: it gives generated images a probability of {math.exp(-means['fool']):.1%} of "
                "being real; lower its rate or let the noise last longer"
            )
        if means["instance_noise"] < NOISELESS:
            code = self.sample_code(tf.zeros([DIAGNOSED, *self.image_shape]), tf.constant([0, 0]))
            rough = float(roughness(self.generate(tf.zeros([DIAGNOSED, 0]), code)))
            if rough > TEXTURE:
                warnings.append(
                    f"the images have become a texture: neighbouring pixels differ {rough:.2f} times as much as any "
                    "two; raise the discriminator's rate or let the noise last longer"
                )
        return warnings


def roughness(image):
    """How unlike neighbours are in images [B, H, W, C]: 0 where they are flat, 1 where pixels are independent.

    Half the mean squared difference of pixels side by side, over the variance of all (the ratio of von Neumann 1941).
    """
    down, across = image[:, 1:] - image[:, :-1], image[:, :, 1:] - image[:, :, :-1]
    difference = 0.5 * (tf.reduce_mean(tf.square(down)) + tf.reduce_mean(tf.square(across)))
    return tf.math.divide_no_nan(0.5 * difference, tf.math.reduce_variance(image))


def instance_noise_level(step, first, last, steps):
    """The standard deviation at `step`: linear from `first` to exactly `last` at `steps`, then constant."""
    done = tf.minimum(tf.cast(step, tf.float32) / max(float(steps), 1.0), 1.0)
    return first * (1.0 - done) + last * done


def disturb(image, sigma, seed):
    """image [B, H, W, C] in [-1, 1] with noise of standard deviation sigma, clipped to [-1, 1]."""
    return tf.clip_by_value(image + sigma * noise.normal(image.shape, seed), -1.0, 1.0)


def scale_gradient(x, factor):
    """x, but `factor` times its gradient."""
    return factor * x + (1.0 - factor) * tf.stop_gradient(x)


def smoothed_real_loss(logit, label):
    """Cross-entropy of a real image's logit against the target `label`; `real_loss` when the label is 1."""
    return label * real_loss(logit) + (1.0 - label) * fake_loss(logit)


def information_lower_bound(z, reconstruction):
    """I^L, [B]: log q(z|x) - log p(z) for q = N(reconstruction, I) and p = N(0, I); its mean is Eq. 7."""
    return 0.5 * tf.reduce_sum(tf.square(z) - tf.square(z - reconstruction), axis=-1)
