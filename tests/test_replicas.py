import numpy as np
import tensorflow as tf

from idgan_tf.replicas import all_rows
from idgan_tf.training import build


def spread(x):
    """A function of the whole batch that is no mean over its rows."""
    return tf.reduce_sum(tf.square(tf.reduce_mean(x, axis=0)) * tf.math.reduce_std(x, axis=0))


def test_two_replicas_see_all_rows_and_their_gradients_add_up_to_that_of_one_device(rng):
    strategy, data = build.strategy(), tf.constant(rng.normal(size=(6, 3)), tf.float32)
    weight = tf.constant([1.0, -2.0, 0.5])

    def step():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        own = tf.ensure_shape(data[3 * replica :][:3], [3, 3])
        with tf.GradientTape() as tape:
            tape.watch(weight)
            rows = all_rows(own * weight)
            value = spread(rows)
        return rows, value, tape.gradient(value, weight)

    rows, values, gradients = (strategy.experimental_local_results(x) for x in tf.function(strategy.run)(step))
    with tf.GradientTape() as tape:
        tape.watch(weight)
        expected = spread(data * weight)
    for ours, value in zip(rows, values, strict=True):
        np.testing.assert_array_equal(ours, data * weight)
        np.testing.assert_allclose(value, expected, rtol=1e-6)
    np.testing.assert_allclose(sum(gradients) / 2, tape.gradient(expected, weight), rtol=1e-5)  # as Method.minimize


def test_one_device_alone_has_all_rows():
    x = tf.ones([2, 3])
    assert all_rows(x) is x
