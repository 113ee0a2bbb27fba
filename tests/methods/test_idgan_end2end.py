import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.gan import GAN
from idgan_tf.methods.idgan_end2end import IDGANEnd2End
from idgan_tf.objectives.likelihood import bernoulli_nll
from tests.methods.tiny import (
    SEED,
    LinearDecoder,
    LinearEncoder,
    arrays,
    assert_average_follows,
    assert_close,
    batch,
    make,
    same,
)


def make_joint(**kwargs):
    settings = {"nll": bernoulli_nll, "beta": 2.0, "lambda_id": 0.5, **kwargs}
    keras.utils.set_random_seed(1)
    networks = {"encoder": LinearEncoder(), "decoder": LinearDecoder()}
    return make(IDGANEnd2End, vae_optimizer=keras.optimizers.SGD(0.1), **networks, **settings)


def no_nll(image, logits):
    return 0.0 * tf.reduce_sum(logits, [1, 2, 3])


def test_the_loss_is_the_sum_of_its_terms():
    v = make_joint().train_step(batch(), SEED)
    total = v["nll"] + 2.0 * v["kl"] + v["fool"] + 0.5 * v["distillation"]
    np.testing.assert_allclose(v["loss"], total, rtol=1e-5)


@pytest.mark.parametrize(
    "nuisance_dim, settings",
    [
        (2, {"beta": 0.0, "lambda_id": 0.0}),  # the game alone
        (0, {"beta": 0.0, "lambda_id": 0.0}),
        (2, {"beta": 0.0, "lambda_id": 1.0}),
    ],
)
def test_the_game_reaches_the_encoder_and_not_the_decoder(nuisance_dim, settings):
    method = make_joint(nll=no_nll, nuisance_dim=nuisance_dim, **settings)
    encoder, decoder = arrays(method.encoder), arrays(method.decoder)
    method.train_step(batch(), SEED)
    assert all(np.all(old != new) for old, new in zip(encoder, arrays(method.encoder), strict=True))
    assert same(decoder, arrays(method.decoder))


def test_the_discriminator_plays_as_in_the_two_steps():
    """Its step comes first, on the same codes; the encoder has not moved yet."""
    method = make_joint()

    class GANWithCode(GAN):
        def sample_code(self, image, seed):
            return twin.sample_code(image, seed)

    twin, gan = make_joint(), make(GANWithCode)
    method.train_step(batch(), SEED)
    gan.train_step(batch(), SEED)
    assert_close(arrays(method.discriminator), arrays(gan.discriminator))


def test_the_average_follows_the_generator():
    assert_average_follows(make_joint(), batch())


@pytest.mark.parametrize("name", ["beta", "lambda_id"])
def test_what_is_below_nought_is_refused(name):
    with pytest.raises(ConfigError, match=f"{name} must be >= 0"):
        make_joint(**{name: -1.0})
