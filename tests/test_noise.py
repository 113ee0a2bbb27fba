import numpy as np
import pytest
import scipy.special
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


def test_integers_are_all_those_below_the_count_equally_often():
    values = noise.integers([70000], 7, [3, 4]).numpy()
    counts = np.bincount(values, minlength=7)
    assert values.dtype == np.int32 and len(counts) == 7 and np.all(np.abs(counts - 10000) < 500)


@pytest.mark.parametrize("compiled", [False, True])
def test_no_normal_number_is_infinite_and_all_are_the_quantiles_of_the_normal(compiled):
    """An infinite draw comes once in millions of steps and ends a run: so every value there is, is looked at."""
    numbers = np.concatenate([np.arange(0, 2**24, 4097), np.arange(64), 2**24 - 1 - np.arange(64)]).astype(np.int32)
    found = tf.function(noise._as_normal, jit_compile=compiled)(numbers).numpy()
    expected = scipy.special.ndtri((2.0 * (numbers >> 1) + 1) / 2**24)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-6)
    assert np.abs(found).max() < 5.5


def test_all_of_the_sixteen_million_normal_numbers_have_the_moments_of_the_normal():
    values = noise._as_normal(tf.range(2**24)).numpy().astype(np.float64)
    assert np.all(np.isfinite(values))
    np.testing.assert_allclose([values.mean(), values.var(), (values**4).mean()], [0, 1, 3], atol=1e-4)


def test_the_numbers_are_those_of_earlier_versions():
    """A run that one of them began goes on with the numbers that it would have drawn."""
    np.testing.assert_array_equal(noise.fold([3, 0x1D6A], 1, 5), [-251852303, 5])
    np.testing.assert_allclose(noise.normal([3], [3, 5]), [0.694968, -0.661663, -1.825981], rtol=1e-5)
    expected = [[2993791, 2040350], [13555015, 4421354]]
    np.testing.assert_array_equal(noise.row_uniform(tf.constant([0, 7], tf.int64), (2,), [3, 5]) * 2.0**24, expected)
