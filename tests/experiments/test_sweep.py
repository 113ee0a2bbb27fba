"""Sweeps: one command, a run for every value."""

import pathlib

import pytest

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.experiments.sweep import runs_of
from tests.helpers import PROJECT

BETA = "gin/sweeps/ibgan_beta_dsprites.gin"
SWEEPS = sorted(f"gin/sweeps/{path.name}" for path in (PROJECT / "gin/sweeps").glob("*.gin"))


def test_beta_goes_from_0_to_1_in_a_folder_each():
    more = "gin/eval/whole_dataset.gin"
    found = runs_of([BETA, more], ["train.seed = 1"], [], pathlib.Path("runs/beta"))
    bindings = ["train.seed = 1", "IBGAN.beta = 0.0"]
    assert found[0] == (Configuration(["gin/ibgan_dsprites.gin", more], bindings), pathlib.Path("runs/beta/beta_0"))
    assert found[3][0].bindings[-1] == "IBGAN.beta = 0.141" and found[-1][1].name == "beta_1"


def test_other_gin_files_are_one_run():
    assert runs_of(["gin/quickstart.gin"], [], [], pathlib.Path("runs/quickstart")) == [
        (Configuration(["gin/quickstart.gin"]), pathlib.Path("runs/quickstart"))
    ]


@pytest.mark.parametrize("gin_file", SWEEPS)
def test_every_run_of_a_sweep_parses(gin_file):
    for configuration, _ in runs_of([gin_file], [], [], pathlib.Path("runs")):
        assert configuration.bindings[-1] in configuration.text


@pytest.mark.parametrize(
    "values, message", [('"0.1"', "must be numbers"), ("()", "must be numbers"), ("(0.1, 0.1)", "repeats")]
)
def test_wrong_values_are_refused(values, message, tmp_path):
    lines = ["import idgan_tf.experiments.sweep", 'sweep.gin_file = "x.gin"', 'sweep.parameter = "A.b"']
    (tmp_path / "sweep.gin").write_text("\n".join([*lines, f"sweep.values = {values}\n"]))
    with pytest.raises(ConfigError, match=message):
        runs_of([str(tmp_path / "sweep.gin")], [], [], tmp_path)
