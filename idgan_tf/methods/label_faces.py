"""What the label-relevant / irrelevant VAE and its baselines can do once trained (sections 4.2 to 4.5)."""

from collections.abc import Callable

import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods.base import Method
from idgan_tf.methods.faces import ARGUMENTS, CodeFaces
from idgan_tf.methods.signatures import Input, Signature
from idgan_tf.networks.mixture import GaussianMixture
from idgan_tf.networks.ranges import signed, unsigned

POINT = -60.0  # log-variance of zs, which is a point: a standard deviation of 1e-13


class LabelFaces(CodeFaces):
    """For a method with `encoder_s`, `encoder_u`, `decoder` and `mixture`, `zs_dim`, `zu_dim` and
    `num_classes`.

    Images are [B, H, W, C] in [0, 1]; the code is c = [zs, zu]. The class -1 stands for an unknown one, whose
    zs follows the Gaussian of Eq. 11.
    """

    encoder_s: Callable
    encoder_u: Callable
    decoder: Callable
    mixture: GaussianMixture
    zs_dim: int
    zu_dim: int

    @property
    def code_parts(self):
        """{name: size} of what the code is made of, in order."""
        return {"zs": self.zs_dim, "zu": self.zu_dim}

    def symbol(self, dimension):
        """zs0, zs1 ... zu0, zu1 ..."""
        return f"zs{dimension}" if dimension < self.zs_dim else f"zu{dimension - self.zs_dim}"

    def encode(self, image):
        """image -> (mean [B, Ds + Du], logvar) of [zs, zu]; zs is a point."""
        image = signed(image)
        zs, (mean, logvar) = self.encoder_s(image), self.encoder_u(image)
        return tf.concat([zs, mean], axis=-1), tf.concat([tf.fill(tf.shape(zs), POINT), logvar], axis=-1)

    def decode(self, c):
        """c = [zs, zu], [B, Ds + Du] -> image."""
        return unsigned(self.decoder(c))

    def generate_class(self, label, seed):
        """Images [B, H, W, C] of classes [B]: zs ~ p(zs|c), zu ~ N(0, I)."""
        return self.decode(self.sample_code_of_class(label, seed))

    def sample_code_of_class(self, label, seed):
        """Codes [B, Ds + Du] of classes [B], from the prior."""
        seed_s, seed_u = noise.split(seed, 2)
        zs = self.mixture.sample(label, noise.normal([label.shape[0], self.zs_dim], seed_s))
        return tf.concat([zs, noise.normal([label.shape[0], self.zu_dim], seed_u)], axis=-1)

    def sample(self, batch, seed):
        """One image of the class of each image of a batch; of no class where the batch has no labels."""
        return self.generate_class(batch.get("label", tf.fill([batch["image"].shape[0]], -1)), seed)

    def kl_per_dimension(self, image):
        """As of any code, but 0 for zs: a point has no divergence from a prior, and zs another prior."""
        kl = super().kl_per_dimension(image)
        return tf.concat([tf.zeros([self.zs_dim]), kl[self.zs_dim :]], axis=0)

    def interpolate_zs(self, label, steps, seed):
        """One zu, and zs along z = a z1 + (1 - a) z2 mapped into every class (Figure 4a).

        Args:
            label: int [K]. All rows share z1, z2 and zu.
            steps: number of values of a, from 0 to 1.

        Returns:
            [K, steps, H, W, C].
        """
        seed_z, seed_u = noise.split(seed, 2)
        line = self._line(self.zs_dim, steps, seed_z)
        zu = tf.repeat(noise.normal([1, self.zu_dim], seed_u), steps, axis=0)
        rows = [self.mixture.sample(tf.fill([steps], c), line) for c in label]
        return tf.stack([self.decode(tf.concat([zs, zu], axis=-1)) for zs in rows])

    def interpolate_zu(self, label, steps, seed):
        """One zs of every class, and zu along a line between two draws (Figure 4b): [K, steps, H, W, C]."""
        seed_s, seed_u = noise.split(seed, 2)
        zs = self.sample_code_of_class(label, seed_s)[:, : self.zs_dim]
        return self._product(zs, self._line(self.zu_dim, steps, seed_u))

    def vary_zu(self, label, zu_dimension, values, seed):
        """One code of every class, in which one dimension of zu takes given values (Figure 5).

        Args:
            label: int [K].
            zu_dimension: 0 to Du - 1.
            values: float [V].

        Returns:
            [K, V, H, W, C].
        """
        return self.traverse(self.sample_code_of_class(label, seed), self.zs_dim + zu_dimension, values)

    def swap(self, image_s, image_u):
        """[S, U, H, W, C]: zs of each image of `image_s` with zu of each image of `image_u` (Figure 6)."""
        zs = self.encoder_s(signed(image_s))
        zu, _ = self.encoder_u(signed(image_u))
        return self._product(zs, zu)

    def _product(self, zs, zu):
        """[S, U, H, W, C]: every zs [S, Ds] with every zu [U, Du]."""
        return tf.stack([self.decode(tf.concat([tf.repeat(row[None], len(zu), axis=0), zu], axis=-1)) for row in zs])

    def inpaint(self, image, mask):
        """x_inp = M x' + (1 - M) x, x' rebuilt from the image with zeros, in [-1, 1], under the mask
        (section 4.5).

        Args:
            image: [B, H, W, C].
            mask: [H, W, 1] or [B, H, W, 1], 1 where the image is missing.
        """
        return complete(image, self.decode(self.encode(corrupt(image, mask))[0]), mask)

    def _line(self, size, steps, seed):
        """a z1 + (1 - a) z2 for a from 0 to 1: [steps, size]."""
        one, two = tf.unstack(noise.normal([2, size], seed))
        a = tf.linspace(0.0, 1.0, steps)[:, None]
        return a * one + (1.0 - a) * two

    def signatures(self):
        """Those of a code, generate_class(label, zs_noise, zu) and combine(image_s, image_u), in pairs."""
        image_s, image_u, label = (ARGUMENTS[name](self) for name in ("image_s", "image_u", "label"))
        zs_noise = Input("zs_noise", [None, self.zs_dim], "drawn from N(0, 1); zeros give the mean of the class")
        zu = Input("zu", [None, self.zu_dim], "drawn from N(0, 1)")

        def generate(label, zs_noise, zu):
            return self.decode(tf.concat([self.mixture.sample(label, zs_noise), zu], axis=-1))

        def combine(image_s, image_u):
            zs, (zu, _) = self.encoder_s(signed(image_s)), self.encoder_u(signed(image_u))
            return self.decode(tf.concat([zs, zu], axis=-1))

        return {
            **super().signatures(),
            "generate_class": Signature(generate, [label, zs_noise, zu]),
            "combine": Signature(combine, [image_s, image_u]),
        }


