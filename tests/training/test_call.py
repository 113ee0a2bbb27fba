"""A training call has its own way with sums, and leaves everybody else theirs."""

import types

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.ops import gen_math_ops

from idgan_tf import noise
from idgan_tf.training.call import STREAM_DATA, STREAM_METHOD, TrainingCall
from idgan_tf.training.order import example_numbers
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
        dataset=TinySprites((4, 4, 1)), batch_size=8, seed=3, resident_bytes=1 << 30, jit_compile=False, rollbacks=0
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


def gradient_of_three_terms(fresh):
    """Of 1e8 x + x - 1e8 x in a step; TensorFlow would begin with the term `fresh`, whose buffer alone is free."""
    values, one = [tf.Variable(value) for value in (1e8, 1.0, -1e8)], tf.Variable(1.0)

    def train_step(batch, seed):
        def term(x, i):
            slope = values[i] * one if i == fresh else values[i].read_value()
            return tf.custom_gradient(lambda x: (x, lambda upstream: slope))(x)

        x = tf.zeros([])
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = term(x, 0) + term(x, 1) + term(x, 2)
        return {"gradient": tape.gradient(loss, x)}

    call = training_call(train_step)
    call(1)
    return call.means()["gradient"]


def test_a_gradient_does_not_depend_on_which_of_its_terms_is_needed_elsewhere_at_that_moment():
    assert len({gradient_of_three_terms(fresh) for fresh in range(3)}) == 1


def test_tensorflows_own_sum_comes_back_after_a_call():
    own = gen_math_ops.add_n
    gradient_of_three_terms(0)
    assert gen_math_ops.add_n is own


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
    np.testing.assert_array_equal(seen_rows, example_numbers(tf.range(24, dtype=tf.int64), 48, 3))
