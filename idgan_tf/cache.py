"""Arrays that are made once and kept in the user's cache folder: written whole or not at all."""

import contextlib
import hashlib
import json
import os

import numpy as np

from idgan_tf.errors import ConfigError, DataError
from idgan_tf.files import NOT_OURS, at_home, npy_header, remedy, sync, take_lock, write_text
from idgan_tf.progress import bar


def folder():
    """The cache folder: $IDGAN_CACHE, else $XDG_CACHE_HOME/idgan_tf, else ~/.cache/idgan_tf.

    Raises:
        ConfigError: none of them is known.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return at_home(os.environ.get("IDGAN_CACHE") or os.path.join(base, "idgan_tf"))


def in_words():
    """The cache folder as a shell reads it: for what is kept as evidence, which names nobody's home."""
    if os.environ.get("IDGAN_CACHE"):
        return "$IDGAN_CACHE"
    return "$XDG_CACHE_HOME/idgan_tf" if os.environ.get("XDG_CACHE_HOME") else "~/.cache/idgan_tf"


def array(name, make):
    """The array `name` of the cache, memory-mapped; made on the first use.

    Args:
        name: file stem; change it when `make` would give something else.
        make: function(progress) -> its blocks of rows [n, ...] one by one, which only so are never all in memory;
            `progress` wraps an iterable in a progress bar.

    Raises:
        DataError: the cache folder cannot be written.
    """
    path = folder() / f"{name}.npy"
    if not _is_whole(path):
        try:
            _write(path, make(lambda items: bar(items, f"making {name}", "parts")))
        except OSError as error:
            raise DataError(
                f"cannot write the cache {path} ({error.strerror}); {remedy(error, 'set IDGAN_CACHE to a folder')}"
            ) from error
    return np.load(path, mmap_mode="r", allow_pickle=False)


def has(name):
    """Whether the array `name` has been made."""
    return _is_whole(folder() / f"{name}.npy")


def _commit_file(path):
    return path.with_suffix(".json")


def _is_whole(path):
    """Whether `path` and its commit file are there and agree on the size."""
    try:
        commit = json.loads(_commit_file(path).read_text("utf-8"))
        return path.stat().st_size == commit["bytes"]
    except NOT_OURS:
        return False


def _write(path, blocks):
    """Writes to a temporary name, syncs, renames; the commit file comes last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            with contextlib.suppress(ConfigError):  # a file system without locks keeps what a kill leaves
                take_lock(file)
            checksum = _write_blocks(file, blocks)
            file.flush()
            sync(temporary)
            commit = {"bytes": temporary.stat().st_size, "sha256": checksum}
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    write_text(_commit_file(path), json.dumps(commit))


def _sweep(path):
    """Deletes what killed processes left of `path`; who still writes holds a lock."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        with contextlib.suppress(OSError, ConfigError), open(left, "rb") as file:
            if take_lock(file):
                left.unlink()


def _write_blocks(file, blocks):
    """Writes a .npy file, whose header says last how many rows there are; returns the checksum of the data."""
    checksum, rows, header_bytes = hashlib.sha256(), 0, None
    for block in blocks:
        if header_bytes is None:
            header_bytes = file.write(npy_header((rows, *block.shape[1:]), block.dtype))
        block = np.ascontiguousarray(block)
        checksum.update(block.data)
        file.write(block.data)
        rows += len(block)
    file.seek(0)
    assert file.write(npy_header((rows, *block.shape[1:]), block.dtype)) == header_bytes, "there is room for the number"
    return checksum.hexdigest()
