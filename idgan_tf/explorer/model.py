"""A trained method as the explorer draws it: a code and a nuisance become pictures."""

import numpy as np
import tensorflow as tf
from absl import logging

from idgan_tf.errors import DataError, message, require
from idgan_tf.methods.faces import can
from idgan_tf.objectives.gaussian import sample_gaussian
from idgan_tf.visualize import rendering
from idgan_tf.visualize.examples import EXAMPLES, SEED, examples
from idgan_tf.visualize.rendering import has_pictures

SEEN = 512  # images whose codes say what training saw; of large images fewer
OUTSIDE = 1.0  # percent of those codes that count as outside, at either end: chosen here


class Model:
    """A trained method.

    Args:
        run: its `run_directory.Run`.
        method, dataset: as `runs.load_with_data` gives them.

    Attributes:
        step: of the training.
        drawn: names of what the method draws, "decoder" and "generator" or one of them.
        best: the last of them.
        nuisance_dim: S, 0 where it has none.
        images: of the data, [N, H, W, C] in [0, 1]; empty without an encoder or without the data.
        without_images: why there are none, or "".

    Raises:
        ConfigError: the method has no code, or its images are no pictures.
    """

    def __init__(self, run, method, dataset):
        require(
            has_pictures(method),
            f"{type(method).__name__} has no code c and pictures of it, so there is nothing to explore",
        )
        self.run, self.method, self.dataset = run, method, dataset
        self.step = int(method.step.numpy())
        self.nuisance_dim = getattr(method, "nuisance_dim", 0)
        self._compiled = self._compile()
        self.drawn, self.best = tuple(self._compiled), list(self._compiled)[-1]
        self.images, self.without_images = self._read()

    def _compile(self):
        method, found = self.method, {}
        if can(method, "decode"):
            found["decoder"] = lambda c, s: rendering.as_shown(method, method.decode(c))
        if can(method, "generate"):
            found["generator"] = lambda c, s: method.generate(s, c)
        takes = [tf.TensorSpec([None, size], tf.float32) for size in (method.code_dim, self.nuisance_dim)]
        compiled = {name: tf.function(draw, input_signature=takes) for name, draw in found.items()}
        for draw in compiled.values():
            draw.get_concrete_function()  # now: threads that wait for one trace look to TensorFlow like many traces
        return compiled

    def _read(self):
        height, width, channels = self.method.image_shape
        nothing = np.zeros([0, height, width, channels], np.float32)
        if not can(self.method, "encode"):
            return nothing, f"{type(self.method).__name__} encodes no images"
        try:
            count = np.clip(rendering.AT_ONCE // (height * width * channels), EXAMPLES, SEEN)
            return np.asarray(examples(self.dataset, int(count))), ""
        except DataError as error:
            logging.warning("no gallery, and dimensions in their own order: %s", message(error))
            return nothing, "the data of the run are not here"

    def codes(self):
        """(means [N, D], codes as the training drew them [N, D]) of `images`."""
        mean, logvar = self.method.encode(self.images)
        if can(self.method, "sample_code"):
            return np.asarray(mean), np.asarray(self.method.sample_code(self.images, [SEED, 4]))
        return np.asarray(mean), np.asarray(sample_gaussian(mean, logvar, [SEED, 4]))

    def seen_in_training(self, codes):
        """(low [D], high [D]): between them 98 of 100 codes of a training; without codes [N, D], those of its prior."""
        low, high = (np.full(self.method.code_dim, end) for end in ((-1.0, 1.0) if self.method.levels else (-3.0, 3.0)))
        if not len(codes) or self.method.levels:
            return low, high
        return tuple(np.percentile(codes, (OUTSIDE, 100.0 - OUTSIDE), axis=0))

    def nuisance(self, draws):
        """s [S]: the last of so many draws from N(0, I), the same ones in every tab; 0 after none."""
        if not draws:
            return np.zeros(self.nuisance_dim, np.float32)
        return np.random.default_rng([SEED, draws - 1]).standard_normal(self.nuisance_dim).astype(np.float32)

    def draw(self, name, c, s):
        """Images [B, H, W, C] in [0, 1] of codes [B, D] and nuisances [B, S]."""
        draw = self._compiled[name]
        return rendering.drawn_in_parts(self.method, lambda i: draw(c[i], s[i]), len(c))
