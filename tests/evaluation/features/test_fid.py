import subprocess
import sys

import numpy as np
import pytest

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.feature_networks import tf_gan
from idgan_tf.evaluation.features import fid
from idgan_tf.evaluation.features.fid import RIDGE, Statistics, evened, frechet_distance, frechet_distance_of_statistics
from idgan_tf.evaluation.metric import Result, with_count


def normal(count, size, seed=0):
    return np.random.default_rng(seed).normal(size=(count, size))


def eigenvalue_form(a, b):
    """The float64 eigenvalue form: Tr (C_a C_b)^(1/2) from the eigenvalues of the product."""
    covariance_a, covariance_b = np.cov(a.T), np.cov(b.T)
    cross = np.sum(np.sqrt(np.maximum(np.linalg.eigvals(covariance_a @ covariance_b).real, 0.0)))
    return np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(covariance_a) + np.trace(covariance_b) - 2.0 * cross


def test_equal_covariances_leave_the_squared_distance_of_the_means():
    a = normal(500, 8)
    assert frechet_distance(a, a + np.arange(8.0)) == pytest.approx(np.sum(np.arange(8.0) ** 2), rel=1e-9)


def test_a_scaled_covariance_costs_the_trace_of_the_difference_of_roots():
    a = normal(500, 8)
    a -= a.mean(axis=0)
    assert frechet_distance(a, 3.0 * a) == pytest.approx(4.0 * np.trace(np.cov(a.T)), rel=1e-9)


def test_one_dimension_has_a_closed_form():
    a, b = normal(300, 1), 2.5 * normal(200, 1, 1) + 1.0
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-9)


def test_a_set_is_at_distance_zero_from_itself():
    a = normal(500, 16)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)


def test_it_agrees_with_the_eigenvalue_form():
    a, b = normal(800, 32) @ normal(32, 32, 1), normal(700, 32, 2) + 0.3
    assert frechet_distance(a, b) == pytest.approx(eigenvalue_form(a, b), rel=1e-5)


def test_it_agrees_with_tf_gan_and_so_does_what_comes_in_blocks(monkeypatch):
    a, b = normal(1000, 64) @ normal(64, 64, 1) / 8, normal(900, 64, 2) + 0.3
    a, b = a.astype(np.float32), b.astype(np.float32)
    theirs = float(tf_gan.call("frechet_classifier_distance_from_activations", a, b))
    monkeypatch.setattr(fid, "BLOCK", 300)
    assert fid.tf_gan_frechet_distance(a, b) == pytest.approx(theirs, rel=1e-6)
    assert frechet_distance(a, b) == pytest.approx(theirs, rel=1e-5)


@pytest.mark.slow
def test_fid_of_50000_images_stays_below_2_5_gb():
    code = """
import resource
import numpy as np
from idgan_tf.evaluation.features.fid import tf_gan_frechet_distance
rng = np.random.default_rng(0)
a, b = (rng.standard_normal((50_000, 2048), np.float32) for _ in range(2))
distance = tf_gan_frechet_distance(a, 1.5 * b)
print(distance, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    distance, gigabytes = map(float, done.stdout.split())
    assert distance == pytest.approx(0.25 * 2048, rel=0.15) and gigabytes < 2.5


DISTANCES = pytest.mark.parametrize("distance", [frechet_distance, fid.tf_gan_frechet_distance])


@DISTANCES
def test_swapping_the_sets_gives_the_same_value(distance):
    a, b = normal(100, 150), 2.0 * normal(120, 150, 1) + 1.0
    assert distance(a, b) == pytest.approx(distance(b, a), rel=1e-10)


@DISTANCES
def test_rank_deficient_covariances_are_finite_exact_and_warned_of(distance, caplog):
    a = np.concatenate([normal(50, 10), np.zeros((50, 90))], axis=1)
    b = np.concatenate([2.0 * normal(50, 10), np.zeros((50, 90))], axis=1)
    assert distance(a, b) == pytest.approx(frechet_distance(a[:, :10], b[:, :10]), rel=1e-5)
    assert "100 dimensions from 50 samples" in caplog.text


def test_statistics_do_not_depend_on_the_batch_size_nor_on_the_origin():
    x = normal(1001, 12) @ normal(12, 12, 1) + 1e4
    for size in (1, 7, 1001):
        statistics = Statistics()
        for start in range(0, len(x), size):
            statistics.update(x[start : start + size])
        np.testing.assert_allclose(statistics.mean, x.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(statistics.covariance, np.cov(x.T), rtol=1e-8, atol=1e-9)


def test_features_of_two_networks_cannot_be_compared():
    a, b = Statistics(), Statistics()
    a.update(normal(10, 3))
    b.update(normal(10, 4))
    with pytest.raises(ConfigError, match="3 and 4 dimensions"):
        frechet_distance_of_statistics(a, b)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.full((4, 3), np.inf), NonFiniteError, "12 non-finite"),
        (np.zeros((4, 3, 1)), ConfigError, r"features must be \[N, F\]"),
        (np.zeros((1, 3)), ConfigError, "at least 2 samples"),
        (np.zeros((4, 3), complex), ConfigError, "features must be real numbers, got complex128"),
        (np.full((4, 3), "a"), ConfigError, "features must be real numbers"),
        (np.zeros((0, 3)), ConfigError, r"got \[0, 3\]"),
    ],
)
def test_bad_input_is_named(bad, error, message):
    with pytest.raises(error, match=message):
        frechet_distance(normal(4, 3), bad)


@DISTANCES
def test_one_sample_has_no_covariance(distance):
    with pytest.raises(ConfigError, match="at least 2 samples, got 1"):
        distance(normal(4, 3), normal(1, 3))


def test_a_score_that_is_no_number_is_an_error():
    with pytest.raises(NonFiniteError, match="fid50k came out as nan"):
        Result({"fid50k": float("nan")}, {})


def test_the_count_is_in_the_name():
    assert with_count("fid", 50_000) == "fid50k" and with_count("fid", 1234) == "fid1234"


def units(count=2000, seed=0):
    """Units >= 0 [count, 6] that depend on one another, of very different sizes; the last one hardly moves."""
    x = np.maximum(normal(count, 6, seed) @ normal(6, 6, 9) + 1.0, 0.0) * 10.0 ** np.arange(-2, 4)
    x[count // 50 :, 5] = 0.0
    return x


def test_evened_units_spread_equally_but_for_the_ridge_and_quiet_ones_are_left_out():
    covariance = np.cov(evened(units())(units()).T)
    spread = np.linalg.eigvalsh(np.corrcoef(units()[:, :5].T))
    np.testing.assert_allclose(covariance, np.diag(spread / (spread + RIDGE)), atol=1e-3)


def test_an_evened_distance_does_not_depend_on_the_size_of_a_unit():
    size = np.array([1e3, 1.0, 1e-3, 7.0, 0.1, 5.0])
    distances = []
    for scale in (1.0, size):
        even = evened(scale * units())
        distances.append(frechet_distance(even(scale * units()), even(scale * units(500, 1))))
    assert distances[0] == pytest.approx(distances[1], rel=1e-6) and distances[0] > 0.0


def test_a_network_that_sees_nothing_is_named():
    with pytest.raises(ConfigError, match="no unit of the feature network moves in 5%"):
        evened(np.zeros((100, 3)))
