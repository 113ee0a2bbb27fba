import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.training.order import example_numbers


def rows(first, count, num_examples, seed=0):
    return example_numbers(tf.range(first, first + count, dtype=tf.int64), num_examples, seed).numpy()


@pytest.mark.parametrize("num_examples", [1, 2, 7, 64, 1000])
def test_every_epoch_has_every_row_once(num_examples):
    for epoch in range(3):
        order = rows(epoch * num_examples, num_examples, num_examples)
        np.testing.assert_array_equal(np.sort(order), np.arange(num_examples))


def test_epochs_and_seeds_differ():
    first = rows(0, 1000, 1000)
    assert np.mean(first == rows(1000, 1000, 1000)) < 0.02
    assert np.mean(first == rows(0, 1000, 1000, seed=1)) < 0.02


def test_neighbours_are_unrelated():
    order = rows(0, 50_000, 50_000).astype(float)
    assert abs(np.corrcoef(order[:-1], order[1:])[0, 1]) < 0.02


def test_any_part_of_the_order_is_found_without_the_rest():
    np.testing.assert_array_equal(rows(0, 300, 97)[150:200], rows(150, 50, 97))


def test_the_order_is_that_of_earlier_versions():
    """A run that one of them began goes on with the examples that it would have seen."""
    np.testing.assert_array_equal(rows(46, 8, 48, seed=3), [44, 15, 26, 25, 12, 6, 27, 41])
