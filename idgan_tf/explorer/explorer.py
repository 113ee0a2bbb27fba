"""What bin/explore is about: one code, which sliders move, and the models that draw it. Knows no page."""

import numpy as np
import tensorflow as tf
from PIL import ImageOps

from idgan_tf import dimension_names, image_files
from idgan_tf.errors import DataError, require
from idgan_tf.explorer.state import State, from_query
from idgan_tf.methods.faces import can
from idgan_tf.run_directory import titles
from idgan_tf.visualize.examples import EXAMPLES, SEED
from idgan_tf.visualize.grids import to_uint8

GALLERY = 12  # images that can be chosen
STEP = 0.05  # of a slider, and of an arrow key on it
MAX_UPLOAD = 64 << 20  # bytes of an uploaded file
NO_ENCODER = "the page takes images where a model encodes"
NEAR = 0.005  # codes nearer than this to an end of the range are within


class Explorer:
    """One code of one or several models.

    Args:
        models: `Model`s whose codes have as many dimensions. The first says what the dimensions are called and, where
            it has classes, which; the first that encodes gives the images, the order of the dimensions and the range.

    Attributes:
        names: of the models, as they are told apart.
        order: dimensions of c, the most informative first.
        kl: [D] in nats, None without images.
        low, high: [D], between which values a slider runs: the method's `traversal_range`, and further where codes of
            images are further out.
        seen_low, seen_high: [D], the range of the codes in training, as `Model.seen_in_training` says.
        step: [] of a slider; of a quantised code, from one level to the next.
        gallery: images of the data [N, H, W, C] in [0, 1].
        classes: names of the classes that can be chosen, () without labels.
        nuisance: what `draw_nuisance` draws: "s", "zu" of a method with classes, or None.

    Raises:
        ConfigError: codes of different sizes.
    """

    def __init__(self, models):
        self.models, self.first = models, models[0]
        self.count = self.first.method.code_dim
        for model in models:
            require(
                model.method.code_dim == self.count,
                f"side by side, runs share one code: {self.first.run.path} has one of {self.count} dimensions, "
                f"{model.run.path} one of {model.method.code_dim}",
            )
        self.names = titles([model.run for model in models]) if len(models) > 1 else [self.first.run.name]
        self.title = " · ".join(f"{name}, step {model.step:,}" for name, model in zip(self.names, models, strict=True))
        self.reader = next((model for model in models if len(model.images)), None)
        self.encoder = self.reader or next((model for model in models if can(model.method, "encode")), None)
        self.gallery = self.reader.images[:GALLERY] if self.reader else np.zeros([0, *self.first.method.image_shape])
        self._zs_dim = getattr(self.first.method, "zs_dim", 0)
        self.classes = _class_names(self.first)
        self.nuisance = "zu" if self.classes else "s" if any(model.nuisance_dim for model in models) else None
        levels = self.first.method.levels
        self.step = 2.0 / (levels - 1) if levels else STEP
        self._measure()

    def _measure(self):
        """Sets `order`, `kl` and the ranges from the images."""
        means, codes, kl = np.zeros([1, self.count]), (), np.zeros(self.count)
        if self.reader:
            means, codes = self.reader.codes()
            kl = np.asarray(self.reader.method.kl_per_dimension(self.reader.images[:EXAMPLES]))
        self.kl = kl if self.reader else None
        by_kl = np.argsort(-kl, kind="stable")
        relevant = by_kl < self._zs_dim  # zs is a point, whose KL says nothing: it is chosen as a class
        self.order = [int(d) for d in np.concatenate([by_kl[~relevant], by_kl[relevant]])]
        low, high = np.transpose([model.method.traversal_range for model in self.models])
        self.low = np.minimum(low.min(), np.floor(means.min(axis=0)))
        self.high = np.maximum(high.max(), np.ceil(means.max(axis=0)))
        self.seen_low, self.seen_high = (self.reader or self.first).seen_in_training(codes)

    def symbol(self, dimension):
        """c3, or zs3 or zu3."""
        return self.first.method.symbol(dimension)

    def called(self, dimension):
        """The same with the name that a person gave it."""
        return self.first.method.called(dimension)

    def name(self, dimension):
        """That name alone, "" where there is none."""
        return "".join(self.first.method.dimension_names[dimension : dimension + 1])

    def rename(self, dimension, name):
        """Gives a dimension a name, kept beside the first run: figures, exports and the next start know it.

        Raises:
            ConfigError, DataError: it is no name, or cannot be kept; then all is as before.
        """
        method = self.first.method
        names = list(method.dimension_names) or [""] * self.count
        names[dimension] = dimension_names.cleaned(name)
        dimension_names.write(self.first.run, names)
        method.dimension_names = tuple(names)

    def start(self):
        """The state of a fresh page: the code of the first image of the gallery, or zero."""
        state = State(np.zeros(self.count, np.float32), draws=int(self.nuisance == "s"))
        if len(self.gallery):
            self.choose_image(state, 0)
        return state

    def state_of(self, query):
        """The state of an address, {name: text}; a fresh one where it has none.

        Raises:
            ConfigError: it has a state of another code.
        """
        if "c" not in query:
            return self.start()
        state = from_query(query, self.count, len(self.classes), len(self.gallery))
        if state.image is not None:
            state.seen = to_uint8(self.gallery[state.image])
        return state

    def move(self, state, dimension, value):
        """Sets one dimension of the code; another array, so that a drawing under way keeps its own."""
        state.c = state.c.copy()
        state.c[dimension] = value
        if dimension < self._zs_dim:
            state.label = None

    def outside(self, state):
        """The dimensions whose value few codes of the training had, by number."""
        low, high = self.seen_low - NEAR, self.seen_high + NEAR
        return [int(d) for d in np.flatnonzero((state.c < low) | (state.c > high))]

    def draw_nuisance(self, state):
        """A new nuisance from N(0, I); the same sequence on every page."""
        state.draws += 1
        if self.nuisance == "zu":
            zu = np.random.default_rng([SEED, state.draws - 1]).standard_normal(self.count - self._zs_dim)
            state.c = np.concatenate([state.c[: self._zs_dim], zu]).astype(np.float32)

    def draw_code(self, state, rng):
        """A code from the prior, of any class, by a `numpy.random.Generator`."""
        method, seed = self.first.method, rng.integers(2**31, size=2).tolist()
        if self.classes:
            c = method.sample_code_of_class(tf.constant([int(rng.integers(len(self.classes)))]), seed)
        else:
            c = method.sample_prior(1, seed)
        state.c, state.label = np.array(c[0], np.float32), None
        state.image, state.seen = None, None

    def choose(self, state, label):
        """zs becomes the mean of a class; zu stays."""
        zs = self.first.method.mixture.sample(tf.constant([label]), tf.zeros([1, self._zs_dim]))[0]
        state.c, state.label = np.concatenate([zs, state.c[self._zs_dim :]]).astype(np.float32), label

    def encode(self, state, image):
        """The code becomes the mean of q(c|x) of an image [H, W, C] in [0, 1]."""
        assert self.encoder, NO_ENCODER
        state.c = np.array(self.encoder.method.encode(image[None])[0][0], np.float32)
        state.seen, state.label, state.image = to_uint8(image), None, None

    def choose_image(self, state, number):
        """The same of an image of the gallery."""
        self.encode(state, self.gallery[number])
        state.image = number

    def read(self, data, name):
        """The bytes of an uploaded file -> image [H, W, C] in [0, 1], its middle at the size of the encoder's.

        Raises:
            DataError: it is no image, animated, damaged, or too large.
        """
        if len(data) > MAX_UPLOAD:
            raise DataError(f"{name} has more than {MAX_UPLOAD >> 20} MB; make it smaller")
        assert self.encoder, NO_ENCODER
        height, width, channels = self.encoder.method.image_shape
        image = ImageOps.fit(image_files.read(data, channels, name), (width, height), image_files.FILTERS["lanczos"])
        return np.asarray(image, np.float32).reshape(height, width, channels) / 255.0


def _class_names(model):
    """Names of the classes of a method with labels; numbers where the data are not at hand."""
    count = getattr(model.method, "num_classes", 0)
    try:
        names = tuple(str(name) for name in getattr(model.dataset, "class_names", ()))
    except DataError:
        names = ()
    return names if len(names) == count else tuple(str(number) for number in range(count))
