"""What bin/benchmark makes of its measurements; that it runs is tried in test_after_training.py."""

import functools
import sys
import types

import tensorflow as tf

from idgan_tf.commands import benchmark
from idgan_tf.config import Configuration
from idgan_tf.training import build, workers  # noqa: F401 - gin must know `train`
from tests.helpers import TinySprites


def test_data_never_take_more_than_a_step_and_memory_is_none_where_nobody_counts_it(monkeypatch):
    monkeypatch.setattr(benchmark, "rate", lambda run, seconds: {20.0: 30.0, 5.0: 20.0}[seconds])  # learning, data
    monkeypatch.setitem(sys.modules, "resource", None)
    result = benchmark.benchmark(Configuration(["tests/tiny/betavae.gin"], (), ["tests"]), 20.0)
    assert result["input_wait_percent"] == 100 and result["peak_rss_mb"] is None
    assert result["images_per_s"] == 600 and result["data_images_per_s"] == 400


def test_the_data_are_made_once(monkeypatch):
    made, draw = [], TinySprites.arrays.func
    arrays = functools.cached_property(lambda dataset: made.append(dataset) or draw(dataset))
    arrays.__set_name__(TinySprites, "arrays")
    monkeypatch.setattr(TinySprites, "arrays", arrays)
    monkeypatch.setattr(benchmark, "rate", lambda run, seconds: 1.0)
    benchmark.benchmark(Configuration(["tests/tiny/betavae.gin"], (), ["tests"]), 20.0)
    assert len(made) == 1


def test_memory_of_gpus_is_that_of_the_fullest_one(monkeypatch):
    peaks = {"/device:GPU:0": 3 << 20, "/device:GPU:1": 5 << 20}
    devices = [types.SimpleNamespace(name=name) for name in peaks]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: devices if kind == "GPU" else [])
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: devices)
    experimental = tf.config.experimental
    monkeypatch.setattr(experimental, "get_memory_info", lambda name: {"current": 0, "peak": peaks[name]})
    monkeypatch.setattr(experimental, "get_device_details", lambda device: {"device_name": f"the one of {device.name}"})
    assert benchmark._gpu() == {"peak_gpu_mb": 5, "gpu": "the one of /device:GPU:0"}


def test_without_a_gpu_nothing_is_said_of_one():
    assert benchmark._gpu() == {}


def test_all_workers_time_the_same_steps(monkeypatch):
    asked, seconds = [], iter([0.3, 0.6, 1.0, 1.0])  # what all agree on
    monkeypatch.setattr(workers, "agree", lambda mine: [next(seconds)])
    assert benchmark.rate(asked.append, 2.0, clock=lambda: 0.0) == 2.0  # its own clock stands still
    assert asked == [1, 2, 2, 2]
