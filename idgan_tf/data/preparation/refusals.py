"""What is refused of an archive before its first byte is used: it is somebody else's data.

Names that leave its folder, names that stand in it twice, what unpacks to far more than it weighs, one part of
several, and web pages and pointers that stand under its name. `formats.archives` and `sources` read what is left.
"""

import gzip
import pathlib
import posixpath
import re
import shutil
import zlib

from idgan_tf.errors import DataError
from idgan_tf.files import remedy

MAX_MEMBER = 512 << 20  # bytes of one member; the largest published one has 31 MB
MAX_RATIO, MIN_TOTAL = 100, 1 << 30  # an archive may unpack to 100 times its size, or to 1 GiB
TRUST = "if you trust it, unpack it yourself and pass the folder"
BLOCK = 1 << 20  # bytes read at a time
TAIL = (1 << 16) + 22  # in which the end of a zip file stands
KINDS = {  # how files begin in which others keep many images
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"PAR1": "a Parquet file",
    b"\x93NUMPY": "an array of NumPy",
}


def refuse_pointer(path, start):
    """Refuses a file whose first bytes `start` are those of the pointer that Git LFS leaves."""
    if start.startswith(b"version https://git-lfs"):
        raise DataError(f"{path} is a pointer of Git LFS, not the file itself; run git lfs pull, or download it")


def refuse_other_text(path, start):
    """Refuses a file whose first bytes `start` are those of a web page, or of a pointer."""
    refuse_pointer(path, start)
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


def again(path):
    """What to do about an archive that ends too early: its name may say that it is one part of several."""
    if re.search(r"\.(z\d\d|\d{2,3}|a[a-z]|part\d+(\.\w+)?)$", pathlib.Path(path).name):
        return "its name is that of one part of several: join them (cat ... > whole), and pass that"
    return "download it again"


def refuse_part(path):
    """Refuses the last part of a split zip file, the one that lists the others: it says that it is not disk 0."""
    with open(path, "rb") as file:
        file.seek(max(0, pathlib.Path(path).stat().st_size - TAIL))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and tail[end + 4 : end + 6] not in (b"", b"\0\0", b"\xff\xff"):
        raise DataError(f"{path} is one part of a split zip file; join them (zip -s 0 ... --out whole.zip), pass that")


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
        raise DataError(f"cannot read {path}: {error}; {again(path)}") from error
    except OSError as error:
        raise DataError(
            f"cannot unpack {path} to {scratch}: {error.strerror or error}; "
            f"{remedy(error, 'pass --data_dir with a folder')}"
        ) from error
    shutil.move(temporary, plain)
    return plain


def printable(name):
    """A name of which the bytes that are no UTF-8, for which Python has surrogates, read \\xe9."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def checked_name(path, name):
    """A member's name, printable, with "/" between its folders and without the "./" that `tar -C folder .` writes.

    Raises:
        DataError: it leaves its folder.
    """
    name = printable(name.replace("\\", "/"))
    if ".." in name.split("/") or name[:1] == "/" or name[1:2] == ":" or "\0" in name:
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
