"""A disk that fills up during a training: one line, exit code 3, the last checkpoint whole, and on it goes later."""

import shutil
import subprocess

import pytest

from idgan_tf.training import checkpoint
from tests.faults.test_kills import assert_same_outcome, finish, train

pytestmark = pytest.mark.fault
HALF = ["--gin_param=train.num_steps = 12", "--gin_param=train.picture_every = 0"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """family -> its undisturbed run."""
    folder, made = tmp_path_factory.mktemp("undisturbed"), {}

    def run(family):
        if family not in made:
            made[family] = finish(family, folder / family / "run")
        return made[family]

    return run


def assert_ends_well_and_continues(process, family, run, expected):
    assert process.returncode == 3, process.stderr[-2000:]
    assert "Traceback" not in process.stderr
    assert sum(line.startswith("train: cannot write") for line in process.stderr.splitlines()) == 1
    assert checkpoint.steps(run / "checkpoints")
    assert_same_outcome(finish(family, run), expected(family))


@pytest.mark.parametrize("place", ["start", "save", "log", "picture"])
def test_a_write_that_fails_loses_nothing(place, expected, tmp_path):
    run = finish("betavae", tmp_path / "run", extra=HALF)
    assert_ends_well_and_continues(train("betavae", run, "full disk", place), "betavae", run, expected)


def test_a_disk_that_is_really_full(expected, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        run = finish("VAE", disk / "run", extra=HALF)
        (disk / "other").write_bytes(b"0" * (shutil.disk_usage(disk).free - (5 << 20)))  # a checkpoint has 9 MB
        process = train("VAE", run)
        shutil.copytree(run, tmp_path / "run")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert_ends_well_and_continues(process, "VAE", tmp_path / "run", expected)
