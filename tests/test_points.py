"""docs/points.py, what docs/growth.py and docs/gpu.py ask of it, and random images in place of photographs."""

import importlib
import subprocess
import sys

import pytest

from idgan_tf.config import Configuration
from idgan_tf.training import build
from tests.helpers import PROJECT


@pytest.fixture(autouse=True)
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(PROJECT / "docs")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # growth.py sets it


def test_a_killed_measurement_goes_on_and_what_fails_is_told_and_left_out(tmp_path, capsys):
    points, measured = importlib.import_module("points"), []

    def work(name):
        measured.append(name)
        if name == "bad":
            raise subprocess.CalledProcessError(2, "benchmark", "", "out of memory")
        if name == "killed":
            raise KeyboardInterrupt
        return {"speed": len(measured)}

    keys = {("table", name, "1"): lambda name=name: work(name) for name in ("good", "bad", "killed", "last")}
    with pytest.raises(KeyboardInterrupt):
        points.measure(tmp_path / "points.csv", keys)
    assert "bad, 1 failed: out of memory" in capsys.readouterr().out
    keys["table", "killed", "1"] = lambda: {"memory": 5}
    rows = points.measure(tmp_path / "points.csv", keys)
    assert measured == ["good", "bad", "killed", "bad", "last"]
    assert [(key[1], row["date"] != "") for key, row in rows.items()] == [
        ("good", True),
        ("killed", True),
        ("last", True),
    ]
    read = {row["series"]: row for row in points.read(tmp_path / "points.csv")}
    assert read["good"]["speed"] == "1" and read["killed"]["memory"] == "5" and read["killed"]["speed"] == ""


def test_a_point_that_failed_is_told_by_the_exit_code_once_all_is_shown(tmp_path):
    points, shown = importlib.import_module("points"), []

    def fail():
        raise subprocess.CalledProcessError(2, "benchmark", "", "out of memory")

    keys = {("table", "good", "1"): lambda: {"speed": 1}, ("table", "bad", "1"): fail}
    with pytest.raises(SystemExit, match="1 of 2 points failed"):
        points.finish(tmp_path / "points.csv", keys, shown.extend)
    assert shown == [("table", "good", "1")]
    points.finish(tmp_path / "points.csv", keys | {("table", "bad", "1"): lambda: {"speed": 2}}, shown.extend)


def test_no_worker_waits_for_one_that_failed(monkeypatch):
    points, started = importlib.import_module("points"), []

    def start(command, environment):
        code = "import time; time.sleep(60)" if started else "raise SystemExit(2)"
        started.append(subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        return started[-1]

    monkeypatch.setattr(points, "start", start)
    with pytest.raises(subprocess.CalledProcessError):
        points.benchmark([], seconds=1, cores=[0, 1], cluster=True)
    assert started[1].returncode


def test_a_table_stands_between_its_marks_and_what_was_not_measured_is_empty(tmp_path):
    points = importlib.import_module("points")
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->old<!-- a -->\nafter\n")
    points.put(page, "a", ["x", "y"], [["1", "nan GB"], ["2", "ID-GAN 7"]])
    table = "| x | y |\n|---|---|\n| 1 |  |\n| 2 | ID-GAN 7 |"
    assert page.read_text() == f"before\n<!-- a -->\n\n{table}\n\n<!-- a -->\nafter\n"


def asked(monkeypatch, name, *arguments):
    """{key: what docs/<name>.py asks bin/benchmark for} as `build.Settings`, and how many workers share it."""
    found = {}
    points, script = importlib.import_module("points"), importlib.import_module(name)

    def benchmark(files, *bindings, seconds, cores=(None,), cluster=False):
        return build.settings(Configuration(files, bindings, ["docs"])), len(cores) if cluster else 1

    monkeypatch.setattr(points, "benchmark", benchmark)
    for key, work in script.every_point(*arguments).items():
        if key[0] != "length":
            found[key] = work()
    return found


def test_every_point_of_growth_is_a_training_step(monkeypatch):
    found = asked(monkeypatch, "growth", 1.0)
    for (table, series, at), (settings, workers) in found.items():
        assert settings.batch_size % workers == 0
        if table == "batch":
            assert settings.batch_size == int(at)
        elif table == "side":
            assert settings.dataset.image_shape == (int(at), int(at), 1)
        elif table == "size":
            assert settings.dataset.count == int(at) and (settings.resident_bytes == 0) == (series == "streamed")
    assert {workers for _, workers in found.values()} == {1, 2}


def test_every_point_of_a_gpu_is_a_training_step_with_and_without_xla_and_bfloat16(monkeypatch):
    found = asked(monkeypatch, "gpu", 1.0, True)
    kinds = {(settings.precision, settings.jit_compile) for settings, _ in found.values()}
    assert len(kinds) == 4 and len(found) == 24
    gpu = importlib.import_module("gpu")
    assert gpu.every_point(1.0, False).keys() == found.keys()


def test_random_images_lie_in_a_mapped_file(monkeypatch):
    images = importlib.import_module("docs.random_images").RandomImages((8, 8, 3), 1003)
    assert images.arrays["image"].shape == (1003, 8, 8, 3) and (images[1002]["image"].numpy() > 0).any()


def test_a_step_whose_data_are_not_here_is_measured_on_random_images_and_classes(monkeypatch, tmp_path):
    table = importlib.import_module("time_table")
    monkeypatch.setattr(table, "rate", lambda call, seconds, clock: 2.0)
    bindings = [f"Cifar.data_dir = '{tmp_path}'", "train.batch_size = 8"]
    assert table.measure(Configuration(["gin/label_classifier_cifar10.gin"], bindings), 1.0, None) == (16.0, 8)
