"""Where a dataset is prepared: a mount, a link; who may do it; what stays after an error, and what is read again."""

import errno
import json
import os
import shutil

import numpy as np
import pytest

from idgan_tf import cache
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import target, writing
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.files import at_home, claim
from tests.data.files import encoded, picture, write_folder, write_zip

COUNT = 6


def images(count=COUNT):
    return {f"{i}.png": encoded(picture(i, 8, 8)) for i in range(count)}


class Counting(ImageFolder):
    """Notes which images it reads."""

    def __init__(self, data_dir):
        super().__init__("mine", (8, 8, 3), labels=False, data_dir=str(data_dir))
        self.reads = []

    def read(self, source, item):
        self.reads.append(item.name)
        return super().read(source, item)


@pytest.fixture
def one_by_one(monkeypatch):
    """A part for every image, and one thread."""
    monkeypatch.setattr(writing, "CHUNK_BYTES", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)


@pytest.mark.parametrize("kind", ["mount", "link"])
def test_a_target_that_is_there_is_filled_and_not_replaced(tmp_path, kind):
    """A mount is here a folder whose number on the disk must stay; nobody can rename over either."""
    source, folder = write_folder(tmp_path / "in", images()), tmp_path / "out" / "mine"
    real = folder if kind == "mount" else tmp_path / "large_disk"
    write_folder(real, {"lost+found/x": b""})
    folder.parent.mkdir(exist_ok=True)
    if kind == "link":
        folder.symlink_to(real)
    before = real.stat().st_ino
    assert prepare(Counting(tmp_path / "out"), source)["count"] == COUNT
    assert sorted(os.listdir(folder)) == ["images.npy", "lost+found", "manifest.json"] and real.stat().st_ino == before
    assert folder.is_symlink() == (kind == "link") and os.listdir(tmp_path / "out") == ["mine"]
    np.testing.assert_array_equal(Counting(tmp_path / "out").arrays["image"][1], picture(1, 8, 8))


@pytest.mark.parametrize("moved", [0, 1])
def test_a_kill_while_files_move_up_leaves_no_dataset_and_the_next_start_moves_the_others(tmp_path, monkeypatch, moved):
    source, folder = write_folder(tmp_path / "in", images()), tmp_path / "out" / "mine"
    folder.mkdir(parents=True)
    honest, left = os.replace, [1 + moved]  # that of the manifest within the work comes first

    def killed(*paths):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        honest(*paths)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", killed)
        prepare(Counting(tmp_path / "out"), source)
    assert (folder / "images.npy").exists() == bool(moved) and Counting(tmp_path / "out").read_manifest() is None
    dataset = Counting(tmp_path / "out")
    shutil.rmtree(source)
    assert prepare(dataset, source)["count"] == COUNT and not dataset.reads
    assert sorted(os.listdir(folder)) == ["images.npy", "manifest.json"]


def test_a_link_to_nothing_and_a_folder_of_others_are_refused_before_anything_is_read(tmp_path):
    source, folder = write_folder(tmp_path / "in", images()), tmp_path / "out" / "mine"
    folder.parent.mkdir()
    folder.symlink_to(tmp_path / "gone")
    dataset = Counting(tmp_path / "out")
    with pytest.raises(DataError, match="mine is a link to .*/gone, which is not there; make that folder first"):
        prepare(dataset, source)
    folder.unlink()
    write_folder(folder, {"thesis.txt": b"precious"})
    with pytest.raises(DataError, match="holds no prepared dataset; move it away"):
        prepare(dataset, source)
    assert not dataset.reads and os.listdir(folder) == ["thesis.txt"]


def test_the_lock_is_held_until_the_dataset_has_its_name(tmp_path, monkeypatch):
    source, work = write_folder(tmp_path / "in", images()), tmp_path / "out" / ".mine.preparing"
    honest, refused = os.replace, []

    def renamed(*paths):
        honest(*paths)
        with pytest.raises(ConfigError, match="another process; wait for it"), target.only_one(work):
            pass
        refused.append(paths[1])

    monkeypatch.setattr(os, "replace", renamed)
    prepare(Counting(tmp_path / "out"), source)
    assert refused[-1] == tmp_path / "out" / "mine" and os.listdir(tmp_path / "out") == ["mine"]


