"""Zip and tar files. Links, devices and encrypted members are refused, and what `refusals` says."""

import os
import pathlib
import stat
import tarfile
import zipfile

from idgan_tf.data.preparation import refusals
from idgan_tf.data.preparation.sources import Source
from idgan_tf.errors import DataError

UTF8, ENCRYPTED = 0x800, 0x2041  # bits of the flags of a member: of its name; of its bytes, in three ways


class Zip(Source):
    """A zip file, also of a Windows program that writes "\\" between folders."""

    def __init__(self, path):
        try:
            self._file = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise DataError(f"cannot read {path}: {error}; {refusals.again(path)}") from error
        members = [member for member in self._file.infolist() if not member.filename.endswith(("/", "\\"))]
        names = [refusals.checked_name(path, _name(member)) for member in members]
        for member in members:
            mode = member.external_attr >> 16
            if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
                raise DataError(f"{path} holds {member.filename!r}, a link or device; {refusals.TRUST}")
            if member.flag_bits & ENCRYPTED:
                raise DataError(f"{path} is encrypted; unpack it with its password and pass the folder")
        refusals.check_total(path, sum(member.file_size for member in members))
        refusals.check_doubles(path, names)
        self._members = dict(zip(names, members, strict=True))
        super().__init__(path, names)

    def _bytes(self, name):
        member = self._members[name]
        refusals.check_member(self.path, name, member.file_size)
        try:
            return self._file.read(member)
        except Exception as error:  # zipfile and its decoders raise many kinds
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
                        raise DataError(f"{path} holds {name!r}, a link or device; {refusals.TRUST}")
                    if member.offset_data + member.size > size:
                        raise tarfile.ReadError(f"it ends inside {name}")
                    if name in self._places:
                        refusals.check_doubles(path, [name] * 2)
                    self._places[name] = (member.offset_data, member.size)
                _check_end(plain, file.offset)
        except (tarfile.TarError, OSError, ValueError) as error:
            raise DataError(f"cannot read {path}: {error}; {refusals.again(path)}") from error
        self._file = open(plain, "rb")  # noqa: SIM115 - open as long as the source is in use
        super().__init__(path, self._places)

    def _bytes(self, name):
        offset, size = self._places[name]
        refusals.check_member(self.path, name, size)
        try:
            return os.pread(self._file.fileno(), size, offset)
        except OSError as error:
            raise DataError(f"cannot read {name} in {self.path}: {error.strerror}; get the archive again") from error


def _check_end(path, place):
    """Refuses a tar file that is not done at `place`, where Python's reader ends without a word.

    Raises:
        tarfile.ReadError: zeros do not end it there: it is cut, damaged, or another one lies behind it.
    """
    with open(path, "rb") as file:
        file.seek(place)
        block = file.read(tarfile.BLOCKSIZE)
        if len(block) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it ends without its last blocks")
        while block:
            if block.strip(b"\0"):
                raise tarfile.ReadError(f"something else follows at byte {place:,}: damage, or another tar file")
            block = file.read(refusals.BLOCK)


def _name(member):
    """The name of a member of a zip file; many programs write UTF-8 and do not say so."""
    if member.flag_bits & UTF8:
        return member.filename
    try:
        return member.filename.encode("cp437").decode()
    except UnicodeError:
        return member.filename
