"""InfoGAN-CR: what pairs share, and the objective against numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.methods.infogan import InfoGAN
from idgan_tf.methods.infogancr import InfoGANCR
from idgan_tf.networks.base import Network
from idgan_tf.objectives.weights import scheduled
from tests.methods import tiny
from tests.methods.tiny import CODE, SEED, LinearEncoder, arrays, assert_close, batch, same


class LinearReader(Network):
    """logits = W x + b of pairs."""

    def __init__(self, outputs=CODE, image_shape=(4, 4, 2)):
        super().__init__("reader", image_shape=image_shape, outputs=outputs)
        self.head = keras.layers.Dense(outputs)
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return self.head(keras.ops.reshape(image, (-1, int(np.prod(self.config["image_shape"])))))


def make(alpha=2.0, contrast=None, **kwargs):
    method = tiny.make(
        InfoGANCR,
        encoder=LinearEncoder(),
        lambda_info=0.05,
        contrast=contrast or LinearReader(),
        contrast_optimizer=keras.optimizers.SGD(0.1),
        alpha=alpha,
        **kwargs,
    )
    return method


class Echo(keras.Model):
    """A generator whose image begins with its input, so that pairs of images show their codes."""

    def call(self, latent, training=False):
        return tf.reshape(tf.pad(latent, [[0, 0], [0, 16 - latent.shape[1]]]), [-1, 4, 4, 1])


def test_the_images_of_a_pair_share_the_nuisance_and_one_dimension_of_the_code(monkeypatch):
    method = make()
    monkeypatch.setattr(method, "generator", Echo())
    images, shared = method.pairs(1000, SEED)
    assert images.shape == (1000, 4, 4, 2)
    first, second = (np.reshape(images[..., i], (1000, 16))[:, : 2 + CODE] for i in range(2))
    np.testing.assert_array_equal(first[:, :2], second[:, :2])
    np.testing.assert_array_equal(first[:, 2:] == second[:, 2:], np.arange(CODE) == np.array(shared)[:, None])
    np.testing.assert_allclose(np.bincount(shared, minlength=CODE) / 1000, 1 / CODE, atol=0.06)
    np.testing.assert_allclose(np.std(second, axis=0), 1.0, atol=0.1)


def test_what_a_generator_pays_is_the_loss_of_infogan_and_alpha_times_the_cross_entropy():
    method = make(alpha=2.0)
    c, fake = noise.normal([4, CODE], SEED), 2.0 * batch()["image"] - 1.0
    seed_gan, seed_pairs = noise.split(SEED, 2)
    images, shared = method.pairs(4, seed_pairs)
    kernel, bias = (np.array(weight) for weight in method.contrast.head.weights)
    logits = np.reshape(images, (4, -1)) @ kernel + bias
    entropy = np.mean(np.log(np.sum(np.exp(logits), axis=1)) - logits[np.arange(4), np.array(shared)])
    loss, found = method.contrast_cost(images, shared)
    assert float(loss) == pytest.approx(entropy, rel=1e-5)
    assert float(found) == np.mean(np.argmax(logits, axis=1) == np.array(shared))
    plain, _ = InfoGAN.generator_cost(method, c, fake, seed_gan)
    assert float(method.generator_cost(c, fake, SEED)[0]) == pytest.approx(float(plain) + 2.0 * entropy, rel=1e-5)


def test_a_reader_that_knows_nothing_pays_the_entropy_of_the_dimension_and_one_that_sees_it_nothing(monkeypatch):
    method = make()
    method.contrast.head.kernel.assign(np.zeros((32, CODE)))
    assert float(method.contrast_cost(*method.pairs(64, SEED))[0]) == pytest.approx(np.log(CODE), rel=1e-5)
    monkeypatch.setattr(method, "generator", Echo())
    images, shared = method.pairs(64, SEED)

    def sees(images, training):
        first, second = (tf.reshape(images[..., i], [64, 16])[:, 2 : 2 + CODE] for i in range(2))
        return 1e3 * tf.cast(first == second, tf.float32)

    monkeypatch.setattr(method, "contrast", sees)
    loss, found = method.contrast_cost(images, shared)
    assert float(loss) == 0.0 and float(found) == 1.0


def test_without_its_weight_the_generator_is_that_of_an_infogan_and_the_reader_learns_all_the_same():
    ours = make(alpha=keras.optimizers.schedules.PiecewiseConstantDecay([5], [0.0, 2.0]))
    theirs = tiny.make(InfoGAN, encoder=LinearEncoder(), lambda_info=0.05)
    start = arrays(ours.contrast)
    values = ours.train_step(batch(), SEED)
    seed_gan = noise.split(SEED, 2)[1]  # and G's noise comes from a part of its seed, which it does not need
    theirs.train_step(batch(), seed_gan)
    assert_close(arrays(ours.generator), arrays(theirs.generator))
    assert_close(arrays(ours.encoder), arrays(theirs.encoder))
    assert not same(start, arrays(ours.contrast)) and float(scheduled(vars(ours), ours.step, values)["alpha"]) == 0.0
    ours.step.assign(6)
    before = arrays(ours.generator)
    values = ours.train_step(batch(), SEED)
    assert float(scheduled(vars(ours), ours.step, values)["alpha"]) == 2.0 and not same(before, arrays(ours.generator))


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"alpha": -1.0}, "InfoGANCR.alpha must be >= 0"),
        ({"contrast": LinearReader(2)}, r"must tell 3 dimensions apart in images of \(4, 4, 2\), got 2 in \(4, 4, 2\)"),
        ({"contrast": LinearReader(image_shape=(4, 4, 1))}, r"in images of \(4, 4, 2\), got 3 in \(4, 4, 1\)"),
        ({"nuisance_dim": 4, "generator": tiny.make(InfoGAN, encoder=LinearEncoder(), lambda_info=0.0).generator},
         "InfoGANCR needs a code of at least 2 dimensions to tell apart, got 1"),
    ],
)  # fmt: skip
def test_bad_arguments_are_one_line(kwargs, message):
    with pytest.raises(ConfigError, match=message):
        make(**kwargs)
