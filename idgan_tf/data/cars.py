"""Stanford Cars: 16,185 photographs with a box round each car (Krause et al. 2013)."""

import io

import gin

from idgan_tf import image_files
from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.preparation.tfds_source import pixels
from idgan_tf.data.prepared import Item, PreparedDataset
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
            names = {name.rsplit("/", 1)[-1]: name for name in pictures(source, split)}
            for file_name, box in _boxes(source, f"{split}_annos.mat"):
                if file_name not in names:
                    raise DataError(f"{source.path} has no {split}/{file_name}, which {split}_annos.mat names")
                items.append(Item(names[file_name], box=box))
        return sorted(items), ()

    def find_tfds(self, source):
        items = []
        for name, number, bbox, image in source.examples("id", "bbox", "image"):
            split = name.split("/")[0]  # numbers count from 1 in each split
            left, top, right, bottom = pixels(bbox, image_files.size(image, name))
            item = Item(name, box=(left - 1, top - 1, right, bottom))  # TFDS divides what the devkit says: see _boxes
            items.append((split, number, item))
        return [item for *_, item in sorted(items)], ()

    def keep(self, item):
        left, top, right, bottom = item.box
        return min(right - left, bottom - top) >= self.min_side

    def cut(self, image, item):
        return inside_box(image, item)


def _boxes(source, file_name):
    """[(image file, box)] of a devkit file; its pixels count from 1 and its corners are inclusive."""
    import scipy.io

    try:
        records = scipy.io.loadmat(io.BytesIO(source.read(source.one(file_name))), squeeze_me=True)["annotations"]
        return [
            (
                str(record["fname"]),
                (
                    int(record["bbox_x1"]) - 1,
                    int(record["bbox_y1"]) - 1,
                    int(record["bbox_x2"]),
                    int(record["bbox_y2"]),
                ),
            )
            for record in records.reshape(-1)
        ]
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        raise DataError(f"{source.path}: {file_name} is no devkit file of Stanford Cars ({error})") from error


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
