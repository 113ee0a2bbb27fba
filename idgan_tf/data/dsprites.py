"""dSprites: 737,280 binary images of one sprite with five known factors, drawn by rule.

The published images are vectors rasterised without anti-aliasing: a pixel is on when its centre lies
inside the shape. `render` draws them at any resolution; `DSprites` holds all of them at 64 px as bits
(512 bytes an image, 378 MB), from a cache in the user's cache folder.

Source: github.com/deepmind/dsprites-dataset. The shape constants were fitted to published frames;
`tests/data/test_dsprites.py` compares some of those frames pixel by pixel.
"""

import functools

import gin
import numpy as np
import tensorflow as tf

from idgan_tf import cache
from idgan_tf.data.factors import FactorDataset
from idgan_tf.data.preparation import dsprites_published
from idgan_tf.errors import require

FACTOR_NAMES = ("shape", "scale", "orientation", "position_x", "position_y")
FACTOR_SIZES = (3, 6, 40, 32, 32)
SHAPES = ("square", "ellipse", "heart")
TURNS = (4, 2, 1)  # how many rotations of each look the same
CANVAS = 64.0  # the canvas in pixels of the published images; other resolutions divide it more finely

# Canonical shapes, in units of the canvas, centred on the rotation centre, second axis pointing down.
SQUARE_HALF_SIDE = 0.15
ELLIPSE_HALF_AXES = (0.1995, 0.1127)
HEART_HALF_WIDTH, HEART_HEIGHT, HEART_OFFSET = 0.1499, 0.010344, -0.02246
SOURCES = ("rendered", "npz", "tfds")
RENDERED = "dsprites_rendered_64_v1"  # in the cache
FEW = 1000  # images that are drawn alone while that is not there: a second, not half a minute
REACH = 15  # no sprite reaches further than 13.6 canvas pixels from its centre
BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=-1).astype(np.float32)  # of every byte [256, 8]


@functools.cache
def _heart_outline():
    """Squared radius of the heart over the polar angle: (angles [A] ascending, radius squared [A])."""
    a = np.linspace(0.0, 2.0 * np.pi, 40_001)
    u = HEART_HALF_WIDTH * np.sin(a) ** 3
    v = HEART_OFFSET - HEART_HEIGHT * (13 * np.cos(a) - 5 * np.cos(2 * a) - 2 * np.cos(3 * a) - np.cos(4 * a))
    angle, square = np.arctan2(v, u), u * u + v * v
    order = np.argsort(angle)
    return angle[order], square[order]


def _inside(shape, u, v):
    """Whether canonical points (u, v), arrays of one shape, lie inside sprite `shape` (0, 1 or 2)."""
    if shape == 0:
        return (np.abs(u) <= SQUARE_HALF_SIDE) & (np.abs(v) <= SQUARE_HALF_SIDE)
    if shape == 1:
        return (u / ELLIPSE_HALF_AXES[0]) ** 2 + (v / ELLIPSE_HALF_AXES[1]) ** 2 < 1.0
    angle, square = _heart_outline()
    return u * u + v * v <= np.interp(np.arctan2(v, u), angle, square, period=2.0 * np.pi)


def _draw(shape, scale, orientation, x, y, resolution):
    """Sprites of one shape, scale and orientation at every pair of positions.

    Args:
        shape, scale, orientation: factor classes (ints).
        x, y: classes [X] and [Y] of the two positions.
        resolution: pixels a side.

    Returns:
        uint8 [X, Y, resolution, resolution] of 0 and 1.
    """
    pixel = CANVAS / resolution
    size = 0.5 + 0.1 * scale
    angle = 2.0 * np.pi * orientation / (FACTOR_SIZES[2] - 1)  # 0 and 39 are the same angle, as published
    reach = int(np.ceil(REACH * size / pixel))
    window = np.arange(-reach, reach + 1)

    def offsets(position):  # pixel numbers [P, W] round each centre, and their distance from it in pixels
        centre = CANVAS / 4 + CANVAS / 2 * (np.asarray(position) / (FACTOR_SIZES[3] - 1))
        index = np.floor(centre / pixel).astype(int)[:, None] + window
        return index, (index + 0.5) * pixel - centre[:, None]

    columns, dx = offsets(x)
    rows, dy = offsets(y)
    dx, dy = dx[:, None, None, :], dy[None, :, :, None]
    u = (np.cos(angle) * dx - np.sin(angle) * dy) / (CANVAS * size)
    v = (np.sin(angle) * dx + np.cos(angle) * dy) / (CANVAS * size)
    image = np.zeros((len(columns), len(rows), resolution, resolution), np.uint8)
    ink = _inside(shape, u, v)
    for i, j in np.ndindex(image.shape[:2]):
        (r0, r1), (c0, c1) = rows[j, [0, -1]], columns[i, [0, -1]]
        (a, b), (c, d) = (
            (max(0, -r0), max(0, r1 + 1 - resolution)),
            (max(0, -c0), max(0, c1 + 1 - resolution)),
        )
        patch = ink[i, j, a : ink.shape[2] - b, c : ink.shape[3] - d]
        image[i, j, r0 + a : r0 + a + patch.shape[0], c0 + c : c0 + c + patch.shape[1]] = patch
    return image


