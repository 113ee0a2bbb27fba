"""The losses of the label-relevant / irrelevant VAE are the equations of the paper."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import norm

from idgan_tf.objectives.adversarial import hinge_game
from idgan_tf.objectives.label_relevant import (
    l_adv_c,
    l_adv_e,
    l_cls,
    l_kl,
    l_lkd,
    l_rec,
)
from tests.methods.tiny_label_vae import CLASSES, SEED, SHAPE, ZS, ZU, batch, make


def test_l_cls_is_the_log_posterior_of_the_label_and_l_lkd_its_log_density():
    rng = np.random.default_rng(0)
    means, variances, zs = rng.normal(size=(CLASSES, ZS)), rng.random((CLASSES, ZS)) + 0.5, rng.normal(size=(4, ZS))
    density = norm.pdf(zs[:, None], means, np.sqrt(variances)).prod(axis=-1)  # [B, C]
    label = tf.constant([0, 2, 1, 2])
    own = density[np.arange(4), label]
    log_density = tf.constant(np.log(density), tf.float32)
    lkd = l_lkd(log_density, label)
    np.testing.assert_allclose(lkd, -np.log(own), rtol=1e-5)
    np.testing.assert_allclose(l_cls(log_density, lkd), -np.log(own / density.sum(axis=1)), rtol=1e-4, atol=1e-6)
    loss, cls = make(lambda_lkd=0.3).l_gm(log_density, label)
    assert float(loss - cls) == pytest.approx(-0.3 * np.log(own).mean(), rel=1e-4)


def test_l_adv_e_is_least_where_the_classifier_is_uniform_and_l_adv_c_where_it_is_right():
    uniform, sure = (tf.math.log_softmax(tf.constant([logits])) for logits in ([0.0, 0.0, 0.0], [9.0, 0.0, 0.0]))
    assert float(l_adv_e(uniform)) == pytest.approx(np.log(3)) and l_adv_e(sure) > l_adv_e(uniform)
    assert float(l_adv_c(uniform, tf.constant([0]))) == pytest.approx(np.log(3))
    assert l_adv_c(sure, tf.constant([0])) < 1e-3 and l_adv_c(sure, tf.constant([1])) > 8.0


def test_l_kl_and_l_rec_are_means_over_dimensions_and_values():
    assert float(l_kl(tf.fill([3, ZU], 2.0), tf.zeros([3, ZU]))) == pytest.approx(0.5 * 2.0**2)
    assert float(l_rec(tf.ones([3, *SHAPE]), tf.zeros([3, *SHAPE]))) == 1.0
    assert float(l_rec(tf.ones([3, *SHAPE]), -tf.ones([3, *SHAPE]))) == 4.0


def test_the_losses_of_the_game_count_rebuilt_and_imagined_images_once_each():
    method, real, fakes = make(), tf.constant([5.0]), [tf.constant([0.0]), tf.constant([2.0])]
    softplus = [np.log1p(np.exp(x)) for x in (-5.0, 0.0, 2.0)]
    assert float(method.l_adv_d(real, fakes)) == pytest.approx(sum(softplus), rel=1e-5)
    assert float(method.l_adv_gd(fakes)) == pytest.approx(np.log(2) + np.log1p(np.exp(-2.0)), rel=1e-5)
    assert float(make(game=hinge_game()).l_adv_gd(fakes)) == -2.0


def test_a_classifier_that_knows_nothing_pays_log_c():
    method = make()
    for variable in method.latent_classifier.variables:
        variable.assign(tf.zeros_like(variable))
    means = method.train_step(batch(), SEED)
    assert float(means["adv_c"]) == pytest.approx(np.log(CLASSES), rel=1e-6)
    assert float(means["adv_e"]) == pytest.approx(np.log(CLASSES), rel=1e-6)
