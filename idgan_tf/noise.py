"""Random numbers of a training step: stateless, and the same on one device or many.

Every draw is made for the whole global batch from a seed that all replicas share; each replica keeps its own
rows. So a run is a function of its seed and step alone: there is nothing to checkpoint, and eight devices see
the numbers that one device would.
"""

import contextlib
import math
import random
import typing

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from tensorflow.python.eager import context as eager

from idgan_tf.replicas import all_rows

EVERY: dict[str, typing.Any] = {"minval": None, "maxval": None}  # integer there is


@contextlib.contextmanager
def seeded(seed):
    """The generators that first weights are drawn from start at `seed`, and are after the block where they were before.

    Those of Python, NumPy, Keras and TensorFlow; the last two tell where they are by private names alone.
    """
    python, numpy, tensorflow = random.getstate(), np.random.get_state(), eager.context()
    of_tensorflow = {name: getattr(tensorflow, name, None) for name in ("_seed", "_rng")}
    of_keras = {
        name: global_state.get_global_attribute(name) for name in ("global_random_seed", "global_seed_generator")
    }
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        for name, value in of_tensorflow.items():
            setattr(tensorflow, name, value)
        for name, value in of_keras.items():
            global_state.set_global_attribute(name, value)


def fold(seed, *numbers):
    """A new seed [2] from `seed` and integers (a step, a stream number)."""
    seed = tf.convert_to_tensor(seed, tf.int32)
    for number in numbers:  # the algorithm that "auto_select" takes differs between XLA and plain graphs
        folded: typing.Any = tf.random.fold_in(seed, tf.cast(number, tf.int32), alg="philox")
        seed = folded
    return seed


def split(seed, count):
    """`count` independent seeds."""
    return [fold(seed, i) for i in range(count)]


def _own_rows(draw, shape):
    """`draw([all rows, ...])`, cut to the rows of this replica."""
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return draw(shape)
    rows = shape[0]
    everything = draw([rows * context.num_replicas_in_sync, *shape[1:]])
    start = tf.cast(context.replica_id_in_sync_group, tf.int32) * rows
    return tf.reshape(everything[start : start + rows], shape)


def shuffle_columns(x, seed):
    """x [B, D] with every column shuffled over the global batch, independently; no gradient passes."""
    everything = all_rows(tf.stop_gradient(x))

    def draw(shape):
        order = tf.argsort(_numbers(shape, seed), axis=0, stable=True)
        return tf.gather(tf.transpose(everything), tf.transpose(order), batch_dims=1)

    return _own_rows(lambda shape: tf.transpose(draw(shape)), x.shape)


def _numbers(shape, seed):
    """Uniform int32 in 0..2^24-1. XLA and plain graphs draw the same bits, but make other floats of them."""
    bits = tf.random.stateless_uniform(shape, seed, **EVERY, dtype=tf.uint32, alg="philox")
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.int32)


def normal(shape, seed):
    """Standard normal, float32 of `shape`; the first axis is the replica's batch."""
    return _own_rows(lambda shape: _as_normal(_numbers(shape, seed)), shape)


def _as_normal(numbers):
    """Int32 in 0..2^24-1 to the standard normal's quantiles at odd multiples of 2^-24.

    One bit is dropped: TensorFlow computes erfinv(x) from (x + 1) / 2, which 24 bits would round to 1 and to
    an infinite number, once in 16 million.
    """
    odd = 2 * tf.bitwise.right_shift(numbers, 1) + 1 - 2**23
    return math.sqrt(2.0) * tf.math.erfinv(tf.cast(odd, tf.float32) / 2**23)


def integers(shape, count, seed):
    """Uniform on 0..count - 1, int32 of `shape`, for counts far below 2^24; the first axis is the replica's batch."""
    return _own_rows(lambda shape: _numbers(shape, seed) % count, shape)


def uniform(shape, seed, minimum=0.0, maximum=1.0):
    """Uniform on [minimum, maximum), float32 of `shape`; the first axis is the replica's batch."""

    def draw(shape):
        return minimum + (maximum - minimum) / 2**24 * tf.cast(_numbers(shape, seed), tf.float32)

    return _own_rows(draw, shape)


def mix(x):
    """A well-spread hash of a uint32 tensor (the finaliser of MurmurHash3)."""
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(16, tf.uint32)))
    x *= tf.constant(0x85EBCA6B, tf.uint32)
    x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(13, tf.uint32)))
    x *= tf.constant(0xC2B2AE35, tf.uint32)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, tf.constant(16, tf.uint32)))


def row_uniform(index, shape, seed):
    """Uniform on [0, 1), float32 [B, *shape]: for each row a function of (its number, seed) alone.

    Args:
        index: int64 [B], row numbers.
        shape: Python ints.
        seed: int32 [2].
    """
    seed = tf.bitcast(tf.convert_to_tensor(seed, tf.int32), tf.uint32)
    key = mix(tf.cast(index, tf.uint32) + mix(seed[0] + mix(seed[1])))
    count = tf.range(math.prod(shape), dtype=tf.int32)
    bits = mix(key[:, None] + mix(tf.cast(count, tf.uint32) + tf.constant(0x9E3779B9, tf.uint32))[None])
    bits = tf.bitwise.right_shift(mix(bits + key[:, None]), tf.constant(8, tf.uint32))
    return tf.reshape(tf.cast(bits, tf.float32) * 2.0**-24, [-1, *shape])
