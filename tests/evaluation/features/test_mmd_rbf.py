import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.features import distances as blocks
from idgan_tf.evaluation.features.mmd_rbf import mmd, of_features
from tests.evaluation.features.made import distances, normal


def plain(real, generated, sigma):
    """CMMD's distance.py: the means over all pairs, those of a feature with itself among them."""
    xx, yy, xy = (
        np.mean(np.exp(-(distances(*sets) ** 2) / (2 * sigma**2)))
        for sets in ((real, real), (generated, generated), (real, generated))
    )
    return 1000 * (xx + yy - 2 * xy)


@pytest.mark.parametrize("size", [16, 4096])
def test_it_is_cmmds(size, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", size)
    real, generated = normal(60), 1.2 * normal(40, seed=1) + 1.0
    for sigma in (10.0, 2.5):
        assert mmd(real, generated, sigma) == pytest.approx(plain(real, generated, sigma), rel=1e-6)
    unit = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in (real, generated)]  # as CLIP's are
    assert of_features(*unit, 0)["mmd_rbf"] == pytest.approx(plain(*unit, 10.0), rel=1e-6)


def test_equal_sets_are_at_distance_0_and_two_points_at_that_of_the_kernel():
    real = normal(50)
    assert mmd(real, real[::-1]) == pytest.approx(0.0, abs=1e-9)
    points = np.zeros((5, 3)), np.full((4, 3), 10.0)
    assert mmd(*points) == pytest.approx(2000 * (1 - np.exp(-1.5)), rel=1e-9)


def test_of_gaussians_it_is_the_closed_form():
    """The mean of k over N(0, a) and N(0, b) is (sigma^2 / (sigma^2 + a + b))^(F / 2); a set meets itself, too."""
    n, a, b = 1_500, 1.0, 4.0
    k = lambda s: (9.0 / (9.0 + s)) ** 2  # noqa: E731 - 4 dimensions
    expected = 1000 * ((1 - 1 / n) * (k(2 * a) + k(2 * b)) + 2 / n - 2 * k(a + b))
    assert mmd(normal(n, 4), 2.0 * normal(n, 4, 1), 3.0) == pytest.approx(expected, rel=0.1)


def test_a_kernel_too_narrow_to_see_anything_is_refused():
    with pytest.raises(ConfigError, match=r"a kernel of width 10 is 0 between real .* or set mmd_rbf.sigma"):
        mmd(1000 * normal(9), 1000 * normal(9))
    assert mmd(1000 * normal(9), 1000 * normal(9, seed=1), 3000.0) > 0.0


def test_bad_input_is_named():
    with pytest.raises(ConfigError, match="at least 2 images of each, got 1"):
        mmd(normal(9), normal(1))
    with pytest.raises(ConfigError, match="sigma must be > 0"):
        mmd(normal(9), normal(9), 0)
