"""CelebA: 202,599 aligned photographs of faces (Liu et al. 2015); CelebA-HQ: 1024 px (Karras et al. 2018)."""

import gin

from idgan_tf import image_files
from idgan_tf.data.prepared import Item, PreparedDataset, nothing_found, square
from idgan_tf.errors import DataError

CROP = 160  # 1Konny/idgan, data/preprocess.py
ALIGNED = (178, 218)
MASKED = "CelebA-HQ-img"  # the folder of the faces in CelebAMask-HQ


@gin.register
class CelebA(PreparedDataset):
    """Aligned CelebA: the middle 160x160 pixels, resized with LANCZOS; all splits, as in the papers.

    Rows are in the order of the file names. TFDS keeps no names: from it, rows are in the order of its files, which
    is a shuffled one, first those of train, then of validation, then of test.

    Args:
        image_shape: (64, 64, 3), (128, 128, 3) or (256, 256, 3) in the papers.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
    licence = "non-commercial research only"
    layout = "img_align_celeba.zip, or the folder img_align_celeba of it"
    archives = ("img_align_celeba.zip",)
    full_count = 202_599
    tfds = "celeb_a"
    crop = "centre 160x160"

    def __init__(self, image_shape, data_dir=None, augment=()):
        size = square("CelebA", image_shape)
        super().__init__(f"celeba{size}", image_shape, data_dir, augment)
        self.weight = f"1.4 GB; {self.full_count * 3 * size**2 / 1e9:.1f} GB prepared"
        self.stand_in = f"gin/data/sprites{size}.gin"

    def find(self, source):
        names = source.files(None if source.path.name == "img_align_celeba" else "img_align_celeba")
        if not names:
            raise nothing_found(source, "folder img_align_celeba with images")
        return [Item(name) for name in names], ()

    def cut(self, image, item):
        if image.size != ALIGNED:
            raise DataError(
                f"{item.name} is {image.width}x{image.height}, but aligned CelebA images are 178x218; "
                "use img_align_celeba.zip, not the images in the wild"
            )
        return image_files.centre_crop(image, CROP, CROP, item.name)


@gin.register
class CelebAHQ(PreparedDataset):
    """CelebA-HQ: 30,000 faces of 1024x1024 pixels, not cropped; in the order of the file names, from TFDS too.

    CelebAMask-HQ (Lee et al. 2020) holds the same faces as JPEG, beside masks that are not read; they are taken in
    the order of their numbers, which is that of the other sources.

    Args:
        image_shape: (1024, 1024, 3), or a smaller square.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "github.com/tkarras/progressive_growing_of_gans"
    weight = "about 40 GB as PNG; 94 GB prepared"
    licence = "non-commercial research only"
    layout = "data1024x1024.zip or .tar, or a folder of its PNG files; or CelebAMask-HQ.zip, or its folder"
    archives = ("data1024x1024.zip", "data1024x1024.tar", "CelebAMask-HQ.zip")
    full_count = 30_000
    tfds = "celeb_a_hq/1024"
    stand_in = "gin/idgan_sprites1024.gin"

    def __init__(self, image_shape, data_dir=None, augment=()):
        square("CelebAHQ", image_shape)
        super().__init__("celebahq", image_shape, data_dir, augment)

    def find(self, source):
        names = sorted(source.files(MASKED), key=_number) or source.files()
        if not names:
            raise nothing_found(source, "images")
        return [Item(name) for name in names], ()

    def find_tfds(self, source):
        named = sorted((file_name, name) for name, file_name in source.examples("image/filename"))
        return [Item(name) for _, name in named], ()

    def cut(self, image, item):
        if image.size != (1024, 1024):
            raise DataError(
                f"{item.name} is {image.width}x{image.height}, but CelebA-HQ images are 1024x1024; get it again"
            )
        return image


def _number(name):
    """(n, name) of the file n.jpg."""
    stem = name.rsplit("/", 1)[-1].split(".")[0]
    return int(stem) if stem.isdecimal() else -1, name
