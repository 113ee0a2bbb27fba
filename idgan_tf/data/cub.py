"""CUB-200-2011: 11,788 photographs of 200 kinds of birds, with a box round each bird (Wah et al. 2011)."""

import gin

from idgan_tf import image_files
from idgan_tf.data.cars import inside_box
from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.preparation.tfds_source import pixels
from idgan_tf.data.prepared import Item, PreparedDataset
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
        paths, boxes = _table(source, "images.txt"), _table(source, "bounding_boxes.txt")
        labels, classes = _table(source, "image_class_labels.txt"), _table(source, "classes.txt")
        names = {name.split("images/", 1)[-1]: name for name in pictures(source, "images")}
        items = []
        try:
            for number, (path,) in paths.items():
                x, y, width, height = (round(float(value)) for value in boxes[number])
                items.append(Item(names[path], int(labels[number][0]) - 1, (x, y, x + width, y + height)))
        except (KeyError, ValueError) as error:
            raise DataError(
                f"{source.path}: image {number} of images.txt misses its {error}; unpack it again"
            ) from error
        return sorted(items), tuple(classes[number][0] for number in sorted(classes, key=int))

    def find_tfds(self, source):
        items = {}
        for name, path, label, bbox, image in source.examples("image/filename", "label", "bbox", "image"):
            items[path.decode()] = Item(name, label, pixels(bbox, image_files.size(image, name)))
        folders = {item.label: path.split("/")[-2] for path, item in items.items()}  # their names are the classes
        classes = tuple(folders.get(label, name) for label, name in enumerate(source.class_names()))
        return [items[path] for path in sorted(items)], classes

    def cut(self, image, item):
        left, top, right, bottom = item.box  # some boxes end a pixel outside
        return inside_box(image, item._replace(box=(left, top, min(right, image.width), min(bottom, image.height))))


def _table(source, file_name):
    """{first column: other columns} of a text file."""
    lines = source.read(source.one(file_name)).decode("utf-8", "replace").splitlines()
    return {key: values for key, *values in (line.split() for line in lines if line.strip())}
