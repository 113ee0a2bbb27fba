"""Files that are whole or absent, and of which one process at a time is the owner."""

import contextlib
import fcntl
import hashlib
import os

from idgan_tf.errors import ConfigError


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


@contextlib.contextmanager
def replacing(path):
    """A temporary path of the same ending: it becomes `path` when the block ends well and is gone when it does not."""
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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
