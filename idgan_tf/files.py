"""Files that are whole or absent, and of which one process at a time is the owner."""

import contextlib
import errno
import hashlib
import io
import os
import pathlib
import re
import shutil
import time
import zipfile
import zlib

import numpy as np
from absl import logging

from idgan_tf.errors import ConfigError, DataError, NonFiniteError, message, require

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TEMPORARY = ".tmp-"
OLD = f"{TEMPORARY}old-"
# What reading a file raises that is damaged, or none of ours.
NOT_OURS = (OSError, ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)
FULL = (errno.ENOSPC, errno.EDQUOT)  # a disk, or one's share of it


class NoLocks(ConfigError):
    """A file cannot be locked here."""


def at_home(path):
    """A path of which a leading ~ is the user's home folder, as a shell has it, which sees few of them.

    Raises:
        ConfigError: there is no home folder, or the path leads over links in a circle.
    """
    path = os.path.expanduser(path)
    known = path.split(os.sep)[0] != "~"
    require(known, f"no home folder is known for {path}: set HOME, or IDGAN_CACHE for data/ and what is kept beside it")
    try:
        os.stat(path)
    except ValueError as error:
        raise ConfigError(f"{path!r} is no path: {error}") from error
    except OSError as error:
        require(error.errno != errno.ELOOP, f"{path} leads over links in a circle; choose another path")
    return pathlib.Path(path)


def is_pattern(path):
    """Whether `tf.saved_model.load` takes a path for a pattern, and finds nothing there."""
    return bool(re.search(r"\[.*\]|\\", pathlib.Path(path).absolute().as_posix()))


def sha256(path):
    """The checksum of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def said_by_system(error, numbers):
    """What the system says of one of `errno`'s numbers if that is in an error, of Python or TensorFlow; else None."""
    words = (os.strerror(number) for number in numbers)
    return next((text for text in words if text in (getattr(error, "strerror", None) or str(error))), None)


def full_disk(error):
    """What the system says of a full disk if that is why writing failed; else None."""
    return said_by_system(error, FULL)


def remedy(error, choose):
    """What helps where an error kept something from being written; `choose` says how to name another folder."""
    return f"make room, or {choose} that has it" if full_disk(error) else f"{choose} that can be written"


def cannot_write(path, error):
    """The DataError to raise when writing to a path failed: the disk is full, read-only or closed to the user."""
    reason = full_disk(error) or getattr(error, "strerror", None) or message(error)
    return DataError(f"cannot write to {path}: {reason}; {remedy(error, 'choose a folder')}")


def sync(path):
    """Waits until a file, or the names in a folder, are on the disk."""
    if os.name == "nt":  # Windows opens no folders, and no file to be read alone, for this
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reserve(descriptor, size):
    """Makes a file have `size` bytes, on the disk where the system can see to that: not on macOS."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.truncate(descriptor, size)


def npy_header(shape, dtype):
    """The first bytes of a .npy file; of every number of rows as many."""
    header = io.BytesIO()
    about = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": tuple(int(n) for n in shape)}
    np.lib.format.write_array_header_1_0(header, about)
    return header.getvalue()


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


@contextlib.contextmanager
def publishing(path):
    """A temporary folder: it becomes the folder `path` when the block ends well and is gone when it does not.

    All that lies in it is on the disk before it gets its name. An older folder at `path` is first put aside, for a
    folder cannot be replaced in one step, and deleted when the new one is there; `sweep` puts back what a kill between
    the two renames leaves aside.
    """
    temporary, old = path.with_name(f"{TEMPORARY}{path.name}"), path.with_name(f"{OLD}{path.name}")
    made = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    _put_back(old)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir()
        yield temporary
        for each in (*temporary.rglob("*"), temporary):
            sync(each)
        if path.exists():
            os.replace(path, old)
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        _put_back(old)
        shutil.rmtree(temporary, ignore_errors=True)
        if made and not path.exists():
            with contextlib.suppress(OSError):
                path.parent.rmdir()


def sweep(folder):
    """Clears a folder of what killed processes left behind in `publishing`."""
    for old in folder.glob(f"{OLD}*"):
        _put_back(old)
    for temporary in folder.glob(f"{TEMPORARY}*"):
        shutil.rmtree(temporary, ignore_errors=True)


def _put_back(old):
    """A folder that `publishing` put aside gets its name again where no other has it; else it goes."""
    path = old.with_name(old.name.removeprefix(OLD))
    if old.exists() and not path.exists():
        os.replace(old, path)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path, text):
    """Writes a small file whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def take_lock(file):
    """Whether this process now owns the open `file`; the end of the process, or of the file, gives it up.

    Raises:
        NoLocks: the system, or the file system, knows no locks.
    """
    try:
        if fcntl is None:
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise NoLocks(f"cannot lock {file.name}: {error.strerror}") from error
    return True


def claim(file):
    """`take_lock`, or where there are no locks, True with a warning."""
    try:
        return take_lock(file)
    except NoLocks as error:
        logging.warning("%s; see to it that no second process writes there", error)
        return True


@contextlib.contextmanager
def alone(path):
    """Runs the block while no other process is in one for the same path; waits for its turn.

    Raises:
        DataError: the folder of `path` cannot be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(open(path.with_name(f".{path.name}.lock"), "a"))
        except OSError as error:
            raise cannot_write(path.parent, error) from error
        if not claim(file):
            logging.info("waiting for another process that works on %s", path)
            while not claim(file):
                time.sleep(1.0)
        yield
