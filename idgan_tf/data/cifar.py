"""CIFAR-10 and CIFAR-100: 60,000 small photographs of 10 or 100 classes (Krizhevsky 2009)."""

import functools

import gin
import numpy as np

from idgan_tf.data.preparation.sources import cached
from idgan_tf.data.preparation.tfds_source import TfdsSource
from idgan_tf.data.prepared import Found, Item, PreparedDataset
from idgan_tf.errors import DataError, require

PIXELS = 3 * 32 * 32
# classes -> (bytes before the pixels, the last of which is the label; files; class names)
LAYOUTS = {
    10: (1, (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"), "batches.meta.txt"),
    100: (2, ("train.bin", "test.bin"), "fine_label_names.txt"),
}


@gin.register
class Cifar(PreparedDataset):
    """All 60,000 images, train and test together, as ZhilZheng/Lr-LiVAE trains.

    Rows are in the order of the binary files, train before test, from TFDS too.

    Args:
        classes: 10, or 100 (the fine labels).
        image_shape: (32, 32, 3).
        data_dir, augment: see `PreparedDataset`.
    """

    home = "cs.toronto.edu/~kriz/cifar.html"
    weight = "170 MB"
    licence = "none is stated; cite the report"
    full_count = 60_000
    resize = "none"

    def __init__(self, classes, image_shape, data_dir=None, augment=()):
        require(classes in LAYOUTS, f"Cifar.classes must be 10 or 100, got {classes!r}")
        require(tuple(image_shape) == (32, 32, 3), f"Cifar.image_shape must be (32, 32, 3), got {image_shape!r}")
        super().__init__(f"cifar{classes}", image_shape, data_dir, augment)
        self.classes = classes
        self.tfds = f"cifar{classes}"
        self.archives = (f"cifar-{classes}-binary.tar.gz",)
        self.layout = f"cifar-{classes}-binary.tar.gz (not the python version, which holds pickles)"

    def find(self, source):
        if any(name.split("/")[-1] in ("batches.meta", "meta") for name in source.names):
            raise DataError(f"{source.path} is the python version, which holds pickles; get {self.archives[0]}")
        self._file = cached(functools.partial(self._records, source))
        _, files, classes = LAYOUTS[self.classes]
        class_names = tuple(" ".join(source.text(classes)).split())
        if len(class_names) != self.classes:
            raise DataError(
                f"{source.path}: {classes} names {len(class_names)} of {self.classes} classes; get it again"
            )
        items = []
        for file_name in files:
            name = source.one(file_name)
            labels = self._file(name)[0]
            items += [Item(name, int(label), record=i) for i, label in enumerate(labels)]
        return Found(items, class_names)

    def find_tfds(self, source):
        items = {number: Item(name, label) for name, number, label in source.examples("id", "label")}
        order = sorted(items, key=lambda number: (number.startswith(b"test"), number))  # train_00000 ... test_09999
        return Found([items[number] for number in order], source.class_names())

    def read(self, source, item):
        if isinstance(source, TfdsSource):
            return super().read(source, item)
        return self._file(item.name)[1][item.record].reshape(3, 32, 32).transpose(1, 2, 0)

    def _records(self, source, name):
        """(labels [N], pixels [N, 3072]) of one file."""
        before = LAYOUTS[self.classes][0]
        data = np.frombuffer(source.read(name), np.uint8)
        if not data.size or data.size % (before + PIXELS):
            raise DataError(f"{source.path}: {name} is cut ({data.size} bytes); download it again")
        records = data.reshape(-1, before + PIXELS)
        if records[:, before - 1].max() >= self.classes:
            raise DataError(f"{source.path}: {name} has labels above {self.classes - 1}; it is no CIFAR-{self.classes}")
        return records[:, before - 1], records[:, before:]
