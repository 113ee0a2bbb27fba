"""Workers wait for one another in Python, before TensorFlow does where nothing can be told."""

import socket
import threading
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
    monkeypatch.setattr(workers, "TELL_AFTER", 0.0)
    monkeypatch.setattr(workers, "TELL_EVERY", 0.5)
    caplog.set_level("INFO", logger="absl")
    numbers, went = ports(3), []

    def come(task):
        workers.gather(cluster(numbers, task))
        went.append(task)

    threads = [threading.Thread(target=come, args=[task], daemon=True) for task in (1, 0, 2)]
    for thread in threads[:2]:
        thread.start()
    alone, deadline = f"s for worker 2 (127.0.0.1:{numbers[2]})", time.monotonic() + 60
    while not any(r.getMessage().startswith("worker 0 has waited") and alone in r.getMessage() for r in caplog.records):
        assert time.monotonic() < deadline, caplog.text
        time.sleep(0.1)
    assert not went
    threads[2].start()
    for thread in threads:
        thread.join(30)
    assert sorted(went) == [0, 1, 2]


def test_a_port_that_is_taken_is_told():
    (number,) = ports(1)
    taken = f"worker 0 cannot listen at port {number}: Address already in use"
    with socket.create_server(("", number)), pytest.raises(ConfigError, match=taken):
        workers.gather(cluster([number, 1], 0))
