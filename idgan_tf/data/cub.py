"""CUB-200-2011: 11,788 photographs of 200 kinds of birds, with a box round each bird (Wah et al. 2011)."""

import math

import gin

from idgan_tf import image_files
from idgan_tf.data.cars import inside_box
from idgan_tf.data.preparation.tfds_source import pixels
from idgan_tf.data.prepared import Found, Item, PreparedDataset
from idgan_tf.errors import DataError


@gin.register
class CUB(PreparedDataset):
    """Birds of both splits, cut out by their boxes and squeezed to the target size.

    Rows are in the order of the file names, from TFDS too.

    Args:
        image_shape: (64, 64, 3) in the label-relevant / irrelevant VAE.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "data.caltech.edu/records/65de6-vp158"
    weight = "1.1 GB"
    licence = "non-commercial research only"
    layout = "CUB_200_2011.tgz, or the folder CUB_200_2011 of it"
    archives = ("CUB_200_2011.tgz",)
    full_count = 11_788
    tfds = "caltech_birds2011"
    crop = "box"
    stand_in = "gin/data/sprites64.gin"

    def __init__(self, image_shape, data_dir=None, augment=()):
        super().__init__("cub", image_shape, data_dir, augment)

    def find(self, source):
        paths, boxes = _table(source, "images.txt", 1), _table(source, "bounding_boxes.txt", 4)
        labels, classes = _table(source, "image_class_labels.txt", 1), _table(source, "classes.txt", 1)
        for file_name, table in (("bounding_boxes.txt", boxes), ("image_class_labels.txt", labels)):
            if odd := paths.keys() ^ table.keys():
                raise _damaged(source, f"images.txt and {file_name} do not agree on image {min(odd)}")
        order = sorted(classes)
        folder = source.one("images.txt").removesuffix("images.txt") + "images/"
        items = []
        for number, (path,) in paths.items():
            label = _number(source, "image_class_labels.txt", number, labels[number][0])
            if label not in classes:
                raise _damaged(
                    source, f"image_class_labels.txt gives image {number} class {label:g}, no line of classes.txt"
                )
            x, y, width, height = (_number(source, "bounding_boxes.txt", number, value) for value in boxes[number])
            box = (round(x), round(y), round(x) + round(width), round(y) + round(height))
            items.append(Item(folder + path, order.index(label), box))
        return Found(sorted(items), tuple(classes[number][0] for number in order))

    def find_tfds(self, source):
        items = {}
        for name, path, label, bbox, image in source.examples("image/filename", "label", "bbox", "image"):
            items[path.decode()] = Item(name, label, pixels(bbox, image_files.size(image, name)))
        folders = {item.label: path.split("/")[-2] for path, item in items.items()}  # their names are the classes
        classes = tuple(folders.get(label, name) for label, name in enumerate(source.class_names()))
        return Found([items[path] for path in sorted(items)], classes)

    def cut(self, image, item):
        left, top, right, bottom = item.box  # some boxes end a pixel outside
        return inside_box(image, item._replace(box=(left, top, min(right, image.width), min(bottom, image.height))))


def _table(source, file_name, columns):
    """{number of a line, its first column: the other `columns`} of a text file."""
    table = {}
    for line, text in enumerate(source.text(file_name), 1):
        if not text.strip():
            continue
        number, *values = text.split()
        if not number.isdecimal() or len(values) != columns or int(number) in table:
            raise _damaged(source, f"line {line} of {file_name} is {text[:60]!r}, not a new number and {columns} more")
        table[int(number)] = values
    return table


def _number(source, file_name, image, text):
    """A finite number of a table."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _damaged(source, f"{file_name} says {text!r} of image {image}")
    return number


def _damaged(source, what):
    return DataError(f"{source.path}: {what}; it is cut or damaged, unpack it again")
