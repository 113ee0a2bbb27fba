"""What is wrong with a command line is said at once, before TensorFlow is loaded."""

import os
import resource
import subprocess
import sys

import pytest

from idgan_tf.commands import early
from idgan_tf.evaluation.metric import metrics
from idgan_tf.visualize import registry
from tests.helpers import PROJECT

SECONDS = 0.5  # of processor time: the clock on the wall also counts what others do
SHIPPED = "--run_dir=pretrained:idgan_dsprites"
WRONG = [
    ("train", [], "which experiment?"),
    ("train", ["--gin_file=gin/quikstart.gin"], "did you mean gin/quickstart.gin"),
    ("train", ["--gin_file=gin/quickstart.gin", "--gin_param=train.seed"], "name.parameter = value"),
    ("train", ["--gin_fil=x"], "gin_fil"),
    ("benchmark", ["--gin_file=tests/tiny.gin"], "--gin_allow_import=tests"),
    ("evaluate", [], "what to evaluate?"),
    ("evaluate", ["--run_dir=none"], "no run directory"),
    ("evaluate", [SHIPPED, "--metrics=fvm,fmv"], "no metric 'fmv'; there are"),
    ("evaluate", ["--codes=codes.npz", "--best"], "--best is for --run_dir"),
    ("evaluate", ["--features=a.npz"], "--features takes two files"),
    ("visualize", [SHIPPED, "--figures=sampels"], "no figure 'sampels'; there are"),
    ("visualize", ["--run_dir=none"], "holds none"),
    ("report", [], "which run?"),
    ("report", ["--run_dir=none"], "no run directory"),
    ("report", ["--study=idgan_tabel2"], "there are idgan_table2"),
    ("reproduce", ["--study=idgan_tabel2"], "there are idgan_table2"),
    ("reproduce", ["--study=label_toy", "--only=5/4"], "--only takes i/n"),
    ("explore", ["--run_dir=pretrained:idgun"], "no pretrained model 'idgun'"),
    ("export", [SHIPPED, "--best"], "it is a pretrained model"),
    ("prepare_data", ["--dataset=celeb", "--source=x"], "no dataset 'celeb'"),
    ("prepare_data", ["--dataset=celeba64"], "pass --dataset and --source"),
]


@pytest.mark.parametrize("command, arguments, message", WRONG, ids=[f"{c} {' '.join(a)}" for c, a, _ in WRONG])
def test_a_wrong_command_line_is_refused_before_tensorflow_is_loaded(command, arguments, message):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run(
        [sys.executable, "-X", "importtime", f"bin/{command}", *arguments],
        cwd=PROJECT, text=True, capture_output=True, timeout=240, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    *imports, line = process.stderr.splitlines()
    assert process.returncode == 2 or "--best" in arguments, process.stderr[-2000:]
    assert line.startswith(f"{command}: ") and message in line
    assert not [name for name in imports if name.split("|")[-1].strip() in ("tensorflow", "keras")]
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < SECONDS


def test_the_names_read_from_the_files_are_those_that_are_registered():
    ours = [name for name, metric in metrics().items() if metric.face.__module__.startswith("idgan_tf.")]
    assert sorted(early.own_names("metric")) == sorted(ours), "but for those that other tests have made"
    ours = [name for name, figure in registry.known().items() if figure.draw.__module__.startswith("idgan_tf.")]
    assert sorted(set(early.own_names("figure"))) == sorted(ours)
