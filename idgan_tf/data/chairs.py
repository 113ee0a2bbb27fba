"""3D Chairs: 86,366 renders of 1,393 chairs (Aubry et al. 2014)."""

import gin

from idgan_tf import image_files
from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.prepared import Found, Item, PreparedDataset, nothing_found

CROP = 450  # 1Konny/idgan, data/preprocess.py


@gin.register
class Chairs(PreparedDataset):
    """Rendered chairs on white: the middle 450x450 of 600x600 pixels, resized with LANCZOS.

    Args:
        image_shape: (64, 64, 3) in ID-GAN; (64, 64, 1), grey, in IB-GAN.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "di.ens.fr/willow/research/seeing3Dchairs/data/rendered_chairs.tar"
    weight = "1.6 GB; 1.1 GB prepared, in grey a third"
    licence = "research; none is stated"
    layout = "rendered_chairs.tar, or the folder rendered_chairs of it"
    archives = ("rendered_chairs.tar",)
    full_count = 86_366
    crop = "centre 450x450"
    stand_in = "gin/data/sprites64.gin"

    def __init__(self, image_shape, data_dir=None, augment=()):
        super().__init__("chairs_grey" if image_shape[-1] == 1 else "chairs", image_shape, data_dir, augment)

    def find(self, source):
        names = pictures(source, "renders")
        if not names:
            raise nothing_found(source, "folders <model>/renders with images")
        return Found([Item(name) for name in names])

    def cut(self, image, item):
        return image_files.centre_crop(image, CROP, CROP, item.name)
