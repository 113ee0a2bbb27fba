"""Who has codes alone needs no TensorFlow: these processes cannot import it."""

import subprocess
import sys

import numpy as np
import pytest

from tests.evaluation.codes.made import sample
from tests.helpers import PROJECT

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "tensorflow_gan", "tensorflow_datasets"):
            raise ImportError(f"{name} is not to be imported")

sys.meta_path.insert(0, Blocked())
"""
COMMAND = """
import runpy
runpy.run_path(sys.argv[0], run_name="__main__")
"""
CALL = """
import json, numpy
from idgan_tf.evaluation.codes import table
with numpy.load(sys.argv[1]) as file:
    print(json.dumps(table.scores(file["codes"], file["factors"], ["fvm", "mig"])))
"""


def python(text, *arguments):
    start = f"{BLOCKED}\nsys.argv = {[str(argument) for argument in arguments]}\n"
    return subprocess.run(
        [sys.executable, "-c", start + text], cwd=PROJECT, capture_output=True, text=True, timeout=240
    )


@pytest.fixture
def file(tmp_path):
    codes, factors = sample("permuted", 1000)
    np.savez(tmp_path / "codes.npz", codes=codes, factors=factors[:, :2])
    return tmp_path / "codes.npz"


def test_the_block_blocks(file):
    process = python(COMMAND, "bin/evaluate", "--list")
    assert process.returncode == 1 and "tensorflow is not to be imported" in process.stderr


def test_every_metric_of_codes_is_measured(file):
    process = python(COMMAND, "bin/evaluate", f"--codes={file}", "--metrics=all")
    assert process.returncode == 0, process.stderr
    *table, left_out = process.stdout.splitlines()
    names = {line.split()[0] for line in table}
    assert {"fvm", "mig", "mig_sup", "sap", "modularity", "explicitness", "irs", "infom", "infoc", "infoe"} <= names
    assert {"dci_disentanglement", "dci_forest_disentanglement"} <= names
    assert left_out == "left out udr: it compares runs, two or more"


def test_runs_are_compared(file):
    process = python(COMMAND, "bin/evaluate", f"--codes={file},{file},{file}", "--metrics=udr,mig")
    assert process.returncode == 0, process.stderr
    assert [line.split()[0] for line in process.stdout.splitlines()] == ["udr"] * 3 + ["mig"] * 3
    assert "rank 1 of 3" in process.stdout


def test_python_has_the_same_numbers(file):
    process = python(CALL, "call", file)
    assert process.returncode == 0, process.stderr
    assert '"fvm": 1.0, "fvm_chance": 0.5' in process.stdout and '"mig": 0.9' in process.stdout