class Labelled(Method):
    """For a method that draws images of [z, one-hot label], z ~ N(0, I), with `num_classes` and `z_dim`."""

    @property
    def image_shape(self):
        return self._decoder().config["image_shape"]

    def _decoder(self):
        raise NotImplementedError

    def _draw(self, label, z, training=False):
        """Images in [-1, 1] of labels [B] and z [B, D]."""
        code = tf.concat([z, tf.one_hot(label, self.num_classes)], axis=-1)
        return self._decoder()(code, training=training)

    def generate_class(self, label, seed):
        """Images [B, H, W, C] in [0, 1] of classes [B], z ~ N(0, I)."""
        return unsigned(self._draw(label, noise.normal([label.shape[0], self.z_dim], seed)))

    def sample(self, batch, seed):
        """One image of the class of each image of a batch."""
        return self.generate_class(batch["label"], seed)

    def signatures(self):
        """generate_class(label, z)."""
        label = ARGUMENTS["label"](self)
        z = Input("z", [None, self.z_dim], "drawn from N(0, 1)")
        return {"generate_class": Signature(lambda label, z: unsigned(self._draw(label, z)), [label, z])}


def corrupt(image, mask):
    """Images [B, H, W, C] in [0, 1] with grey, 0 in [-1, 1], where a mask [.., H, W, 1] is 1."""
    return image * (1.0 - mask) + 0.5 * mask


def complete(image, rebuilt, mask):
    """M x' + (1 - M) x (section 4.5): images x, and what was rebuilt of them, x', where a mask M is 1."""
    return mask * rebuilt + (1.0 - mask) * image
