"""The folder of a prepared dataset: its large array, written in place, and the rename that makes it whole."""

import contextlib
import datetime
import json
import math
import os

import numpy as np
from absl import logging

from idgan_tf.data.prepared import FORMAT
from idgan_tf.files import npy_header, sync


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
    os.replace(work, dataset.folder)
    sync(dataset.folder.parent)
    logging.info("%s: %d images in %s", dataset.name, count, dataset.folder)
    return manifest
