"""Starts that must not pass for what was asked, or must wait: what is there already, other workers, other jobs."""

import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from idgan_tf.errors import ConfigError, DataError
from idgan_tf.run_log import read_metrics
from tests.faults import forked
from tests.helpers import PROJECT
from tests.training.test_workers import ports, start

pytestmark = pytest.mark.fault
VAE = ["--gin_file=tests/tiny/betavae.gin", "--gin_allow_import=tests"]
IDGAN = ["--gin_file=tests/tiny/idgan.gin", "--gin_allow_import=tests"]


def train(flags, run, *bindings):
    return forked.run("train", [*flags, f"--run_dir={run}", *(f"--gin_param={binding}" for binding in bindings)])


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A finished beta-VAE of 20 steps, in a path with brackets."""
    run = tmp_path_factory.mktemp("lr[1e-4]") / "betavae"
    process = train(VAE, run)
    assert process.returncode == 0, process.stderr[-2000:]
    return run


def test_a_run_of_more_steps_passes_for_no_other(teacher):
    before = (teacher / "config.gin").read_text()
    process = train(VAE, teacher, "train.num_steps = 12")
    assert process.returncode == 2 and "done" not in process.stdout, process.stdout
    assert "trained for 20 steps, longer than the 12 that are asked" in process.stderr.splitlines()[-1]
    assert (teacher / "config.gin").read_text() == before


def test_a_teacher_of_more_steps_passes_for_no_other(teacher, tmp_path):
    shutil.copytree(teacher, tmp_path / "betavae")
    process = train(IDGAN, tmp_path / "idgan", 'teacher.gin_params = ("train.num_steps = 8",)')
    assert process.returncode == 2 and "longer than the 8 that are asked" in process.stderr.splitlines()[-1]
    assert not (tmp_path / "idgan").exists()


def test_two_jobs_that_share_a_teacher_train_it_once(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda name: train(IDGAN, tmp_path / name, "train.num_steps = 2"), ("a", "b")))
    assert [process.returncode for process in both] == [0, 0], [process.stderr[-1000:] for process in both]
    assert [line["step"] for line in read_metrics(tmp_path / "betavae" / "metrics.jsonl")] == [3, 6, 9, 12, 15, 18, 20]
    assert sum("waiting until it is done" in process.stderr for process in both) == 1


def test_a_start_that_fails_writes_nothing_and_one_that_wrote_blocks_nobody(tmp_path):
    run = tmp_path / "run"
    wrong = train(VAE, run, "TinySprites.image_shape = (16, 16, 1)")
    assert wrong.returncode == 2 and "images of 16x16x1; BetaVAE was built for 8x8x1" in wrong.stderr.splitlines()[-1]
    assert not run.exists()
    killed = forked.run("train", [*VAE, f"--run_dir={run}", "--gin_param=train.seed = 1"], "call", 1)
    assert killed.returncode == -signal.SIGKILL and (run / "config.gin").exists()
    assert train(VAE, run, "train.num_steps = 2").returncode == 0
    assert "train.seed" not in (run / "config.gin").read_text()


def test_a_path_with_brackets_is_exported_and_a_full_disk_is_one_line(teacher, tmp_path):
    process = forked.run("export", [f"--run_dir={teacher}", "--gin_allow_import=tests"])
    assert process.returncode == 0 and (teacher / "export/1/saved_model.pb").is_file(), process.stderr[-2000:]

    disk = tmp_path / "disk"
    disk.mkdir()
    small = ["mount", "-t", "tmpfs", "-o", "size=120k", "tmpfs", str(disk)]
    if subprocess.run(small, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        process = forked.run("export", [f"--run_dir={teacher}", "--gin_allow_import=tests", f"--out={disk / 'out'}"])
        left = list(disk.rglob("*"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert process.returncode == DataError.exit_code and not left
    help = "No space left on device; make room, or choose a folder that has it"
    assert process.stderr.splitlines()[-1].endswith(help)


ELSEWHERE = """
import os, signal, sys
for name in ("fcntl", "resource"):
    sys.modules[name] = None  # cannot be imported
del os.sched_getaffinity, signal.SIGHUP, signal.SIGPIPE
from idgan_tf.commands.train import start
start()
"""


def test_it_trains_where_the_system_lacks_what_linux_has(tmp_path):
    process = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, *VAE, f"--run_dir={tmp_path / 'run'}", "--gin_param=train.num_steps = 2"],
        cwd=PROJECT, capture_output=True, text=True, timeout=500, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert process.returncode == 0 and "2 steps: done" in process.stdout, process.stderr[-2000:]
    assert process.stderr.count("see to it that no second process writes there") == 1


def cluster(task, addresses):
    task = {"type": "worker", "index": task}
    return {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}


@pytest.mark.parametrize(("task", "sent", "code"), [(0, signal.SIGTERM, -signal.SIGTERM), (1, signal.SIGINT, 130)])
def test_a_worker_that_waits_says_so_and_ends_at_a_signal(task, sent, code, tmp_path):
    addresses = [f"127.0.0.1:{port}" for port in ports(2)]
    process = start(tmp_path / "run", 4, cluster(task, addresses))
    said = ""
    while "has waited" not in said:
        said = process.stderr.readline()
        assert process.poll() is None or said
    process.send_signal(sent)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code and addresses[1 - task] in said, errors
    assert not (tmp_path / "run").exists()


def test_workers_of_different_configurations_train_nothing(tmp_path):
    addresses = [f"127.0.0.1:{port}" for port in ports(2)]
    processes = [start(tmp_path / "run", steps, cluster(task, addresses)) for task, steps in enumerate((4, 8))]
    for process in processes:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 2 and "different configurations" in errors.splitlines()[-1], errors[-2000:]
    assert not (tmp_path / "run").exists()


def test_xla_says_that_it_leaves_devices_and_workers_alone(monkeypatch, caplog):
    from idgan_tf.training import build, workers
    from tests.helpers import load_tiny

    settings = load_tiny("tests/tiny/betavae.gin", "train.jit_compile = True")
    build.warn_of_slowness(settings)  # two devices in these tests
    assert "train.jit_compile: one of the 2 devices trains" in caplog.text
    monkeypatch.setattr(workers, "count", lambda: 2)
    with pytest.raises(ConfigError, match="one device of one machine, not 2 workers"):
        build.strategy(jit_compile=True)
