import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.features import mind
from idgan_tf.evaluation.features.mind import monge_distance, of_features
from tests.evaluation.features.made import clustered, normal


def directions(size, seed, count=1_000):
    u = np.random.default_rng(seed).normal(size=(count, size))
    return u / np.linalg.norm(u, axis=1, keepdims=True)


def plain(real, generated, seed, count):
    """3 F times the mean over directions of the mean squared difference of sorted projections."""
    along = [(np.sort(real @ u), np.sort(generated @ u)) for u in directions(real.shape[1], seed, count)]
    return 3 * real.shape[1] * np.mean([np.mean((a - b) ** 2) for a, b in along])


@pytest.mark.parametrize(("count", "block", "at_once"), [(1, 4096, 100), (250, 7, 100), (250, 4096, 64)])
def test_it_is_the_formula(count, block, at_once, monkeypatch):
    monkeypatch.setattr(mind, "BLOCK", block)
    monkeypatch.setattr(mind, "AT_ONCE", at_once)
    real, generated = clustered(60, 0), 1.5 * clustered(60, 1)
    expected = plain(real.astype(np.float64), generated.astype(np.float64), 3, count)
    assert monge_distance(real, generated, 3, count) == pytest.approx(expected, rel=1e-6)


def test_equal_sets_are_at_distance_0_in_any_order():
    real = normal(50)
    assert monge_distance(real, real[::-1], 0) == pytest.approx(0.0, abs=1e-20)


def test_a_shift_costs_3_times_its_square_on_average():
    real, v = normal(40), np.arange(8.0)
    exact = 24.0 * np.mean(np.square(directions(8, 5) @ v))
    assert monge_distance(real, real + v, 5) == pytest.approx(exact, rel=1e-9) == pytest.approx(3 * v @ v, rel=0.15)


def test_of_gaussians_it_is_3_f_times_the_squared_difference_of_their_widths():
    assert monge_distance(normal(20_000, 4), 1.5 * normal(20_000, 4, 1), 0, 200) == pytest.approx(12 * 0.25, rel=0.05)


def test_a_collapsed_generator_costs_3_times_the_variance_of_the_real_features():
    real = normal(3_000)
    collapsed = np.broadcast_to(real.mean(axis=0), real.shape)
    assert of_features(real, collapsed, 0)["mind"] == pytest.approx(3 * np.sum(real.var(axis=0)), rel=0.05)


def test_it_sees_what_two_moments_do_not():
    """Two points and a Gaussian of the same mean and variance."""
    real = normal(4_000, 1)
    two, others = (monge_distance(real, made, 0, 10) for made in (np.sign(real[::-1]), normal(4_000, 1, 1)))
    assert two > 50 * others


def test_bad_input_is_named():
    with pytest.raises(ConfigError, match="MIND needs as many generated images as real ones, got 8 and 9"):
        monge_distance(normal(9), normal(8), 0)
    with pytest.raises(ConfigError, match="num_directions must be >= 1"):
        monge_distance(normal(9), normal(9), 0, 0)
