"""The equations of IB-GAN: its two bounds, and what its generator and its discriminator descend on."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.methods.ibgan import DCGAN, IBGAN, DCInfoGAN, information_lower_bound
from idgan_tf.objectives.weights import PiecewiseLinear
from idgan_tf.training import build
from tests.methods.tiny_ibgan import BATCH, SEED, SHAPE, R, Z, make, step


def test_a_perfect_reconstructor_finds_the_power_of_z():
    z = tf.constant([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_allclose(information_lower_bound(z, z), [2.5, 4.625])


def test_a_reconstructor_that_says_zero_finds_nothing():
    z = tf.constant([[1.0, -2.0]])
    np.testing.assert_allclose(information_lower_bound(z, tf.zeros_like(z)), [0.0])


def test_the_lower_bound_is_the_gain_in_log_likelihood():
    from scipy.stats import norm

    z, guess = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    gain = norm.logpdf(z, guess).sum(-1) - norm.logpdf(z).sum(-1)
    np.testing.assert_allclose(information_lower_bound(z, guess), gain, rtol=1e-4, atol=1e-5)


def test_only_real_images_get_smooth_labels():
    plain, smooth = make(), make(real_label=(0.7, 0.7))
    a, b = step(plain), step(smooth)
    assert a["fool"] == b["fool"] and a["fake_logit"] == b["fake_logit"]
    difference = 0.3 * a["real_logit"]  # CE(l, 0.7) - CE(l, 1) = 0.3 l
    assert b["discriminator_loss"] - a["discriminator_loss"] == pytest.approx(difference, abs=1e-5)


def test_the_loss_is_the_sum_of_its_weighted_parts():
    means = step(make(gamma=1.2, alpha=0.5, beta=0.3))
    expected = 1.2 * means["fool"] - 0.5 * means["mi_lower"] + 0.3 * means["mi_upper"]
    assert means["generator_loss"] == pytest.approx(expected, rel=1e-5)
    assert means["mi_upper"] == pytest.approx(means["kl_0"] + means["kl_1"], rel=1e-5)


@pytest.mark.parametrize("kind", [IBGAN, DCInfoGAN, DCGAN])
def test_r1_weighs_in_the_loss_of_the_discriminator_alone(kind):
    plain, penalised = step(make(kind)), step(make(kind, r1=7.0))
    assert penalised["r1"] > 0 and "r1" not in plain
    assert penalised["discriminator_loss"] == pytest.approx(
        plain["discriminator_loss"] + 7.0 * penalised["r1"], rel=1e-5
    )
    assert penalised["generator_loss"] == pytest.approx(plain["generator_loss"], rel=1e-5)


def test_r1_of_a_logit_that_is_linear_in_the_image_is_the_square_of_its_slope(monkeypatch):
    method = make(shared=False, r1=1.0)
    slope = np.random.default_rng(2).normal(size=SHAPE).astype("float32")
    linear = lambda x, training=False: tf.reduce_sum(slope * x, axis=[1, 2, 3])[:, None]  # noqa: E731
    monkeypatch.setattr(method.discriminator, "call", linear)
    monkeypatch.setattr(method, "minimize", lambda *given: None)
    assert step(method)["r1"] == pytest.approx((slope**2).sum(), rel=1e-5)


def test_the_generator_does_not_saturate(monkeypatch):
    """-log D(x): 3 nats of a logit of -3, where log(1 - D(x)) has hardly a gradient left."""
    method = make()
    monkeypatch.setattr(method.discriminator, "call", lambda x, training=False: tf.fill([BATCH, 1], -3.0))
    monkeypatch.setattr(method, "minimize", lambda *given: None)
    assert step(method)["fool"] == pytest.approx(np.log1p(np.exp(3.0)), rel=1e-6)


@pytest.mark.parametrize(
    "beta, guard, prices",
    [(0.0, True, (0.0, 2000.0)), (0, True, (0.0, 2000.0)), (0.0, False, (0.0, 0.0)), (0.5, True, (9.5, 10.0))],
)
def test_the_guard_watches_a_free_bottleneck(beta, guard, prices):
    method = make(beta=beta, divergence_guard=guard)
    assert tuple(float(method.generator_loss(0.0, 0.0, tf.constant(kl))) for kl in (19.0, 20.0)) == prices


def test_the_guard_watches_where_a_falling_beta_has_come_to_nought():
    method = make(beta=PiecewiseLinear((0, 3, 7), (0.4, 0.141, 0.0)), divergence_guard=True)
    for at, price in ((6, 0.03525 * 20.0), (7, 2000.0), (8, 2000.0)):
        method.step.assign(at)
        assert float(method.generator_loss(0.0, 0.0, tf.constant(20.0))) == pytest.approx(price)


def test_replicas_agree_on_whether_the_guard_acts():
    """By the I^U of all of them: one of 19 nats beside one of 21.5 pays as both together on one device do."""
    method, strategy = make(beta=0.0, divergence_guard=True), build.strategy()
    for bounds, expected in (((19.0, 21.5), [1900.0, 2150.0]), ((19.0, 20.5), [0.0, 0.0])):

        def loss(bounds=bounds):
            own = tf.constant(bounds)[tf.distribute.get_replica_context().replica_id_in_sync_group]
            return method.generator_loss(0.0, 0.0, own)

        paid = strategy.experimental_local_results(tf.function(strategy.run)(loss))
        assert [float(price) for price in paid] == expected


def test_the_generator_of_ib_gan_descends_on_eq_11_and_that_of_infogan_knows_no_bottleneck():
    given = tf.constant(0.7), tf.constant(3.0), tf.constant(5.0)  # -log D(x), I^L, I^U
    assert float(make(gamma=2.0, beta=0.1).generator_loss(*given)) == pytest.approx(2.0 * 0.7 - (3.0 - 0.1 * 5.0))
    assert float(make(DCInfoGAN, gamma=2.0).generator_loss(*given)) == pytest.approx(2.0 * 0.7 - 3.0)


def test_a_blind_discriminator_pays_log_two_for_the_real_and_for_the_generated_images():
    blind = tf.zeros([BATCH, 1])
    assert float(make().discriminator_loss(blind, blind, SEED)) == pytest.approx(2.0 * np.log(2.0))


def test_the_upper_bound_of_a_bottleneck_that_lets_nothing_through_is_nought():
    method = make()
    for variable in method.encoder.head.variables:
        variable.assign(tf.zeros_like(variable))
    r, kl = method.bottleneck(tf.ones([BATCH, Z]), SEED, training=False)
    np.testing.assert_array_equal(kl, np.zeros((BATCH, R)))
    np.testing.assert_allclose(r, noise.normal([BATCH, R], SEED))


@pytest.mark.parametrize(
    "settings",
    [{"beta": -1.0}, {"divergence_guard": "no"}, {"r1": -1.0}]
    + [{"instance_noise": (1.0, 0.0, 10)}, {"real_label": (1.0,)}],
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ConfigError, match=f"IBGAN.{next(iter(settings))}"):
        make(**settings)
    if not {"beta", "divergence_guard"} & settings.keys():
        with pytest.raises(ConfigError, match=f"DCGAN.{next(iter(settings))}"):
            make(DCGAN, **settings)
