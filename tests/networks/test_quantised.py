import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.networks.quantised import QuantisedEncoder, quantise


@pytest.mark.parametrize("levels", [2, 3, 12, 255])
def test_a_code_is_tanh_at_the_nearest_of_its_levels_to_the_bit(levels):
    a = np.random.default_rng(0).normal(scale=2.0, size=(200, 5)).astype(np.float32)
    grid = np.linspace(-1.0, 1.0, levels)
    nearest = np.argmin(np.abs(np.tanh(a)[..., None] - grid), axis=-1)
    code = np.array(quantise(tf.constant(a), levels)[0])
    np.testing.assert_allclose(code, grid[nearest], atol=1e-6)
    assert len(np.unique(code)) <= levels
    assert len(np.unique(quantise(tf.linspace(-9.0, 9.0, 9999)[:, None], levels)[0])) == levels


def test_its_gradient_is_that_of_tanh():
    a = tf.constant([[-1.3, 0.2, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(a)
        code = quantise(a, 12)[0]
    np.testing.assert_allclose(tape.gradient(code, a), 1.0 - np.tanh(a) ** 2, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("levels", [2, 12])
def test_a_draw_of_the_teacher_s_gaussian_stays_nearest_to_its_level(levels):
    code, logvar = quantise(tf.zeros([1, 1]), levels)
    draws = code + tf.exp(0.5 * logvar) * tf.random.stateless_normal([100_000, 1], [0, 1])
    away = np.abs(draws - code) > 1.0 / (levels - 1)  # half the distance of two levels
    assert np.mean(away) == pytest.approx(0.0027, abs=0.0006)


def test_an_encoder_of_large_activations_uses_its_levels_all_the_same():
    """They are normalised over the batch; frozen, by the statistics of the training."""
    encoder = QuantisedEncoder((64, 64, 1), 2, 12, "torch")
    encoder.head.kernel.assign(1e3 * encoder.head.kernel)
    image = tf.constant(np.random.default_rng(0).random((32, 64, 64, 1)), tf.float32)
    for _ in range(60):
        code, _ = encoder(image, training=True)
    assert min(len(np.unique(column)) for column in np.transpose(code)) > 6
    assert np.mean(np.abs(encoder(image)[0] - code)) < 0.02


@pytest.mark.parametrize("levels", [1, 0, 2.5, None])
def test_levels_that_tell_nothing_are_one_line(levels):
    with pytest.raises(ConfigError, match="QuantisedEncoder.levels must be"):
        QuantisedEncoder((64, 64, 1), 3, levels, "torch")
