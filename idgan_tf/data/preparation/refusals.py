"""What is refused of an archive before its first byte is used: it is somebody else's data.

Names that leave its folder, names that stand in it twice, what unpacks to far more than it weighs, and web pages
and pointers that stand under its name. `sources` reads what is left.
"""

import gzip
import pathlib
import posixpath
import shutil
import zlib

from idgan_tf.errors import DataError

MAX_MEMBER = 512 << 20  # bytes of one member; the largest published one has 31 MB
MAX_RATIO, MIN_TOTAL = 100, 1 << 30  # an archive may unpack to 100 times its size, or to 1 GiB
TRUST = "if you trust it, unpack it yourself and pass the folder"
BLOCK = 1 << 20  # bytes read at a time
KINDS = {  # how files begin in which others keep many images
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"\x93NUMPY": "an array of NumPy",
}


def refuse_other_text(path, start):
    """Refuses a file whose first bytes `start` are those of a web page, or of the pointer that Git LFS leaves."""
    if start.startswith(b"version https://git-lfs"):
        raise DataError(f"{path} is a pointer of Git LFS, not the file itself; run git lfs pull, or download it")
    if start.lstrip()[:1] == b"<":
        raise DataError(
            f"{path} is a web page saved under the name of an archive (a login, quota or error page); "
            "download it again in a browser"
        )


def kind_of(name, start):
    """What a file of many images is that no dataset here comes in, from its name and first bytes; "" where unknown."""
    if ".tfrecord" in name.lower():
        return "a TFRecord file"
    return next((what for magic, what in KINDS.items() if start.startswith(magic)), "")


def refuse_kind(path, start, layout):
    """Refuses a file of a known kind that is not read, and says what is: `layout`."""
    if what := kind_of(path.name, start):
        raise DataError(f"{path} is {what}, which is not read here; pass {layout}")


def plain_tar(path, scratch):
    """`path` itself, or its decompressed copy in `scratch`."""
    with open(path, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path
    status = path.stat()
    plain = pathlib.Path(scratch) / f"{path.name}.{status.st_size}.{status.st_mtime_ns}.plain"
    temporary = plain.with_suffix(".tmp")
    if plain.exists():
        return plain
    total = 0
    try:
        with gzip.open(path) as packed, open(temporary, "wb") as file:
            while block := packed.read(BLOCK):
                total += len(block)
                check_total(path, total)
                file.write(block)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"cannot read {path}: {error}; download it again") from error
    except OSError as error:
        raise DataError(
            f"cannot unpack {path} to {scratch}: {error.strerror or error}; "
            "make room, or pass --data_dir with a folder that has it"
        ) from error
    shutil.move(temporary, plain)
    return plain


def checked_name(path, name):
    """A member's name without the "./" that `tar -C folder .` puts before it; one outside the folder is refused."""
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name[:1] in "/\\" or (len(name) > 1 and name[1] == ":") or "\0" in name:
        raise DataError(f"{path} holds {name!r}, a name outside its own folder; {TRUST}")
    return posixpath.normpath(name)


def check_total(path, total):
    """Refuses an archive that unpacks to `total` bytes, where these are far more than its own."""
    if total > max(MIN_TOTAL, MAX_RATIO * pathlib.Path(path).stat().st_size):
        raise DataError(f"{path} unpacks to more than {MAX_RATIO} times its size and looks like a bomb; {TRUST}")


def check_member(path, name, size):
    """Refuses a member of more bytes than any published one has."""
    if size > MAX_MEMBER:
        raise DataError(f"{path}: {name} unpacks to {size >> 20} MiB; more than {MAX_MEMBER >> 20} MiB; {TRUST}")


def check_doubles(path, names):
    """Refuses names that are there twice: which of the two is meant?"""
    seen = set()
    for name in names:
        if name in seen:
            raise DataError(f"{path} holds {name!r} twice; pass a copy that holds it once")
        seen.add(name)
