"""Examples by their numbers: `take`, len and [] of any dataset."""

import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from tests.helpers import TinyLabelled

DATASET = TinyLabelled()


def test_a_dataset_is_as_long_as_it_has_examples_and_gives_them_by_number():
    assert len(DATASET) == 48
    one, batch = DATASET[7], DATASET.take([7])
    for name in ("image", "label", "factors"):
        np.testing.assert_array_equal(one[name], batch[name][0])
    assert one["image"].shape == (64, 64, 1) and one["label"].shape == ()
    np.testing.assert_array_equal(DATASET[-1]["factors"], DATASET.factors([47])[0])
    np.testing.assert_array_equal(DATASET[[3, -48]]["factors"], DATASET.factors([3, 0]))
    np.testing.assert_array_equal(DATASET[44:]["factors"], DATASET.factors(np.arange(44, 48)))
    np.testing.assert_array_equal(DATASET[np.int64(5)]["factors"], DATASET.factors([5])[0])
    assert len(list(DATASET)) == 48


@pytest.mark.parametrize("number", [48, -49, [0, 48]])
def test_there_is_no_example_beyond_the_last(number):
    with pytest.raises(IndexError, match="has the examples 0 to 47, got (48|-49)"):
        DATASET[number]


@pytest.mark.parametrize(
    "numbers, said",
    [
        ([-1], "has the examples 0 to 47, got -1"),
        ([3, 48], "got 48"),
        (0, r"wants a list of numbers, got 0; dataset\[0\] is one"),
        ([[0]], "wants a list"),
        ([0.5], "whole numbers"),
        ([True], "whole numbers"),
        ("0", "whole numbers"),
    ],
)
def test_take_refuses_numbers_that_it_has_no_examples_of(numbers, said):
    with pytest.raises(ConfigError, match=said):
        DATASET.take(numbers)


def test_numbers_that_are_right_are_not_written_out():
    """The text of 256 numbers takes longer than their images."""

    class Numbers(np.ndarray):
        def __repr__(self):
            raise AssertionError("nobody reads it")

        __str__ = __repr__

    assert DATASET.take(np.arange(3).view(Numbers))["image"].shape == (3, 64, 64, 1)


@pytest.mark.parametrize("count, told", [(1, "1 image of"), (2000, "2,000 images of"), (0, "0 images of")])
def test_one_image_is_told_in_the_singular(count, told, monkeypatch):
    monkeypatch.setattr(TinyLabelled, "num_examples", count)
    assert told in DATASET.describe()
