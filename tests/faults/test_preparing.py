"""bin/prepare_data that is killed, or whose disk is full: whole or absent, and on it goes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from idgan_tf.data import cache
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, tree, write_folder, write_zip
from tests.helpers import PROJECT

pytestmark = pytest.mark.fault
CHILD = """
import os, signal, sys
from idgan_tf.data import preparing
preparing.CHUNK_BYTES = 8 * 8 * 8 * 3  # eight images
place, left = sys.argv[1], [int(sys.argv[2])]

def before(owner, name):
    honest = getattr(owner, name)
    def wrapped(*args, **kwargs):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return honest(*args, **kwargs)
    setattr(owner, name, wrapped)

if place != "nowhere":
    before(*{"write": (preparing, "_write_all"), "sync": (os, "fsync"), "line": (preparing.json, "dumps"),
             "labels": (preparing.np, "save"), "rename": (os, "replace")}[place])
sys.argv = ["prepare_data", *sys.argv[3:]]
from idgan_tf.commands import prepare_data
prepare_data.start()
"""
KILLS = [("line", 3), ("write", 2), ("sync", 3), ("line", 6), ("labels", 1), ("rename", 1)]  # of eight parts


def run(source, data_dir, place="nowhere", count=0):
    flags = ["--dataset=image_folder", f"--source={source}", f"--data_dir={data_dir}"]
    flags += ["--gin_param=IMAGE_SHAPE = (8, 8, 3)", "--gin_param=ImageFolder.labels = True"]
    return subprocess.run(
        [sys.executable, "-c", CHILD, place, str(count), *flags],
        cwd=PROJECT, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip


def outcome(folder):
    """Everything of a prepared dataset but the date."""
    manifest = json.loads((folder / "manifest.json").read_text())
    return {**tree(folder), "manifest.json": {key: manifest[key] for key in manifest if key != "date"}}


def test_a_preparation_killed_six_times_ends_like_one_that_was_not(tmp_path):
    source = write_zip(tmp_path / "in.zip", {f"{i % 3}/{i}.png": encoded(picture(i, 9, 8)) for i in range(64)})
    before = source.read_bytes()
    assert run(source, tmp_path / "undisturbed").returncode == 0
    data_dir = tmp_path / "killed"
    for place, count in KILLS:
        process = run(source, data_dir, place, count)
        assert process.returncode == -9, (place, process.stderr[-2000:])
        assert os.listdir(data_dir) == [".image_folder.preparing"], "what is not whole does not bear the name"
    process = run(source, data_dir)
    assert process.returncode == 0, process.stderr[-2000:]
    assert "continuing: 8 of 8 parts are done" in process.stderr, "what was done is not done again"
    assert outcome(data_dir / "image_folder") == outcome(tmp_path / "undisturbed" / "image_folder")
    assert os.listdir(data_dir) == ["image_folder"] and source.read_bytes() == before


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
    dataset = ImageFolder("mine", (side, side, 3), labels=False, data_dir=str(disk))
    before = tree(disk)
    with pytest.raises(DataError, match=f"cannot write {disk}/mine: No space left on device; make room, or pass"):
        prepare(dataset, write_folder(tmp_path / "in", images))
    assert tree(disk) == before and not (disk / "mine").exists()
    (disk / "ballast").unlink(missing_ok=True)
    dataset.image_shape = (16, 16, 3)
    assert prepare(dataset, tmp_path / "in")["count"] == 100


def test_the_cache_on_a_full_disk_says_where_else(disk, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(disk / "cache"))
    with pytest.raises(DataError, match=r"cannot write the cache .*x.npy \(No space left.*set IDGAN_CACHE to a folder"):
        cache.array("x", lambda progress: (np.zeros((1, 300_000), np.uint8) for _ in range(5)))
    assert list((disk / "cache").iterdir()) == []
    assert cache.array("x", lambda progress: [np.ones((1, 300_000), np.uint8)]).sum() == 300_000
