"""Workers wait for one another in Python, before TensorFlow does where nothing can be told."""

import concurrent.futures
import socket
import time
import types

import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.training import workers
from tests.training.test_workers import ports


def cluster(numbers, task):
    spec = tf.train.ClusterSpec({"worker": [f"127.0.0.1:{number}" for number in numbers]})
    return types.SimpleNamespace(cluster_spec=lambda: spec, task_type="worker", task_id=task)


def test_nobody_goes_before_all_are_there_and_everybody_says_for_whom_it_waits(monkeypatch, caplog):
    monkeypatch.setattr(workers, "TELL_AFTER", 0.2)
    caplog.set_level("INFO", logger="absl")
    numbers, went = ports(3), {}

    def come(task):
        workers.gather(cluster(numbers, task))
        went[task] = time.monotonic()

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        early = [pool.submit(come, task) for task in (1, 0)]
        time.sleep(2.0)
        assert not went and f"worker 0 has waited 0 s for worker 2 (127.0.0.1:{numbers[2]})" in caplog.text.replace(
            "1 s", "0 s"
        )
        pool.submit(come, 2).result(timeout=30)
        for one in early:
            one.result(timeout=30)
    assert went.keys() == {0, 1, 2}
    taken = f"worker 0 cannot listen at port {numbers[0]}: Address already in use"
    with socket.create_server(("", numbers[0])), pytest.raises(ConfigError, match=taken):
        workers.gather(cluster(numbers, 0))
