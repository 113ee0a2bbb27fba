"""beta-TCVAE: the estimators of total correlation against brute force and limits."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from scipy.stats import norm

from idgan_tf.errors import ConfigError
from idgan_tf.methods.betatcvae import BetaTCVAE, _stratified_log_weights, total_correlation
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.networks.conv import ConvDecoder, ConvEncoder
from idgan_tf.objectives.likelihood import bernoulli_nll


def posteriors(batch=6, dimensions=3):
    rng = np.random.default_rng(0)
    mean, logvar = rng.normal(size=(2, batch, dimensions))
    return mean + np.exp(0.5 * logvar) * rng.normal(size=mean.shape), mean, logvar


def by_hand(c, mean, logvar, weights):
    density = norm.logpdf(c[:, None], mean, np.exp(0.5 * logvar))  # [i, j, d]
    joint = logsumexp(density.sum(-1), axis=1, b=weights)
    return joint - logsumexp(density, axis=1, b=weights[:, :, None]).sum(-1)


def float32(*arrays):
    return [tf.constant(array, tf.float32) for array in arrays]


def test_weighted_sampling_is_the_mean_over_the_batch():
    values, weights = posteriors(), np.full((6, 6), 1 / 6)
    np.testing.assert_allclose(total_correlation(*float32(*values)), by_hand(*values, weights), rtol=1e-4, atol=1e-5)


def test_codes_apart_in_every_dimension_cost_all_but_one_dimension_of_the_log_of_the_batch():
    mean = 100.0 * np.arange(6)[:, None] * np.ones(3)
    tc = total_correlation(*float32(mean, mean, np.zeros_like(mean)))
    np.testing.assert_allclose(tc, np.full(6, (3 - 1) * np.log(6)), rtol=1e-5)


def test_stratified_sampling_is_the_weighted_sum_over_the_batch():
    values, size, others = posteriors(), 50, 5
    weights = np.full((6, 6), 1 / others)
    for i in range(6):
        weights[i, i], weights[i, (i + 1) % 6] = 1 / size, (size - others) / (size * others)
    np.testing.assert_allclose(total_correlation(*float32(*values), size), by_hand(*values, weights), rtol=1e-4)


@pytest.mark.parametrize("size", [7, 1000])
def test_a_code_s_own_posterior_counts_one_in_n_and_the_others_the_rest(size):
    weights = np.exp(_stratified_log_weights(7, size))
    np.testing.assert_allclose(np.diag(weights), np.full(7, 1 / size), rtol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=1), np.ones(7), rtol=1e-5)


def test_one_dimension_cannot_depend_on_another():
    np.testing.assert_allclose(total_correlation(*float32(*posteriors(dimensions=1))), np.zeros(6), atol=1e-6)


def test_dependence_costs_what_the_gaussian_formula_says():
    rho, count = (
        0.9,
        2000,
    )  # an aggregate N(0, [[1, rho], [rho, 1]]) of narrow posteriors, TC = -log(1 - rho^2) / 2
    rng, spread = np.random.default_rng(0), 0.3
    covariance = np.array([[1, rho], [rho, 1]]) - spread**2 * np.eye(2)
    mean = rng.multivariate_normal([0, 0], covariance, count)
    c = mean + spread * rng.normal(size=mean.shape)
    tc = total_correlation(*float32(c, mean, np.full_like(mean, 2 * np.log(spread))), count)
    assert float(tf.reduce_mean(tc)) == pytest.approx(-0.5 * np.log(1 - rho**2), abs=0.08)


def make(kind, **settings):
    keras.utils.set_random_seed(0)
    shape = (64, 64, 1)
    networks = {"encoder": ConvEncoder(shape, 3, "torch"), "decoder": ConvDecoder(shape, 3, "torch")}
    return kind(**networks, optimizer=keras.optimizers.Adam(1e-4), nll=bernoulli_nll, **settings)


def test_beta_one_is_the_vae_and_beta_pays_for_dependence():
    batch = {"image": tf.constant(np.random.default_rng(0).random((4, 64, 64, 1)), tf.float32)}
    seed = tf.constant([0, 1])
    vae = make(BetaVAE, beta=1.0).train_step(batch, seed)
    one = make(BetaTCVAE, beta=1.0, stratified_size=None).train_step(batch, seed)
    six = make(BetaTCVAE, beta=6.0, stratified_size=100).train_step(batch, seed)
    assert float(one["loss"]) == pytest.approx(float(vae["loss"]), rel=1e-6)
    assert float(six["loss"]) == pytest.approx(float(six["nll"] + six["kl"] + 5.0 * six["tc"]), rel=1e-6)


@pytest.mark.parametrize("beta", [-1.0, "6", None])
def test_a_beta_that_is_no_weight_is_refused(beta):
    with pytest.raises(ConfigError, match="BetaTCVAE.beta must be"):
        make(BetaTCVAE, beta=beta, stratified_size=None)


def test_a_size_must_be_a_number_of_images():
    with pytest.raises(ConfigError, match="stratified_size"):
        make(BetaTCVAE, beta=1.0, stratified_size=0)


def test_one_image_alone_can_stand_for_no_others():
    values = float32(*posteriors(batch=1))
    with pytest.raises(ConfigError, match="stratified_size needs a train.batch_size of 2 or more"):
        total_correlation(*values, stratified_size=100)
    np.testing.assert_allclose(total_correlation(*values), [0.0], atol=1e-6)
