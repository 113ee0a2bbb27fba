"""Small NORB: 48,600 photographs of 50 toys of five categories, from every height and side, in six lights.

LeCun et al., "Learning Methods for Generic Object Recognition with Invariance to Pose and Lighting", CVPR 2004. As in
google-research/disentanglement_lib, data/ground_truth/norb.py: training and testing together, the first of the two
cameras, 96 to 64 px with LANCZOS, and the ten toys of a category are not a factor: an image of given factors shows one
of them, drawn at random.
"""

import gzip
import zlib
from collections.abc import Iterator

import gin
import numpy as np
import tensorflow as tf
from PIL import Image

from idgan_tf import image_files, noise
from idgan_tf.data.factor_images import FactorImages
from idgan_tf.errors import ConfigError, DataError

TOYS = 10
SIDE = 96
BATCH = 486  # of the published images, 9 MB
SPLITS = ("smallnorb-5x46789x9x18x6x2x96x96-training", "smallnorb-5x01235x9x18x6x2x96x96-testing")
BYTES, INTEGERS = 0x1E3D4C55, 0x1E3D4C54  # how the published files begin, of unsigned bytes and of int32


@gin.register
class SmallNORB(FactorImages):
    """Small NORB at 64 px, grey.

    Rows are in the order of category, elevation, azimuth, lighting and toy; the last, which is no factor, fastest.

    Args:
        data_dir: see `PreparedDataset`.
    """

    factor_names = ("category", "elevation", "azimuth", "lighting")
    factor_sizes = (5, 9, 18, 6)
    home = "cs.nyu.edu/~ylclab/data/norb-v1.0-small"
    weight = "263 MB; 199 MB prepared"
    licence = "research; see its home"
    layout = f"{SPLITS[0]}-dat.mat, -cat.mat and -info.mat, and those of {SPLITS[1]}; with .gz or without"
    files = tuple(
        f"{split}-{part}.mat{end}" for split in SPLITS for part in ("dat", "cat", "info") for end in ("", ".gz")
    )
    tfds = "smallnorb"
    resize = "lanczos"
    stand_in = "gin/data/dsprites.gin"

    def __init__(self, data_dir=None):
        super().__init__("smallnorb", (64, 64, 1), data_dir)

    @property
    def num_examples(self):
        return TOYS * super().num_examples

    def index(self, factors):
        raise ConfigError("ten toys share the factors of a row of small NORB; images draws one of them")

    def factors(self, indices):
        return super().factors(np.asarray(indices) // TOYS)

    def factors_in_graph(self, index):
        return super().factors_in_graph(index // TOYS)

    def images(self, factors, seed=(0, 0)):
        """Factor classes [N, K] -> images float32 [N, H, W, C], of toys drawn by `seed`."""
        cells = np.ravel_multi_index(np.transpose(factors), self.factor_sizes)
        drawn = noise.row_uniform(tf.constant(cells, tf.int64), (1,), seed)[:, 0]
        return self.take(cells * TOYS + np.asarray(drawn * TOYS, np.int64))["image"]

    def blocks(self, source):
        for split in SPLITS:
            parts = [_matrix(_place(source, f"{split}-{part}.mat")) for part in ("cat", "info", "dat")]
            rows = self._rows(np.concatenate(list(parts[0])), np.concatenate(list(parts[1])), source.path)
            first = 0
            for pairs in parts[2]:
                if pairs.shape[1:] != (2, SIDE, SIDE) or first + len(pairs) > len(rows):
                    raise DataError(f"{source.path}: {split}-dat.mat is not the images of small NORB; get it again")
                yield rows[first : first + len(pairs)], np.stack([self._small(pair[0]) for pair in pairs])
                first += len(pairs)

    def _rows(self, category, info, path):
        """Rows [N] of images of `category` [N] and `info` [N, 4]: toy, elevation, azimuth in steps of 10°, lighting."""
        try:
            toy, elevation, azimuth, lighting = np.transpose(info)
            classes = (category, elevation, azimuth // 2, lighting, toy)
            return np.asarray(np.ravel_multi_index(classes, (*self.factor_sizes, TOYS)))
        except ValueError as error:
            raise DataError(
                f"{path}: cat.mat and info.mat are not those of small NORB ({error}); get them again"
            ) from error

    def _small(self, image):
        height, width, _ = self.image_shape
        return image_files.resize(Image.fromarray(image), height, width, self.resize)

    def blocks_tfds(self, source):
        features = ("image", *(f"label_{name}" for name in self.factor_names), "instance")
        for name in source.names:
            image, *classes = source.values(name, *features)
            image = np.asarray(image_files.read(image, 1, name, turn=False))
            yield np.ravel_multi_index(np.transpose([classes]), (*self.factor_sizes, TOYS)), self._small(image)[None]


def _place(source, name):
    """The path of a file, unpacked or not."""
    return source.where(name if name in source.names else source.one(f"{name}.gz"))


def _matrix(path) -> Iterator[np.ndarray]:
    """Yields an array of a published file, in blocks of `BATCH` rows.

    It begins with a number for the type, the number of dimensions, and the dimensions, at least three, all int32.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else open(path, "rb") as file:
            magic, count = np.frombuffer(file.read(8), "<i4")
            dtype = {BYTES: np.dtype(np.uint8), INTEGERS: np.dtype("<i4")}[int(magic)]
            shape = np.frombuffer(file.read(4 * max(3, count)), "<i4")[:count].astype(int)
            if np.any(shape <= 0):
                raise ValueError(f"its shape is {shape}")
            for first in range(0, shape[0], BATCH):
                block = (min(BATCH, shape[0] - first), *shape[1:])
                yield np.frombuffer(file.read(int(np.prod(block)) * dtype.itemsize), dtype).reshape(block)
    except (OSError, EOFError, zlib.error, KeyError, ValueError, IndexError) as error:
        raise DataError(f"{path} is cut or no file of small NORB ({error}); get it again") from error
