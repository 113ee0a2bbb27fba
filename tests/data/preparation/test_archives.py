"""Archives as programs of others write them: what they mean is read, what is no good is named."""

import os
import re
import shutil
import struct
import tarfile
import zipfile

import pytest

from idgan_tf.data.celeba import CelebA
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation.opening import open_source
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, tree, write_folder, write_tar, write_zip

IMAGE = encoded(picture(0, 8, 8))
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"


def photos(data_dir):
    return ImageFolder("mine", (8, 8, 3), labels=True, data_dir=str(data_dir))


def test_a_zip_of_a_windows_program_has_folders(tmp_path):
    """.NET writes "\\" between them, and says folders by a name that ends in it."""
    write_zip(tmp_path / "in.zip", {"set\\": b"", "set\\a\\": b"", "set\\a\\1.png": IMAGE, "set\\b\\2.png": IMAGE})
    source = open_source(tmp_path / "in.zip", tmp_path)
    assert source.names == ["set/a/1.png", "set/b/2.png"] and source.read("set/a/1.png") == IMAGE
    assert prepare(photos(tmp_path / "out"), tmp_path / "in.zip")["class_names"] == ["a", "b"]


@pytest.mark.parametrize("with_folders", [False, True])
def test_folders_need_no_entries_of_their_own(tmp_path, with_folders):
    entries = dict.fromkeys(("set/", "set/a/"), b"") if with_folders else {}
    source = open_source(write_zip(tmp_path / "in.zip", {**entries, "set/a/1.png": IMAGE}), tmp_path)
    assert source.names == ["set/a/1.png"]


def test_utf8_in_a_zip_that_does_not_say_so_is_read_as_utf8(tmp_path):
    path = write_zip(tmp_path / "in.zip", {"é/1.png": IMAGE, "plain/2.png": IMAGE})
    data, flags = bytearray(path.read_bytes()), struct.pack("<H", 0x800)
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for found in re.finditer(re.escape(signature), bytes(data)):
            start = found.start() + place
            data[start : start + 2] = bytes(2) if data[start : start + 2] == flags else data[start : start + 2]
    path.write_bytes(data)
    source = open_source(path, tmp_path)
    assert source.names == ["plain/2.png", "é/1.png"] and source.read("é/1.png") == IMAGE


def test_names_of_other_encodings_are_read_and_can_be_written(tmp_path):
    folder = tmp_path / "in" / "a"
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"caf\xe9.png")).write_bytes(IMAGE)
    (folder.parent / os.fsdecode(b"\xe9t\xe9")).mkdir()
    (folder.parent / os.fsdecode(b"\xe9t\xe9") / "1.png").write_bytes(IMAGE)
    with tarfile.open(tmp_path / "in.tar", "w") as archive:
        archive.add(folder.parent, "in")
    for number, path in enumerate((folder.parent, tmp_path / "in.tar")):
        source = open_source(path, tmp_path)
        assert [name.removeprefix("in/") for name in source.names] == ["\\xe9t\\xe9/1.png", "a/caf\\xe9.png"]
        manifest = prepare(photos(tmp_path / f"{number}"), path)
        assert manifest["class_names"] == ["\\xe9t\\xe9", "a"] and manifest["count"] == 2


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("damage", ["flip", "zeros"])
def test_a_damaged_member_of_any_kind_is_named_or_left_out(tmp_path, method, damage):
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in ("a/0.png", "a/1.png"):
            archive.writestr(name, encoded(picture(int(name[2]), 30, 30)))
        middle = archive.getinfo("a/0.png").compress_size // 2 + 40
    data = bytearray(path.read_bytes())
    data[middle : middle + 40] = bytes(40) if damage == "zeros" else bytes(255 - byte for byte in data[middle:][:40])
    path.write_bytes(data)
    with pytest.raises(
        DataError, match="in.zip: a/0.png is damaged .*; download the archive again, or pass --on_error"
    ):
        prepare(photos(tmp_path / "out"), path)
    assert os.listdir(tmp_path / "out") == []
    manifest = prepare(photos(tmp_path / "out"), path, "skip")
    assert manifest["count"] == 1 and "a/0.png is damaged" in manifest["skipped"][0]


def test_an_archive_inside_is_said(tmp_path):
    inner = write_zip(tmp_path / "img_align_celeba.zip", {"img_align_celeba/1.jpg": IMAGE}).read_bytes()
    match = "an archive lies in it, archive/img_align_celeba.zip: take that out, and pass it as --source"
    for write, name in ((write_zip, "in.zip"), (write_tar, "in.tar"), (write_folder, "in")):
        source = write(tmp_path / name, {"archive/img_align_celeba.zip": inner})
        with pytest.raises(DataError, match=match):
            prepare(CelebA((64, 64, 3), data_dir=str(tmp_path / "out")), source)
        with pytest.raises(DataError, match=match):
            open_source(source, tmp_path).one("images.txt")
    assert os.listdir(tmp_path / "out") == []


