import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.features import distances as blocks
from idgan_tf.evaluation.features.density_coverage import density_and_coverage, of_features
from tests.evaluation.features.made import clustered, distances, normal


def plain(real, generated, k):
    """What prdc.py of their code does: the k + 1st smallest, the distance from itself among them, and <."""
    real, generated = real.astype(np.float64), generated.astype(np.float64)
    radius = np.sort(distances(real, real), axis=1)[:, k]
    across = distances(real, generated)
    inside = across < radius[:, None]
    return np.mean(np.sum(inside, axis=0)) / k, np.mean(np.min(across, axis=1) < radius)


@pytest.mark.parametrize("size", [16, 4096])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_it_is_that_of_the_papers_code(k, size, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", size)
    real, generated = clustered(90, 0), clustered(70, 1) + np.float32([0, 2, 0, 0, 0])
    found = density_and_coverage(real, generated, k)
    assert found == pytest.approx(plain(real, generated, k), abs=1e-6) and 0.05 < found[1] < 0.95


def test_the_real_features_themselves_have_1_and_disjoint_ones_0():
    """Exactly: every ball ends at one of them, which rounding may not let in."""
    real = normal(300, 512).astype(np.float32) + np.float32(10.0)
    assert density_and_coverage(real, np.random.default_rng(0).permutation(real)) == (1.0, 1.0)
    assert density_and_coverage(real, real + 100.0) == (0.0, 0.0)


@pytest.mark.parametrize("k", [1, 3])
def test_others_of_the_distribution_have_about_1_and_1_less_2_to_the_minus_k(k):
    found = np.mean([density_and_coverage(normal(400, 3, i), normal(400, 3, 100 + i), k) for i in range(8)], axis=0)
    np.testing.assert_allclose(found, [1.0, 1.0 - 0.5**k], atol=0.03)


def test_a_collapsed_generator_is_dense_and_covers_little():
    """So the first argument is the real features, and density is no share."""
    real = normal(300)
    density, coverage = density_and_coverage(real, 1e-6 * normal(100, seed=1))
    assert density > 2.0 and density == pytest.approx(coverage * len(real) / 5)
    assert of_features(real, real, 0) == {"density": 1.0, "coverage": 1.0}
    assert density_and_coverage(1e-6 * normal(100, seed=1), real)[1] < 1.0


def test_images_that_come_k_and_one_times_are_in_no_ball_even_of_their_own():
    same = np.full((9, 2048), 0.1, np.float32)
    assert density_and_coverage(same, same) == (0.0, 0.0)
    twice = np.repeat(normal(50), 2, axis=0)
    assert density_and_coverage(twice, twice, k=1) == (0.0, 0.0)
    assert density_and_coverage(twice, twice, k=2) == (1.0, 1.0)


def test_too_few_real_images_are_named_and_one_generated_image_will_do():
    with pytest.raises(ConfigError, match="5 nearest neighbours need at least 6 images, got 5"):
        density_and_coverage(normal(5), normal(9))
    assert density_and_coverage(normal(6), normal(6)[:1])[1] > 0.0
