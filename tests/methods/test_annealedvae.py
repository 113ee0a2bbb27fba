"""AnnealedVAE: the objective against numpy, with a capacity that grows."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.annealedvae import AnnealedVAE
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.objectives.weights import PiecewiseLinear, scheduled
from tests.methods.tiny import CODE, SEED, LinearDecoder, LinearEncoder, batch

GROWING = PiecewiseLinear((0, 1000), (0.0, 25.0))


def make(gamma=1000.0, capacity=GROWING):
    keras.utils.set_random_seed(0)
    networks = {"encoder": LinearEncoder(logvar=-1.0), "decoder": LinearDecoder()}
    return AnnealedVAE(
        **networks, optimizer=keras.optimizers.SGD(0.0), nll=bernoulli_nll, gamma=gamma, capacity=capacity
    )


@pytest.mark.parametrize("step, capacity", [(0, 0.0), (100, 2.5), (1000, 25.0), (5000, 25.0)])
def test_the_objective_is_eq_8_with_a_capacity_that_grows_by_steps(step, capacity):
    method = make()
    method.step.assign(step)
    mean = method.encoder.head(np.reshape(batch()["image"], (4, -1))).numpy()
    kl = np.mean(np.sum(0.5 * (mean**2 + np.exp(-1.0) - 1.0 + 1.0), axis=-1))  # log-variance -1
    values = {name: float(value) for name, value in method.train_step(batch(), SEED).items()}
    assert float(scheduled(vars(method), method.step, values)["capacity"]) == pytest.approx(capacity, abs=1e-5)
    assert values["kl"] == pytest.approx(kl, rel=1e-5)
    assert values["gap"] == pytest.approx(abs(kl - capacity), rel=1e-5)
    assert values["loss"] == pytest.approx(values["nll"] + 1000.0 * abs(kl - capacity), rel=1e-5)


def test_a_code_as_large_as_its_capacity_costs_nothing():
    """N(mean, 1) at a distance of 2 from 0 in one dimension has 2 nats."""
    method = make(capacity=2.0)
    mean, logvar = tf.constant([[2.0] + [0.0] * (CODE - 1)] * 4), tf.zeros([4, CODE])
    cost, _ = method.code_cost(None, mean, logvar, None)
    assert float(cost) == pytest.approx(0.0, abs=1e-4)


def test_less_information_than_the_capacity_costs_as_much_as_more():
    method, logvar = make(gamma=10.0, capacity=2.0), tf.zeros([4, CODE])
    for nats in (1.5, 2.5):
        mean = tf.constant([[np.sqrt(2.0 * nats)] + [0.0] * (CODE - 1)] * 4, tf.float32)
        assert float(method.code_cost(None, mean, logvar, None)[0]) == pytest.approx(5.0, rel=1e-4)


def test_a_training_that_ends_before_its_capacity_is_told():
    (told,) = make().foresee(300)
    assert "AnnealedVAE.capacity is 7.5 after the 300 steps of the training, but 25 at the end" in told
    assert not make().foresee(1000) and not make(capacity=5.0).foresee(1)


@pytest.mark.parametrize("name, value", [("gamma", -1.0), ("capacity", -1.0), ("capacity", "25")])
def test_weights_that_are_none_are_refused(name, value):
    with pytest.raises(ConfigError, match=f"AnnealedVAE.{name} must be"):
        make(**{name: value})
