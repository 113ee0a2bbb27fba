"""Datasets that `bin/prepare_data` writes once and training reads as memory-mapped arrays.

    <data_dir>/<name>/images.npy     uint8 [N, H, W, C]
    <data_dir>/<name>/labels.npy     int32 [N], where there are labels
    <data_dir>/<name>/manifest.json  counts, crop, resize filter, source (checksums, or TFDS version), date

A dataset is a subclass of `PreparedDataset` in a file of its own: where to get it, how its files lie, how one
image of it is cut. `preparation.writing.prepare` does the rest.
"""

import functools
import inspect
import json
import pathlib
import shlex
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from idgan_tf import cache, image_files, noise
from idgan_tf.config import gin_files
from idgan_tf.data.base import Dataset
from idgan_tf.errors import ConfigError, DataError, require
from idgan_tf.files import NOT_OURS, at_home

FORMAT = 1


class Item(NamedTuple):
    """One example before it is read.

    Attributes:
        name: of its file in the source.
        label: its class.
        box: (left, top, right, bottom) in pixels, right and bottom exclusive, or None for the whole image.
        record: which one, in a file of many.
    """

    name: str
    label: int = 0
    box: tuple | None = None
    record: int = 0


class Found(NamedTuple):
    """What a source has of a dataset.

    Attributes:
        items: `Item`s, in the order of the rows.
        class_names: of their labels, or ().
        notes: what was taken for what, in lines for the end of the command and for the manifest.
        full: how many of the images of `full_count` there are, where they are not the items.
    """

    items: list
    class_names: tuple = ()
    notes: tuple = ()
    full: int | None = None


