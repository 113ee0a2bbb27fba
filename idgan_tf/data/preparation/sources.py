"""Folders, zip files and tar files, read as one: names in, bytes out. Nothing is ever extracted.

Links, devices and encrypted members are refused, and what `refusals` says.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import stat
import tarfile
import threading
import zipfile
import zlib

from absl import logging

from idgan_tf.data.preparation import refusals
from idgan_tf.errors import DataError
from idgan_tf.image_files import START
from idgan_tf.progress import bar

OTHER_ARCHIVES = (b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")  # how they begin; the last is zstd


class Source:
    """Files under a path.

    Attributes:
        path: what the user named.
        names: relative names with "/", sorted; files that no dataset wants (hidden, __MACOSX) are left out.
    """

    def __init__(self, path, names):
        self.path = pathlib.Path(path)
        self.names = sorted(name for name in names if not _is_junk(name))

    def read(self, name):
        """The bytes of a file. Threads may read at the same time."""
        raise NotImplementedError

    def start(self, name):
        """The first bytes of a file, up to `image_files.START`; none where it cannot be read."""
        try:
            return self.read(name)[:START]
        except DataError:
            return b""

    def where(self, name):
        """The path of a file that lies on the disk as it is."""
        raise NotImplementedError

    def fingerprint(self):
        """{"path", ...}: what the manifest says about where the data came from."""
        return {"path": str(self.path), "bytes": self.path.stat().st_size, "sha256": sha256(self.path)}

    def files(self, folder=None, suffixes=("",)):
        """Names with one of `suffixes`; with `folder`, only those anywhere below a folder of that name."""
        wanted = (name for name in self.names if name.lower().endswith(suffixes))
        return [name for name in wanted if folder is None or folder in name.split("/")[:-1]]

    def one(self, file_name):
        """The one name that ends in `file_name`.

        Raises:
            DataError: there is none, or there are several.
        """
        found = [name for name in self.names if name == file_name or name.endswith(f"/{file_name}")]
        if len(found) != 1:
            what = f"holds {len(found)} files" if found else "has no file"
            raise DataError(f"{self.path} {what} named {file_name}; there must be one")
        return found[0]


class Folder(Source):
    """The files below a folder; links to folders are not followed, and a warning says so."""

    def __init__(self, path):
        root, names = pathlib.Path(path), []
        for folder, folders, files in os.walk(root, onerror=_cannot_list):
            names += [(pathlib.Path(folder) / name).relative_to(root).as_posix() for name in files]
            for link in (name for name in folders if os.path.islink(os.path.join(folder, name))):
                logging.warning("%s is a link to a folder and is left out", os.path.join(folder, link))
        super().__init__(root, names)

    def read(self, name):
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(f"cannot read {self.path / name}: {error.strerror}; mend it") from error

    def start(self, name):
        path = self.path / name
        with contextlib.suppress(OSError), open(path if path.is_file() else os.devnull, "rb") as file:  # no pipes
            return file.read(START)
        return b""

    def fingerprint(self):
        listing = "".join(f"{name} {_size(self.path / name)}\n" for name in self.names)
        return {"path": str(self.path), "listing_sha256": hashlib.sha256(listing.encode()).hexdigest()}


class Plain(Source):
    """A file of another kind, which its dataset reads piece by piece."""

    def __init__(self, path):
        path = pathlib.Path(path)
        with open(path, "rb") as file:
            start = file.read(512)
        if not start:
            raise DataError(f"{path} is empty; download it again")
        refusals.refuse_other_text(path, start)
        super().__init__(path, [path.name])

    def where(self, name):
        del name
        return self.path

    def read(self, name):
        return self.where(name).read_bytes()


class Zip(Source):
    """A zip file."""

    def __init__(self, path):
        try:
            self._file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError) as error:
            raise DataError(f"cannot read {path}: {error}; download it again") from error
        members = [member for member in self._file.infolist() if not member.is_dir()]
        names = [refusals.checked_name(path, member.filename) for member in members]
        for member in members:
            mode = member.external_attr >> 16
            if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
                raise DataError(f"{path} holds {member.filename!r}, a link or device; {refusals.TRUST}")
            if member.flag_bits & 1:
                raise DataError(f"{path} is encrypted; unpack it with its password and pass the folder")
        refusals.check_total(path, sum(member.file_size for member in members))
        refusals.check_doubles(path, names)
        self._members = dict(zip(names, members, strict=True))
        super().__init__(path, names)

    def read(self, name):
        member = self._members[name]
        refusals.check_member(self.path, name, member.file_size)
        try:
            return self._file.read(member)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
            raise DataError(f"{self.path}: {name} is damaged ({error}); download the archive again") from error


class Tar(Source):
    """A tar file; a compressed one is first unpacked to a plain one, to be read in any order."""

    def __init__(self, path, scratch):
        plain = refusals.plain_tar(pathlib.Path(path), scratch)
        size = plain.stat().st_size
        self._places = {}
        try:
            with tarfile.open(plain, "r:") as file:
                for member in file:
                    name = refusals.checked_name(path, member.name)
                    if member.isdir():
                        continue
                    if not member.isfile() or member.issparse():
                        raise DataError(f"{path} holds {member.name!r}, a link or device; {refusals.TRUST}")
                    if member.offset_data + member.size > size:
                        raise tarfile.ReadError(f"it ends inside {member.name}")
                    if name in self._places:
                        refusals.check_doubles(path, [name] * 2)
                    self._places[name] = (member.offset_data, member.size)
        except (tarfile.TarError, OSError) as error:
            raise DataError(f"cannot read {path}: {error}; download it again") from error
        self._file = open(plain, "rb")  # noqa: SIM115 - open as long as the source is in use
        super().__init__(path, self._places)

    def read(self, name):
        offset, size = self._places[name]
        refusals.check_member(self.path, name, size)
        try:
            return os.pread(self._file.fileno(), size, offset)
        except OSError as error:
            raise DataError(f"cannot read {name} in {self.path}: {error.strerror}; get the archive again") from error


class Together(Source):
    """Several sources as one, such as the three archives of Stanford Cars in one folder."""

    def __init__(self, path, sources):
        self._sources = sources
        self._owner = {name: source for source in sources for name in source.names}
        refusals.check_doubles(path, [name for source in sources for name in source.names])
        super().__init__(path, self._owner)

    def read(self, name):
        return self._owner[name].read(name)

    def where(self, name):
        return self._owner[name].where(name)

    def fingerprint(self):
        return {"path": str(self.path), "parts": [source.fingerprint() for source in self._sources]}


def open_source(path, scratch, archives=(), tables=(), layout="a folder, zip or tar"):
    """A folder or archive, for reading.

    Args:
        path: what the user named.
        scratch: a folder for temporary files.
        archives: names of archives that count as folders where they lie directly in the folder `path`.
        tables: names of files that are read where they lie beside these; layout: what is read, for messages.

    Raises:
        DataError: there is nothing at `path`, or it is no folder, zip or tar, or not one to trust.
    """
    path = pathlib.Path(path).expanduser()
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
    if start[:2] == b"\x1f\x8b" or start[257:262] == b"ustar" or path.name.endswith(".tar"):
        refusals.refuse_other_text(path, start)
        return Tar(path, scratch)
    if zipfile.is_zipfile(path):
        return Zip(path)
    refusals.refuse_other_text(path, start)
    if not start:
        raise DataError(f"{path} is empty; download it again")
    if start.startswith(OTHER_ARCHIVES):
        raise DataError(f"{path} is packed in a way that is not read here; unpack it yourself and pass the folder")
    refusals.refuse_kind(path, start, layout)
    raise DataError(f"{path} is no folder, zip or tar file, or is cut short; download it again")


def open_files(path, names):
    """Published files, to be read as they are: `path` is one of them under any name, or a folder that holds `names`.

    Raises:
        DataError: there is nothing of it at `path`, or no data in it.
    """
    path = pathlib.Path(path).expanduser()
    if path.is_dir():
        found = [Plain(path / name) for name in names if (path / name).is_file()]
        if not found:
            raise DataError(f"{path} holds no {names[0]}; download it, or pass its path")
        return found[0] if len(found) == 1 else Together(path, found)
    if not path.is_file():
        raise DataError(f"there is no folder or file {path}")
    return Plain(path)


def cached(read, size=2):
    """`read(name)` that keeps the newest `size` results: for files that hold many images."""
    lock = threading.Lock()
    keep = functools.lru_cache(maxsize=size)(read)

    def get(name):
        with lock:
            return keep(name)

    return get


def _size(path):
    """The bytes of a file, 0 where there is none behind its name, as `read` will say."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def sha256(path):
    """The checksum of an archive, which may be large: with a progress bar."""
    checksum = hashlib.sha256()
    total = -(-path.stat().st_size // refusals.BLOCK)
    with open(path, "rb") as file, bar(what=f"checksum of {path.name}", unit="MiB", total=total) as progress:
        while block := file.read(refusals.BLOCK):
            checksum.update(block)
            progress.update(1)
    return checksum.hexdigest()


def _cannot_list(error):
    raise DataError(f"cannot read the folder {error.filename}: {error.strerror}; mend it, or move it away") from error


def _is_junk(name):
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
