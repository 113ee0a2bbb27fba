import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.methods.gan import GAN
from idgan_tf.methods.infogan import InfoGAN
from idgan_tf.networks.ranges import signed, unsigned
from tests.methods.tiny import CODE, SEED, LinearEncoder, arrays, assert_close, batch, make, same


def test_without_its_weight_it_is_a_gan():
    infogan, gan = make(InfoGAN, encoder=LinearEncoder(), lambda_info=0.0), make(GAN)
    start = arrays(infogan.encoder)
    infogan.train_step(batch(), SEED)
    gan.train_step(batch(), SEED)
    assert_close(arrays(infogan.generator), arrays(gan.generator))
    assert_close(arrays(infogan.discriminator), arrays(gan.discriminator))
    assert same(start, arrays(infogan.encoder))


def test_the_encoder_learns_with_the_generator():
    method = make(InfoGAN, encoder=LinearEncoder(), lambda_info=1.0)
    start = arrays(method.encoder)
    method.train_step(batch(), SEED)
    assert not same(start, arrays(method.encoder))


@pytest.mark.parametrize("logvar", [0.0, 1.0])
def test_the_bound_of_an_encoder_that_says_the_same_of_all_images_is_minus_its_kl_from_the_prior(logvar):
    method = make(InfoGAN, encoder=LinearEncoder(logvar=logvar), lambda_info=1.0)
    method.encoder.head.kernel.assign(np.zeros((16, CODE)))
    image = batch(count=20_000)["image"]
    information = method.generator_cost(method.sample_code(image, SEED), signed(image), SEED)[1]["information"]
    divergence = 0.5 * CODE * (np.exp(-logvar) - 1.0 + logvar)  # KL(N(0, 1) || N(0, e^logvar))
    assert float(information) == pytest.approx(-divergence, abs=0.03)


def test_the_bound_of_an_exact_encoder_is_the_entropy_it_removes():
    method = make(InfoGAN, encoder=LinearEncoder(logvar=np.log(1e-2)), lambda_info=1.0)
    fake = signed(batch()["image"])
    c = method.encoder(unsigned(fake))[0]
    information = method.generator_cost(c, fake, SEED)[1]["information"]
    assert float(information) == pytest.approx(0.5 * CODE * (1.0 - np.log(1e-2)), rel=1e-4)
    assert tf.reduce_all(c == method.encode(unsigned(fake))[0])


def test_the_generator_pays_for_what_cannot_be_read_from_its_images():
    """Its loss is that of a GAN and lambda_info * (H(c) - I)."""
    fake, c = signed(batch()["image"]), batch()["image"][:, 0, :CODE, 0]
    both, plain = (make(InfoGAN, encoder=LinearEncoder(), lambda_info=weight) for weight in (3.0, 0.0))
    loss, terms = both.generator_cost(c, fake, SEED)
    lost = 0.5 * CODE * (1.0 + np.log(2.0 * np.pi)) - terms["information"]
    assert float(loss - plain.generator_cost(c, fake, SEED)[0]) == pytest.approx(3.0 * float(lost), rel=1e-5)
    assert lost > 1.0