def test_one_part_of_a_split_archive_is_called_so(tmp_path):
    data = write_zip(tmp_path / "whole.zip", {f"{i}.png": bytes(range(256)) * 9 for i in range(20)}).read_bytes()
    end = data.rfind(b"PK\x05\x06")
    numbered = data[: end + 4] + struct.pack("<HH", 2, 2) + data[end + 8 :]
    (tmp_path / "last.zip").write_bytes(numbered[len(data) // 2 :])
    with pytest.raises(DataError, match="last.zip is one part of a split zip file; join them"):
        open_source(tmp_path / "last.zip", tmp_path)
    for name in ("whole.z01", "whole.zip.001", "whole.zip.aa", "whole.part1.zip"):
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(DataError, match=f"{name} is a zip file without its end; .*one part of several: join them"):
            open_source(tmp_path / name, tmp_path)
    packed = write_tar(tmp_path / "whole.tar.gz", {"1.png": os.urandom(9000)}).read_bytes()
    (tmp_path / "whole.tar.gz.aa").write_bytes(packed[:5000])
    with pytest.raises(DataError, match="whole.tar.gz.aa: .*one part of several: join them"):
        open_source(tmp_path / "whole.tar.gz.aa", tmp_path)
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match="cut.zip is a zip file without its end; download it again"):
        open_source(tmp_path / "cut.zip", tmp_path)


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_every_kind_of_encryption_says_to_unpack(tmp_path, flag):
    path = write_zip(tmp_path / "in.zip", {"a/1.png": IMAGE})
    data = bytearray(path.read_bytes())
    place = data.find(b"PK\x01\x02") + 8
    data[place : place + 2] = struct.pack("<H", flag)
    path.write_bytes(data)
    with pytest.raises(
        DataError, match="is encrypted; unpack it with its password and pass the folder|without its end"
    ):
        open_source(path, tmp_path)


def test_a_pointer_of_git_lfs_is_no_image_and_no_table(tmp_path):
    for write, name in ((write_zip, "in.zip"), (write_tar, "in.tar"), (write_folder, "in")):
        path = write(tmp_path / name, {"a/1.png": POINTER})
        with pytest.raises(DataError, match=f"{name}: a/1.png is a pointer of Git LFS, not the file itself"):
            prepare(photos(tmp_path / "out"), path)


def test_a_pipe_is_not_waited_for(tmp_path):
    folder = write_folder(tmp_path / "in", {"a/1.png": IMAGE})
    os.mkfifo(folder / "a" / "2.png")
    with pytest.raises(DataError, match="a/2.png is no file but a pipe or a device; move it away"):
        prepare(photos(tmp_path / "out"), folder)
    shutil.rmtree(folder)


def test_text_that_is_none_is_named(tmp_path):
    source = open_source(write_folder(tmp_path / "in", {"x.txt": b"\xff\xfe1", "y.txt": bytes(9)}), tmp_path)
    for name in ("x.txt", "y.txt"):
        with pytest.raises(DataError, match=f"{name} is no text"):
            source.text(name)
    assert tree(tmp_path / "in")


def test_a_tar_file_that_is_not_done_where_it_seems_to_end_is_refused(tmp_path):
    whole = [
        write_tar(tmp_path / f"{i}.tar", {f"{i}/0.png": IMAGE, f"{i}/1.png": IMAGE}).read_bytes() for i in range(2)
    ]
    second = whole[0].find(b"0/1.png")
    damaged = bytearray(whole[0])
    damaged[second] ^= 1
    for data, says in (
        (whole[0][:second], "ends without its last blocks"),
        (damaged, f"something else follows at byte {second:,}"),
        (b"".join(whole), "something else follows at byte .* or another tar file"),
    ):
        (tmp_path / "in.tar").write_bytes(data)
        with pytest.raises(DataError, match=says):
            prepare(photos(tmp_path / "out"), tmp_path / "in.tar")
    (tmp_path / "in.tar").write_bytes(whole[0] + bytes(20_000))
    assert prepare(photos(tmp_path / "out"), tmp_path / "in.tar")["count"] == 2


def test_an_archive_of_another_kind_is_called_so_under_the_name_of_a_tar(tmp_path):
    with tarfile.open(tmp_path / "in.tar", "w:xz") as archive:
        archive.addfile(tarfile.TarInfo("1.png"))
    with pytest.raises(DataError, match="packed in a way that is not read here; unpack it yourself"):
        open_source(tmp_path / "in.tar", tmp_path)
