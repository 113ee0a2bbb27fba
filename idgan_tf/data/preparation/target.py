"""The folder of a prepared dataset: where the work on it lies, who may do it, and what makes it whole."""

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
from idgan_tf.data.preparation.sources import Folder, Source, of_prepared, sha256
from idgan_tf.data.preparation.tfds_source import data_folder
from idgan_tf.data.prepared import FORMAT
from idgan_tf.errors import ConfigError, DataError, counted
from idgan_tf.files import at_home, claim, npy_header, reserve, sync, write_text

MANIFEST = "manifest.json"
OF_DISKS = "lost+found"  # stands at the top of every new ext file system
MANY = 12  # classes in a line


def work_folder(folder):
    """Where the dataset of `folder` is prepared, and its lock lies beside: on the disk on which it is to stay.

    That is beside `folder`, for one rename to make it whole; or within where it is there already, as a disk that is
    mounted there, or a link to a folder elsewhere, cannot be renamed over.

    Raises:
        DataError: there is something else in `folder`.
        OSError: the disk lets nobody write.
    """
    work = f".{folder.name}.preparing"
    if folder.is_symlink() and not folder.exists():
        raise DataError(f"{folder} is a link to {os.readlink(folder)}, which is not there; make that folder first")
    if not folder.exists() or is_prepared(folder):  # to be replaced, or another process has finished it by now
        folder.parent.mkdir(parents=True, exist_ok=True)
        return folder.with_name(work)
    begun = (folder / work / MANIFEST).exists()  # some of its files may have moved up
    if not folder.is_dir() or not (begun or set(os.listdir(folder)) <= {work, _lock_name(work), OF_DISKS}):
        raise DataError(f"{folder} is there but holds no prepared dataset; move it away, or choose another --data_dir")
    return folder / work