def test_a_lock_that_its_owner_deletes_meanwhile_is_none(tmp_path, monkeypatch):
    """Between the opening of the file and its lock, another process ends: there are then two files."""
    work, locks = tmp_path / ".mine.preparing", []

    def late(file):
        if not locks:
            os.unlink(file.name)
        locks.append(file.name)
        return claim(file)

    monkeypatch.setattr(target, "claim", late)
    with target.only_one(work):
        assert len(locks) == 2
        with pytest.raises(ConfigError, match="another process"), target.only_one(work):
            pass
    assert os.listdir(tmp_path) == []


def test_what_another_process_finished_meanwhile_is_not_done_again(tmp_path, monkeypatch):
    source, dataset = write_folder(tmp_path / "in", images()), Counting(tmp_path / "out")
    honest = target.work_folder

    def slow(folder):
        work = honest(folder)
        monkeypatch.setattr(target, "work_folder", honest)
        prepare(Counting(tmp_path / "out"), source)
        return work

    monkeypatch.setattr(target, "work_folder", slow)
    assert prepare(dataset, source)["count"] == COUNT and not dataset.reads
    assert os.listdir(tmp_path / "out") == ["mine"]


@pytest.mark.parametrize("mended", [True, False])
def test_an_error_in_the_last_file_keeps_what_was_read_before(tmp_path, one_by_one, mended):
    source = write_folder(tmp_path / "in", {**images(), "9.png": b"no image"})
    with pytest.raises(
        DataError, match="9.png is damaged .*, or pass --on_error=skip .6 of 7 parts are kept in .*same com"
    ):
        prepare(Counting(tmp_path / "out"), source)
    dataset = Counting(tmp_path / "out")
    if mended:
        (source / "9.png").write_bytes(encoded(picture(9, 8, 8)))
    manifest = prepare(dataset, source, "error" if mended else "skip")
    assert dataset.reads == ["9.png"] and manifest["count"] == COUNT + mended
    assert os.listdir(tmp_path / "out") == ["mine"]


def test_files_that_changed_after_a_kill_are_read_again(tmp_path, one_by_one, monkeypatch):
    source = write_folder(tmp_path / "in", images())

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(writing._Work, "_commit", killed)
        prepare(Counting(tmp_path / "out"), source)
    status = (source / "2.png").stat()
    other = encoded(picture(77, 8, 8))
    (source / "2.png").write_bytes(other.ljust(status.st_size, b"\0")[: max(len(other), status.st_size)])
    os.utime(source / "2.png", ns=(status.st_atime_ns, status.st_mtime_ns))  # as rsync -t leaves it
    dataset = Counting(tmp_path / "out")
    prepare(dataset, source)
    assert dataset.reads == ["2.png"]
    np.testing.assert_array_equal(dataset.arrays["image"][2], picture(77, 8, 8))


def test_a_file_that_changes_while_others_are_read_is_noticed(tmp_path, one_by_one):
    source = write_folder(tmp_path / "in", images())

    class Changing(Counting):
        def read(self, source, item):
            if item.name == "5.png":
                (source.path / "0.png").write_bytes(encoded(picture(77, 8, 8)))
            return super().read(source, item)

    with pytest.raises(DataError, match="/in changed while it was read; start again .6 of 6 parts"):
        prepare(Changing(tmp_path / "out"), source)
    dataset = Counting(tmp_path / "out")
    prepare(dataset, source)
    assert dataset.reads == ["0.png"]


def test_other_items_are_not_mixed_with_the_interrupted_ones(tmp_path, one_by_one):
    source = write_folder(tmp_path / "in", {**images(), "9.png": b""})
    with pytest.raises(DataError, match="9.png is empty"):
        prepare(Counting(tmp_path / "out"), source)
    (source / "9.png").unlink()
    dataset = Counting(tmp_path / "out")
    assert prepare(dataset, source)["count"] == COUNT and len(dataset.reads) == COUNT, "rows may have moved"


