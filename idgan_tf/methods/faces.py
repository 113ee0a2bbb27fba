"""What a method can do besides training, and how others ask: its faces; those of every method with a code c."""

import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods.signatures import Input, Signature
from idgan_tf.objectives.gaussian import gaussian_kl_per_dimension

PRIOR = "c ~ N(0, I)"  # where codes come from, as protocols say it
FACES = {  # methods that a method may have; B images [B, H, W, C] in [0, 1]
    "encode": "image -> (mean [B, D], logvar [B, D]) of its code",
    "decode": "c [B, D] -> image, of a decoder",
    "generate": "(s [B, S], c [B, D]) -> image, of a generator",
    "sample_code": "(image, seed) -> as many codes [B, D] as a generator reads them in training",
    "sample": "(batch, seed) -> one image of the class of each image of a batch",
    "generate_class": "(label [B], seed) -> image",
    "reconstruct": "(image, label [B]) -> image",
    "inpaint": "(image, mask), with label [B] of a method that is told classes -> image",
    "information_bounds": "(count, seed) -> bounds of the information in the code",
}


def can(method, *faces):
    """Whether a method has all of these `FACES`."""
    return all(FACES[face] and hasattr(method, face) for face in faces)


def draws_by(method):
    """How a method makes images of its own: "class", a class each, "generator", "decoder", or None if it makes none."""
    if can(method, "sample"):
        return "class"
    if can(method, "generate", "sample_code"):
        return "generator"
    return "decoder" if can(method, "decode") and hasattr(method, "code_dim") else None


class CodeFaces:
    """For methods with some of `encode(image)`, `decode(c)` and `generate(s, c)`, the last two or one of them.

    A subclass has `image_shape`, `code_dim` and, with `generate`, `nuisance_dim`.

    Attributes:
        levels: how many values, from -1 to 1, a dimension of a quantised code takes; None of a continuous one.
    """

    levels = None

    @property
    def traversal_range(self):
        """The lowest and the highest value that a traversal gives to a dimension of the code."""
        return (-1.0, 1.0) if self.levels else (-3.0, 3.0)  # three standard deviations of the prior

    @property
    def prior(self):
        """Where `sample_prior` takes codes from, for protocols."""
        return f"c uniform on {self.levels} levels from -1 to 1" if self.levels else PRIOR

    def sample_prior(self, count, seed):
        """c ~ N(0, I) [count, D], or on the levels, whatever the codes of the training are: of IB-GAN, r ~ m(r)."""
        if not self.levels:
            return noise.normal([count, self.code_dim], seed)
        place = noise.integers([count, self.code_dim], self.levels, seed)
        return tf.cast(place, tf.float32) * (2.0 / (self.levels - 1)) - 1.0

    def render(self, c):
        """c [B, D] -> image [B, H, W, C] of the best decoder there is: the generator at s = 0, or the decoder."""
        if not can(self, "generate"):
            return self.decode(c)
        return self.generate(tf.zeros([tf.shape(c)[0], self.nuisance_dim]), c)

    def traverse(self, c, dimension, values):
        """Images of codes in which one dimension takes given values.

        Args:
            c: float32 [B, D].
            dimension: int32 scalar, below D.
            values: float32 [V].

        Returns:
            [B, V, H, W, C] in [0, 1].
        """
        c, values = tf.convert_to_tensor(c, tf.float32), tf.convert_to_tensor(values, tf.float32)
        batch, count = tf.shape(c)[0], tf.shape(values)[0]
        here = tf.one_hot(dimension, self.code_dim)
        codes = c[:, None, :] * (1.0 - here) + values[None, :, None] * here
        images = self.render(tf.reshape(codes, [batch * count, self.code_dim]))
        return tf.reshape(images, [batch, count, *self.image_shape])

    def kl_per_dimension(self, image):
        """Mean KL(q(c_j|x) || N(0, 1)) over images [B, H, W, C]: [D], in nats.

        Of levels, not to N(0, 1) but to their distribution over the images: its entropy, since an image has one level.
        """
        mean, logvar = self.encode(image)
        if not self.levels:
            return tf.reduce_mean(gaussian_kl_per_dimension(mean, logvar), axis=0)
        place = tf.cast(tf.round(0.5 * (self.levels - 1) * (mean + 1.0)), tf.int32)
        share = tf.reduce_mean(tf.one_hot(place, self.levels), axis=0)  # [D, levels]
        return -tf.reduce_sum(tf.math.xlogy(share, share), axis=-1)

    def signatures(self):
        """encode(image), decode(c), generate(s, c) and traverse(c, dimension, values): those the method can do."""
        image = Input("image", [None, *self.image_shape], "in [0, 1]")
        usual = (
            f"{self.levels} levels from -1 to 1" if self.levels else "N(0, 1) a priori, -3 to 3 are its usual values"
        )
        c = Input("c", [None, self.code_dim], f"the code; {usual}")
        s = Input("s", [None, getattr(self, "nuisance_dim", 0)], "the nuisance, drawn from N(0, 1)")
        which = f"which dimension of c, 0 to {self.code_dim - 1}"
        dimension = Input("dimension", [], which, tf.int32, example=0)
        becomes = f"what that dimension becomes, one image each, such as {'-1 to 1' if self.levels else '-3 to 3'}"
        values = Input("values", [None], becomes, example=[-1.0, 0.0, 1.0] if self.levels else [-2.0, 0.0, 2.0])

        def encode(image):
            mean, logvar = self.encode(image)
            return {"mean": mean, "logvar": logvar}

        found = {}
        if self.code_dim:
            found["traverse"] = Signature(self.traverse, [c, dimension, values])
        if can(self, "encode"):
            gives = {"mean": "of the code of each image", "logvar": "log-variance of the code of each image"}
            found["encode"] = Signature(encode, [image], gives)
        if can(self, "decode"):
            found["decode"] = Signature(self.decode, [c])
        if can(self, "generate"):
            found["generate"] = Signature(self.generate, [s, c])
        return found


def join(s, c):
    """A generator's input [s, c], float32 [B, S + D], of tensors or arrays of any kind of number."""
    return tf.concat([tf.cast(s, tf.float32), tf.cast(c, tf.float32)], axis=-1)
