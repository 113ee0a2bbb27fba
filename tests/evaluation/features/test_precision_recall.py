import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.features import distances as blocks
from idgan_tf.evaluation.features.precision_recall import of_features, precision_and_recall
from tests.evaluation.features.made import clustered, distances, normal


def plain(real, generated, k):
    """What torch-fidelity 0.4 does in metric_prc.py: the k + 1st smallest distance, the one from itself among them."""
    real, generated = real.astype(np.float64), generated.astype(np.float64)
    of_real, of_generated = (np.sort(distances(one, one), axis=1)[:, k] for one in (real, generated))
    across = distances(generated, real)
    return np.mean(np.any(across <= of_real, axis=1)), np.mean(np.any(of_generated >= across.T, axis=1))


@pytest.mark.parametrize("size", [16, 4096])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_it_is_torch_fidelitys(k, size, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", size)
    real, generated = clustered(90, 0), clustered(70, 1) + np.float32([0, 2, 0, 0, 0])
    found = precision_and_recall(real, generated, k)
    assert found == pytest.approx(plain(real, generated, k), abs=1e-6) and 0.05 < min(found) <= max(found) < 1.0


def test_equal_sets_have_both_and_disjoint_ones_neither():
    real = normal(50)
    assert precision_and_recall(real, real[::-1]) == (1.0, 1.0)
    assert precision_and_recall(real, real + 100.0) == (0.0, 0.0)


def test_a_collapsed_generator_is_precise_and_recalls_little():
    """So the first argument is the real features."""
    real = normal(300)
    collapsed = real[7] + 1e-6 * normal(200, seed=1)
    precision, recall = precision_and_recall(real, collapsed)
    assert precision == 1.0 and recall == pytest.approx(1 / 300, abs=1e-12)
    assert precision_and_recall(collapsed, real) == (recall, precision)
    assert of_features(real, collapsed, 0) == {"precision": precision, "recall": recall}


def test_half_of_it_rubbish_costs_precision_alone():
    real = normal(200)
    assert precision_and_recall(real, np.concatenate([real, real + 100.0])) == (0.5, 1.0)


def test_the_border_belongs_to_a_ball():
    same = np.full((9, 2048), 0.1, np.float32)
    assert precision_and_recall(same, same[:5]) == (1.0, 1.0)
    real = np.array([[0.0], [1.0], [3.0]])  # with k = 1 from 0 to 1 at most, and on the left to -1
    assert precision_and_recall(real, np.array([[-1.0], [-1.5]]), k=1)[0] == 0.5


def test_too_few_images_of_either_are_named():
    for sets in ((normal(3), normal(9)), (normal(9), normal(3))):
        with pytest.raises(ConfigError, match="3 nearest neighbours need at least 4 images, got 3"):
            precision_and_recall(*sets)
