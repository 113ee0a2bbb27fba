"""Any folder, zip or tar of images; a class per folder, or by a file of labels, where there are labels."""

import hashlib
import re
import shlex
import unicodedata

import gin

from idgan_tf import image_files
from idgan_tf.data.preparation import labels
from idgan_tf.data.preparation.pictures import left_out, looked_through, shortened
from idgan_tf.data.prepared import Found, Item, PreparedDataset, nothing_found
from idgan_tf.errors import DataError, require, require_flag
from idgan_tf.files import at_home

CROPS = ("square", "none")
UNNAMED = "image_folder"


@gin.register
class ImageFolder(PreparedDataset):
    """Your own images.

    Args:
        name: of the dataset, to tell several apart: letters, digits, "-" and "_"; None for that of its files, its size
            and what else decides its pixels, such as photos_64_grey.
        image_shape: (H, W, 3), or (H, W, 1) for grey.
        labels: whether images have classes: their folders', with train/, test/ ... joined (`preparation.labels`).
        crop: "square" keeps the largest square in the middle, "none" squeezes the whole image.
        resize: "lanczos", "bicubic" or "box".
        data_dir, augment: see `PreparedDataset`.
        labels_file: a CSV or JSON file that says the classes, not the folders: its name in the source, or its path.
        source: the folder, zip or tar, which a training prepares where that is not done.
    """

    home = "your own images"
    layout = "a folder, zip or tar of images, a class per folder where there are labels"
    weight = licence = "yours"
    turn = True
    gin_file = "image_folder"

    def __init__(
        self,
        name,
        image_shape,
        labels,
        crop="square",
        resize="lanczos",
        data_dir=None,
        augment=(),
        labels_file="",
        source=None,
    ):
        super().__init__(UNNAMED if name is None else name, image_shape, data_dir, augment)
        require(
            isinstance(self.name, str) and re.fullmatch(r"[\w-]+", self.name),
            f"ImageFolder.name must be letters, digits, - and _, got {name!r}",
        )
        told = f"ImageFolder.source must be the path of a folder, zip or tar, got {source!r}"
        require(source is None or isinstance(source, str), told)
        require(crop in CROPS, f"ImageFolder.crop must be one of {CROPS}, got {crop!r}")
        require(
            resize in image_files.FILTERS,
            f"ImageFolder.resize must be one of {tuple(image_files.FILTERS)}, got {resize!r}",
        )
        require_flag("ImageFolder.labels", labels)
        require(isinstance(labels_file, str), f"ImageFolder.labels_file must be a text, got {labels_file!r}")
        self.labels, self.crop, self.resize = bool(labels or labels_file), crop, resize
        self.labels_file, self.files = labels_file, source
        if source:
            self.named_after(source)

    def named_after(self, source):
        """Takes the name of its files, unless it was given one."""
        if self.name == UNNAMED:
            stem = re.sub(r"[^\w-]+", "-", at_home(source).resolve().name.split(".")[0]).strip("-")
            height, width, channels = self.image_shape
            size = f"{height}" if height == width else f"{height}x{width}"
            parts = [stem or "images", size, "grey" * (channels == 1), "labels" * self.labels]
            self.name = "_".join(filter(None, [*parts, self.crop * (self.crop != CROPS[0])]))

    @property
    def rule(self):
        rule = {**super().rule, "labels": self.labels}
        return {**rule, "labels_file": self.labels_file} if self.labels_file else rule

    @property
    def command(self):
        if self.name == UNNAMED:
            return "bin/train --gin_param='ImageFolder.source = \"PATH\"'"
        return super().command.replace("PATH", shlex.quote(self.files) if self.files else "PATH")

    def labels_of(self, source):
        if not self.labels_file:
            return {}
        data, where = labels.file_of(source, self.labels_file)
        return {where: hashlib.sha256(data).hexdigest()}

    def find(self, source):
        names, others = looked_through(source)
        if self.labels:  # more is said of files of labels
            others = {name: others[name] for name in others.keys() - set(labels.tables_of(source))}
        told = left_out(source, others) if others else ""
        left = (told,) if told else ()
        if not names:
            raise nothing_found(source, "images" + (f": {told}" if told else ""))
        if not self.labels:
            return Found([Item(name) for name in names], notes=left)
        classes, notes = self._classes(source, names, {name: why for name, why in others.items() if why})
        _check_classes(source, set(classes.values()))
        by_number = all(name.isdecimal() for name in classes.values())
        ordered = sorted(set(classes.values()), key=lambda name: (int(name), name) if by_number else name)
        number = {name: label for label, name in enumerate(ordered)}
        items = [Item(name, number[classes[name]]) for name in names if name in classes]
        return Found(items, tuple(ordered), (*left, *notes))

    def _classes(self, source, names, unread):
        """({name: class}, lines about it); `unread` says why of images that cannot be read: {name: why}."""
        if self.labels_file:
            return labels.of_file(source, names, self.labels_file)
        tables = labels.tables_of(source)
        try:
            classes, notes = labels.of_folders(source.path, [*names, *unread])
        except DataError as error:
            hint = f" ({shortened(tables)} is not read unless ImageFolder.labels_file names it)" if tables else ""
            raise DataError(f"{error}{hint}") from error
        for name, why in unread.items():
            lost = classes.pop(name, None)
            if lost is not None and lost not in classes.values():
                raise DataError(f"{source.path}: no image of the class {lost} can be read; {name} is {why}")
        if tables:
            notes.append(f"not read: {shortened(tables)}; ImageFolder.labels_file takes classes from such a file")
        return classes, notes

    def cut(self, image, item):
        if self.crop == "square":
            side = min(image.size)
            image = image_files.centre_crop(image, side, side, item.name)
        height, width, _ = self.image_shape
        if image.width < width or image.height < height:
            raise DataError(
                f"{item.name} gives only {image.width}x{image.height} pixels, less than {width}x{height}; "
                "lower ImageFolder.image_shape"
            )
        return image


def _check_classes(source, classes):
    """Refuses two classes whose names look the same: are they one?"""
    seen = {}
    for name in sorted(classes):
        key = unicodedata.normalize("NFKC", name).strip().casefold()
        if key in seen:
            raise DataError(
                f"{source.path} has two classes of one name: {seen[key]!r} and {name!r}; rename one, or join them"
            )
        seen[key] = name
