"""bin/train as a user meets it: one process per test, so these are few and each checks much."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.files import alone
from idgan_tf.training import checkpoint
from tests.faults import forked
from tests.faults.test_kills import assert_same_outcome, finish, train
from tests.helpers import PROJECT, command, final_arrays, metrics

TINY = ["--gin_file=tests/tiny.gin", "--gin_allow_import=tests"]
ENV = {"PYTHONPATH": str(PROJECT)}


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """(run, what bin/train printed) of both stages that nothing interrupted; made once for all of pytest's workers."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "finished"
    printed = folder / "printed.json"
    with alone(folder):
        if not printed.exists():
            process = command("train", *TINY, f"--run_dir={folder / 'run'}", env=ENV, check=0)
            printed.write_text(json.dumps([process.stdout, process.stderr]))
    return folder / "run", json.loads(printed.read_text())


def test_one_command_trains_both_stages_and_says_what_it_made(finished):
    run, (output, errors) = finished
    assert [line["step"] for line in metrics(run)] == [4, 8, 12, 16, 20, 24]
    assert [line["step"] for line in metrics(run.parent / "tiny_betavae")] == [4, 8, 12]
    known = json.loads((run / "environment.json").read_text())
    assert "tiny_sprites" in known["data"]
    assert known["experiment"] == {"gin_files": ["tests/tiny.gin"], "bindings": []}
    first = json.loads((run.parent / "tiny_betavae" / "environment.json").read_text())["experiment"]
    assert first["gin_files"] == ["tests/tiny_betavae.gin"]
    for name in (
        "config.gin",
        "figures/traversal.png",
        "figures/samples.png",
        "samples/samples-00000024.png",
    ):
        assert (run / name).is_file(), name
    assert {path.stem for path in (run / "networks").glob("*.keras")} == {
        "average_generator", "discriminator", "generator", "teacher_decoder", "teacher_encoder",
    }  # fmt: skip
    (events,) = (run / "tensorboard").glob("events*")
    tags = {value.tag for each in tf.compat.v1.train.summary_iterator(str(events)) for value in each.summary.value}
    assert {"config", "generator/loss", "generator/learning_rate", "discriminator/r1", "steps_per_second"} <= tags
    assert "Next:" in output and "bin/export" in output
    assert "Traceback" not in errors
    teacher = final_arrays(run.parent / "tiny_betavae")
    np.testing.assert_array_equal(
        final_arrays(run)["networks/teacher_encoder/000"],
        teacher["networks/encoder/000"],
        "the teacher moved",
    )


def test_a_run_killed_inside_a_save_ends_bit_for_bit_like_one_that_was_not(tmp_path):
    """Other moments, both stages and all methods are in tests/faults/test_kills.py."""
    expected, run = finish("betavae", tmp_path / "undisturbed" / "run"), tmp_path / "killed" / "run"
    assert train("betavae", run, "half of the data", 2).returncode == -signal.SIGKILL
    assert_same_outcome(finish("betavae", run), expected)


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.fault)]
)
def test_a_signal_saves_and_says_so(sent, code, tmp_path):
    run = tmp_path / "run"
    process = start_training(run, "--gin_param=train.num_steps = 100000")
    wait_for_steps(run, 4)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert f"stopped by {sent.name} after step" in errors.splitlines()[-1]
    stopped = int(errors.splitlines()[-1].split("after step ")[1].split()[0].rstrip(".,:;").replace(",", ""))
    assert checkpoint.steps(run / "checkpoints")[-1] == stopped, "saved at the step where it stopped"


def start_training(run, *flags):
    return subprocess.Popen(
        [sys.executable, str(PROJECT / "bin" / "train"), *TINY, f"--run_dir={run}", *flags],
        cwd=PROJECT, env={**os.environ, **ENV}, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip


def wait_for_steps(run, step):
    """Waits until the log of `run` has a line of `step`, or for two seconds of training when `step` is 0."""
    deadline = time.time() + 120
    while time.time() < deadline:
        lines = (run / "metrics.jsonl").read_text().splitlines() if (run / "metrics.jsonl").exists() else []
        if (run / ".lock").exists() and (step == 0 or any(json.loads(line)["step"] >= step for line in lines)):
            return
        time.sleep(0.05)
    raise AssertionError(f"no step {step} within two minutes")


BAD = {  # a few of the many in tests/faults/test_bad_input.py
    "unknown gin file": (["--gin_file=gin/quikstart.gin"], "did you mean gin/quickstart.gin"),
    "misspelt binding": ([*TINY, "--gin_param=IDGAN.lamda_id = 1.0"], "lamda_id"),
    "wrong type": ([*TINY, '--gin_param=IDGAN.lambda_id = "abc"'], "IDGAN.lambda_id must be a number"),
    "foreign import": (["--gin_file=tests/tiny.gin"], "--gin_allow_import=tests"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_ends_with_one_line_and_code_2(case, tmp_path):
    arguments, message = BAD[case]
    if not any(argument.startswith("--run_dir") for argument in arguments):
        arguments = [*arguments, f"--run_dir={tmp_path / 'run'}"]
    process = forked.run("train", arguments)
    complaint = [line for line in process.stderr.splitlines() if line.startswith("train: ")]
    assert process.returncode == 2 and len(complaint) == 1 and message in complaint[0], process.stderr[-2000:]
    assert "Traceback" not in process.stderr
    assert not list((tmp_path / "run").glob("checkpoints/*"))


def test_another_configuration_in_the_same_directory_is_refused_with_the_difference(finished):
    run, _ = finished
    before = final_arrays(run)
    process = forked.run("train", [*TINY, f"--run_dir={run}", "--gin_param=IDGAN.lambda_id = 0.5"])
    assert process.returncode == 2 and "lambda_id = 0.5" in process.stderr.splitlines()[-1]
    after = final_arrays(run)
    assert all(np.array_equal(before[key], after[key]) for key in before)


@pytest.mark.fault
def test_a_directory_that_another_process_trains_in_is_refused(tmp_path):
    run = tmp_path / "run"
    process = start_training(run, "--gin_param=train.num_steps = 100000")
    try:
        wait_for_steps(run, 0)
        second = command("train", *TINY, "--gin_param=train.num_steps = 100000", f"--run_dir={run}", env=ENV)
        assert second.returncode == 2 and f"process {process.pid}" in second.stderr.splitlines()[-1]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_help_is_fast():
    began = time.perf_counter()
    process = command("train", "--help", check=0)
    assert "--gin_file" in process.stdout
    assert time.perf_counter() - began < 3.0  # 0.15 s on an idle machine; a TensorFlow import alone takes longer
