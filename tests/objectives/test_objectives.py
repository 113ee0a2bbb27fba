"""Divergences, likelihoods and adversarial losses against SciPy and closed forms."""

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.objectives.adversarial import (
    fake_loss,
    hinge_game,
    log_game,
    real_loss,
    smoothed_real_loss,
    with_gradient_penalty,
)
from idgan_tf.objectives.gaussian import gaussian_code_nll, gaussian_kl, sample_gaussian
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.objectives.likelihood import gaussian_nll as gaussian_image_nll
from idgan_tf.objectives.weights import PiecewiseLinear


def test_kl_of_the_prior_is_zero():
    np.testing.assert_allclose(gaussian_kl(tf.zeros([3, 4]), tf.zeros([3, 4])), np.zeros(3))


def test_kl_is_its_monte_carlo_estimate(rng):
    mean, logvar = np.array([[0.7, -1.2]]), np.array([[0.4, -0.8]])
    q = scipy.stats.norm(mean, np.exp(0.5 * logvar))
    z = q.rvs((400_000, 2), random_state=rng)
    estimate = np.mean(np.sum(q.logpdf(z) - scipy.stats.norm.logpdf(z), axis=1))
    kl = gaussian_kl(tf.constant(mean, tf.float32), tf.constant(logvar, tf.float32))
    np.testing.assert_allclose(kl, [estimate], rtol=0.01)


def test_gaussian_nll_is_scipys(rng):
    x, mean, logvar = rng.normal(size=(3, 5, 4)).astype(np.float32)
    expected = -scipy.stats.norm.logpdf(x, mean, np.exp(0.5 * logvar)).sum(axis=1)
    np.testing.assert_allclose(gaussian_code_nll(x, mean, logvar), expected, rtol=1e-5)


def test_a_very_sure_gaussian_is_still_finite():
    assert np.isfinite(gaussian_code_nll(tf.ones([1, 2]), tf.zeros([1, 2]), tf.fill([1, 2], -60.0)))


def test_samples_have_the_mean_and_variance_asked_for():
    mean, logvar = tf.fill([20_000, 2], 1.5), tf.fill([20_000, 2], -1.0)
    z = sample_gaussian(mean, logvar, tf.constant([0, 1])).numpy()
    np.testing.assert_allclose(z.mean(axis=0), 1.5, atol=0.02)
    np.testing.assert_allclose(z.var(axis=0), np.exp(-1.0), rtol=0.03)


def test_bernoulli_nll_is_the_cross_entropy_summed_over_pixels(rng):
    image = rng.integers(0, 2, (2, 3, 3, 1)).astype(np.float32)
    logits = rng.normal(size=(2, 3, 3, 1)).astype(np.float32)
    p = 1 / (1 + np.exp(-logits))
    expected = -np.sum(image * np.log(p) + (1 - image) * np.log(1 - p), axis=(1, 2, 3))
    np.testing.assert_allclose(bernoulli_nll(image, logits), expected, rtol=1e-5)


def test_a_perfect_gaussian_reconstruction_costs_nothing():
    image = tf.fill([1, 2, 2, 3], 0.5)
    np.testing.assert_allclose(gaussian_image_nll(image, tf.zeros_like(image)), [0.0])
    np.testing.assert_allclose(gaussian_image_nll(image + 0.5, tf.zeros_like(image)), [12 * 0.25])


def test_a_blind_discriminator_pays_log_two_for_each_side():
    np.testing.assert_allclose(real_loss(tf.zeros(3)) + fake_loss(tf.zeros(3)), np.full(3, 2 * np.log(2)), rtol=1e-6)


def test_losses_are_minus_log_probabilities():
    logit = tf.constant([-3.0, 0.5, 4.0])
    p = 1 / (1 + np.exp(-logit.numpy()))
    np.testing.assert_allclose(real_loss(logit), -np.log(p), rtol=1e-5)
    np.testing.assert_allclose(fake_loss(logit), -np.log(1 - p), rtol=1e-5)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_the_penalty_of_a_linear_discriminator_is_its_squared_weight(rng, scale):
    weight = tf.constant(scale * rng.normal(size=(4, 4, 1)), tf.float32)

    def discriminator(image, training):
        return tf.reduce_sum(image * weight, axis=[1, 2, 3])

    image = tf.constant(rng.normal(size=(2, 4, 4, 1)), tf.float32)
    logit, rest, penalty = with_gradient_penalty(lambda x: (discriminator(x, True), "rest"), image)
    assert rest == "rest"
    np.testing.assert_allclose(penalty, np.full(2, np.sum(np.square(weight))), rtol=1e-5)
    np.testing.assert_allclose(logit, discriminator(image, True), rtol=1e-6)


def test_a_label_of_one_is_the_plain_loss():
    logit = tf.constant([-2.0, 0.0, 3.0])
    np.testing.assert_allclose(smoothed_real_loss(logit, 1.0), np.log1p(np.exp(-logit.numpy())), rtol=1e-6)


def test_the_game_of_a_blind_discriminator():
    logit = tf.zeros([2])
    for game, paid in ((log_game(), 2 * np.log(2)), (hinge_game(), 2.0)):
        np.testing.assert_allclose(game.real(logit) + game.fake(logit), np.full(2, paid))


def test_a_satisfied_hinge_has_no_more_to_say():
    assert float(hinge_game().real(tf.constant(1.5))) == 0.0
    assert float(hinge_game().fake(tf.constant(-1.5))) == 0.0
    assert float(hinge_game().fool(tf.constant(1.5))) == -1.5


def test_a_weight_on_straight_lines_is_that_of_numpy_and_constant_outside():
    steps, values = (10, 20, 50), (0.4, 0.1, 0.3)
    schedule = PiecewiseLinear(steps, values)
    for step in (0, 10, 13, 20, 21, 49, 50, 1000):
        for given in (schedule(step), tf.function(schedule)(tf.constant(step, tf.int64))):
            np.testing.assert_allclose(given, np.interp(step, steps, values), rtol=1e-6)
    assert PiecewiseLinear.from_config(schedule.get_config())(15) == schedule(15)


def test_a_weight_on_straight_lines_is_exactly_what_was_given_at_every_given_step():
    steps, values = (0, 7, 12_000, 700_000), (0.4, 0.141, 0.01, 0.0)
    schedule = PiecewiseLinear(steps, values)
    assert [schedule(step).numpy() for step in (*steps, 1 << 30)] == [np.float32(v) for v in (*values, 0.0)]


def test_a_weight_on_one_line_is_at_every_step_what_keras_decay_of_power_one_is():
    steps = tf.range(12_000)
    decay = keras.optimizers.schedules.PolynomialDecay(0.0, 10_000, 25.0)
    line = PiecewiseLinear((0, 10_000), (0.0, 25.0))
    np.testing.assert_allclose(line(steps), decay(steps), rtol=0, atol=np.spacing(np.float32(25.0)))


@pytest.mark.parametrize("steps, values", [((1, 2), (0.5,)), ((2, 1), (0.5, 0.1)), ((), ())])
def test_a_weight_on_lines_takes_a_value_for_each_of_its_rising_steps(steps, values):
    with pytest.raises(ConfigError, match="PiecewiseLinear takes a value for each of its rising steps"):
        PiecewiseLinear(steps, values)


@pytest.mark.parametrize("value", [-0.1, "0.1"])
def test_a_weight_on_lines_is_a_number_from_nought_up(value):
    with pytest.raises(ConfigError, match="PiecewiseLinear.values must be"):
        PiecewiseLinear((0, 10), (0.4, value))
