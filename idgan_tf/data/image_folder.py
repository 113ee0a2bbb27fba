"""Any folder, zip or tar of images; a class per folder where there are labels."""

import pathlib
import re
import shlex
import unicodedata

import gin

from idgan_tf import image_files
from idgan_tf.data.prepared import Item, PreparedDataset, nothing_found, numbered
from idgan_tf.errors import DataError, require

SPLITS = {"train", "test", "val", "valid", "validation", "eval"}  # folders above the classes, read as one set
CROPS = ("square", "none")
UNNAMED = "image_folder"
SHIPPED = ("cifar10_images",)  # folders that have a file in gin/data/


@gin.register
class ImageFolder(PreparedDataset):
    """Your own images.

    Args:
        name: of the dataset, to tell several apart: letters, digits, "-" and "_"; None for that of its files, its size
            and what else decides its pixels, such as photos_64_grey.
        image_shape: (H, W, 3), or (H, W, 1) for grey.
        labels: whether the folder of an image is its class. Folders train/, test/ ... are joined.
        crop: "square" keeps the largest square in the middle, "none" squeezes the whole image.
        resize: "lanczos", "bicubic" or "box".
        data_dir, augment: see `PreparedDataset`.
        source: the folder, zip or tar, which a training prepares where that is not done.
    """

    home = "your own images"
    layout = "a folder, zip or tar of images, a class per folder where there are labels"
    weight = licence = "yours"
    turn = True

    def __init__(
        self, name, image_shape, labels, crop="square", resize="lanczos", data_dir=None, augment=(), source=None
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
        self.labels, self.crop, self.resize, self.files = bool(labels), crop, resize, source
        if source:
            self.named_after(source)

    def named_after(self, source):
        """Takes the name of its files, unless it was given one."""
        if self.name == UNNAMED:
            stem = re.sub(r"[^\w-]+", "-", pathlib.Path(source).expanduser().resolve().name.split(".")[0]).strip("-")
            height, width, channels = self.image_shape
            size = f"{height}" if height == width else f"{height}x{width}"
            parts = [stem or "images", size, "grey" * (channels == 1), "labels" * self.labels]
            self.name = "_".join(filter(None, [*parts, self.crop * (self.crop != CROPS[0])]))

    @property
    def rule(self):
        return {**super().rule, "labels": self.labels}

    @property
    def command(self):
        if self.name in SHIPPED:
            return super().command
        if self.name == UNNAMED:
            return "bin/train --gin_param='ImageFolder.source = \"PATH\"'"
        bindings = [f'ImageFolder.name = "{self.name}"']
        if self.files:
            bindings += [f"IMAGE_SHAPE = {self.image_shape}", f"ImageFolder.labels = {self.labels}"]
            bindings += [f'ImageFolder.crop = "{self.crop}"', f'ImageFolder.resize = "{self.resize}"']
        words = " ".join(f"--gin_param={shlex.quote(binding)}" for binding in bindings)
        found = super().command.replace("PATH", shlex.quote(self.files) if self.files else "PATH")
        return found.replace(f"--dataset={self.name}", f"--dataset=image_folder {words}")  # a file for any folder

    def find(self, source):
        names = source.files()
        if not names:
            raise nothing_found(source, "images")
        if not self.labels:
            return [Item(name) for name in names], ()
        folders = {name: _class_folder(source, name) for name in names}
        _check_classes(source, set(folders.values()))
        labels, classes = numbered(folder[-1] for folder in folders.values())
        return [Item(name, labels[folder[-1]]) for name, folder in folders.items()], tuple(classes)

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


def _class_folder(source, name):
    """The folders of an image, without those of splits: ("animals", "cat") of animals/train/cat/1.png."""
    folders = tuple(part for part in name.split("/")[:-1] if part.lower() not in SPLITS)
    if not folders:
        raise DataError(f"{source.path}: {name} lies in no class folder; move it, or bind ImageFolder.labels = False")
    return folders


def _check_classes(source, folders):
    """Refuses two folders that are, or look like, the same class."""
    seen = {}
    for folder in sorted(folders):
        key = unicodedata.normalize("NFKC", folder[-1]).strip().casefold()
        if key in seen:
            raise DataError(
                f"{source.path} has two class folders of one name: {'/'.join(seen[key])} and "
                f"{'/'.join(folder)}; rename one, or join them"
            )
        seen[key] = folder