@contextlib.contextmanager
def only_one(work):
    """Runs the block while no other process prepares in the folder `work`.

    Raises:
        ConfigError: one does.
    """
    path = work.with_name(_lock_name(work.name))
    with contextlib.ExitStack() as stack:
        while True:
            file = stack.enter_context(open(path, "a"))
            if not claim(file):
                raise ConfigError(f"{work} is being written by another process; wait for it")
            if _is_at(file, path):
                break
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def create(path, shape):
    """A uint8 .npy file for writing in place, with room for all of it: (descriptor, offset of the data)."""
    header = npy_header(shape, np.uint8)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        reserve(descriptor, len(header) + math.prod(shape))
        os.pwrite(descriptor, header, 0)
        yield descriptor, len(header)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor, array, offset):
    """Writes an array to its place in a file."""
    view = np.ascontiguousarray(array).data.cast("B")
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def commit(dataset, work, plan, count, files, class_names=(), skipped=()):
    """Makes the finished folder `work` the dataset: a manifest, and `files`.

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
    for name in files:
        sync(work / name)
    write_text(work / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    publish(work, dataset.folder)
    logging.info("%s: %s in %s", dataset.name, counted(count, "image"), dataset.folder)
    return manifest


def publish(work, folder):
    """Gives the finished work its name, and leaves out all that its manifest does not name; a kill may repeat it.

    Where `work` lies within `folder`, its files move up, the manifest last: without it a folder is no dataset. A
    dataset that has the name goes aside, and is deleted at the end.
    """
    names = [*json.loads((work / MANIFEST).read_text("utf-8"))["files"], MANIFEST]
    for name in set(os.listdir(work)).difference(names):
        os.unlink(work / name)
    sync(work)
    if work.parent == folder:
        for name in names:
            if (work / name).exists():
                os.replace(work / name, folder / name)
                sync(folder)
        os.rmdir(work)
    else:
        if is_prepared(folder):
            os.replace(folder, _aside(folder))
        os.replace(work, folder)
    sync(folder.parent)
    shutil.rmtree(_aside(folder), ignore_errors=True)


def kept(dataset, path):
    """The manifest of what is prepared already from the source at `path`, or None where nothing is.

    Raises:
        DataError: it is damaged, of other settings, or of another source or other labels.
    """
    manifest = dataset.read_manifest()
    if manifest is None:
        return None
    source, remedy = manifest["source"], "pass --replace to prepare it anew, or choose another --data_dir"
    if not is_source(source, str(path)):
        same = str(path) == source["path"]
        what = f"which has changed since; {path} was not read again" if same else f"which is kept; {path} was not read"
        raise DataError(f"{dataset.name} is already prepared from {source['path']}, {what}: {remedy}")
    for file, checksum in _labels_now(dataset, path).items():
        if manifest.get("labels", {}).get(file, checksum) != checksum:
            raise DataError(
                f"{dataset.name} is already prepared, and {file} has changed since, not read again: {remedy}"
            )
    count = counted(manifest["count"], "image")
    logging.info("%s is already prepared: %s in %s", dataset.name, count, dataset.folder)
    return manifest


def _labels_now(dataset, path):
    """What `labels_of` says today; nothing of a file that has gone, or lies in an archive, which has a checksum."""
    path = at_home(path)
    with contextlib.suppress(DataError):
        return dataset.labels_of(Folder(path) if path.is_dir() else Source(path, ()))
    return {}


def is_source(known, path):
    """Whether the source that a manifest knows is the one at `path`, by its bytes; by its path where nothing is there.

    An archive at the known place is taken for the same if it has as many bytes: its checksum would take minutes. A
    folder with files of the same names and sizes is the same one where it was, or moved: gone from there.
    """
    kind, _, data_dir = path.partition(":")
    if kind == "tfds" or "tfds" in known:
        folder = pathlib.Path(known["path"]).absolute()
        return kind == "tfds" and "tfds" in known and folder.is_relative_to(data_folder(data_dir).absolute())
    path, known_path = at_home(path), pathlib.Path(known["path"])
    same_place = path.absolute() == known_path.absolute()
    if "parts" in known and (path.is_dir() or not path.exists()):
        return all(is_source(part, str(path / pathlib.Path(part["path"]).name)) for part in known["parts"])
    if path.is_dir() and "sha256" in known:
        path = path / known_path.name  # a published file in its folder
        same_place = path.absolute() == known_path.absolute()
    if path.is_dir():
        same = same_place or path.resolve() == known_path.resolve() or not known_path.exists()
        return same and Folder(path).fingerprint()["listing_sha256"] == known.get("listing_sha256")
    if path.is_file():
        return path.stat().st_size == known.get("bytes") and (same_place or sha256(path) == known["sha256"])
    return same_place


def is_prepared(folder):
    """Whether `folder` holds a prepared dataset, damaged perhaps."""
    return (folder / MANIFEST).exists()


def check_replaceable(folder):
    """Refuses to replace a dataset where no folder can be put in its place."""
    if is_prepared(folder) and (folder.is_symlink() or folder.is_mount()):
        raise DataError(f"{folder} is a link or a disk and cannot be replaced; delete what is in it, then prepare")
    names = sorted(os.listdir(folder)) if is_prepared(folder) else []
    if others := [name for name in names if not of_prepared(name)]:
        raise DataError(f"{folder} holds {shortened(others)}, which --replace would delete; move it away first")


def is_cut(folder):
    """Whether a kill has left something aside in `publish`."""
    return _aside(folder).exists()


def recover(work, folder, replace):
    """Ends what a kill has left in `publish`: what was there is there again, and a finished work has its name.

    With `replace`, or where something else has the name, the finished work is to be done anew.
    """
    aside, finished = _aside(folder), work / MANIFEST
    if aside.exists() and not folder.exists():
        os.replace(aside, folder)
    shutil.rmtree(aside, ignore_errors=True)
    if finished.exists() and (replace or is_prepared(folder)):
        finished.unlink()
    elif finished.exists():
        publish(work, folder)


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


def _lock_name(work):
    return f"{work}.lock"


def _is_at(file, path):
    """Whether an open file is still the one of this name: who owned it before may have deleted it meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
