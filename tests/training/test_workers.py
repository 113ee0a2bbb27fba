"""Two machines as two processes on 127.0.0.1: they train what one does, and none waits for a dead one."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from idgan_tf.run_log import read_metrics
from tests.helpers import PROJECT, final_arrays

pytestmark = pytest.mark.fault
ONE_STAGE, TWO_STAGES = "tests/tiny/betavae.gin", "tests/tiny/idgan.gin"


def start(run, num_steps, environment, gin_file=ONE_STAGE):
    bindings = ["train.log_every = 4", f"train.num_steps = {num_steps}"]
    if gin_file == ONE_STAGE:  # as in test_conformance.py: so that steps are proportional to the gradients
        bindings.append("keras.optimizers.Adam.epsilon = 1e-5")
    flags = [f"--gin_file={gin_file}", "--gin_allow_import=tests", *(f"--gin_param={b}" for b in bindings)]
    flags.append(f"--run_dir={run}")
    return subprocess.Popen(
        [sys.executable, str(PROJECT / "bin" / "train"), *flags],
        cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    numbers = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return numbers


def start_two(run, num_steps, gin_file=ONE_STAGE):
    addresses = [f"127.0.0.1:{port}" for port in ports(2)]
    return [
        start(run, num_steps, {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}, gin_file)
        for task in ({"type": "worker", "index": 0}, {"type": "worker", "index": 1})
    ]


def finish(*processes, code=0):
    for process in processes:
        _, errors = process.communicate(timeout=900)
        assert process.returncode == code, errors[-3000:]
        assert "Traceback" not in errors
        yield errors


def assert_close(found, expected):
    """All weights, to the rounding that sums in another order make."""
    keys = [key for key in expected if key.startswith("networks/")]
    found, expected = (np.concatenate([arrays[key].ravel() for key in keys]) for arrays in (found, expected))
    assert np.linalg.norm(found - expected) <= 1e-5 * np.linalg.norm(expected)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    run = tmp_path_factory.mktemp("alone") / "run"
    list(finish(start(run, 12, {})))
    return run


def test_two_workers_train_what_one_does(alone, tmp_path):
    list(finish(*start_two(tmp_path / "run", 12)))
    assert_close(final_arrays(tmp_path / "run"), final_arrays(alone))
    both, one = (read_metrics(run / "metrics.jsonl") for run in (tmp_path / "run", alone))
    for ours, theirs in zip(both, one, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)


def test_two_workers_train_two_stages(tmp_path):
    list(finish(*start_two(tmp_path / "run", 8, TWO_STAGES)))
    assert read_metrics(tmp_path / "run" / "metrics.jsonl")[-1]["step"] == 8
    assert (tmp_path / "run" / "figures" / "traversal.png").exists()


def test_a_lost_worker_ends_the_other_with_one_line_and_one_worker_continues(alone, tmp_path):
    run = tmp_path / "run"
    chief, other = start_two(run, 100_000)
    while not list((run / "checkpoints").glob("step-*")):
        assert chief.poll() is None and other.poll() is None
        time.sleep(0.1)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    (errors,) = finish(chief, code=1)
    assert "another worker is gone" in errors.splitlines()[-1]
    steps = sorted(int(path.name[5:]) for path in (run / "checkpoints").glob("step-*"))
    list(finish(start(run, steps[-1] + 4, {})))
    assert read_metrics(run / "metrics.jsonl")[-1]["step"] == steps[-1] + 4


def test_a_signal_to_one_worker_stops_both_and_saves(tmp_path):
    run = tmp_path / "run"
    chief, other = start_two(run, 100_000)
    while not list((run / "checkpoints").glob("step-*")):
        assert chief.poll() is None and other.poll() is None
        time.sleep(0.1)
    other.send_signal(signal.SIGTERM)
    for errors in finish(chief, other, code=143):
        assert "stopped by SIGTERM" in errors


def test_slurm_describes_the_workers_too(alone, tmp_path):
    (port,) = ports(1)
    srun = {"SLURM_STEP_NUM_TASKS": "2", "SLURM_STEP_NODELIST": "127.0.0.1", "SLURM_STEP_TASKS_PER_NODE": "2"}
    srun |= {"SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2", "IDGAN_PORT": str(port)}
    list(finish(*(start(tmp_path / "run", 12, {**srun, "SLURM_PROCID": str(task)}) for task in range(2))))
    assert_close(final_arrays(tmp_path / "run"), final_arrays(alone))


def test_a_cluster_that_cannot_be_understood_is_one_line(tmp_path):
    (errors,) = finish(start(tmp_path / "run", 4, {"TF_CONFIG": "{broken"}), code=2)
    assert "TF_CONFIG" in errors.splitlines()[-1]
