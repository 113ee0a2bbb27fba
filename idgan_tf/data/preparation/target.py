"""The folder of a prepared dataset: its large array, written in place, and the rename that makes it whole."""

import collections
import contextlib
import datetime
import json
import math
import os
import pathlib
import shutil

import numpy as np
from absl import logging

from idgan_tf.data.preparation.pictures import shortened
from idgan_tf.data.preparation.sources import Folder, sha256
from idgan_tf.data.preparation.tfds_source import data_folder
from idgan_tf.data.prepared import FORMAT
from idgan_tf.errors import DataError
from idgan_tf.files import npy_header, sync

MANY = 12  # classes in a line


@contextlib.contextmanager
def create(path, shape):
    """A uint8 .npy file for writing in place, with room for all of it: (descriptor, offset of the data)."""
    header = npy_header(shape, np.uint8)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        os.posix_fallocate(descriptor, 0, len(header) + math.prod(shape))
        os.pwrite(descriptor, header, 0)
        yield descriptor, len(header)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor, array, offset):
    """Writes an array to its place in a file."""
    view = memoryview(np.ascontiguousarray(array)).cast("B")
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def commit(dataset, work, plan, count, files, class_names=(), skipped=()):
    """Gives the finished folder `work` the name of the dataset, with a manifest and nothing but `files` beside it.

    Args:
        dataset: a `prepared.PreparedDataset`.
        plan: {"rule", "source", ...}: what decided the images.
        count: of images.
        files: names of the arrays.
        class_names: of the labels.
        skipped: (row, why it was left out) of images.

    Returns:
        The manifest.
    """
    for name in os.listdir(work):
        if name not in files:
            os.unlink(work / name)
    manifest = {
        "format": FORMAT,
        "dataset": dataset.name,
        **plan,
        "count": count,
        "class_names": list(class_names),
        "skipped": [reason for _, reason in skipped],
        "files": {name: (work / name).stat().st_size for name in files},
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    (work / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for name in (*files, "manifest.json"):
        sync(work / name)
    _put(work, dataset.folder)
    logging.info("%s: %d images in %s", dataset.name, count, dataset.folder)
    return manifest


def kept(dataset, path):
    """The manifest of what is prepared already from the source at `path`, or None where nothing is.

    Raises:
        DataError: it is damaged, of other settings, or of another source.
    """
    manifest = dataset.read_manifest()
    if manifest is None:
        return None
    source, remedy = manifest["source"], "pass --replace to prepare it anew, or choose another --data_dir"
    if not is_source(source, str(path)):
        same = str(path) == source["path"]
        what = f"which has changed since; {path} was not read again" if same else f"which is kept; {path} was not read"
        raise DataError(f"{dataset.name} is already prepared from {source['path']}, {what}: {remedy}")
    logging.info("%s is already prepared: %d images in %s", dataset.name, manifest["count"], dataset.folder)
    return manifest


def is_source(known, path):
    """Whether the source that a manifest knows is the one at `path`, by its bytes; by its path where nothing is there.

    An archive at the known place is taken for the same if it has as many bytes: its checksum would take minutes.
    """
    kind, _, data_dir = path.partition(":")
    if kind == "tfds" or "tfds" in known:
        folder = pathlib.Path(known["path"]).absolute()
        return kind == "tfds" and "tfds" in known and folder.is_relative_to(data_folder(data_dir).absolute())
    path = pathlib.Path(path).expanduser()
    same_place = path.absolute() == pathlib.Path(known["path"]).absolute()
    if "parts" in known and (path.is_dir() or not path.exists()):
        return all(is_source(part, str(path / pathlib.Path(part["path"]).name)) for part in known["parts"])
    if path.is_dir() and "sha256" in known:
        path = path / pathlib.Path(known["path"]).name  # a published file in its folder
        same_place = path.absolute() == pathlib.Path(known["path"]).absolute()
    if path.is_dir():
        return Folder(path).fingerprint()["listing_sha256"] == known.get("listing_sha256")
    if path.is_file():
        return path.stat().st_size == known.get("bytes") and (same_place or sha256(path) == known["sha256"])
    return same_place


def may_be_replaced(folder):
    """Whether `folder` holds a prepared dataset, damaged perhaps, that another may take the place of.

    Raises:
        DataError: it does, but no folder can be put in its place.
    """
    if not (folder / "manifest.json").exists():
        return False
    if folder.is_symlink() or folder.is_mount():
        raise DataError(f"{folder} is a link or a disk and cannot be replaced; delete what is in it, then prepare")
    return True


def recover(folder):
    """Puts back what a kill has left aside between the two renames of `_put`."""
    aside = _aside(folder)
    if aside.exists() and not folder.exists():
        os.replace(aside, folder)
    shutil.rmtree(aside, ignore_errors=True)


def _put(work, folder):
    """Gives `work` the name `folder`; what had it goes aside, and is deleted at the end."""
    aside = _aside(folder)
    if may_be_replaced(folder):
        os.replace(folder, aside)
    os.replace(work, folder)
    sync(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _aside(folder):
    return folder.with_name(f".{folder.name}.replaced")


def say_classes(class_names, labels, notes):
    """The lines about classes, with how many images each has, and what a dataset notes."""
    if class_names:
        counts = collections.Counter(labels)
        each = [f"{name} ({counts[label]:,})" for label, name in enumerate(class_names)]
        logging.info("%d classes: %s", len(class_names), ", ".join(each) if len(each) <= MANY else shortened(each))
    for note in notes:
        logging.log(logging.WARNING if "left out" in note else logging.INFO, "%s", note)
