"""Files that are whole or absent, and of which one process at a time is the owner."""

import contextlib
import fcntl
import hashlib
import os
import time

import numpy as np
from absl import logging

from idgan_tf.errors import ConfigError, NonFiniteError

TEMPORARY = ".tmp-"


def sha256(path):
    """The checksum of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path):
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def to_half(array, name):
    """An array of single precision in half precision, to be kept; all else as it is.

    Raises:
        NonFiniteError: it does not fit, or was not finite before.
    """
    array = np.asarray(array)
    if array.dtype != np.float32:
        return array
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    if not np.all(np.isfinite(half)):
        raise NonFiniteError(f"{name} reaches {np.abs(array).max():.3g}: half precision ends at 65,504")
    return half


def to_single(array):
    """What `to_half` was given, but for the rounding."""
    return array.astype(np.float32) if array.dtype == np.float16 else array


@contextlib.contextmanager
def replacing(path):
    """A temporary path of the same ending: it becomes `path` when the block ends well and is gone when it does not.

    It is on the disk before it gets its name, which may be there after a power failure without what it names.
    """
    temporary = path.with_name(f"{TEMPORARY}{path.name}")
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path, text):
    """Writes a small file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text)


def take_lock(file):
    """Whether this process now owns the open `file`; the end of the process, or of the file, gives it up.

    Raises:
        ConfigError: the file system knows no locks.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise ConfigError(f"cannot lock {file.name}: {error.strerror}") from error
    return True


@contextlib.contextmanager
def alone(path):
    """Runs the block while no other process is in one for the same path; waits for its turn.

    Raises:
        ConfigError: the folder of `path` cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open(path.with_name(f".{path.name}.lock"), "a"))
        except OSError as error:
            raise ConfigError(f"cannot write to {path.parent}: {error.strerror}") from error
        if not take_lock(file):
            logging.info("waiting for another process that works on %s", path)
            while not take_lock(file):
                time.sleep(1.0)
        yield
