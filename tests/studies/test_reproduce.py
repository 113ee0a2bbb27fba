"""bin/reproduce with real trainings: smoke of every study, and a study that is killed."""

import json
import os
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from idgan_tf.studies import jobs, study
from tests.helpers import PROJECT, command
from tests.studies.made import answers


def reproduce(name, runs, *flags, **options):
    return command("reproduce", f"--study={name}", "--scale=smoke", f"--runs={runs}", *flags, timeout=1800, **options)


def test_smoke_of_the_smallest_study(tmp_path):
    process = reproduce("label_toy", tmp_path, "--only=2/4", check=0)
    assert "job 1 of 1" in process.stderr and "cGAN" in process.stdout and "NOT DECIDABLE" in process.stdout
    result = json.loads((tmp_path / "label_toy-smoke" / "results" / "results.json").read_text())
    assert [row["seeds"] for row in result["rows"]] == [0, 1, 0, 0]
    assert set(result["rows"][1]["cells"]) == {"toy_spread", "toy_distance"}


@pytest.fixture
def tiny_data(tmp_path, monkeypatch):
    """Noise in place of the data sets that need a download, prepared in a cache of its own."""
    sizes = {"celeba64": (64, 3, 0), "celeba128": (128, 3, 0), "chairs_grey": (64, 1, 0), "cifar10_images": (32, 3, 10)}
    from idgan_tf.commands.prepare_data import dataset_of

    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name, (side, channels, classes) in sizes.items():
        dataset = dataset_of(name)
        dataset.folder.mkdir(parents=True)
        arrays = {"images": rng.integers(0, 256, (40, side, side, channels), np.uint8)}
        if classes:
            arrays["labels"] = np.arange(40, dtype=np.int32) % classes
        for key, array in arrays.items():
            np.save(dataset.folder / f"{key}.npy", array)
        files = {f"{key}.npy": (dataset.folder / f"{key}.npy").stat().st_size for key in arrays}
        manifest = {"format": 1, "rule": dataset.rule, "files": files, "count": 40}
        manifest["class_names"] = [str(label) for label in range(classes)]
        (dataset.folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", study.names())
def test_smoke_of_every_study(name, tmp_path, request):
    if name in ("idgan_table3", "idgan_table4", "ibgan_table2", "label_table1", "label_table2"):
        request.getfixturevalue("tiny_data")
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = reproduce(name, tmp_path / "runs", check=0)
    folder = tmp_path / "runs" / f"{name}-smoke" / "results"
    result = json.loads((folder / "results.json").read_text())
    assert all(row["seeds"] == 1 for row in result["rows"]), process.stdout
    assert not any("failed" in row["problem"] or "data" in row["problem"] for row in result["rows"]), process.stdout
    assert set(answers(result).values()) == {"not decidable"}
    for job, row in zip(jobs.plan(study.load(name, "smoke"), tmp_path / "runs"), result["rows"], strict=True):
        assert {*job.row.metrics} <= {*row["cells"], *row["left_out"]}, row
        assert row["left_out"].keys() <= {"fid", "inception_score", "best_fvm"}, "without Inception, or evaluations"
    if name == "idgan_table2":
        vae, idgan = (
            next(row for row in result["rows"] if row["id"] == i) for i in ("betavae_dsprites", "idgan_dsprites")
        )
        assert [vae["cells"][m] for m in ("fvm", "mig")] == [idgan["cells"][m] for m in ("fvm", "mig")]
    command("report", f"--study={name}", "--scale=smoke", f"--runs={tmp_path / 'runs'}", check=0)
    assert (folder / "report.html").stat().st_size > 2000
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert ended.ru_utime - began.ru_utime < 2 * 180, "more than three minutes on two idle cores"


@pytest.mark.fault
@pytest.mark.timeout(1800)
def test_a_study_killed_at_any_moment_ends_like_one_that_was_not(tmp_path):
    reproduce("label_toy", tmp_path / "whole", check=0)
    flags = ["--study=label_toy", "--scale=smoke", f"--runs={tmp_path / 'killed'}"]
    for row in ("cvae_toy", "cvaegan_toy"):
        process = subprocess.Popen(
            [sys.executable, str(PROJECT / "bin" / "reproduce"), *flags],
            cwd=PROJECT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        while not (tmp_path / "killed" / "label_toy-smoke" / "seed0" / row / "config.gin").exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    done = {path: path.stat().st_mtime_ns for path in (tmp_path / "killed").rglob("done.json")}
    assert len(done) >= 2
    reproduce("label_toy", tmp_path / "killed", check=0)
    for path, written in done.items():
        assert path.stat().st_mtime_ns == written, "a finished job ran again"
    whole, killed = (
        json.loads((tmp_path / name / "label_toy-smoke" / "results" / "results.json").read_text())
        for name in ("whole", "killed")
    )
    for row in (*whole["rows"], *killed["rows"]):
        del row["cost"]  # time on the clock
    assert whole == killed
