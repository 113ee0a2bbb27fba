"""SIGKILL at sixty moments, over all families of trainers: what comes out is what an undisturbed run gives.

Every family is killed twice at each place of `child.PLACES`, inside saves and log lines too, and then ends.
"""

import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from idgan_tf.training import checkpoint
from tests.faults.child import PLACES
from tests.helpers import PROJECT

pytestmark = pytest.mark.fault
KILLS = 12  # of each family
SMALL = ["train.dataset = @TinySprites()", "train.batch_size = 4", "train.num_steps = 20", "train.picture_every = 10"]
SMALL += ["train.log_every = 3", "train.save_every = 4"]
FAMILIES = {
    "VAE": ["--gin_file=gin/betavae_dsprites.gin"],
    "two stages": ["--gin_file=tests/tiny.gin"],
    "dual player": ["--gin_file=gin/factorvae_dsprites.gin"],
    "IB-GAN": ["--gin_file=gin/ibgan_dsprites.gin"],
    "label VAE": ["--gin_file=gin/label_relevant_vae_toy.gin"],
}


def flags(family, run):
    """The command line of a family's small run."""
    small = SMALL if family != "label VAE" else [x for x in SMALL if "dataset" not in x and "batch" not in x]
    return [
        *FAMILIES[family],
        "--gin_file=tests/helpers.gin",
        *(f"--gin_param={binding}" for binding in small),
        "--gin_allow_import=tests",
        f"--run_dir={run}",
    ]


def train(family, run, place="nowhere", argument=0):
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.child", place, str(argument), *flags(family, run)],
        cwd=PROJECT, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip


def outcome(run):
    """Everything that must not depend on where a run was interrupted."""
    step = checkpoint.steps(run / "checkpoints")[-1]
    with np.load(run / "checkpoints" / f"step-{step:08d}" / "state.npz") as file:
        arrays = {key: file[key] for key in file.files}
    return arrays, [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def leftovers(folder):
    return [str(path) for path in folder.rglob("*") if ".tmp" in path.name or path.name.startswith(".writing")]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_killed_twelve_times_ends_like_one_that_was_not(family, tmp_path):
    assert train(family, tmp_path / "undisturbed" / "run").returncode == 0
    expected, expected_log = outcome(tmp_path / "undisturbed" / "run")
    rng, kills, life = random.Random(family), 0, 0
    while kills < KILLS:
        run = tmp_path / f"life{life}" / "run"
        while True:
            place = PLACES[kills % len(PLACES)] if kills < KILLS else "nowhere"
            process = train(family, run, place, rng.randint(1, 5))
            assert process.returncode in (0, -9), process.stderr[-2000:]
            if process.returncode == 0:
                break
            kills += 1
        arrays, log = outcome(run)
        assert arrays.keys() == expected.keys() and log == expected_log
        for key, value in expected.items():
            np.testing.assert_array_equal(arrays[key], value, err_msg=key)
        assert not leftovers(run.parent)
        life += 1


@pytest.mark.parametrize("forgotten", ["networks/average_generator", "optimizers/discriminator"])
def test_the_comparison_notices_a_state_that_was_left_out(forgotten, tmp_path):
    """A negative control: were averages or an optimizer not saved, the test above would fail."""
    whole, careless = tmp_path / "whole" / "run", tmp_path / "careless" / "run"
    assert train("two stages", whole).returncode == 0
    flags_of_half = ["--gin_param=train.num_steps = 10"]
    for extra in (flags_of_half, []):
        process = subprocess.run(
            [sys.executable, "-m", "tests.faults.child", "forget", forgotten, *flags("two stages", careless), *extra],
            cwd=PROJECT, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": str(PROJECT)},
        )  # fmt: skip
        assert process.returncode == 0, process.stderr[-2000:]
    expected, found = outcome(whole)[0], outcome(careless)[0]
    assert any(not np.array_equal(found[key], expected[key]) for key in found)
