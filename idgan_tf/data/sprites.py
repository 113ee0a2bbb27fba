"""dSprites at any resolution, drawn in the training graph: nothing to download, nothing to store.

It stands in for high-resolution photographs: 64 px for the encoder, 128 to 1024 for the generator. The
geometry is that of `dsprites.render`, in float32.
"""

import functools

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.data import dsprites
from idgan_tf.data.dsprites import CANVAS, FACTOR_NAMES, FACTOR_SIZES
from idgan_tf.data.factors import FactorDataset
from idgan_tf.errors import require_number

TABLE = 1 << 14  # angles at which the heart's radius is tabulated


@functools.cache
def _heart_table():
    """float32 [TABLE + 1]: squared radius of the heart at angles -pi .. pi."""
    angle, square = dsprites._heart_outline()
    return np.interp(np.linspace(-np.pi, np.pi, TABLE + 1), angle, square, period=2 * np.pi).astype(np.float32)


def _in_heart(u, v):
    place = (tf.atan2(v, u) / np.pi + 1.0) * (TABLE / 2)
    below = tf.clip_by_value(tf.cast(place, tf.int32), 0, TABLE - 1)
    table = tf.constant(_heart_table())
    low, high = tf.gather(table, below), tf.gather(table, below + 1)
    return u * u + v * v <= low + (high - low) * (place - tf.cast(below, tf.float32))


def draw(factors, resolution):
    """`dsprites.render` inside a graph.

    Args:
        factors: int [B, 5], classes.
        resolution: pixels a side, a Python int.

    Returns:
        float32 [B, resolution, resolution, 1] of 0 and 1.
    """
    shape, scale, orientation, x, y = tf.unstack(tf.cast(factors, tf.float32)[:, :, None, None], axis=1)
    size = CANVAS * (0.5 + 0.1 * scale)
    angle = orientation * (2.0 * np.pi / (FACTOR_SIZES[2] - 1))
    pixel = (tf.range(resolution, dtype=tf.float32) + 0.5) * (CANVAS / resolution)
    dx = pixel[None, None, :] - (CANVAS / 4 + CANVAS / 2 * (x / (FACTOR_SIZES[3] - 1)))
    dy = pixel[None, :, None] - (CANVAS / 4 + CANVAS / 2 * (y / (FACTOR_SIZES[4] - 1)))
    u = (tf.cos(angle) * dx - tf.sin(angle) * dy) / size
    v = (tf.sin(angle) * dx + tf.cos(angle) * dy) / size
    half, (a, b) = dsprites.SQUARE_HALF_SIDE, dsprites.ELLIPSE_HALF_AXES
    square = (tf.abs(u) <= half) & (tf.abs(v) <= half)
    ellipse = (u / a) ** 2 + (v / b) ** 2 < 1.0
    inside = tf.where(shape == 0.0, square, tf.where(shape == 1.0, ellipse, _in_heart(u, v)))
    return tf.expand_dims(tf.cast(inside, tf.float32), -1)


@gin.register
class Sprites(FactorDataset):
    """The 737,280 sprites of dSprites at `resolution` pixels a side.

    Args:
        resolution: 64 gives dSprites.
    """

    factor_names = FACTOR_NAMES
    factor_sizes = FACTOR_SIZES
    binary = True
    source = "rendered"
    home, weight, licence, layout = "drawn here", "nothing", "that of this project", "none"

    def __init__(self, resolution):
        require_number("Sprites.resolution", resolution, minimum=8, integer=True)
        self.name, self.image_shape = f"sprites{resolution}", (resolution, resolution, 1)

    @functools.cached_property
    def arrays(self):
        return {"row": np.arange(self.num_examples, dtype=np.int32)}

    def decode(self, rows, seed):
        del seed  # nothing random
        return {"image": draw(self.factors_in_graph(tf.cast(rows["row"], tf.int64)), self.image_shape[0])}
