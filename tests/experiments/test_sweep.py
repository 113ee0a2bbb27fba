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


def test_bindings_change_what_a_sweep_asks(tmp_path):
    found = runs_of([BETA], ["sweep.values = (0.3,)", "train.seed = 1"], [], tmp_path)
    assert found == [
        (Configuration(["gin/ibgan_dsprites.gin"], ["train.seed = 1", "IBGAN.beta = 0.3"]), tmp_path / "beta_0.3")
    ]
    found = runs_of([BETA], ["sweep.parameter = 'IBGAN.gamma'", "sweep.values = (1.0, 2.0)"], [], tmp_path)
    assert [(asked.bindings, folder.name) for asked, folder in found] == [
        (("IBGAN.gamma = 1.0",), "gamma_1"), (("IBGAN.gamma = 2.0",), "gamma_2")
    ]  # fmt: skip


def test_a_sweep_where_it_would_change_nothing_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="quickstart.gin is no sweep: sweep.values = "):
        runs_of(["gin/quickstart.gin"], ["sweep.values = (0.3,)"], [], tmp_path)
    for files in (["gin/quickstart.gin", BETA], [BETA, BETA]):
        with pytest.raises(ConfigError, match="a sweep must be the first --gin_file"):
            runs_of(files, [], [], tmp_path)


def test_what_a_training_measures_and_draws_by_can_be_bound(tmp_path):
    bindings = ["fvm.num_votes = 3", "traversal.steps = 9"]
    ((asked, _),) = runs_of(["gin/betavae_dsprites.gin"], bindings, [], tmp_path)
    assert asked.bindings_of("fvm") == {"num_votes": 3} and asked.bindings_of("traversal") == {"steps": 9}


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