def render(factors, resolution=64):
    """Draws sprites.

    Args:
        factors: ints [N, 5], classes of shape, scale, orientation, position_x, position_y.
        resolution: pixels a side; 64 gives the published images.

    Returns:
        uint8 [N, resolution, resolution] of 0 and 1.

    Raises:
        ConfigError: a class outside `FACTOR_SIZES`, or a wrong shape.
    """
    factors = np.asarray(factors, np.int64)
    require(factors.ndim == 2 and factors.shape[1] == 5, f"factors must be [N, 5], got {factors.shape}")
    require(
        bool(np.all((factors >= 0) & (factors < FACTOR_SIZES))),
        f"factors must be classes below {FACTOR_SIZES}",
    )
    images = np.empty((len(factors), resolution, resolution), np.uint8)
    for i, (shape, scale, orientation, x, y) in enumerate(factors):
        images[i] = _draw(shape, scale, orientation, [x], [y], resolution)[0, 0]
    return images


def _render_all(progress):
    """Blocks of bits, uint8 [1024, 512], of all images in the published order (position_y fastest)."""
    everywhere = np.arange(FACTOR_SIZES[3])
    for shape, scale, orientation in progress(list(np.ndindex(FACTOR_SIZES[:3]))):
        images = _draw(shape, scale, orientation, everywhere, everywhere, 64)
        yield np.packbits(images.reshape(-1, 64 * 64), axis=-1)


def unpack_bits(rows):
    """uint8 tensor [B, n] of packed bits, first bit highest -> float32 [B, 8 n] of 0 and 1."""
    return tf.reshape(tf.gather(BITS, tf.cast(rows, tf.int32)), [tf.shape(rows)[0], 8 * rows.shape[-1]])


@gin.register
class DSprites(FactorDataset):
    """dSprites at 64 px, one channel.

    Args:
        source: "rendered" draws the images, "npz" reads the published file, "tfds" the TFDS builder. Either way
            the images lie in the user's cache folder after the first time.
        path: the published file of "npz"; the data_dir of "tfds", None for its own.
    """

    name = "dsprites"
    image_shape = (64, 64, 1)
    factor_names = FACTOR_NAMES
    factor_sizes = FACTOR_SIZES
    binary = True
    home, licence, weight = dsprites_published.HOME, "Apache-2.0", "27 MB, or nothing: it is drawn here"
    layout = f'none; {dsprites_published.FILE_NAME} anywhere with source = "npz" and path, or source = "tfds"'

    def __init__(self, source, path=None):
        require(source in SOURCES, f"{type(self).__name__}.source must be one of {SOURCES}, got {source!r}")
        self.source, self.path = source, path
        self._stored = source

    @functools.cached_property
    def arrays(self):
        if self._stored == "npz":
            return {"bits": dsprites_published.bits_of_npz(self.path)}
        if self._stored == "tfds":
            return {"bits": dsprites_published.bits_of_tfds(self.path)}
        return {"bits": cache.array(RENDERED, _render_all)}

    def stored(self, rows):
        if self._stored != "rendered" or len(rows) > FEW or cache.has(RENDERED):
            return super().stored(rows)
        images = render(np.stack(np.unravel_index(rows, FACTOR_SIZES), axis=-1))
        return {"bits": np.packbits(images.reshape(len(images), -1), axis=-1)}

    def sprites(self, rows):
        """Rows as stored -> float32 [B, 64, 64, 1] of 0 and 1."""
        return tf.reshape(unpack_bits(rows["bits"]), [-1, 64, 64, 1])

    def decode(self, rows, seed):
        del seed  # nothing random
        return {"image": self.sprites(rows)}
