"""Cars3D: 17,568 renders of 183 car models from 24 sides and 4 heights.

Reed et al., "Deep Visual Analogy-Making", NIPS 2015. Read as google-research/disentanglement_lib,
data/ground_truth/cars3d.py, does, but with the cars in the order of their file names, where it takes that of the disk.
"""

import gin
import numpy as np
from PIL import Image

from idgan_tf import image_files
from idgan_tf.data.factor_images import FactorImages
from idgan_tf.data.preparation.formats import mat
from idgan_tf.errors import DataError

PUBLISHED = (128, 128, 3)


@gin.register
class Cars3D(FactorImages):
    """Cars3D, reduced from 128 to 64 px with LANCZOS.

    Args:
        data_dir: see `PreparedDataset`.
    """

    factor_names = ("elevation", "azimuth", "object")
    factor_sizes = (4, 24, 183)
    home = "www.scottreed.info/files/nips2015-analogy-data.tar.gz"
    weight = "183 files of the archive; 216 MB prepared"
    licence = "none is stated; cite the paper"
    layout = "nips2015-analogy-data.tar.gz, or its folder data/cars"
    archives = ("nips2015-analogy-data.tar.gz",)
    resize = "lanczos"
    stand_in = "gin/data/color_dsprites.gin"

    def __init__(self, data_dir=None):
        super().__init__("cars3d", (64, 64, 3), data_dir)

    def blocks(self, source):
        names = source.files("cars", (".mat",)) or source.files(None, (".mat",))
        elevations, azimuths, cars = self.factor_sizes
        if len(names) != cars:
            raise DataError(f"{source.path} holds {len(names)} files cars/*.mat, not the {cars} of Cars3D")
        views = np.stack(np.unravel_index(np.arange(azimuths * elevations), (azimuths, elevations)), axis=-1)
        for car, name in enumerate(names):
            images = _read(source, name, (*PUBLISHED, azimuths, elevations))
            small = [image_files.resize(Image.fromarray(image), 64, 64, self.resize) for image in images]
            rows = self.index([(elevation, azimuth, car) for azimuth, elevation in views])
            yield rows, np.stack(small)


def _read(source, name, shape):
    """uint8 [azimuths * elevations, H, W, 3] of the file of one car, elevation fastest."""
    images = np.asarray(mat.read(source, name, "im", "file of Cars3D"))
    if images.shape != shape or images.dtype != np.uint8:
        raise DataError(f"{source.path}: {name} is {images.dtype} {images.shape}, not the uint8 {shape} of Cars3D")
    return np.ascontiguousarray(images.transpose(3, 4, 0, 1, 2)).reshape(-1, *shape[:3])
