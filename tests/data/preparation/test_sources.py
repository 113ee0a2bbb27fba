import tarfile
import zipfile

import pytest

from idgan_tf.data.preparation import refusals, sources
from idgan_tf.data.preparation.opening import open_source
from idgan_tf.errors import DataError
from tests.data.files import tree, write_folder, write_tar, write_zip

FILES = {"set/b/2.png": b"two", "set/a/1.png": b"one", "set/a/notes.txt": b"text"}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_folder_zip_and_tar_read_the_same(tmp_path, kind):
    path = tmp_path / f"data.{kind}"
    write = {"folder": write_folder, "zip": write_zip}.get(kind, write_tar)
    source = open_source(write(path, {**FILES, "__MACOSX/x.png": b"", "set/.DS_Store": b""}), tmp_path)
    assert source.names == ["set/a/1.png", "set/a/notes.txt", "set/b/2.png"]
    assert source.files("a", (".png",)) == ["set/a/1.png"] and source.start("set/a/1.png") == b"one"
    assert source.read(source.one("2.png")) == b"two"


@pytest.mark.parametrize("write, ending", [(write_zip, "zip"), (write_tar, "tar")])
def test_the_dot_that_tar_and_shutil_put_before_names_is_no_folder(tmp_path, write, ending):
    source = open_source(write(tmp_path / f"data.{ending}", {"./set/a/1.png": b"one", "./2.png": b"two"}), tmp_path)
    assert source.names == ["2.png", "set/a/1.png"] and source.read("set/a/1.png") == b"one"


def test_links_in_a_folder(tmp_path, caplog):
    """To files: followed, and named where nothing is behind them. To folders: left out, aloud."""
    folder = write_folder(tmp_path / "in", {"a/1.png": b"one"})
    (folder / "2.png").symlink_to(folder / "a" / "1.png")
    (folder / "3.png").symlink_to(folder / "gone.png")
    (folder / "b").symlink_to(folder / "a")
    source = open_source(folder, tmp_path)
    assert source.names == ["2.png", "3.png", "a/1.png"] and source.read("2.png") == b"one"
    assert f"{folder}/b is a link to a folder and is left out" in caplog.text
    source.fingerprint()
    with pytest.raises(DataError, match="3.png is a link to .*/gone.png, where nothing is; mend it$"):
        source.read("3.png")


def test_folders_with_nothing_in_them_are_said(tmp_path, caplog):
    folder = write_folder(tmp_path / "in", {"a/1.png": b"one", ".cache/x": b""})
    for name in ("b", "c", ".git/refs"):
        (folder / name).mkdir(parents=True)
    assert open_source(folder, tmp_path).names == ["a/1.png"]
    assert f"{folder}: nothing is in b, c, which is no class" in caplog.text and ".git" not in caplog.text


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(sources.os, "scandir", denied)
    with pytest.raises(DataError, match=f"cannot read the folder {tmp_path}: Permission denied"):
        open_source(tmp_path, tmp_path)


def test_kinds_of_archive_that_are_not_read_say_to_unpack_them(tmp_path):
    with tarfile.open(tmp_path / "data.tar.xz", "w:xz") as archive:
        archive.add(write_folder(tmp_path / "in", FILES), "in")
    with pytest.raises(DataError, match="data.tar.xz is packed in a way .* unpack it yourself and pass the folder"):
        open_source(tmp_path / "data.tar.xz", tmp_path)


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/etc/evil.png", "..\\evil.png", "C:\\evil.png"])
@pytest.mark.parametrize("write, ending", [(write_zip, "zip"), (write_tar, "tar"), (write_tar, "tgz")])
def test_names_that_leave_the_folder_are_refused(tmp_path, name, write, ending):
    path = write(tmp_path / f"data.{ending}", {"good.png": b"x", name: b"evil"})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(DataError, match="evil.png.*outside its own folder; .*unpack it yourself"):
        open_source(path, scratch)
    assert not [found for found in tree(tmp_path) if "evil" in found]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    member = tarfile.TarInfo("x.png")
    member.type, member.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match="x.png.*link or device; .*unpack it yourself"):
        open_source(write_tar(tmp_path / "data.tar", {}, [member]), tmp_path)