def test_an_error_nobody_thought_of_leaves_nothing(tmp_path):
    class Broken(Counting):
        def find(self, source):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        prepare(Broken(tmp_path / "out"), write_zip(tmp_path / "in.zip", images()))
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize(
    "number, remedy",
    [
        (errno.EROFS, "Read-only file system; pass --data_dir with a folder that can be written"),
        (errno.EACCES, "Permission denied; pass --data_dir with a folder that can be written"),
        (errno.EDQUOT, "quota exceeded; make room, or pass --data_dir with a folder that has it"),
    ],
)
def test_a_disk_that_is_not_full_is_not_called_so(tmp_path, monkeypatch, number, remedy):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(target, "create", fail)
    with pytest.raises(DataError, match=f"cannot write {tmp_path}/out/mine: .*{remedy}$"):
        prepare(Counting(tmp_path / "out"), write_folder(tmp_path / "in", images()))
    assert os.listdir(tmp_path / "out") == []
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "sync", fail)
    remedy = remedy.replace("pass --data_dir with", "set IDGAN_CACHE to").replace("; ", "[)]; ", 1)
    with pytest.raises(DataError, match=f"cannot write the cache .*{remedy}$"):
        cache.array("x", lambda progress: [np.ones((1, 3), np.uint8)])


def test_a_system_that_cannot_reserve_room_prepares_the_same(tmp_path, monkeypatch):
    """macOS has no posix_fallocate."""
    source = write_folder(tmp_path / "in", images())
    prepare(Counting(tmp_path / "here"), source)
    monkeypatch.delattr(os, "posix_fallocate")
    prepare(Counting(tmp_path / "there"), source)
    here, there = (tmp_path / name / "mine" / "images.npy" for name in ("here", "there"))
    assert here.read_bytes() == there.read_bytes()


def test_the_home_folder_in_variables_and_flags(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("IDGAN_CACHE", "~/x")
    assert cache.folder() == tmp_path / "x" and at_home("~nobody-of-this-name/x").parts[0] == "~nobody-of-this-name"
    source = write_folder(tmp_path / "in", images())
    dataset = Counting("~/out")
    assert prepare(dataset, "~/in")["count"] == COUNT and dataset.folder == tmp_path / "out" / "mine"
    shutil.rmtree(source)
    monkeypatch.delenv("IDGAN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache.folder() == tmp_path / ".cache" / "idgan_tf"
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as it is for a user without an entry and HOME
    with pytest.raises(ConfigError, match="no home folder is known for ~/.cache/idgan_tf: set HOME, or IDGAN_CACHE"):
        cache.folder()


def test_the_manifest_is_as_it_was(tmp_path):
    """Runs know their data by it."""
    prepare(Counting(tmp_path / "out"), write_folder(tmp_path / "in", images()))
    manifest = json.loads((tmp_path / "out" / "mine" / "manifest.json").read_text())
    assert list(manifest) == ["format", "dataset", "rule", "source", "count", "class_names", "skipped", "files", "date"]
    assert list(manifest["source"]) == ["path", "listing_sha256"]


@pytest.mark.parametrize("out", ["", "out"])
def test_a_dataset_within_its_own_source_is_no_part_of_it(tmp_path, out, caplog):
    source = write_folder(tmp_path / "in", images())
    for reads in (COUNT, 0):
        dataset = Counting(source / out)
        assert prepare(dataset, source)["count"] == COUNT and len(dataset.reads) == reads
    assert not caplog.text


def test_images_beside_files_with_the_names_of_a_dataset_are_read(tmp_path):
    source = write_folder(tmp_path / "in", images() | {"manifest.json": b"{}", "images.npy": b"mine"})
    assert prepare(Counting(tmp_path / "out"), source)["count"] == COUNT


def test_a_target_that_is_a_file_or_below_one_is_called_so(tmp_path):
    source = write_folder(tmp_path / "in", images() | {"file": b"x"})
    for data_dir, why in ((source / "file", "File exists"), (source / "file" / "out", "Not a directory")):
        with pytest.raises(DataError, match=f"cannot write .*/mine: {why}; pass --data_dir with a folder"):
            prepare(Counting(data_dir), source)
