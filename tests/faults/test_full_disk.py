"""A disk that fills up during a training: one line, exit code 3, the last checkpoint whole, and on it goes later."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from idgan_tf.training import checkpoint
from tests.faults.test_kills import flags, leftovers, outcome, train
from tests.helpers import PROJECT

pytestmark = pytest.mark.fault


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    run = tmp_path_factory.mktemp("undisturbed") / "run"
    assert train("VAE", run).returncode == 0
    return outcome(run)


def assert_ends_well_and_continues(process, run, expected):
    assert process.returncode == 3, process.stderr[-2000:]
    assert "Traceback" not in process.stderr
    assert sum(line.startswith("train: cannot write") for line in process.stderr.splitlines()) == 1
    again = train("VAE", run)
    assert again.returncode == 0, again.stderr[-2000:]
    arrays, log = outcome(run)
    assert log == expected[1]
    for key, value in expected[0].items():
        np.testing.assert_array_equal(arrays[key], value, err_msg=key)
    assert not leftovers(run)


@pytest.mark.parametrize("place", ["save", "log", "picture"])
def test_a_write_that_fails_loses_nothing(place, expected, tmp_path):
    run = tmp_path / "run"
    half = ["--gin_param=train.num_steps = 12", "--gin_param=train.picture_every = 0"]
    assert subprocess_of("nowhere", "0", run, half).returncode == 0
    shutil.rmtree(run / "samples", ignore_errors=True)
    assert_ends_well_and_continues(subprocess_of("full disk", place, run, []), run, expected)
    assert checkpoint.steps(run / "checkpoints")


def test_a_disk_that_is_really_full(expected, tmp_path):
    disk, run = tmp_path / "disk", tmp_path / "disk" / "run"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=21m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        process = train("VAE", run)  # a checkpoint has 9 MB: the third does not fit
        saved = checkpoint.steps(run / "checkpoints")
        assert saved, process.stderr[-2000:]
        shutil.copytree(run, tmp_path / "run")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert_ends_well_and_continues(process, tmp_path / "run", expected)


def subprocess_of(place, argument, run, extra):
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.child", place, argument, *flags("VAE", run), *extra],
        cwd=PROJECT, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
