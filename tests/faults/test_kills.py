"""SIGKILL at every kind of moment, for every method: what comes out is what an undisturbed run gives.

Each is killed once at each place of `child.PLACES`, inside saves and log lines too, and then ends.
"""

import io
import os
import random
import shutil
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

from idgan_tf.training import checkpoint
from tests.faults import forked
from tests.faults.child import PLACES
from tests.helpers import PROJECT, TINY_METHODS, final_arrays

pytestmark = pytest.mark.fault
FULL_SIZE = ["--gin_file=gin/betavae_dsprites.gin", "--gin_file=tests/helpers.gin"]
FULL_SIZE += [
    f"--gin_param=train.{binding}"
    for binding in ("dataset = @TinySprites()", "batch_size = 4", "num_steps = 20", "log_every = 3", "save_every = 4")
]
FAMILIES = {name: [f"--gin_file=tests/tiny/{name}.gin"] for name in TINY_METHODS}
FAMILIES |= {"VAE": FULL_SIZE, "two stages": ["--gin_file=tests/tiny.gin"]}


def flags(family, run):
    """The command line of a family's small run."""
    return [*FAMILIES[family], "--gin_allow_import=tests", f"--run_dir={run}"]


def train(family, run, place="nowhere", argument=0, extra=()):
    """bin/train on a family's small run: forked, but for the two stages, which get a new process as users do."""
    if family != "two stages":
        return forked.run("train", [*flags(family, run), *extra], place, argument)
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.child", place, str(argument), *flags(family, run), *extra],
        cwd=PROJECT, capture_output=True, text=True, timeout=900, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip


def finish(family, run, **how):
    """`train` to the end."""
    process = train(family, run, **how)
    assert process.returncode == 0, process.stderr[-2000:]
    return run


def assert_same_outcome(run, expected):
    """Everything that must not depend on where a run was interrupted: all arrays, all log lines, no leftovers."""
    for outcome in (final_arrays, network_files):
        found, whole = outcome(run), outcome(expected)
        assert found.keys() == whole.keys()
        for key, value in whole.items():
            np.testing.assert_array_equal(found[key], value, err_msg=key)
    assert (run / "metrics.jsonl").read_text() == (expected / "metrics.jsonl").read_text()
    leftovers = [path for path in run.parent.rglob("*") if ".tmp" in path.name or path.name.startswith(".writing")]
    assert not leftovers


def network_files(run):
    """{network/layer: array} of networks/*.keras."""
    found = {}
    for path in (run / "networks").glob("*.keras"):
        layers = {}
        with zipfile.ZipFile(path) as archive, h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as weights:
            weights.visititems(layers.__setitem__)
            found.update({f"{path.stem}/{name}": item[()] for name, item in layers.items() if hasattr(item, "shape")})
    return found


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "VAE"])
def test_a_run_killed_at_every_place_ends_like_one_that_was_not(family, tmp_path):
    expected = finish(family, tmp_path / "undisturbed" / "run")
    rng, places, life = random.Random(family), list(PLACES), 0
    while places:  # a life ends when it outruns its death; the next begins
        run, ended = tmp_path / f"life{life}" / "run", False
        while not ended:
            process = train(family, run, *((places[0], rng.randint(1, 4)) if places else ()))
            assert process.returncode in (0, -9), process.stderr[-2000:]
            ended = process.returncode == 0
            del places[: 0 if ended else 1]
        assert_same_outcome(run, expected)
        life += 1


@pytest.mark.parametrize("forgotten", ["networks/average_generator", "optimizers/discriminator", "loop/sums"])
def test_the_comparison_notices_a_state_that_was_left_out(forgotten, tmp_path):
    """A negative control: were averages, an optimizer or the sums not saved, the test above would fail."""
    expected, run = finish("idgan", tmp_path / "undisturbed" / "run"), tmp_path / "careless" / "run"
    shutil.copytree(expected.parent / "betavae", run.parent / "betavae")  # stage 1 is done
    assert train("idgan", run, "forget", (forgotten, 6)).returncode == -9
    assert checkpoint.steps(run / "checkpoints")
    finish("idgan", run, place="forget", argument=(forgotten, 0))
    same = [(run / "metrics.jsonl").read_text() == (expected / "metrics.jsonl").read_text()]
    for outcome in (final_arrays, network_files):
        found, whole = outcome(run), outcome(expected)
        same.append(all(np.array_equal(found[key], whole[key]) for key in found))
    assert not all(same)


@pytest.mark.parametrize("place", ["rename", "half of the data"])  # of config.gin, of the first checkpoint
def test_a_kill_before_the_first_checkpoint_starts_from_step_0(place, tmp_path):
    expected, run = finish("betavae", tmp_path / "undisturbed" / "run"), tmp_path / "killed" / "run"
    assert train("betavae", run, place, 1).returncode == -9
    assert not checkpoint.steps(run / "checkpoints")
    process = train("betavae", run)
    assert "from the start" in process.stderr
    assert_same_outcome(run, expected)
