import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.evaluation.gilbo import gilbo
from idgan_tf.evaluation.result import Unavailable
from idgan_tf.evaluation.rid import rid
from idgan_tf.methods.base import Method

GAIN, NOISE = np.array([1.0, 3.0], np.float32), 0.5


class LinearGaussian(Method):
    """x = GAIN * c + NOISE * s in the first two pixels, c ~ N(0, I): the posterior of c is Gaussian."""

    nuisance_dim = code_dim = 2

    def encode(self, image):
        zero = 0.0 * tf.reshape(image, [-1, 16])[:, :2]
        return zero, zero

    def generate(self, s, c):
        return tf.reshape(tf.pad(GAIN * c + NOISE * s, [[0, 0], [0, 14]]), [-1, 4, 4, 1])


class Posterior(LinearGaussian):
    """The same generator with an encoder that knows the posterior."""

    def encode(self, image):
        variance = 1.0 / (1.0 + np.square(GAIN / NOISE))
        mean = variance * GAIN / NOISE**2 * tf.reshape(image, [-1, 16])[:, :2]
        return mean, tf.zeros_like(mean) + np.log(variance)


def linear_encoder(image_shape, latent_dim, init):
    del init
    image = keras.Input(image_shape)
    pixels = keras.layers.Flatten()(image)
    mean = keras.layers.Dense(latent_dim)(pixels)
    logvar = keras.layers.Dense(latent_dim, kernel_initializer="zeros")(keras.ops.zeros_like(pixels))
    return keras.Model(image, (mean, logvar))


def test_gilbo_of_a_linear_gaussian_generator_is_its_closed_form(pixels, caplog):
    result = gilbo(
        LinearGaussian(),
        pixels,
        0,
        linear_encoder,
        num_samples=20_000,
        learning_rate=0.03,
        batch_size=60,
        cycle=300,
    )
    variance = 1.0 / (1.0 + np.square(GAIN / NOISE))
    closed_form = np.sum(-0.5 * np.log(2.0 * np.pi * np.e * variance))
    assert result.values["gilbo"] == pytest.approx(closed_form, abs=0.05)
    assert result.protocol["plateau"] and result.protocol["encoder"] == "linear_encoder"
    prior = -np.log(2.0 * np.pi * np.e)  # R_ID of an encoder that only knows N(0, I)
    assert rid(LinearGaussian(), pixels, 0, num_samples=8000).values["rid"] == pytest.approx(prior, abs=0.05)
    assert "below" not in caplog.text


def test_a_gilbo_below_the_r_id_is_a_warning_with_a_cause(pixels, caplog):
    gilbo(Posterior(), pixels, 0, linear_encoder, num_samples=500, batch_size=8, cycle=2, max_cycles=2)
    assert "below the R_ID" in caplog.text and "raise gilbo.max_cycles" in caplog.text
    assert "still learning after 4 steps" in caplog.text


def test_a_method_without_coded_images_cannot_have_them(pixels, codes_method):
    for metric in (gilbo, rid):
        with pytest.raises(Unavailable, match="no generator of encoded codes"):
            metric(codes_method(lambda x: x), pixels, 0)
