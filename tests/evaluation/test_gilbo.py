import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.gilbo import gilbo
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.rid import rid
from idgan_tf.methods.base import Method
from idgan_tf.networks import conv
from tests.helpers import TinySprites

GAIN, NOISE = np.array([1.0, 3.0], np.float32), 0.5


def drawn(x):
    """Numbers far below 30 as brightness in [0, 1]."""
    return tf.clip_by_value(0.5 + x / 60.0, 0.0, 1.0)


def read(image):
    """The numbers that are drawn."""
    return 60.0 * (image - 0.5)


class LinearGaussian(Method):
    """x = GAIN * c + NOISE * s in the first two pixels, c ~ N(0, I): the posterior of c is Gaussian."""

    nuisance_dim = code_dim = 2

    def encode(self, image):
        zero = 0.0 * tf.reshape(image, [-1, 16])[:, :2]
        return zero, zero

    def generate(self, s, c):
        return drawn(tf.reshape(tf.pad(GAIN * c + NOISE * s, [[0, 0], [0, 14]]), [-1, 4, 4, 1]))


class Posterior(LinearGaussian):
    """The same generator with an encoder that knows the posterior."""

    def encode(self, image):
        variance = 1.0 / (1.0 + np.square(GAIN / NOISE))
        mean = variance * GAIN / NOISE**2 * tf.reshape(read(image), [-1, 16])[:, :2]
        return mean, tf.zeros_like(mean) + np.log(variance)


class Halves(LinearGaussian):
    """The same numbers as the brightness of the left and the right half of an image of 128 px."""

    def encode(self, image):
        return 2 * [tf.zeros([image.shape[0], 2])]

    def generate(self, s, c):
        return tf.repeat(tf.repeat(drawn(GAIN * c + NOISE * s)[:, None, :, None], 128, axis=1), 64, axis=2)


def linear_encoder(image_shape, latent_dim, init):
    del init
    image = keras.Input(image_shape)
    pixels = read(keras.layers.Flatten()(image))
    mean = keras.layers.Dense(latent_dim)(pixels)
    logvar = keras.layers.Dense(latent_dim, kernel_initializer="zeros")(keras.ops.zeros_like(pixels))
    return keras.Model(image, (mean, logvar))


def test_a_dataset_smaller_than_a_batch_cannot_have_it(pixels):
    with pytest.raises(Unavailable, match="gilbo.batch_size 64 exceeds the 60 examples of pixels; lower it"):
        gilbo(LinearGaussian(), pixels, 0)


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
    assert "encoder_images" not in result.protocol, "an encoder of one's own reads images as they are"
    prior = -np.log(2.0 * np.pi * np.e)  # R_ID of an encoder that only knows N(0, I)
    assert rid(LinearGaussian(), pixels, 0, num_samples=8000).values["rid"] == pytest.approx(prior, abs=0.05)
    assert "below" not in caplog.text


def test_the_default_encoder_reads_large_images_at_64_pixels(monkeypatch):
    seen = []

    def encoder(image_shape, latent_dim, init):
        seen.append(image_shape)
        image = keras.Input(image_shape)
        linear = linear_encoder((2, 2, 1), latent_dim, init)
        return keras.Model(image, linear(keras.layers.AveragePooling2D(32)(image)))

    monkeypatch.setattr(conv, "ConvEncoder", encoder)
    few = {"num_samples": 3000, "learning_rate": 0.03, "batch_size": 48, "cycle": 100}
    result = gilbo(Halves(), TinySprites((128, 128, 1)), 0, **few)
    variance = 1.0 / (1.0 + np.square(GAIN / NOISE))
    assert result.values["gilbo"] == pytest.approx(np.sum(-0.5 * np.log(2.0 * np.pi * np.e * variance)), abs=0.05)
    assert seen == [(64, 64, 1)] and result.protocol["encoder_images"] == "64x64, bilinear"


def test_another_way_to_shrink_is_refused(pixels):
    with pytest.raises(ConfigError, match='"bilinear" or "area", got \'nearest\''):
        gilbo(LinearGaussian(), pixels, 0, resize="nearest")


def test_a_gilbo_below_the_r_id_is_a_warning_with_a_cause(pixels, caplog):
    gilbo(Posterior(), pixels, 0, linear_encoder, num_samples=500, batch_size=8, cycle=2, max_cycles=2)
    assert "below the R_ID" in caplog.text and "raise gilbo.max_cycles" in caplog.text
    assert "still learning after 4 steps" in caplog.text


def test_a_method_without_coded_images_cannot_have_them(pixels, codes_method):
    for metric in (gilbo, rid):
        with pytest.raises(Unavailable, match="no generator of encoded codes"):
            metric(codes_method(lambda x: x), pixels, 0)
