import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.features import distances as blocks
from idgan_tf.evaluation.features.distances import balls, origin_of, squared_distances
from tests.evaluation.features.made import clustered, distances, normal


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_blocks_have_all_distances(size, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", size)
    a, b = clustered(20, 0), clustered(13, 1)
    found = np.full([20, 13], np.nan)
    for rows, columns, squared in squared_distances(a, b, origin_of(a)):
        found[rows, columns] = squared
    np.testing.assert_allclose(np.sqrt(found), distances(a.astype(float), b.astype(float)), atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize("k", [1, 3, 19])
def test_a_ball_reaches_the_kth_neighbour_that_is_not_itself(k, size, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", size)
    features = normal(20)
    expected = np.sort(distances(features, features), axis=1)[:, k]
    for radius in balls(features, k, origin_of(features)):
        np.testing.assert_allclose(np.sqrt(radius), expected, rtol=1e-9)


def test_a_ball_of_equal_features_holds_itself_and_has_no_inside():
    features = np.tile(np.float32([0.1, 1e4, -3.3]), (5, 1))
    found = balls(features, 3, np.zeros(3))
    ((_, _, squared),) = squared_distances(features, features, np.zeros(3))
    assert np.all(squared <= found.outer[:, None]) and not np.any(squared < found.inner[:, None])


@pytest.mark.parametrize(
    ("count", "k", "says"),
    [(3, 3, "3 nearest neighbours need at least 4 images, got 3"), (9, 0, "k must be >= 1"), (9, 2.0, "an integer")],
)
def test_bad_input_is_named(count, k, says):
    with pytest.raises(ConfigError, match=says):
        balls(normal(count), k, np.zeros(8))
