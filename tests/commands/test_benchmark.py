"""What bin/benchmark makes of its measurements; that it runs is tried in test_after_training.py."""

import sys

from idgan_tf.commands import benchmark
from idgan_tf.config import Configuration


def test_data_never_take_more_than_a_step_and_memory_is_none_where_nobody_counts_it(monkeypatch):
    monkeypatch.setattr(benchmark, "rate", lambda run, seconds: {20.0: 30.0, 5.0: 20.0}[seconds])  # learning, data
    monkeypatch.setitem(sys.modules, "resource", None)
    result = benchmark.benchmark(Configuration(["tests/tiny/betavae.gin"], (), ["tests"]), 20.0)
    assert result["input_wait_percent"] == 100 and result["peak_rss_mb"] is None
    assert result["images_per_s"] == 600 and result["data_images_per_s"] == 400
