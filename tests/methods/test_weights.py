"""Every weight of every objective may follow a schedule of the step, and the log says what it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

from idgan_tf.errors import ConfigError
from idgan_tf.methods.annealedvae import AnnealedVAE
from idgan_tf.methods.betatcvae import BetaTCVAE
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.methods.cvae import CVAE
from idgan_tf.methods.cvaegan import CVAEGAN
from idgan_tf.methods.gan import GAN
from idgan_tf.methods.ibgan import IBGAN, scale_gradient
from idgan_tf.methods.idgan import IDGAN
from idgan_tf.methods.infogan import InfoGAN
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.objectives.weights import product, require_weights, scheduled, weight_at
from tests.methods import test_factorvae, test_infogancr, test_label_baselines, tiny, tiny_ibgan, tiny_label_vae
from tests.methods.test_idgan_end2end import make_joint
from tests.methods.test_vaegan import images, make_vaegan
from tests.methods.tiny import LinearDecoder, LinearEncoder


def _vae(kind, **weights):
    return kind(LinearEncoder(), LinearDecoder(), keras.optimizers.SGD(0.1), bernoulli_nll, **weights)


def _tcvae(**weights):
    return _vae(BetaTCVAE, stratified_size=None, **weights)


def _annealed(**weights):
    return _vae(AnnealedVAE, **{"gamma": 3.0, "capacity": 1.0, **weights})


def _factorvae(**weights):
    return test_factorvae.make(**{"gamma": 3.0, **weights})


def _idgan(**weights):
    return tiny.make(IDGAN, teacher=tiny.teacher(), **{"lambda_id": 0.1, **weights})


def _of(make, kind, **networks):
    return lambda **weights: make(kind, **{name: network() for name, network in networks.items()}, **weights)


def _noisy():
    return {"image": tiny_ibgan.images()}


MAKERS = {  # method: (its maker, a batch, its weights)
    "beta-VAE": (lambda **weights: _vae(BetaVAE, **weights), tiny.batch, "beta"),
    "beta-TCVAE": (_tcvae, tiny.batch, "beta"),
    "AnnealedVAE": (_annealed, tiny.batch, "gamma capacity"),
    "FactorVAE": (_factorvae, tiny.batch, "gamma beta"),
    "ID-GAN": (_idgan, tiny.batch, "lambda_id r1"),
    "InfoGAN": (_of(tiny.make, InfoGAN, encoder=LinearEncoder), tiny.batch, "lambda_info"),
    "InfoGAN-CR": (test_infogancr.make, tiny.batch, "alpha"),
    "VAE-GAN": (make_vaegan, images, "beta gamma"),
    "end to end": (make_joint, tiny.batch, "beta lambda_id"),
    "IB-GAN": (_of(tiny_ibgan.make, IBGAN), _noisy, "beta gamma alpha instance_noise r1"),
    "cVAE": (_of(test_label_baselines.make, CVAE), test_label_baselines.batch, "lambda_kl lambda_rec"),
    "cVAE-GAN": (
        _of(test_label_baselines.make, CVAEGAN),
        test_label_baselines.batch,
        "lambda_kl lambda_rec lambda_gd lambda_gc",
    ),
    "label-relevant VAE": (
        tiny_label_vae.make,
        tiny_label_vae.batch,
        "lambda_lkd lambda_kl lambda_rec lambda_adv lambda_lkd_joint",
    ),
}


def _step(make, weights, batch, at):
    """(the values of a step, what the log says of weights, all variables after it), begun with the same weights."""
    keras.utils.set_random_seed(0)
    method = make(**weights)
    method.step.assign(at)
    values = method.train_step(batch(), tiny.SEED)
    said = scheduled(vars(method), method.step, values)
    after = np.concatenate([np.ravel(v) for network in method.networks.values() for v in network.variables])
    return {name: float(value) for name, value in values.items()}, said, after


@pytest.mark.parametrize("method", MAKERS)
def test_weights_that_follow_schedules_are_those_numbers_in_their_step_and_the_log_says_them(method):
    make, batch, weights = MAKERS[method]
    before, then = ({name: first + 0.1 * i for i, name in enumerate(weights.split())} for first in (2.0, 0.3))
    schedules = {name: PiecewiseConstantDecay([5], [before[name], then[name]]) for name in before}
    for at, numbers in (5, before), (6, then):
        values, said, after = _step(make, schedules, batch, at)
        expected, unsaid, expected_after = _step(make, numbers, batch, at)
        said = {name.removesuffix("_weight"): float(value) for name, value in said.items()}
        assert {name: said[name] for name in numbers} == pytest.approx(numbers)
        assert not unsaid, "config.gin has the numbers"
        assert values == pytest.approx({name: expected[name] for name in values}, rel=1e-5, abs=1e-6)
        np.testing.assert_allclose(after, expected_after, rtol=1e-5, atol=1e-6)


def test_the_weight_of_the_joint_step_is_the_product_of_two_that_fall():
    """The released code's, where `lambda_lkd_joint` is not bound."""
    falls = {"lambda_rec": PiecewiseConstantDecay([5], [9, 4]), "lambda_lkd": PiecewiseConstantDecay([5], [7.0, 0.5])}
    method = tiny_label_vae.make(adversary=False, **falls)
    assert [float(weight_at(method.lambda_lkd_joint, step)) for step in (5, 6)] == [63.0, 2.0]
    assert product(4.0, 0.5) == 2.0, "of numbers it is one"


def test_a_weight_that_falls_to_half_precision_is_cast_to_what_it_weighs():
    features = tf.ones([2], tf.bfloat16)
    assert scale_gradient(features, weight_at(PiecewiseConstantDecay([5], [1.0, 0.5]), 3)).dtype == tf.bfloat16


BELOW_NOUGHT = [
    PiecewiseConstantDecay([5], [1.0, -50.0]),
    PolynomialDecay(1.0, 100, end_learning_rate=-1.0),
    CosineDecay(1.0, 100, alpha=-0.1),
    ExponentialDecay(-1.0, 100, 0.5),
    InverseTimeDecay(1.0, 10, -2.0),
]


@pytest.mark.parametrize("weight", [-0.5, "0.5", True, None, float("nan"), *BELOW_NOUGHT])
def test_a_weight_that_is_no_number_from_nought_up_is_refused_by_its_name(weight):
    require_weights("IDGAN", r1=0.0, lambda_id=PiecewiseConstantDecay([5], [3.0, 0.5]))
    with pytest.raises(ConfigError, match=r"IDGAN\.lambda_id must be"):
        require_weights("IDGAN", r1=1, lambda_id=weight)


def test_a_weight_is_called_weight_where_a_value_has_its_name():
    method = tiny.make(GAN, r1=PiecewiseConstantDecay([5], [3.0, 0.5]))
    assert list(scheduled(vars(method), 0, {"r1": 0.1})) == ["r1_weight"]
    assert list(scheduled(vars(method), 0, {})) == ["r1"]
