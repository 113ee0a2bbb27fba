"""What bin/explore shows: a code and a nuisance that sliders move, and the pictures they give. Knows no page."""

import dataclasses
import json
import math

import numpy as np
import tensorflow as tf
from absl import logging
from PIL import ImageOps

from idgan_tf import image_files
from idgan_tf.errors import DataError, message, require
from idgan_tf.image_files import png
from idgan_tf.methods.faces import can
from idgan_tf.visualize import rendering
from idgan_tf.visualize.examples import SEED, examples
from idgan_tf.visualize.grids import beside, grid, to_uint8
from idgan_tf.visualize.rendering import has_pictures

EXAMPLES = 12  # images of the gallery
STEPS = 7  # images of a strip
STRIP_PIXELS = 64  # no image of a strip is larger
MAX_UPLOAD = 64 << 20  # bytes of an uploaded file


@dataclasses.dataclass
class State:
    """Where the sliders stand.

    Attributes:
        c: the code, float32 [D].
        s: the nuisance, float32 [S]; empty where the method has none.
        label: the class whose mean zs is, or None.
        draws: how many nuisances were drawn.
        seen: the image that was encoded last, uint8 [H, W, 3], or None.
    """

    c: np.ndarray
    s: np.ndarray
    label: int | None = None
    draws: int = 0
    seen: np.ndarray | None = None


