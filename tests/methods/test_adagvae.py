"""Ada-GVAE: which dimensions a pair shares, and the objective, against numpy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.experiments import stages
from idgan_tf.methods.adagvae import AdaGVAE, share
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.objectives.likelihood import bernoulli_nll
from tests.helpers import load_tiny
from tests.methods.tiny import SEED, LinearDecoder, LinearEncoder, batch


def by_hand(mean, logvar):
    """(mean, variance) [2, B, D] that a pair ends with, dimension by dimension."""
    (mean1, mean2), (var1, var2) = mean, np.exp(logvar)
    shared_mean, shared_var = np.array(mean), np.array([var1, var2])
    for row in range(len(mean1)):
        kl = 0.5 * (
            var1[row] / var2[row] + (mean2[row] - mean1[row]) ** 2 / var2[row] - 1 - np.log(var1[row] / var2[row])
        )
        for d in np.flatnonzero(kl < 0.5 * (kl.min() + kl.max())):
            shared_mean[:, row, d] = 0.5 * (mean1[row, d] + mean2[row, d])
            shared_var[:, row, d] = 0.5 * (var1[row, d] + var2[row, d])
    return shared_mean, shared_var


def test_dimensions_nearer_than_the_middle_of_the_distances_are_averaged():
    rng = np.random.default_rng(0)
    mean, logvar = rng.normal(size=(2, 2, 6, 5)).astype(np.float32)
    found_mean, found_logvar, shared = share(tf.reshape(mean, [12, 5]), tf.reshape(logvar, [12, 5]))
    expected_mean, expected_var = by_hand(mean, logvar)
    np.testing.assert_allclose(found_mean, expected_mean.reshape(12, 5), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.exp(found_logvar), expected_var.reshape(12, 5), rtol=1e-5)
    np.testing.assert_array_equal(shared, expected_mean[0] == expected_mean[1])
    assert 0 < np.mean(shared) < 1


def test_the_distance_is_the_divergence_of_the_first_image_from_the_second():
    """By integration, of posteriors whose divergence is another one the other way round."""
    x = np.linspace(-30, 30, 60_001)

    def divergence(mean1, std1, mean2, std2):
        p = norm.pdf(x, mean1, std1)
        return np.sum(p * (norm.logpdf(x, mean1, std1) - norm.logpdf(x, mean2, std2))) * (x[1] - x[0])

    there, back = divergence(0, 1, 1, 2), divergence(1, 2, 0, 1)
    assert there < 0.5 < back
    gap = np.sqrt(2 * 0.5)  # a dimension between them: 0.5 nats, either way
    far = np.sqrt(2 * (2 * 0.5 - there) + 0.02)  # the middle of the smallest and this is a little above 0.5
    mean = tf.constant([[0.0, 0.0, 0.0], [1.0, gap, far]])
    std = np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 1.0]], np.float32)
    assert np.array(share(mean, tf.constant(2 * np.log(std)))[2]).tolist() == [[True, True, False]]


def make(kind=AdaGVAE, rate=0.0, **settings):
    keras.utils.set_random_seed(0)
    networks = {"encoder": LinearEncoder(logvar=-1.0), "decoder": LinearDecoder()}
    return kind(**networks, optimizer=keras.optimizers.SGD(rate), nll=bernoulli_nll, **settings)


def pair():
    return {**batch(0), "partner": batch(1)["image"]}


def test_the_objective_is_the_mean_beta_vae_of_both_images():
    method = make(beta=4.0)
    images = [np.reshape(image, (4, -1)) for image in (pair()["image"], pair()["partner"])]
    mean = np.array([method.encoder.head(image) for image in images])
    mean, variance = by_hand(mean, np.full_like(mean, -1.0))
    kl = 0.5 * np.sum(mean**2 + variance - 1 - np.log(variance), axis=-1)
    epsilon = np.array([noise.normal([4, 3], seed) for seed in noise.split(SEED, 2)])
    logits = np.array([np.reshape(method.decoder(c), (4, -1)) for c in mean + np.sqrt(variance) * epsilon])
    nll = np.sum(np.logaddexp(0.0, logits) - np.array(images) * logits, axis=-1)
    values = method.train_step(pair(), SEED)
    assert float(values["kl"]) == pytest.approx(kl.mean(), rel=1e-5)
    assert float(values["nll"]) == pytest.approx(nll.mean(), rel=1e-5)
    assert float(values["loss"]) == pytest.approx(nll.mean() + 4.0 * kl.mean(), rel=1e-5)
    assert float(values["shared"]) == np.mean(np.sum(mean[0] == mean[1], axis=-1)) > 0


def test_of_an_image_with_itself_it_is_a_beta_vae():
    same = {**batch(), "partner": batch()["image"]}
    ours, theirs = make(beta=4.0).train_step(same, SEED), make(BetaVAE, beta=4.0).train_step(batch(), SEED)
    assert float(ours["kl"]) == pytest.approx(float(theirs["kl"]), rel=1e-6)
    assert float(ours["shared"]) == 0.0  # nothing is nearer than anything else


def test_a_dataset_without_pairs_is_refused_before_a_step(tmp_path):
    message = r"AdaGVAE trains on pairs of images that share factors \(.*@Pairs.*\), which tiny_sprites does not give"
    configuration = load_tiny("tests/tiny/adagvae.gin", "train.dataset = @TinySprites()").configuration
    with pytest.raises(ConfigError, match=message):
        stages.train(configuration, tmp_path / "run")
    assert not (tmp_path / "run").exists()
