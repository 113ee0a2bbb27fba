"""Tiny ImageNet: 110,000 small photographs of 200 classes of ImageNet (Stanford CS231n, 2015)."""

import gin

from idgan_tf.data.preparation import refusals
from idgan_tf.data.preparation.pictures import looked_through
from idgan_tf.data.prepared import Found, Item, PreparedDataset, nothing_found
from idgan_tf.errors import DataError

VAL = "val_annotations.txt"


@gin.register
class TinyImageNet(PreparedDataset):
    """The images with labels, of train and val; the 10,000 of test have none and are left out.

    Rows are in the order of the file names. Classes are the names of WordNet (n01443537), in sorted order.

    Args:
        image_shape: (64, 64, 3), as published.
        data_dir, augment: see `PreparedDataset`.
    """

    home = "cs231n.stanford.edu/tiny-imagenet-200.zip"
    weight = "248 MB; 1.4 GB prepared"
    licence = "that of ImageNet: non-commercial research"
    layout = "tiny-imagenet-200.zip, or the folder tiny-imagenet-200 of it"
    archives = ("tiny-imagenet-200.zip",)
    full_count = 110_000
    stand_in = "gin/data/sprites64.gin"

    def __init__(self, image_shape, data_dir=None, augment=()):
        super().__init__("tiny_imagenet", image_shape, data_dir, augment)

    def find(self, source):
        classes = sorted({line.strip() for line in source.text("wnids.txt")} - {""})
        label_of = {name: label for label, name in enumerate(classes)}
        val = _val(source)
        items = []
        images, _ = looked_through(source, "train")  # tables lie among them
        images += looked_through(source, "val")[0]
        for name in images:
            *folders, file_name = name.split("/")
            # train/n01443537/images; val/images, or val/n01443537, as many move them
            own = [folder for folder in folders if folder in label_of] or [val.get(file_name)]
            if own[0] not in label_of:
                raise DataError(f"{source.path}: no folder of {name} is a class of wnids.txt, nor is it in {VAL}")
            items.append(Item(name, label_of[own[0]]))
        if not items:
            raise nothing_found(source, "folders train and val with images")
        return Found(sorted(items), tuple(classes))


def _val(source):
    """{image of val: its class}."""
    rows = [line.split() for line in source.text(VAL) if line.strip()]
    if cut := next((row for row in rows if len(row) != 6), None):
        raise DataError(
            f"{source.path}: {VAL} says {' '.join(cut)!r}, not an image, its class and a box; unpack it again"
        )
    refusals.check_doubles(f"{source.path}: {VAL}", [row[0] for row in rows])
    return {row[0]: row[1] for row in rows}