class Explorer:
    """A trained method, ready to turn a `State` into pictures.

    Attributes:
        order: dimensions of c, the most informative first.
        names: {dimension: text for its slider}, with its KL in nats where there is an encoder.
        low, high: [D], between which values a slider runs: the method's `traversal_range`, and further where codes of
            the gallery are further out.
        drawn: {"decoder", "generator": function(c [B, D], s [B, S]) -> image [B, H, W, C]}, those that the method has.
        gallery: images of the data [N, H, W, C] in [0, 1]; empty without an encoder or without the data.
        classes: names of the classes that can be chosen, () without labels.
        nuisance: what `draw_nuisance` draws: "s", "zu" of a method with classes, or None.

    Raises:
        ConfigError: the method has no code, or its images are no pictures.
    """

    def __init__(self, method, dataset, run_name):
        require(
            has_pictures(method),
            f"{type(method).__name__} has no code c and pictures of it, so there is nothing to explore",
        )
        self.method, self.title = method, f"{run_name}, step {int(method.step.numpy()):,}"
        self._about = {"run": run_name, "step": int(method.step.numpy())}
        self._zs_dim = getattr(method, "zs_dim", 0)
        self.classes = _class_names(method, dataset)
        self.nuisance = "zu" if self.classes else "s" if getattr(method, "nuisance_dim", 0) else None
        self.drawn = self._compiled()
        self.gallery, self.without_gallery = self._read_gallery(dataset)
        self._measure()
        for count in (1, STEPS):  # traced here, so that the first slider need not wait for it
            for name in self.drawn:
                self._draw(name, np.zeros([count, method.code_dim], np.float32), self._no_nuisance())

    def _no_nuisance(self):
        return np.zeros(getattr(self.method, "nuisance_dim", 0), np.float32)

    def _compiled(self):
        method, found = self.method, {}
        if can(method, "decode"):
            found["decoder"] = tf.function(lambda c, s: rendering.as_shown(method, method.decode(c)))
        if can(method, "generate"):
            found["generator"] = tf.function(lambda c, s: method.generate(s, c))
        return found

    def _read_gallery(self, dataset):
        """(images, why there are none)."""
        empty = np.zeros([0, *self.method.image_shape], np.float32)
        if not can(self.method, "encode"):
            return empty, f"{type(self.method).__name__} encodes no images"
        try:
            return np.asarray(examples(dataset)), ""
        except DataError as error:
            logging.warning("no gallery, and dimensions in their own order: %s", message(error))
            return empty, "the data of the run are not here"

    def _measure(self):
        """Sets `order`, `names`, `low` and `high` from the images of the gallery."""
        count = self.method.code_dim
        kl, codes = np.zeros(count), np.zeros([1, count])
        if len(self.gallery):
            kl = np.asarray(self.method.kl_per_dimension(self.gallery))
            codes = np.asarray(self.method.encode(self.gallery)[0])
        by_kl = np.argsort(-kl, kind="stable")
        relevant = by_kl < self._zs_dim  # zs is a point, whose KL says nothing: it is chosen as a class
        self.order = [int(d) for d in np.concatenate([by_kl[~relevant], by_kl[relevant]])]
        self.names = {d: self._name(d) + (f" · {kl[d]:.2f} nats" if len(self.gallery) else "") for d in self.order}
        self.names |= {d: self._name(d) for d in range(self._zs_dim)}
        low, high = self.method.traversal_range
        self.low = np.minimum(low, np.floor(codes.min(axis=0)))
        self.high = np.maximum(high, np.ceil(codes.max(axis=0)))
        self.gallery = self.gallery[:EXAMPLES]

    def _name(self, dimension):
        if not self._zs_dim:
            return f"c{dimension}"
        return f"zs{dimension}" if dimension < self._zs_dim else f"zu{dimension - self._zs_dim}"

    def start(self):
        """The state of a fresh page: the code of the first image of the gallery, or zero."""
        state = State(np.zeros(self.method.code_dim, np.float32), self._no_nuisance())
        if len(self.gallery):
            self.encode(state, self.gallery[0])
        if self.nuisance == "s":
            self.draw_nuisance(state)
        return state

    def move(self, state, dimension, value):
        """Sets one dimension of the code; another array, so that a drawing under way keeps its own."""
        state.c = state.c.copy()
        state.c[dimension] = value
        if dimension < self._zs_dim:
            state.label = None

    def draw_nuisance(self, state):
        """A new nuisance from N(0, I); the same sequence on every page."""
        rng = np.random.default_rng([SEED, state.draws])
        state.draws += 1
        if self.nuisance == "zu":
            zu = rng.standard_normal(self.method.code_dim - self._zs_dim)
            state.c = np.concatenate([state.c[: self._zs_dim], zu]).astype(np.float32)
        else:
            state.s = rng.standard_normal(self.method.nuisance_dim).astype(np.float32)

    def choose(self, state, label):
        """zs becomes the mean of a class; zu stays."""
        zs = self.method.mixture.sample(tf.constant([label]), tf.zeros([1, self._zs_dim]))[0]
        state.c, state.label = np.concatenate([zs, state.c[self._zs_dim :]]).astype(np.float32), label

    def encode(self, state, image):
        """The code becomes the mean of q(c|x) of an image [H, W, C] in [0, 1]."""
        state.c = np.asarray(self.method.encode(image[None])[0][0], np.float32)
        state.seen, state.label = to_uint8(image), None

    def read(self, data, name):
        """The bytes of an uploaded file -> image [H, W, C] in [0, 1], its middle at the size of the method's.

        Raises:
            DataError: it is no image, animated, damaged, or too large.
        """
        if len(data) > MAX_UPLOAD:
            raise DataError(f"{name} has more than {MAX_UPLOAD >> 20} MB; make it smaller")
        height, width, channels = self.method.image_shape
        image = ImageOps.fit(image_files.read(data, channels, name), (width, height), image_files.FILTERS["lanczos"])
        return np.asarray(image, np.float32).reshape(height, width, channels) / 255.0

    def pictures(self, state):
        """{"decoder", "generator": uint8 [H, W, 3]}: those that the method has."""
        return {name: to_uint8(self._draw(name, state.c[None], state.s))[0] for name in self.drawn}

    def strip(self, state, dimension):
        """uint8 [H', W', 3]: `STEPS` images over one dimension, the generator's where there is one."""
        c = np.repeat(state.c[None], STEPS, axis=0)
        c[:, dimension] = np.linspace(self.low[dimension], self.high[dimension], STEPS)
        images = self._draw("generator" if "generator" in self.drawn else "decoder", c, state.s)
        factor = math.ceil(max(self.method.image_shape[:2]) / STRIP_PIXELS)
        if factor > 1:
            images = tf.image.resize(images, [size // factor for size in self.method.image_shape[:2]], "area")
        return grid(images, STEPS, padding=1, smallest=1)  # the page enlarges it

    def _draw(self, name, c, s):
        s = np.repeat(s[None], len(c), axis=0)
        return rendering.drawn_in_parts(self.method, lambda i: self.drawn[name](c[i], s[i]), len(c))

    def as_json(self, state):
        """The codes, and where they belong to, as text."""
        label = None if state.label is None else self.classes[state.label]
        codes = {"c": state.c.tolist(), "s": state.s.tolist(), "label": label}
        return json.dumps({**self._about, **codes}, indent=1) + "\n"

    def as_png(self, state):
        """The pictures beside each other as the bytes of a PNG, with the codes in its metadata."""
        return png(beside(list(self.pictures(state).values())), {"codes": self.as_json(state)})


def _class_names(method, dataset):
    """Names of the classes of a method with labels; numbers where the data are not at hand."""
    count = getattr(method, "num_classes", 0)
    try:
        names = tuple(str(name) for name in getattr(dataset, "class_names", ()))
    except DataError:
        names = ()
    return names if len(names) == count else tuple(str(number) for number in range(count))
