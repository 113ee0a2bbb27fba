"""Which kind of source a path is, by its first bytes; what is none says what it is instead."""

import zipfile

from idgan_tf.data.preparation import refusals
from idgan_tf.data.preparation.formats.archives import Tar, Zip
from idgan_tf.data.preparation.sources import Folder, Plain, Together
from idgan_tf.errors import DataError
from idgan_tf.files import at_home

# How other archives begin: bzip2, xz, 7z, rar, zstd, lzma, compress, lz4.
OTHER_ARCHIVES = (
    b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd", b"\x5d\x00\x00", b"\x1f\x9d", b"\x04\x22\x4d\x18",
)  # fmt: skip
ZIP = (b"PK\x03\x04", b"PK\x07\x08", b"PK\x05\x06", b"PK00")


def open_source(path, scratch, archives=(), tables=(), layout="a folder, zip or tar"):
    """A folder or archive, for reading.

    Args:
        path: what the user named.
        scratch: a folder for temporary files.
        archives: names of archives that count as folders where they lie directly in the folder `path`.
        tables: names of files that are read where they lie beside these.
        layout: what is read, for messages.

    Raises:
        DataError: there is nothing at `path`, or it is no folder, zip or tar, or not one to trust.
    """
    path = at_home(path)
    if path.is_dir():
        found = [path / name for name in (*archives, *tables) if (path / name).is_file()]
        if any(part.name in archives for part in found):
            parts = (Plain(part) if part.name in tables else open_source(part, scratch) for part in found)
            return Together(path, list(parts))
        return Folder(path)
    if not path.is_file():
        raise DataError(f"there is no folder or file {path}")
    with open(path, "rb") as file:
        start = file.read(512)
    if start[257:262] != b"ustar" and start.startswith(OTHER_ARCHIVES):
        raise DataError(f"{path} is packed in a way that is not read here; unpack it yourself and pass the folder")
    if start[:2] == b"\x1f\x8b" or start[257:262] == b"ustar" or path.name.endswith(".tar"):
        refusals.refuse_other_text(path, start)
        return Tar(path, scratch)
    refusals.refuse_part(path)
    if zipfile.is_zipfile(path):
        return Zip(path)
    refusals.refuse_other_text(path, start)
    if not start:
        raise DataError(f"{path} is empty; download it again")
    if start.startswith(ZIP):
        raise DataError(f"{path} is a zip file without its end; {refusals.again(path)}")
    refusals.refuse_kind(path, start, layout)
    raise DataError(f"{path} is no folder, zip or tar file, or is cut short; {refusals.again(path)}")


def open_files(path, names):
    """Published files, to be read as they are: `path` is one of them under any name, or a folder that holds `names`.

    Raises:
        DataError: there is nothing of it at `path`, or no data in it.
    """
    path = at_home(path)
    if path.is_dir():
        found = [Plain(path / name) for name in names if (path / name).is_file()]
        if not found:
            raise DataError(f"{path} holds no {names[0]}; download it, or pass its path")
        return found[0] if len(found) == 1 else Together(path, found)
    if not path.is_file():
        raise DataError(f"there is no folder or file {path}")
    return Plain(path)
