"""What a method can do besides training, and how others ask: its faces; those of every method with a code c.

Here alone is said what faces take: `Faces` has every face of a subclass look at its arguments, by their names.
"""

import functools
import inspect
from collections.abc import Callable

import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require
from idgan_tf.methods.signatures import Input, Signature, image
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
MORE = ("render", "traverse", "kl_per_dimension")  # that are checked, too
MORE += ("sample_code_of_class", "interpolate_zs", "interpolate_zu", "vary_zu", "swap")
ARGUMENTS = {  # {name: method -> what every face that has such an argument takes}
    "image": lambda method: image("image", _shape(method)),
    "image_s": lambda method: image("image_s", _shape(method), "in [0, 1], whose class is wanted"),
    "image_u": lambda method: image("image_u", _shape(method), "in [0, 1], whose pose and style are wanted"),
    "mask": lambda method: Input("mask", None, "1 where the image is missing, else 0", low=0, high=1),
    "c": lambda method: Input("c", [None, getattr(method, "code_dim", None)], f"the code; {_usual(method)}"),
    "s": lambda method: Input("s", [None, getattr(method, "nuisance_dim", None)], "the nuisance, drawn from N(0, 1)"),
    "dimension": lambda method: _number("dimension", "which dimension of c", method.code_dim),
    "zu_dimension": lambda method: _number("zu_dimension", "which dimension of zu", method.zu_dim),
    "values": lambda method: Input(
        "values",
        [None],
        f"what that dimension becomes, one image each; {_usual(method)}",
        example=[-1.0, 0.0, 1.0] if getattr(method, "levels", None) else [-2.0, 0.0, 2.0],
    ),
    "label": lambda method: Input(
        "label",
        [None],
        f"classes, 0 to {method.num_classes - 1}",
        tf.int32,
        low=-1 if hasattr(method, "mixture") else 0,  # -1 is an unknown one, which only a mixture has
        high=method.num_classes - 1,
    ),
}


def _shape(method):
    """(H, W, C) of a method's images; of one that does not say, of any."""
    return getattr(method, "image_shape", (None, None, None))


def _usual(method):
    """Which values a dimension of its code has."""
    levels = getattr(method, "levels", None)
    return f"{levels} levels from -1 to 1" if levels else "N(0, 1) a priori, -3 to 3 are its usual values"


def _number(name, text, count):
    """The `Input` of one of `count` dimensions."""
    return Input(name, [], f"{text}, 0 to {count - 1}", tf.int32, example=0, low=0, high=count - 1)


def checked(face):
    """A function (method, ...) whose arguments become what `ARGUMENTS` says before it runs.

    Of s and c, which has no dimension may be left out.

    Raises:
        ConfigError: of the function: an argument has another shape, or values outside its range.
    """
    signature = inspect.signature(face)
    known = [name for name in signature.parameters if name in ARGUMENTS]
    parts = (("s", "c", "nuisance_dim"), ("c", "s", "code_dim")) if {"s", "c"} <= {*known} else ()

    @functools.wraps(face)
    def look(method, *given, **named):
        bound = signature.bind_partial(method, *given, **named)
        values = bound.arguments
        for part, other, size in parts:
            if values.get(part) is None and values.get(other) is not None:
                size = getattr(method, size, None)
                require(size == 0, f"{face.__name__} needs {part}, [B, {size}]; render(c) draws at s = 0")
                values[part] = tf.zeros([tf.shape(values[other])[0], 0])
        for name in known:
            if name in values:
                values[name] = ARGUMENTS[name](method).given(values[name])
        return face(*bound.args, **bound.kwargs)

    return look


class Faces:
    """Has those of `FACES`, and of `MORE`, that a subclass defines look at what they are given."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in vars(cls).keys() & {*FACES, *MORE}:
            setattr(cls, name, checked(vars(cls)[name]))


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


class CodeFaces(Faces):
    """For methods with some of `encode(image)`, `decode(c)` and `generate(s, c)`, the last two or one of them.

    A subclass has `image_shape`, `code_dim` and, with `generate`, `nuisance_dim`.

    Attributes:
        levels: how many values, from -1 to 1, a dimension of a quantised code takes; None of a continuous one.
        dimension_names: what a person called the dimensions of the code, D texts, "" where none was given; () where
            nobody did (`idgan_tf.dimension_names`).
    """

    image_shape: tuple
    code_dim: int
    nuisance_dim: int
    encode: Callable
    decode: Callable
    generate: Callable
    levels: int | None = None
    dimension_names = ()

    def symbol(self, dimension):
        """What papers call a dimension of the code, such as c3."""
        return f"c{dimension}"

    def called(self, dimension):
        """The same, followed by the name that a person gave it: what stands in pictures and texts."""
        return f"{self.symbol(dimension)} {''.join(self.dimension_names[dimension : dimension + 1])}".rstrip()

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
            dimension: an integer, 0 to D - 1.
            values: float32 [V].

        Returns:
            [B, V, H, W, C] in [0, 1].
        """
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
        """encode(image), decode(c), generate(s, c) and traverse(c, dimension, values): those the method can do.

        Of s and c, generate takes which has dimensions.
        """
        image, c, dimension, values = (ARGUMENTS[name](self) for name in ("image", "c", "dimension", "values"))

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
            sizes = (ARGUMENTS["s"](self), self.nuisance_dim), (c, self.code_dim)
            takes = [part for part, size in sizes if size]
            names = [part.name for part in takes]
            found["generate"] = Signature(lambda *parts: self.generate(**dict(zip(names, parts, strict=True))), takes)
        return found


def join(s, c):
    """A generator's input [s, c], float32 [B, S + D]."""
    counts = [part.shape[0] for part in (s, c)]
    require(None in counts or counts[0] == counts[1], f"s and c must be as many, got {counts[0]} and {counts[1]}")
    return tf.concat([tf.cast(s, tf.float32), tf.cast(c, tf.float32)], axis=-1)
