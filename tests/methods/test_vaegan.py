import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.methods.vaegan import VAEGAN
from idgan_tf.networks.conv import ConvDiscriminator, ConvEncoder, ConvGenerator
from tests.methods.tiny import SEED, arrays, assert_average_follows, assert_close, batch, make, same

SHAPE = (64, 64, 1)


def make_vaegan(**kwargs):
    keras.utils.set_random_seed(0)
    settings = {"beta": 0.5, "gamma": 3.0, "adv_to_encoder": True, "nuisance_dim": 0, **kwargs}
    return make(
        VAEGAN,
        encoder=ConvEncoder(SHAPE, 3, "torch"),
        encoder_optimizer=keras.optimizers.SGD(0.1),
        **{
            "generator": ConvGenerator(SHAPE, 3, "torch"),
            "discriminator": ConvDiscriminator(SHAPE, "torch"),
            **settings,
        },
    )


def images():
    return batch(count=2, shape=SHAPE)


def test_the_switch_adds_the_adversarial_loss_to_the_encoder_and_changes_nothing_else():
    on, off = make_vaegan(adv_to_encoder=True), make_vaegan(adv_to_encoder=False)
    with_it, without = on.train_step(images(), SEED), off.train_step(images(), SEED)
    np.testing.assert_allclose(without["encoder_loss"], 0.5 * without["kl"] + without["feature_nll"], rtol=1e-5)
    assert with_it["encoder_loss"] - without["encoder_loss"] > 0.1  # a loss near log 2
    assert not same(arrays(on.encoder), arrays(off.encoder))
    assert_close(arrays(on.generator), arrays(off.generator))
    assert_close(arrays(on.discriminator), arrays(off.discriminator))


def test_features_are_those_of_images_and_their_reconstructions_and_both_kinds_of_fakes_are_to_fool():
    method = make_vaegan()
    image = images()["image"]
    seed_c = noise.split(SEED, 4)[0]
    mean, logvar = method.encoder(image)
    c = mean + tf.exp(0.5 * logvar) * noise.normal(mean.shape, seed_c)
    fake = method.generator(c)
    drawn = method.generator(noise.normal(mean.shape, noise.split(SEED, 4)[1]))
    values = method.train_step(images(), SEED)  # f is that of D after its step
    f = method.discriminator.features
    expected = 0.5 * np.mean(np.sum((f(2.0 * image - 1.0) - f(fake)).numpy() ** 2, axis=-1))
    assert float(values["feature_nll"]) == pytest.approx(expected, rel=1e-4)
    fool = [np.mean(np.logaddexp(0.0, -method.discriminator(each))) for each in (fake, drawn)]
    assert float(values["encoder_loss"]) == pytest.approx(0.5 * float(values["kl"]) + expected + fool[0], rel=1e-4)
    assert float(values["generator_loss"]) == pytest.approx(3.0 * expected + sum(fool), rel=1e-4)


@pytest.mark.slow
def test_gamma_weighs_the_features_in_the_decoder_only():
    a, b = make_vaegan(gamma=1.0), make_vaegan(gamma=3.0)
    va, vb = a.train_step(images(), SEED), b.train_step(images(), SEED)
    np.testing.assert_allclose(vb["generator_loss"] - va["generator_loss"], 2.0 * va["feature_nll"], rtol=1e-4)
    assert_close(arrays(a.encoder), arrays(b.encoder))
    assert not same(arrays(a.generator), arrays(b.generator))


def test_features_and_judgement_make_the_logit(rng):
    network = ConvDiscriminator(SHAPE, "torch")
    image = tf.constant(rng.normal(size=(2, *SHAPE)), tf.float32)
    assert network.features(image).shape == (2, 1024)
    np.testing.assert_array_equal(network(image), network.judge(network.features(image)))


def test_a_nuisance_is_refused():
    with pytest.raises(ConfigError, match="no nuisance"):
        make_vaegan(nuisance_dim=1)


def test_the_average_follows_the_generator():
    assert_average_follows(make_vaegan(), images())
