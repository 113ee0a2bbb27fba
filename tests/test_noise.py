import numpy as np
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.training import build


def test_two_replicas_draw_the_rows_of_one_batch():
    strategy = build.strategy()
    assert strategy.num_replicas_in_sync == 2

    @tf.function
    def draw():
        return strategy.run(lambda: noise.normal([3, 5], tf.constant([1, 2])))

    halves = strategy.experimental_local_results(draw())
    np.testing.assert_array_equal(np.concatenate(halves), noise.normal([6, 5], tf.constant([1, 2])))


def test_seeds_of_other_steps_and_streams_differ():
    seeds = {tuple(noise.fold([0, 1], stream, step).numpy()) for stream in range(3) for step in range(50)}
    assert len(seeds) == 150
    assert len({tuple(seed.numpy()) for seed in noise.split([0, 1], 4)}) == 4


def test_uniform_stays_in_its_range():
    values = noise.uniform([1000], [3, 4], -1.0, 2.0).numpy()
    assert values.min() >= -1.0 and values.max() < 2.0 and abs(values.mean() - 0.5) < 0.1
