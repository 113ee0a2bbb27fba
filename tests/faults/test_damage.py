"""Damage to checkpoints, in every way a disk or a careless copy does it: the newest good one wins, or exit 5."""

import json
import random
import resource
import shutil

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import files
from idgan_tf.errors import CheckpointError
from idgan_tf.files import sha256
from idgan_tf.training import checkpoint

pytestmark = pytest.mark.fault
STEPS = (10, 20, 30)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def missing(path):
    path.unlink()


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def garbage(path):
    path.write_bytes(b"<html>disk quota</html>" * 9)


def longer(path):
    path.write_bytes(path.read_bytes() + b"\0")


FILES = ("state.npz", "COMMIT.json")
WAYS = (cut, empty, missing, flip, garbage, longer)
CASES = [(file, way, count) for file in FILES for way in WAYS for count in (1, 2)]  # 24: newest, newest two


def variables(step=0):
    return {"step": tf.Variable(step, dtype=tf.int64), "w": tf.Variable(np.full([64, 3], step, np.float32))}


@pytest.fixture
def folder(tmp_path):
    for step in STEPS:
        checkpoint.save(tmp_path, variables(step))
    return tmp_path


def damage(folder, file, way, count):
    for step in STEPS[-count:]:
        way(folder / f"step-{step:08d}" / file)


@pytest.mark.parametrize(("file", "way", "count"), CASES, ids=lambda value: getattr(value, "__name__", str(value)))
def test_the_newest_good_checkpoint_wins_with_one_warning_that_names_both_steps(folder, caplog, file, way, count):
    damage(folder, file, way, count)
    found, good = variables(), STEPS[-count - 1]
    with caplog.at_level("WARNING", logger="absl"):
        assert checkpoint.restore(folder, found) == good
    assert int(found["step"]) == good and np.all(found["w"].numpy() == good)
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 1 and f"step {good}:" in warnings[0] and f"{STEPS[-1]} (" in warnings[0], warnings


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_when_all_are_damaged_nothing_starts_afresh(folder, way):
    damage(folder, "state.npz", way, len(STEPS))
    with pytest.raises(CheckpointError, match="all checkpoints .* damaged"):
        checkpoint.restore(folder, variables())


def test_a_folder_without_its_commit_is_no_checkpoint(folder):
    shutil.rmtree(folder / "step-00000030")
    (folder / "step-00000030").mkdir()
    assert checkpoint.restore(folder, variables()) == 20


@pytest.mark.parametrize("text", ["3", "[]", "null", '{"step": [30]}'])
def test_a_commit_that_says_something_else_is_damage(folder, text):
    (folder / "step-00000030" / "COMMIT.json").write_text(text)
    assert checkpoint.restore(folder, variables()) == 20


def test_what_else_lies_there_is_no_checkpoint(folder):
    shutil.copytree(folder / "step-00000030", folder / "step-00000030 (copy)")
    assert checkpoint.steps(folder) == [*STEPS] and checkpoint.restore(folder, variables()) == 30


def test_a_write_that_fails_at_any_byte_leaves_what_was_there(folder):
    whole = (folder / "step-00000030" / "state.npz").stat().st_size
    before, (soft, hard) = sorted(folder.rglob("*")), resource.getrlimit(resource.RLIMIT_FSIZE)
    for size in random.Random(0).sample(range(whole), 20):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            with pytest.raises(OSError, match="File too large"):
                checkpoint.save(folder, variables(40))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert sorted(folder.rglob("*")) == before
    assert checkpoint.restore(folder, variables()) == 30


@pytest.fixture
def lossy(monkeypatch):
    """A disk that, when the power fails, keeps names but of files only what was synced: () -> the power fails."""
    synced, honest = set(), files.sync
    monkeypatch.setattr(files, "sync", lambda path: (honest(path), synced.add(path.stat().st_ino)))

    def fail(folder):
        for path in folder.rglob("*.*"):
            if path.is_file() and path.stat().st_ino not in synced:
                path.write_bytes(b"")

    return fail


def test_a_power_failure_loses_no_checkpoint(lossy, tmp_path):
    for step in STEPS:
        checkpoint.save(tmp_path, variables(step))
    lossy(tmp_path)
    assert checkpoint.restore(tmp_path, variables()) == STEPS[-1]


def test_without_the_sync_a_power_failure_would_lose_it(lossy, tmp_path, monkeypatch):
    """A negative control."""
    checkpoint.save(tmp_path, variables(STEPS[0]))
    monkeypatch.setattr(files, "sync", lambda path: None)
    checkpoint.save(tmp_path, variables(STEPS[1]))
    lossy(tmp_path)
    assert checkpoint.restore(tmp_path, variables()) == STEPS[0]


def flip_date(path):
    """Flips a bit of a date in the archive's directory, where no array lies."""
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 12] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("way", [longer, flip_date], ids=lambda way: way.__name__)
def test_without_the_commit_some_damage_would_pass(folder, monkeypatch, way):
    """A negative control: numpy alone reads both."""
    way(folder / "step-00000030" / "state.npz")

    def careless(folder):
        with np.load(folder / "state.npz") as file:
            return {key: file[key] for key in file.files}

    assert checkpoint.restore(folder, variables()) == 20, "the commit tells"
    monkeypatch.setattr(checkpoint, "_read", careless)
    assert checkpoint.restore(folder, variables()) == 30, "and without it nobody does"


def test_a_checkpoint_with_code_in_it_is_refused(folder, tmp_path):
    """It may have its own good commit: somebody else's run is still only data."""
    trap = tmp_path / "sprung"

    class Hostile:
        def __reduce__(self):
            return (trap.write_text, ("",))

    for step in STEPS:
        path = folder / f"step-{step:08d}" / "state.npz"
        np.savez(path, step=np.int64(step), w=np.array([Hostile()], dtype=object))
        commit = {"step": step, "sha256": sha256(path), "bytes": path.stat().st_size}
        (path.parent / "COMMIT.json").write_text(json.dumps(commit))
    with pytest.raises(CheckpointError, match="allow_pickle"):
        checkpoint.restore(folder, variables())
    assert not trap.exists()
    np.load(path, allow_pickle=True)["w"]
    assert trap.exists(), "the trap works"


def test_without_the_checksum_a_flipped_bit_would_pass(folder, monkeypatch):
    """A negative control: the bit lies in the numbers, where only the checksum sees it."""
    path = folder / "step-00000030" / "state.npz"
    data = bytearray(path.read_bytes())
    position = data.find(np.full([8], 30, np.float32).tobytes())
    data[position + 3] ^= 64
    path.write_bytes(data)
    commit = json.loads((path.parent / "COMMIT.json").read_text())
    monkeypatch.setattr(checkpoint, "sha256", lambda path: commit["sha256"])
    monkeypatch.setattr("zipfile.ZipExtFile._update_crc", lambda self, data: None)
    found = variables()
    assert checkpoint.restore(folder, found) == 30
    assert not np.all(found["w"].numpy() == 30), "the damage went unnoticed"
