"""Folders, archives and single files, read as one: names in, bytes out. Nothing is ever extracted.

`formats.archives` holds zip and tar files, `opening` tells which of them a path is, `refusals` says what is refused.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import threading

from absl import logging

from idgan_tf.data.preparation import refusals
from idgan_tf.data.preparation.pictures import shortened
from idgan_tf.errors import DataError
from idgan_tf.image_files import START
from idgan_tf.progress import bar

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".7z", ".rar")


class Source:
    """Files under a path.

    Attributes:
        path: what the user named.
        names: relative names with "/", sorted; files that no dataset wants (hidden, __MACOSX) are left out.
    """

    def __init__(self, path, names):
        self.path = pathlib.Path(path)
        self.names = sorted(name for name in names if not _is_junk(name))
        self._known = frozenset(self.names)

    def __contains__(self, name):
        return name in self._known

    def read(self, name):
        """The bytes of a file. Threads may read at the same time.

        Raises:
            DataError: there is none of that name, or it cannot be read, or only points to its bytes.
        """
        if name not in self:
            raise DataError(f"{self.path} has no {name}; get it again")
        data = self._bytes(name)
        refusals.refuse_pointer(f"{self.path}: {name}", data)
        return data

    def _bytes(self, name):
        """The bytes of a file that is in `names`."""
        raise NotImplementedError

    def start(self, name):
        """The first bytes of a file, up to `image_files.START`; none where it cannot be read."""
        try:
            return self.read(name)[:START]
        except DataError:
            return b""

    def text(self, file_name):
        """The lines of the one text file of this name (see `one`).

        Raises:
            DataError: there is none, or it is no text.
        """
        name = self.one(file_name)
        try:
            text = self.read(name).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path}: {name} is no text ({error}); get it again") from error
        if "\0" in text:
            raise DataError(f"{self.path}: {name} is no text, it holds zeros; get it again")
        return text.splitlines()

    def where(self, name):
        """The path of a file that lies on the disk as it is."""
        raise NotImplementedError

    def fingerprint(self):
        """{"path", ...}: what the manifest says about where the data came from."""
        return {"path": str(self.path), "bytes": self.path.stat().st_size, "sha256": sha256(self.path)}

    def state(self, names):
        """What changes when one of these files does, where `fingerprint` is not a checksum of all bytes; else ""."""
        del names
        return ""

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
            hint = "" if found else self.hint()
            raise DataError(f"{self.path} {what} named {file_name}{hint or '; there must be one'}")
        return found[0]

    def hint(self):
        """What else a message about files that are missing may say: that an archive lies among the others."""
        inside = [name for name in self.names if name.lower().endswith(ARCHIVES)]
        return f"; an archive lies in it, {inside[0]}: take that out, and pass it as --source" if inside else ""


def of_prepared(name):
    """Whether a file of this name may be one of a prepared dataset."""
    return name == "manifest.json" or name.endswith(".npy")


class Folder(Source):
    """The files below a folder, but those of prepared datasets; links to folders are left out, with a warning."""

    def __init__(self, path):
        root, found, empty = pathlib.Path(path), [], []
        for folder, folders, files in os.walk(root, onerror=_cannot_list):
            is_prepared = {"manifest.json", "images.npy"} <= set(files)  # a --data_dir that lies in it
            own = [name for name in files if not (is_prepared and of_prepared(name))]
            found += [(pathlib.Path(folder) / name).relative_to(root).as_posix() for name in own]
            for link in (name for name in folders if os.path.islink(os.path.join(folder, name))):
                logging.warning("%s is a link to a folder and is left out", os.path.join(folder, link))
            if not files and not folders and folder != str(root):
                empty.append(os.path.relpath(folder, root))
        if empty := [name for name in sorted(empty) if not _is_junk(name)]:
            logging.warning("%s: nothing is in %s, which is no class", root, shortened(empty))
        names = [refusals.printable(name) for name in found]
        refusals.check_doubles(root, names)
        self._paths = dict(zip(names, found, strict=True))
        super().__init__(root, names)

    def where(self, name):
        return self.path / self._paths[name]

    def _bytes(self, name):
        path = self.where(name)
        if path.exists() and not path.is_file():
            raise DataError(f"{path} is no file but a pipe or a device; move it away")
        if path.is_symlink() and not path.exists():
            raise DataError(f"{path} is a link to {os.readlink(path)}, where nothing is; mend it")
        try:
            return path.read_bytes()
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}; mend it") from error

    def start(self, name):
        path = self.where(name)
        with contextlib.suppress(OSError), open(path if path.is_file() else os.devnull, "rb") as file:  # no pipes
            return file.read(START)
        return b""

    def fingerprint(self):
        listing = "".join(f"{name} {_status(self.where(name))[0]}\n" for name in self.names)
        return {"path": str(self.path), "listing_sha256": hashlib.sha256(listing.encode()).hexdigest()}

    def state(self, names):
        states = "".join(f"{name} {_status(self.where(name))}\n" for name in names if name in self)
        return hashlib.sha256(states.encode()).hexdigest()


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

    def _bytes(self, name):
        return self.where(name).read_bytes()


class Together(Source):
    """Several sources as one, such as the three archives of Stanford Cars in one folder."""

    def __init__(self, path, sources):
        self._sources = sources
        self._owner = {name: source for source in sources for name in source.names}
        refusals.check_doubles(path, [name for source in sources for name in source.names])
        super().__init__(path, self._owner)

    def _bytes(self, name):
        return self._owner[name].read(name)

    def where(self, name):
        return self._owner[name].where(name)

    def fingerprint(self):
        return {"path": str(self.path), "parts": [source.fingerprint() for source in self._sources]}


def cached(read, size=2):
    """`read(name)` that keeps the newest `size` results: for files that hold many images."""
    lock = threading.Lock()
    keep = functools.lru_cache(maxsize=size)(read)

    def get(name):
        with lock:
            return keep(name)

    return get


def _status(path):
    """(bytes, last change of its bytes, and of anything) of a file, zeros where there is none, as `read` will say."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


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