class PreparedDataset(Dataset):
    """Images in one memory-mapped uint8 array.

    A subclass sets the attributes below, and implements `find` and, unless the whole image is squeezed to the
    target size, `cut`.

    Args:
        name: of the dataset and of its folder.
        image_shape: (H, W, C) with C 1 or 3.
        data_dir: the folder that holds the datasets; by default `data` in the user's cache folder.
        augment: functions of `augment`, applied in this order to the images of training steps.

    Attributes:
        layout: which files --source must hold.
        archives: names of the published archives, read in place where --source is the folder that holds them.
        tables: names of files that are read, too, where they lie beside these archives.
        full_count: images that the full set has, 0 where any number will do. Another number is an error where the
            source is a published archive or TFDS, and a warning where it is a folder.
        tfds: the TFDS builder of the same images, "" where there is none.
        crop: what `cut` does before resizing, in a few words; part of the manifest.
        resize: the resampling filter.
        turn: whether images are turned as their cameras say (EXIF).
        stand_in: what to train on without the download.
        gin_file: the file in gin/data/ that describes it where there is none of its name.
    """

    archives: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    gin_file = ""
    full_count = 0
    tfds = ""
    crop = "none"
    resize = "lanczos"
    turn = False
    stand_in = ""
    source = "prepared"

    def __init__(self, name, image_shape, data_dir=None, augment=()):
        self.name, self.image_shape, self.data_dir = name, tuple(image_shape), data_dir
        self.augment = tuple(augment)
        shape = self.image_shape
        require(
            len(shape) == 3 and all(isinstance(n, int) and n > 0 for n in shape) and shape[2] in (1, 3),
            f"{type(self).__name__}.image_shape must be (height, width, 1 or 3), got {image_shape!r}",
        )

    def find(self, source):
        """What a `sources.Source` has: a `Found`.

        Raises:
            DataError: the files of this dataset are not there.
        """
        raise NotImplementedError

    def find_tfds(self, source):
        """The same for a `tfds_source.TfdsSource`: here, all images in the order of TFDS, which is a shuffled one."""
        return Found([Item(name) for name in source.names])

    def labels_of(self, source):
        """{where it is: checksum} of a file that says the classes; it may change while the images stay as they are."""
        del source
        return {}

    def keep(self, item):
        """Whether an item that was found becomes a row."""
        del item
        return True

    def cut(self, image, item):
        """The part of a Pillow image that is resized to the target size."""
        del item
        return image

    def read(self, source, item):
        """One example as uint8 [H, W, C]."""
        height, width, channels = self.image_shape
        image = image_files.read(source.read(item.name), channels, item.name, self.turn)
        return image_files.resize(self.cut(image, item), height, width, self.resize)

    @property
    def rule(self):
        """What decides the pixels, besides the source; the manifest must agree."""
        return {"image_shape": list(self.image_shape), "crop": self.crop, "resize": self.resize}

    @property
    def folder(self):
        return at_home(self.data_dir or cache.folder() / "data") / self.name

    def read_manifest(self):
        """The manifest, or None where the dataset was not prepared.

        Raises:
            DataError: it is damaged, or of other settings.
        """
        path = self.folder / "manifest.json"
        remedy = f"run {self.command} --replace"
        try:
            manifest = json.loads(path.read_text("utf-8"))
            files, rule = manifest["files"], manifest["rule"]
        except (FileNotFoundError, NotADirectoryError):
            return None
        except NOT_OURS as error:
            raise DataError(f"{path} is damaged; {remedy}") from error
        if manifest.get("format") != FORMAT or rule != self.rule:
            wrong = next((key for key in {**self.rule, **rule} if rule.get(key) != self.rule.get(key)), "format")
            raise DataError(
                f"{self.folder} was prepared with {wrong} {rule.get(wrong)!r}, not {self.rule.get(wrong)!r}; "
                f"{remedy}, or choose another data_dir"
            )
        for name, size in files.items():
            if not (self.folder / name).is_file() or (self.folder / name).stat().st_size != size:
                raise DataError(f"{self.folder / name} is missing or cut; {remedy}")
        return manifest

    @functools.cached_property
    def manifest(self):
        """The manifest.

        Raises:
            DataError: the dataset was not prepared; the message says how.
        """
        manifest = self.read_manifest()
        if manifest is None:
            hint = f"; without a download, train on {self.stand_in}" if self.stand_in else ""
            raise DataError(
                f"{self.name} is not in {self.folder}: run {self.command}, where PATH holds {self.layout} "
                f"(from {self.home}){hint}"
            )
        return manifest

    @property
    def looks(self):
        return f"{self.name} {json.dumps(self.manifest, sort_keys=True)}"

    @property
    def command(self):
        """What prepares this very dataset: with all that differs from its file in gin/data/."""
        name, bindings = self._described()
        params = "".join(f" --gin_param={shlex.quote(binding)}" for binding in bindings)
        target = f" --data_dir={shlex.quote(str(self.data_dir))}" if self.data_dir else ""
        return f"bin/prepare_data --dataset={name} --source=PATH{params}{target}"

    def _described(self):
        """(the file in gin/data/ that describes a dataset of this class, the bindings that make it this one)."""
        kind = type(self).__name__
        for name in filter(None, (self.name, self.gin_file)):
            path = gin_files.PROJECT / "gin" / "data" / f"{name}.gin"
            given = gin_files.literals(path) if path.is_file() else {}
            if given.get("train.dataset") == kind:
                break
        else:
            return "GIN_FILE", []  # of somebody else
        bindings = []
        for argument, parameter in inspect.signature(type(self).__init__).parameters.items():
            if argument in ("self", "data_dir", "augment", "source"):  # the last is PATH
                continue
            value, bound = getattr(self, argument), given.get(f"{kind}.{argument}", parameter.default)
            macro = isinstance(bound, str) and f"{bound}." in given
            if value != _value(bound, given):
                bindings.append(f"{bound if macro else f'{kind}.{argument}'} = {_literal(value)}")
        return name, bindings

    @property
    def class_names(self):
        return tuple(self.manifest["class_names"])

    @property
    def num_classes(self):
        return len(self.class_names)

    @property
    def num_examples(self):
        return self.manifest["count"]

    @functools.cached_property
    def arrays(self):
        return {
            pathlib.Path(name).stem.removesuffix("s"): np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
            for name in self.manifest["files"]
        }

    def decode(self, rows, seed):
        batch = self._plain(rows)
        for number, change in enumerate(self.augment):
            batch["image"] = change(batch["image"], noise.fold(seed, number))
        return batch

    def take(self, indices, seed=(0, 0)):
        del seed  # nothing random without augmentation
        numbers = self.numbers(indices)
        return self._plain({name: tf.constant(array[numbers]) for name, array in self.arrays.items()})

    def _plain(self, rows):
        batch = {"image": tf.cast(rows["image"], tf.float32) / 255.0}
        if "label" in rows:
            batch["label"] = tf.cast(rows["label"], tf.int32)
        return batch


def _value(bound, given):
    """What a binding of `gin_files.literals` gives, its macros among those `given` put in."""
    if isinstance(bound, tuple):
        return tuple(_value(part, given) for part in bound)
    return _value(given[f"{bound}."], given) if isinstance(bound, str) and f"{bound}." in given else bound


def _literal(value):
    """A value as gin and a shell's '...' take it: texts in double quotes, as long as they hold none."""
    text = repr(value)
    return text if '"' in text else text.replace("'", '"')


def square(name, image_shape):
    """The side of a square `image_shape`, checked for the dataset class `name`."""
    if len(image_shape) != 3 or image_shape[0] != image_shape[1]:
        raise ConfigError(f"{name}.image_shape must be (size, size, channels), got {image_shape!r}")
    return image_shape[0]


def numbered(names):
    """Class names of every item -> ({name: label} with labels in sorted order, sorted names)."""
    ordered = sorted(set(names))
    return {name: label for label, name in enumerate(ordered)}, ordered


def nothing_found(source, what):
    """The error of a `find` that found nothing."""
    hint = source.hint() or "; see bin/prepare_data --list for the files it must hold"
    return DataError(f"{source.path} holds no {what}{hint}")
