"""Stanford Cars: 16,185 photographs with a box round each car (Krause et al. 2013)."""

import gin

from idgan_tf import image_files
from idgan_tf.data.preparation import refusals
from idgan_tf.data.preparation.formats import mat
from idgan_tf.data.preparation.tfds_source import pixels
from idgan_tf.data.prepared import Found, Item, PreparedDataset
from idgan_tf.errors import DataError, require_number

SPLITS = ("cars_train", "cars_test")


@gin.register
class Cars(PreparedDataset):
    """Cars of both splits, cut out by their boxes and squeezed to the target size with LANCZOS.

    Rows are in the order of the file names, those of cars_test first, from TFDS too.

    Args:
        image_shape: (64, 64, 3) in ID-GAN.
        min_side: boxes with a shorter side are left out; 64 in 1Konny/idgan.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "a mirror of ai.stanford.edu/~jkrause/cars/car_dataset.html, which is gone"
    weight = "1.9 GB"
    licence = "research only"
    layout = "cars_train.tgz, cars_test.tgz and car_devkit.tgz, or their folders cars_train, cars_test and devkit"
    archives = ("cars_train.tgz", "cars_test.tgz", "car_devkit.tgz")
    full_count = 16_185
    tfds = "cars196"
    stand_in = "gin/data/sprites64.gin"

    def __init__(self, image_shape, min_side=64, data_dir=None, augment=()):
        super().__init__("cars", image_shape, data_dir, augment)
        require_number("Cars.min_side", min_side, minimum=1, integer=True)
        self.min_side = min_side
        self.crop = f"box; boxes with a side below {min_side} left out"

    def find(self, source):
        items = []
        for split in SPLITS:
            names = {name.rsplit("/", 1)[-1]: name for name in source.files(split)}
            for file_name, box in _boxes(source, f"{split}_annos.mat"):
                items.append(Item(names.get(file_name, f"{split}/{file_name}"), box=box))
        return Found(sorted(items))

    def find_tfds(self, source):
        items = []
        for name, number, bbox, image in source.examples("id", "bbox", "image"):
            split = name.split("/")[0]  # numbers count from 1 in each split
            left, top, right, bottom = pixels(bbox, image_files.size(image, name))
            item = Item(name, box=(left - 1, top - 1, right, bottom))  # TFDS divides what the devkit says: see _boxes
            items.append((split, number, item))
        return Found([item for *_, item in sorted(items)])

    def keep(self, item):
        left, top, right, bottom = item.box
        return min(right - left, bottom - top) >= self.min_side

    def cut(self, image, item):
        return inside_box(image, item)


def _boxes(source, file_name):
    """[(image file, box)] of a devkit file; its pixels count from 1 and its corners are inclusive."""
    name, what = source.one(file_name), "devkit file of Stanford Cars"
    found = []
    try:
        for record in mat.read(source, name, "annotations", what):
            left, top, right, bottom = (int(record[f"bbox_{corner}"].item()) for corner in ("x1", "y1", "x2", "y2"))
            found.append((record["fname"], (left - 1, top - 1, right, bottom)))
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, AttributeError) as error:
        raise DataError(f"{source.path}: {name} is no {what} ({error}); get it again") from error
    refusals.check_doubles(f"{source.path}: {name}", [image for image, _ in found])
    return found


def inside_box(image, item):
    """The part of a Pillow image in `item.box`.

    Raises:
        DataError: the box lies outside the image.
    """
    left, top, right, bottom = item.box
    if not (0 <= left < right <= image.width and 0 <= top < bottom <= image.height):
        raise DataError(
            f"the box {item.box} of {item.name} leaves its {image.width}x{image.height} pixels; "
            "get images and annotations of one release"
        )
    return image.crop(item.box)
