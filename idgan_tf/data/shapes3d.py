"""3D Shapes: 480,000 rendered rooms with one object and six known factors (Kim & Mnih 2018).

Source: github.com/google-deepmind/3d-shapes. The factor that runs fastest in the file is the orientation.
"""

import math

import gin
import numpy as np

from idgan_tf import image_files
from idgan_tf.data.factor_images import FactorImages
from idgan_tf.errors import DataError

BLOCK_BYTES = 1 << 29  # at most so much of the file in memory; its own chunks may hold many rows


@gin.register
class Shapes3D(FactorImages):
    """3D Shapes at 64 px.

    Args:
        data_dir: see `PreparedDataset`.
    """

    factor_names = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    factor_sizes = (10, 10, 10, 8, 4, 15)
    home = "storage.googleapis.com/3d-shapes/3dshapes.h5 (github.com/google-deepmind/3d-shapes)"
    weight = "268 MB; 5.9 GB prepared"
    licence = "Apache-2.0"
    layout = "3dshapes.h5"
    files = ("3dshapes.h5",)
    tfds = "shapes3d"
    stand_in = "gin/data/color_dsprites.gin"

    def __init__(self, data_dir=None):
        super().__init__("shapes3d", (64, 64, 3), data_dir)

    def blocks(self, source):
        import h5py

        path = source.where(source.names[0])
        try:
            with h5py.File(path, "r") as file:
                images = self._images(file, path)
                size = max(1, BLOCK_BYTES // math.prod(self.image_shape))
                if images.chunks:  # whole chunks, so that each is unpacked once
                    size = max(1, size // images.chunks[0]) * images.chunks[0]
                for first in range(0, len(images), min(size, len(images))):
                    block = images[first : first + size]
                    yield np.arange(first, first + len(block)), block
        except (OSError, RuntimeError, ValueError) as error:
            raise DataError(f"{path} is damaged or no HDF5 file ({error}); get it again from {self.home}") from error

    def _images(self, file, path):
        """The array of images of an open file, once it is known that it is theirs and in the order of the factors."""
        import h5py

        count = self.num_examples
        expected = {"images": (count, *self.image_shape), "labels": (count, len(self.factor_sizes))}
        for key, shape in expected.items():
            if not isinstance(file.get(key), h5py.Dataset):
                raise DataError(f"{path} has no array {key!r}; it is not 3dshapes.h5; get that from {self.home}")
            if file[key].shape != shape:
                raise DataError(
                    f"{path}: {key} is {file[key].shape}, not the {shape} of 3D Shapes; get it from {self.home}"
                )
        if file["images"].dtype != np.uint8:
            raise DataError(
                f"{path}: images is {file['images'].dtype}, not the uint8 of 3D Shapes; get it from {self.home}"
            )
        factors, labels = self.factors(np.arange(count)), file["labels"][:]
        for k, name in enumerate(self.factor_names):
            _, classes = np.unique(labels[:, k], return_inverse=True)
            if not np.array_equal(classes, factors[:, k]):
                raise DataError(
                    f"{path}: the labels of {name} are not in the order of 3D Shapes; get it from {self.home}"
                )
        return file["images"]

    def blocks_tfds(self, source):
        features = ("image", *(f"label_{name}" for name in self.factor_names))
        for name in source.names:
            image, *classes = source.values(name, *features)
            pixels = np.asarray(image_files.read(image, 3, name, turn=False))
            yield self.index([classes]), pixels[None]
