import numpy as np
import pytest
from scipy.stats import norm

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.rid import log_density


def test_it_is_the_log_density_of_a_diagonal_gaussian():
    c, mean, logvar = np.random.default_rng(0).normal(size=(3, 20, 4))
    expected = norm(mean, np.exp(0.5 * logvar)).logpdf(c).sum(axis=1)
    np.testing.assert_allclose(log_density(c, mean, logvar), expected, rtol=1e-6)


def test_a_variance_has_a_floor():
    zero = np.zeros((1, 1))
    assert log_density(zero + 1e-3, zero, zero - 80.0)[0] == pytest.approx(-0.5 * (np.log(2 * np.pi) - 80.0 + 100.0))


def test_bad_input_is_named():
    zeros = np.zeros((2, 3))
    with pytest.raises(NonFiniteError):
        log_density(zeros, zeros, zeros * np.nan)
    with pytest.raises(ConfigError, match=r"must be \[N, D\]"):
        log_density(zeros, zeros[:1], zeros)
