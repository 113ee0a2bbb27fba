"""Streamed and resident data are the same data, on one device or two, from any step."""

import types

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.data.augment import dequantise, flip
from idgan_tf.data.base import Dataset
from idgan_tf.errors import ConfigError
from idgan_tf.training import build
from idgan_tf.training.call import TrainingCall


class Ramp(Dataset):
    """37 random images, flipped and dequantised at random."""

    name, image_shape, source = "ramp", (4, 4, 3), "test"

    def __init__(self, file=None):
        images = np.random.default_rng(0).integers(0, 256, (37, 4, 4, 3), np.uint8)
        if file is not None:
            np.save(file, images)
            images = np.load(file, mmap_mode="r")
        self.arrays = {"image": images, "label": np.arange(37, dtype=np.int32)}

    arrays = None

    def decode(self, rows, seed):
        image = tf.cast(rows["image"], tf.float32) / 255.0
        image = dequantise(flip(image, noise.fold(seed, 0)), noise.fold(seed, 1))
        return {"image": image, "label": rows["label"], "index": rows["index"]}


class Shared(Ramp):
    """Three examples for every row of it."""

    num_examples = 111

    def row_of(self, index):
        return index // 3

    def decode(self, rows, seed):
        return {**super().decode(rows, seed), "index": rows["index"] // 3}


class Probe:
    """Stands in for a method: reports numbers that every pixel, label and row number of a batch moves."""

    players = {}  # nobody learns

    def __init__(self):
        self.step = tf.Variable(0, dtype=tf.int64)

    def train_step(self, batch, seed):
        del seed
        weight = tf.reshape(tf.range(48, dtype=tf.float32), [1, 4, 4, 3])
        label, index = tf.cast(batch["label"], tf.float32), tf.cast(batch["index"], tf.float32)
        return {
            "pixels": tf.reduce_mean(batch["image"] * weight * (1.0 + label)[:, None, None, None]),
            "mismatch": tf.reduce_mean(tf.abs(label - index)),
        }


def run(devices, resident_bytes, first_step=0, dataset=None, steps_per_call=1, steps=None):
    strategy = build.strategy() if devices == 2 else tf.distribute.MirroredStrategy(["CPU:0"])
    with strategy.scope():
        method = Probe()
    asked = {"batch_size": 8, "seed": 3, "resident_bytes": resident_bytes, "jit_compile": False, "rollbacks": 0}
    settings = types.SimpleNamespace(dataset=dataset or Ramp(), **asked)
    call = TrainingCall(method, settings, strategy)
    method.step.assign(first_step)
    values = []
    for _ in range(0, steps or 8 - first_step, steps_per_call):
        assert call(steps_per_call)
        means = call.means()
        assert means["mismatch"] == 0
        values.append(means["pixels"])
    assert call.traces == 1
    return values


@pytest.fixture(scope="module")
def expected():
    """What resident data give on one device, step by step; epochs of 37 end within step 4."""
    values = run(1, 1 << 30)
    assert len(set(values)) == 8
    return values


def test_a_stream_from_a_memory_map_gives_the_resident_data(tmp_path, expected):
    assert run(1, 0, dataset=Ramp(tmp_path / "images.npy")) == expected


def test_examples_that_share_a_row_are_found_in_it():
    """`run` compares the label of every row with the number of the example."""
    values = run(1, 1 << 30, dataset=Shared())
    assert run(1, 0, dataset=Shared()) == values and len(set(values)) == 8
    np.testing.assert_array_equal(Shared().take([0, 2, 3, 110])["label"], [0, 0, 1, 36])


@pytest.mark.parametrize("resident_bytes", [0, 1 << 30], ids=["streamed", "resident"])
def test_two_devices_see_the_data_of_one(expected, resident_bytes):
    np.testing.assert_allclose(
        run(2, resident_bytes, steps_per_call=4), np.reshape(expected, [2, 4]).mean(1), rtol=1e-6
    )


@pytest.mark.parametrize("resident_bytes", [0, 1 << 30], ids=["streamed", "resident"])
def test_a_run_that_goes_on_at_a_step_sees_the_data_of_one_that_never_stopped(expected, resident_bytes):
    assert run(1, resident_bytes, first_step=5) == expected[5:]


def test_a_late_step_is_there_at_once():
    """Epoch 216 million: anything that walked through the epochs before would never end."""
    assert len(set(run(1, 0, first_step=10**9, steps=3))) == 3


def test_a_stream_cannot_be_compiled():
    asked = {"batch_size": 8, "seed": 3, "resident_bytes": 0, "jit_compile": True, "rollbacks": 0}
    settings = types.SimpleNamespace(dataset=Ramp(), **asked)
    with pytest.raises(ConfigError, match="train.resident_bytes"):
        TrainingCall(Probe(), settings, tf.distribute.get_strategy())
