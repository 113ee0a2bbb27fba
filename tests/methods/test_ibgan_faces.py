"""What a trained IB-GAN does: it encodes, generates, traverses and measures its bounds, one image at a time."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods import ibgan
from idgan_tf.methods.ibgan import IBGAN, DCInfoGAN, information_lower_bound
from idgan_tf.networks.ranges import signed
from idgan_tf.visualize import figures
from tests.methods.tiny_ibgan import BATCH, SEED, R, Z, images, make, step


@pytest.mark.parametrize("kind", [IBGAN, DCInfoGAN])
def test_the_bounds_of_evaluation_are_those_of_a_noisy_image_with_inference_statistics(kind, monkeypatch):
    method, seen = make(kind), []
    step(method)
    genuine = ibgan.disturb
    monkeypatch.setattr(ibgan, "disturb", lambda *given: seen.append((given, genuine(*given))) or seen[-1][1])
    method.step.assign(5)
    lower, kl = method.information_bounds(BATCH, SEED)
    z = noise.normal([BATCH, Z], noise.split(SEED, 3)[0])
    ((_, sigma, _), noisy) = seen[0]
    guess = method.reconstructor(method.front(noisy, training=False), training=False)
    np.testing.assert_allclose(lower, information_lower_bound(z, guess), rtol=1e-5)
    assert float(sigma) == pytest.approx(0.3)
    if kind is IBGAN:
        mean, logvar = map(np.array, method.encoder(z, training=False))
        expected = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1.0)
        np.testing.assert_allclose(kl, expected, rtol=1e-4, atol=1e-6)
    else:
        assert kl.shape == (BATCH, 0)


def test_encode_is_e_of_q_with_inference_statistics():
    method = make()
    step(method)
    features = method.front(signed(images()), training=False)
    mean, logvar = method.encoder(method.reconstructor(features, training=False), training=False)
    for value, expected in zip(method.encode(images()), (mean, logvar), strict=True):
        np.testing.assert_array_equal(value, expected)
    np.testing.assert_allclose(method.encode(images())[0][:1], method.encode(images()[:1])[0], atol=1e-5)


def test_codes_are_sampled_with_inference_statistics():
    method = make()
    step(method)
    seed_z, seed_r = noise.split(SEED, 2)
    mean, logvar = method.encoder(noise.normal([BATCH, Z], seed_z), training=False)
    statistics = [np.array(v) for v in method.encoder.non_trainable_variables]
    r = method.sample_code(images(), SEED)
    np.testing.assert_allclose(r, mean + tf.exp(0.5 * logvar) * noise.normal([BATCH, R], seed_r), rtol=1e-5)
    for before, after in zip(statistics, method.encoder.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(before, after)


def test_generate_looks_at_one_code_at_a_time_and_stays_in_range():
    method = make()
    step(method)
    r = method.sample_prior(5, SEED)
    together = method.generate(tf.zeros([5, 0]), r)
    np.testing.assert_allclose(method.generate(tf.zeros([1, 0]), r[:1]), together[:1], atol=1e-5)
    assert float(tf.reduce_min(together)) >= 0.0 and float(tf.reduce_max(together)) <= 1.0
    assert method.sample_code(tf.zeros([5, 64, 64, 1]), SEED).shape == (5, R)


def test_traversals_show_the_generator_alone_from_minus_one_to_one():
    method = make()
    assert method.traversal_range == (-1.0, 1.0)
    assert method.signatures().keys() == {"encode", "generate", "traverse"}
    assert "decoder_generator" not in figures.available(method, None)
