"""Colour, noise and painting variants of dSprites, made on the fly inside the training graph.

What is random in an image is a function of (seed, row number): not of its place in the batch, the number of
devices, or what was drawn before. The seed of a step holds the run's seed and its number.
"""

import functools
import hashlib
import math

import gin
import numpy as np
import tensorflow as tf
from PIL import Image

from idgan_tf import image_files, noise
from idgan_tf.data.dsprites import FACTOR_NAMES, FACTOR_SIZES, DSprites
from idgan_tf.data.preparation import dsprites_published
from idgan_tf.errors import ConfigError, DataError, require, require_number

PAINTING_SIZE = (350, 274)  # width and height it is shrunk into, keeping its aspect (disentanglement_lib)
PAINTING_HOME = "commons.wikimedia.org/wiki/File:The_Scream.jpg"


class _Variant(DSprites):
    image_shape = (64, 64, 3)
    binary = False


@gin.register
class ColorDSprites(_Variant):
    """A sprite in a random colour on black.

    Args:
        source, path: see `DSprites`.
        levels: values 0, 1/(levels-1), ..., 1 of each channel, 8 in ID-GAN and IB-GAN; 0 for U[0.5, 1], as
            disentanglement_lib.
        color_factor: whether the colour, one of levels**3, is the sixth factor, as IB-GAN counts.
    """

    name = "color_dsprites"

    def __init__(self, source, levels, color_factor, path=None):
        super().__init__(source, path)
        require_number("ColorDSprites.levels", levels, minimum=0, integer=True)
        require(levels != 1, "ColorDSprites.levels must be 0 or at least 2, got 1")
        require(levels or not color_factor, "ColorDSprites.color_factor needs levels, got levels 0")
        self.levels, self.color_factor = levels, color_factor
        if color_factor:
            self.factor_names = (*FACTOR_NAMES, "color")
            self.factor_sizes = (*FACTOR_SIZES, levels**3)

    @property
    def looks(self):
        return f"{self.name}, {self.levels} levels"

    @property
    def num_examples(self):
        return math.prod(FACTOR_SIZES)

    def decode(self, rows, seed):
        draw = noise.row_uniform(rows["index"], (1, 1, 3), seed)
        color = tf.floor(draw * self.levels) / (self.levels - 1) if self.levels else 0.5 + 0.5 * draw
        batch = {"image": self.sprites(rows) * color}
        if self.color_factor:
            red, green, blue = tf.unstack(tf.cast(draw[:, 0, 0] * self.levels, tf.int64), axis=-1)
            index = ((rows["index"] * self.levels + red) * self.levels + green) * self.levels + blue
            batch["factors"] = self.factors_in_graph(index)
        return batch

    def index(self, factors):
        return np.ravel_multi_index(np.asarray(factors)[:, :5].T, FACTOR_SIZES)

    def factors(self, indices):
        if self.color_factor:
            raise ConfigError("the colour of a row changes with every draw; use sample_factors and images")
        return super().factors(indices)

    def images(self, factors, seed=(0, 0)):
        if not self.color_factor:
            return super().images(factors, seed)
        bits = self.stored(self.index(factors))["bits"]
        channels = np.unravel_index(np.asarray(factors)[:, 5], (self.levels,) * 3)
        color = np.stack(channels, axis=-1)[:, None, None, :] / np.float32(self.levels - 1)
        return self.sprites({"bits": tf.constant(bits)}) * tf.constant(color, tf.float32)


@gin.register
class NoisyDSprites(_Variant):
    """A white sprite on uniform noise, drawn for every pixel and channel.

    Args:
        source, path: see `DSprites`.
    """

    name = "noisy_dsprites"

    def decode(self, rows, seed):
        draw = noise.row_uniform(rows["index"], self.image_shape, seed)
        return {"image": tf.minimum(self.sprites(rows) + draw, 1.0)}


@gin.register
class ScreamDSprites(_Variant):
    """A random piece of Munch's "The Scream" in a random tint, inverted where the sprite is.

    Args:
        source, path: see `DSprites`.
        painting: the path of a scan; "stand-in" draws a swirl instead, which every log and result then says.
    """

    name = "scream_dsprites"
    home = f"{dsprites_published.HOME}, and {PAINTING_HOME}"
    licence = "Apache-2.0; the painting is in the public domain"
    layout = 'The_Scream.jpg anywhere, with its path in ScreamDSprites.painting; "stand-in" needs none'

    def __init__(self, source, painting, path=None):
        super().__init__(source, path)
        self.painting = painting
        if painting == "stand-in":
            self.source = f"{source}, stand-in painting"

    @functools.cached_property
    def arrays(self):
        self.pixels  # noqa: B018 - a missing painting is said before anything else is made
        return super().arrays

    @property
    def looks(self):
        return f"{self.name}, painting {hashlib.sha256(self.pixels.tobytes()).hexdigest()}"

    @functools.cached_property
    def pixels(self):
        """The painting, float32 [H, W, 3] in [0, 1].

        Raises:
            DataError: there is none.
        """
        if self.painting is None:
            raise DataError(
                f"ScreamDSprites.painting must be the path of The_Scream.jpg (free, {PAINTING_HOME}), "
                'or "stand-in" for a swirl drawn here'
            )
        return _swirl() if self.painting == "stand-in" else _read_painting(self.painting)

    def decode(self, rows, seed):
        height, width, _ = self.pixels.shape
        draw = noise.row_uniform(rows["index"], (5,), seed)
        top = tf.cast(draw[:, 0] * (height - 64), tf.int32)[:, None, None] + tf.range(64)[None, :, None]
        left = tf.cast(draw[:, 1] * (width - 64), tf.int32)[:, None, None] + tf.range(64)[None, None, :]
        piece = tf.gather(tf.constant(self.pixels.reshape(-1, 3)), top * width + left)
        background = (piece + draw[:, None, None, 2:]) / 2.0
        return {"image": tf.where(self.sprites(rows) == 1.0, 1.0 - background, background)}


def _read_painting(path):
    """float32 [H, W, 3] in [0, 1], shrunk into PAINTING_SIZE."""
    image = image_files.read(path, 3, f"the painting {path}")
    image.thumbnail(PAINTING_SIZE, Image.Resampling.BICUBIC)
    if min(image.size) <= 64:
        raise DataError(f"the painting {path} is only {image.width}x{image.height} at its size; 65x65 are needed")
    return np.asarray(image, np.float32) / 255.0


def _swirl(height=274, width=219):
    """float32 [H, W, 3] in [0, 1]: bands of warm and cold colour round two centres."""
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 0.8 : width * 1j]
    bend = np.sin(9.0 * x + 4.0 * np.sin(5.0 * y)) + 2.0 * np.hypot(x - 0.3, y - 0.7)
    phase = 6.0 * y + 1.5 * bend + 3.0 * np.hypot(x - 0.6, y - 0.2)
    channels = [0.5 + 0.5 * np.sin(3.0 * phase + shift) * (0.6 + 0.4 * np.cos(7.0 * x)) for shift in (0.0, 1.2, 3.6)]
    return np.stack(channels, axis=-1).astype(np.float32)
