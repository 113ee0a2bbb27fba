"""A training call has its own way with sums, and leaves everybody else theirs."""

import types

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.training.call import STREAM_DATA, STREAM_METHOD, TrainingCall
from idgan_tf.training.order import row_numbers
from tests.helpers import TinySprites


def reordering():
    """Whether TensorFlow may order the terms of a sum anew; None where it chooses itself, which is to do it."""
    return tf.config.optimizer.get_experimental_options().get("arithmetic_optimization")


@pytest.fixture(params=[None, True, False])
def before(request):
    kept = reordering()
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": request.param})
    yield request.param
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": kept})


def training_call(train_step):
    method = types.SimpleNamespace(step=tf.Variable(0, dtype=tf.int64), players={}, train_step=train_step)
    settings = types.SimpleNamespace(
        dataset=TinySprites((4, 4, 1)), batch_size=8, seed=3, resident_bytes=1 << 30, jit_compile=False
    )
    return TrainingCall(method, settings, tf.distribute.get_strategy())


def test_sums_keep_their_order_while_it_is_traced_and_runs_and_only_then(before):
    traced, ran = [], []

    def train_step(batch, seed):
        del seed
        traced.append(reordering())
        tf.py_function(lambda: ran.append(reordering()), [], [])
        return {"loss": tf.reduce_mean(batch["image"])}

    call = training_call(train_step)
    assert reordering() is before
    for use in (call, call.data_alone):
        use(2)
        assert reordering() is before
    assert traced == [False] and ran == [False, False]
    assert call.traces == 1


def test_what_was_there_before_comes_back_after_an_error(before):
    def train_step(batch, seed):
        raise ValueError("no step")

    with pytest.raises(ValueError, match="no step"):
        training_call(train_step)
    assert reordering() is before


def test_a_step_draws_from_its_own_number_and_its_data_from_a_stream_of_their_own(monkeypatch):
    steps, data, seen_rows = [], [], []
    decode = TinySprites.decode

    def spy(self, rows, seed):
        tf.py_function(
            lambda s, i: (data.append(tuple(s.numpy())), seen_rows.extend(i.numpy())), [seed, rows["index"]], []
        )
        return decode(self, rows, seed)

    def train_step(batch, seed):
        tf.py_function(lambda s: steps.append(tuple(s.numpy())), [seed], [])
        return {"loss": tf.reduce_mean(batch["image"])}

    monkeypatch.setattr(TinySprites, "decode", spy)
    call = training_call(train_step)
    data.clear(), seen_rows.clear()  # the examples that it looked at first
    call(3)
    for stream, seen in ((STREAM_METHOD, steps), (STREAM_DATA, data)):
        assert seen == [tuple(noise.fold([3, 0x1D6A], stream, step).numpy()) for step in range(3)]
    assert len({*steps, *data}) == 6
    np.testing.assert_array_equal(seen_rows, row_numbers(tf.range(24, dtype=tf.int64), 48, 3))
