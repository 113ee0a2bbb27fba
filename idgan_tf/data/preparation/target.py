"""The folder of a prepared dataset: where the work on it lies, who may do it, and what makes it whole."""

import contextlib
import datetime
import json
import math
import os

import numpy as np
from absl import logging

from idgan_tf.data.prepared import FORMAT
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.files import npy_header, sync, take_lock, write_text

MANIFEST = "manifest.json"
OF_DISKS = "lost+found"  # stands at the top of every new ext file system


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
    if not folder.exists() or (folder / MANIFEST).exists():  # another process may have finished it by now
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
            if not take_lock(file):
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
    logging.info("%s: %d images in %s", dataset.name, count, dataset.folder)
    return manifest


def publish(work, folder):
    """Gives the finished work its name, and leaves out all that its manifest does not name; a kill may repeat it.

    Where `work` lies within `folder`, its files move up, the manifest last: without it a folder is no dataset.
    """
    names = [*json.loads((work / MANIFEST).read_text())["files"], MANIFEST]
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
        os.replace(work, folder)
    sync(folder.parent)


def _lock_name(work):
    return f"{work}.lock"


def _is_at(file, path):
    """Whether an open file is still the one of this name: who owned it before may have deleted it meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
