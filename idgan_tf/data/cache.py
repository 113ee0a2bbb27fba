"""Arrays that are made once and kept in the user's cache folder: written whole or not at all."""

import hashlib
import json
import os
import pathlib
import sys

import numpy as np
import tqdm

from idgan_tf.errors import DataError


def folder():
    """The cache folder: $IDGAN_CACHE, else $XDG_CACHE_HOME/idgan_tf, else ~/.cache/idgan_tf."""
    if os.environ.get("IDGAN_CACHE"):
        return pathlib.Path(os.environ["IDGAN_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "idgan_tf"


def array(name, make):
    """The array `name` of the cache, memory-mapped; made on the first use.

    Args:
        name: file stem; change it when `make` would give something else.
        make: function(progress) -> array, where `progress` wraps an iterable in a progress bar.

    Raises:
        DataError: the cache folder cannot be written.
    """
    path = folder() / f"{name}.npy"
    if not _is_whole(path):
        bar = tqdm.tqdm
        values = make(lambda items: bar(items, desc=f"making {name}", file=sys.stderr, unit="part"))
        try:
            _write(path, values)
        except OSError as error:
            raise DataError(
                f"cannot write the cache {path} ({error.strerror}); set IDGAN_CACHE to a folder with room"
            ) from error
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _commit_file(path):
    return path.with_suffix(".json")


def _is_whole(path):
    """Whether `path` and its commit file are there and agree on the size."""
    try:
        commit = json.loads(_commit_file(path).read_text())
        return path.stat().st_size == commit["bytes"]
    except (OSError, ValueError, KeyError):
        return False


def _write(path, values):
    """Writes to a temporary name, syncs, renames; the commit file comes last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            np.save(file, values)
            file.flush()
            os.fsync(file.fileno())
        commit = {"bytes": temporary.stat().st_size, "sha256": hashlib.sha256(values.data).hexdigest()}
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    temporary.write_text(json.dumps(commit))
    os.replace(temporary, _commit_file(path))
