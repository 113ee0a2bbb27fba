import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.mi_bounds import mi_bounds

MEAN, SPREAD = 1.5, np.array([0.0, 1.0, 2.0], np.float32)


class Bounded:
    """I^L ~ N(MEAN, 1) of an image, and three dimensions whose KL is SPREAD times a squared normal number."""

    def information_bounds(self, count, seed):
        seed_lower, seed_kl = noise.split(seed, 2)
        return MEAN + noise.normal([count], seed_lower), SPREAD * noise.normal([count, 3], seed_kl) ** 2


class WithoutBottleneck(Bounded):
    def information_bounds(self, count, seed):
        lower, kl = super().information_bounds(count, seed)
        return lower, kl[:, :0]


def test_the_bounds_are_means_over_as_many_images_as_were_asked_for(pixels):
    result = mi_bounds(Bounded(), pixels, 0, num_samples=5000)
    assert result.values["mi_bounds_lower"] == pytest.approx(MEAN, abs=0.06)  # four standard errors
    assert result.values["mi_bounds_upper"] == pytest.approx(3.0, abs=0.2)
    kl = [float(value) for value in result.protocol["kl_per_dimension"].split()]
    assert kl == pytest.approx(SPREAD, abs=0.2) and sum(kl) == pytest.approx(result.values["mi_bounds_upper"], abs=2e-3)
    assert result.protocol["num_samples"] == 5000
    again, few = mi_bounds(Bounded(), pixels, 0, num_samples=5000), mi_bounds(Bounded(), pixels, 0, num_samples=1)
    assert again == result and mi_bounds(Bounded(), pixels, 1, num_samples=5000) != result
    first = Bounded().information_bounds(256, noise.fold(tf.constant([0, 0]), 0))[0][0]
    assert few.values["mi_bounds_lower"] == pytest.approx(float(first))


def test_without_a_bottleneck_there_is_no_upper_bound(pixels):
    result = mi_bounds(WithoutBottleneck(), pixels, 0, num_samples=300)
    assert result.values.keys() == {"mi_bounds_lower"} and result.protocol == {"num_samples": 300}


def test_other_methods_cannot_have_them_and_no_images_are_too_few(pixels, codes_method):
    with pytest.raises(Unavailable, match="Codes does not bound the information"):
        mi_bounds(codes_method(lambda x: x), pixels, 0)
    with pytest.raises(ConfigError, match="mi_bounds.num_samples must be >= 1"):
        mi_bounds(Bounded(), pixels, 0, num_samples=0)
