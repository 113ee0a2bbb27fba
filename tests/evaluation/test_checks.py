"""The checks that metrics make of arrays, one by one."""

import numpy as np
import pytest

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.checks import checked_codes, checked_pair, finite, standardised, two_thirds
from idgan_tf.evaluation.codes import table
from idgan_tf.evaluation.features import pairs
from idgan_tf.evaluation.metric import Unavailable


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_no_number_is_named_wherever_codes_are_taken(bad):
    codes = np.arange(18.0).reshape(9, 2)
    codes[[3, 5], 1] = bad
    says = "codes hold 2 non-finite of 18 numbers, the first in row 3"
    with pytest.raises(NonFiniteError, match=says):
        checked_codes(codes)
    for pair in ((codes, codes[:2]), (codes[:2], codes)):
        with pytest.raises(NonFiniteError, match=says):
            standardised(*pair)
    with pytest.raises(NonFiniteError, match="images hold 1 non-finite of 1,800 numbers, the first in row 99"):
        finite(np.where(np.arange(1800) == 1790, bad, 0.0).reshape(100, 3, 6), "images")


def test_codes_are_standardised_by_the_first_set_and_constant_dimensions_become_nought():
    codes = np.c_[[1.0, 3.0, 5.0], [7.0, 7.0, 7.0]]
    ours, theirs = standardised(codes, codes[:2] + [2.0, 1.0])
    np.testing.assert_allclose(ours, np.c_[[-(1.5**0.5), 0.0, 1.5**0.5], [0.0] * 3])
    np.testing.assert_allclose(theirs, np.c_[[0.0, 1.5**0.5], [1.0, 1.0]], atol=1e-12)


def test_classes_are_whole_numbers_as_far_as_float64_tells_them_apart():
    codes, large = np.arange(8.0).reshape(4, 2), np.array([[0], [1], [200], [2**53 - 1]])
    np.testing.assert_array_equal(checked_pair(codes, large)[1], large)
    for bad in (large + 1, large + 0.5, -large - 1):
        with pytest.raises(ConfigError, match="whole numbers, below 2"):
            checked_pair(codes, bad)


def test_two_thirds_fit_and_the_others_score():
    codes, factors = np.arange(18.0).reshape(9, 2), np.arange(9)[:, None]
    (fit, fit_factors), (rest, rest_factors) = two_thirds(codes, factors, 0)
    assert (len(fit), len(rest)) == (6, 3)
    np.testing.assert_array_equal(np.sort(np.r_[fit, rest], axis=0), codes)
    np.testing.assert_array_equal(fit[:, 0] / 2, fit_factors[:, 0])
    np.testing.assert_array_equal(rest[:, 0] / 2, rest_factors[:, 0])
    assert not np.array_equal(two_thirds(codes, factors, 1)[0][0], fit)
    with pytest.raises(Unavailable, match="a third of 5 rows"):
        two_thirds(codes[:5], factors[:5], 0)


@pytest.mark.parametrize("take", [checked_codes, lambda x: checked_pair(x, [[0], [1], [2]]), table.prepared])
def test_masked_values_are_not_taken_for_what_they_hide(take):
    codes = np.ma.masked_array(np.arange(6.0).reshape(3, 2), mask=False)
    take(codes)
    codes[1, 1] = np.ma.masked
    for given in (codes, list(codes), [list(row) for row in codes]):
        with pytest.raises(ConfigError, match="codes have masked values: leave out their rows"):
            take(given)


def test_nor_are_masked_classes_and_features():
    rows = np.ma.masked_array(np.arange(6).reshape(3, 2), mask=[[0, 0], [1, 0], [0, 0]])
    for take in (table.prepared, checked_pair):
        with pytest.raises(ConfigError, match="factors have masked values"):
            take(np.arange(6.0).reshape(3, 2), rows)
    with pytest.raises(ConfigError, match="real features have masked values"):
        pairs.checked(rows, rows.data)
