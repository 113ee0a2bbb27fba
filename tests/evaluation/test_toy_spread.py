import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.half_circles import HalfCircles
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.toy_spread import coverage, toy_spread


def test_values_of_the_same_distribution_are_covered_and_half_a_range_is_half(rng):
    real = rng.uniform(size=20_000)
    assert coverage(real, rng.uniform(size=20_000)) > 0.96
    assert coverage(real, rng.uniform(size=20_000) / 2) == pytest.approx(0.5, abs=0.03)
    assert coverage(real, np.full(100, 0.5)) == pytest.approx(0.05, abs=0.01)
    assert coverage(real, np.full(100, 3.0)) == 0.0
    elsewhere = np.r_[np.quantile(real, np.linspace(0.01, 0.99, 50)), np.full(150, 3.0)]
    assert coverage(real, elsewhere) == pytest.approx(0.25, abs=0.01)  # a quarter of them are where the real ones are


class Echo:
    """Generates the points of the batch, with y shrunk."""

    def __init__(self, factor):
        self.factor = factor

    def sample(self, batch, seed):
        return 0.5 + (batch["image"] - 0.5) * tf.constant([1.0, self.factor])


def test_the_points_themselves_have_spread_one_and_shrunken_ones_less():
    dataset = HalfCircles(per_class=2000)
    same = toy_spread(Echo(1.0), dataset, 0, points_per_class=2000).values
    half = toy_spread(Echo(0.5), dataset, 0, points_per_class=2000).values
    for name in ("toy_spread_middle", "toy_spread_right", "toy_spread_left"):
        assert same[name] == pytest.approx(1.0, abs=0.05) and half[name] == pytest.approx(0.5, abs=0.03)
    assert half["toy_coverage"] < same["toy_coverage"] and same["toy_distance"] < 0.03 < half["toy_distance"]


def test_other_data_have_no_such_axis(pixels):
    with pytest.raises(Unavailable, match="pixels has no axis y"):
        toy_spread(Echo(1.0), pixels, 0)