def test_a_link_in_a_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        member = zipfile.ZipInfo("x.png")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    with pytest.raises(DataError, match="x.png.*link or device; .*unpack it yourself"):
        open_source(tmp_path / "data.zip", tmp_path)


def test_an_encrypted_zip_says_to_unpack_it(tmp_path):
    path = write_zip(tmp_path / "data.zip", {"x.png": b"secret"})
    data = bytearray(path.read_bytes())
    data[6] |= 1  # the flag in front of the member, and in the directory at the end
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(DataError, match="data.zip is encrypted; unpack it with its password and pass the folder"):
        open_source(path, tmp_path)


@pytest.mark.parametrize("write, ending", [(write_zip, "zip"), (write_tar, "tgz")])
def test_a_bomb_is_refused_and_leaves_little(tmp_path, monkeypatch, write, ending):
    monkeypatch.setattr(refusals, "MIN_TOTAL", 1 << 20)
    path = write(tmp_path / f"data.{ending}", {f"{i}.png": bytes(4 << 20) for i in range(4)})
    with pytest.raises(DataError, match=f"data.{ending}.*bomb; .*unpack it yourself"):
        open_source(path, tmp_path)


def test_a_huge_member_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(refusals, "MAX_MEMBER", 1000)
    source = open_source(write_zip(tmp_path / "data.zip", {"x.png": bytes(1001)}), tmp_path)
    with pytest.raises(DataError, match="data.zip: x.png unpacks to .*unpack it yourself"):
        source.read("x.png")


@pytest.mark.parametrize("name", ["data.zip", "data.tar", "data.tar.gz"])
def test_a_web_page_saved_as_an_archive_is_called_so(tmp_path, name):
    (tmp_path / name).write_text("\n<!DOCTYPE html><html>Quota exceeded</html>")
    with pytest.raises(DataError, match="web page.*download it again in a browser"):
        open_source(tmp_path / name, tmp_path)


@pytest.mark.parametrize("name", ["data.zip", "data.tar", "data.tgz"])
def test_a_cut_archive_says_download_again(tmp_path, name):
    write = write_zip if name.endswith("zip") else write_tar
    path = write(tmp_path / name, {f"{i}.png": bytes(range(256)) * 40 for i in range(8)})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=f"{name}.*download it again"):
        open_source(path, tmp_path)


def test_a_damaged_member_is_named(tmp_path):
    path = write_zip(tmp_path / "data.zip", {"x.png": bytes(range(200)) * 9})
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    path.write_bytes(data)
    with pytest.raises(DataError, match="x.png is damaged"):
        open_source(path, tmp_path).read("x.png")


def test_a_name_given_twice_is_refused(tmp_path):
    with pytest.warns(UserWarning), zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("x.png", "1")
        archive.writestr("x.png", "2")
    with pytest.raises(DataError, match="x.png.* twice"):
        open_source(tmp_path / "data.zip", tmp_path)


def test_nothing_and_an_empty_file_are_named(tmp_path):
    (tmp_path / "empty.zip").touch()
    with pytest.raises(DataError, match="empty.zip is empty"):
        open_source(tmp_path / "empty.zip", tmp_path)
    with pytest.raises(DataError, match="no folder or file"):
        open_source(tmp_path / "none", tmp_path)


def test_published_archives_in_a_folder_read_as_one(tmp_path):
    write_tar(tmp_path / "one.tgz", {"a/1.png": b"1"})
    write_tar(tmp_path / "two.tgz", {"b/2.png": b"2"})
    source = open_source(tmp_path, tmp_path, archives=("one.tgz", "two.tgz", "three.tgz"))
    assert [source.read(name) for name in source.names] == [b"1", b"2"]
