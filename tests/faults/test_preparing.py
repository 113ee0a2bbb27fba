"""bin/prepare_data that is killed, or whose disk is full: whole or absent, and on it goes."""

import json
import os
import signal
import subprocess

import numpy as np
import pytest

from idgan_tf import cache
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import target, writing
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, tree, write_folder, write_zip

pytestmark = pytest.mark.fault
KILLS = [("line", 3), ("write", 2), ("sync", 3), ("line", 6), ("labels", 1), ("rename", 2)]  # of eight parts
LEFT = [".mine.preparing", ".mine.preparing.lock"]


def dataset(data_dir, **options):
    return ImageFolder("mine", **{"image_shape": (8, 8, 3), "labels": True, "data_dir": str(data_dir), **options})


def prepare_in_child(source, data_dir, place, count):
    """Prepares in a process of its own that a SIGKILL ends at the `count`-th arrival at `place`; how it ended."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        owner, name = {
            "write": (target, "write_all"),
            "sync": (os, "fsync"),
            "line": (json, "dumps"),
            "labels": (np, "save"),
            "rename": (os, "replace"),  # of the manifest, then of the folder
        }[place]
        honest, left = getattr(owner, name), [count]

        def deadly(*args, **kwargs):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return honest(*args, **kwargs)

        setattr(owner, name, deadly)
        prepare(dataset(data_dir), source)
    finally:
        os._exit(0)  # not reached in time: nobody was killed


def outcome(folder):
    """Everything of a prepared dataset but the date."""
    manifest = json.loads((folder / "manifest.json").read_text())
    return {**tree(folder), "manifest.json": {key: manifest[key] for key in manifest if key != "date"}}


def test_a_preparation_killed_six_times_ends_like_one_that_was_not(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK_BYTES", 8 * 8 * 8 * 3)  # eight images
    source = write_zip(tmp_path / "in.zip", {f"{i % 3}/{i}.png": encoded(picture(i, 9, 8)) for i in range(64)})
    bytes_before, parts_done = source.read_bytes(), [0]
    prepare(dataset(tmp_path / "undisturbed"), source)
    data_dir = tmp_path / "killed"
    for place, count in KILLS:
        assert prepare_in_child(source, data_dir, place, count) == -signal.SIGKILL, place
        assert sorted(os.listdir(data_dir)) == LEFT, "what is not whole does not bear the name"
        if place != "rename":  # its list is gone by then
            parts_done.append((data_dir / ".mine.preparing" / "chunks.jsonl").read_text().count("\n"))
    assert parts_done == [0, 1, 2, 4, 4, 8], "no part is done twice"
    assert source.read_bytes() == bytes_before
    source.unlink()
    prepare(dataset(data_dir), source)  # all but the name was there
    assert outcome(data_dir / "mine") == outcome(tmp_path / "undisturbed" / "mine")
    assert os.listdir(data_dir) == ["mine"]


@pytest.fixture
def disk(tmp_path):
    """A disk of one megabyte with somebody's file on it."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        (folder / "thesis.txt").write_bytes(b"precious")
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("side", [64, 32])
def test_a_disk_that_is_really_full_keeps_what_was_there(disk, tmp_path, side):
    images = {f"{i}.png": encoded(picture(i, side, side)) for i in range(100)}  # 1.2 MB, 0.3 MB of pixels
    if side == 32:
        (disk / "ballast").write_bytes(bytes(800_000))
    large = dataset(disk, image_shape=(side, side, 3), labels=False)
    before = tree(disk)
    with pytest.raises(DataError, match=f"cannot write {disk}/mine: No space left on device; make room, or pass"):
        prepare(large, write_folder(tmp_path / "in", images))
    assert tree(disk) == before and not (disk / "mine").exists()
    (disk / "ballast").unlink(missing_ok=True)
    small = dataset(disk, image_shape=(16, 16, 3), labels=False)
    assert prepare(small, tmp_path / "in")["count"] == 100


def test_the_cache_on_a_full_disk_says_where_else(disk, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(disk / "cache"))
    with pytest.raises(DataError, match=r"cannot write the cache .*x.npy \(No space left.*set IDGAN_CACHE to a folder"):
        cache.array("x", lambda progress: (np.zeros((1, 300_000), np.uint8) for _ in range(5)))
    assert list((disk / "cache").iterdir()) == []
    assert cache.array("x", lambda progress: [np.ones((1, 300_000), np.uint8)]).sum() == 300_000
