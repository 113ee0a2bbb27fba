"""The order of examples: a pure function of (seed, position), so that a run resumes anywhere at no cost.

Position p of a run is example `p % N` of epoch `p // N`; each epoch is its own permutation of the N examples. The
permutation is a small Feistel cipher on their numbers (Luby & Rackoff 1988); numbers that fall outside 0..N-1 are
enciphered again until they fall inside ("cycle walking", Black & Rogaway 2002). It needs no table, runs inside the
training graph, and compiles under XLA, for which TensorFlow's own `tf.random.experimental.index_shuffle` has no kernel.
"""

import math

import tensorflow as tf

from idgan_tf import noise

ROUNDS = 6


def _encipher(x, keys, half_bits):
    """One pass of the cipher on uint32 numbers below 2**(2 * half_bits)."""
    mask = tf.constant((1 << half_bits) - 1, tf.uint32)
    shift = tf.constant(half_bits, tf.uint32)
    left, right = tf.bitwise.right_shift(x, shift), tf.bitwise.bitwise_and(x, mask)
    for key in keys:
        mixed = tf.bitwise.bitwise_and(noise.mix(tf.bitwise.bitwise_xor(right, key)), mask)
        left, right = right, tf.bitwise.bitwise_xor(left, mixed)
    return tf.bitwise.bitwise_or(tf.bitwise.left_shift(left, shift), right)


def example_numbers(positions, num_examples, seed):
    """Positions of a run -> numbers of a dataset's examples.

    Args:
        positions: int64 tensor [B], >= 0.
        num_examples: N, a Python int, 1 <= N < 2**31.
        seed: the run's seed, a Python int.

    Returns:
        int64 [B] in 0..N-1; the N positions of one epoch give every example once.
    """
    count = tf.constant(num_examples, tf.int64)
    epoch, place = positions // count, positions % count
    half_bits = max(1, math.ceil(math.log2(max(2, num_examples)) / 2))
    key = noise.mix(tf.cast(epoch, tf.uint32) + noise.mix(tf.constant(seed % 2**32, tf.uint32)))
    keys = [noise.mix(key + tf.constant(i, tf.uint32)) for i in range(ROUNDS)]
    limit = tf.constant(num_examples, tf.uint32)

    def outside(x):
        return tf.reduce_any(x >= limit)

    def walk(x):
        return (tf.where(x >= limit, _encipher(x, keys, half_bits), x),)

    (rows,) = tf.while_loop(outside, walk, (_encipher(tf.cast(place, tf.uint32), keys, half_bits),))
    return tf.cast(rows, tf.int64)
