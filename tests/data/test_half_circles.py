import numpy as np
import pytest

from idgan_tf.data.half_circles import HalfCircles, points
from idgan_tf.errors import ConfigError


def test_points_lie_on_three_noisy_half_circles():
    dataset = HalfCircles(2000)
    batch = dataset.take(np.arange(6000))
    assert batch["image"].shape == (6000, 1, 1, 2) and np.abs(batch["image"] - 0.5).max() < 0.5
    for label, shift in enumerate([0.0, 2.2, -2.2]):
        chosen = points(batch["image"])[batch["label"] == label]
        assert len(chosen) == 2000
        angle = np.linspace(0, np.pi, 2000)
        noise = chosen - np.stack([np.cos(angle) + shift, np.sin(angle) - 0.5], -1)
        assert np.abs(noise.mean(0)).max() < 0.015 and np.abs(noise.std(0) - 0.15).max() < 0.01


def test_the_seed_decides_the_noise():
    first, again, other = (HalfCircles(10, seed).arrays["point"] for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()
    with pytest.raises(ConfigError, match="per_class"):
        HalfCircles(0)
