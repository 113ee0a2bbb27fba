"""What a trained label-relevant / irrelevant VAE does: encode, swap, interpolate, imagine, inpaint, vary."""

import numpy as np
import tensorflow as tf

from idgan_tf.networks.ranges import signed
from tests.methods.tiny_label_vae import CLASSES, SEED, SHAPE, ZS, ZU, batch, make


def test_the_code_is_zs_exactly_and_zu_with_its_spread():
    method, image = make(), batch()["image"]
    mean, logvar = method.encode(image)
    np.testing.assert_array_equal(mean[:, :ZS], method.encoder_s(signed(image)))
    assert np.all(np.exp(0.5 * logvar[:, :ZS]) < 1e-12)


def test_swapping_with_itself_is_rebuilding():
    method, image = make(), batch(3)["image"]
    swapped = method.swap(image, image)
    assert swapped.shape == (3, 3, *SHAPE)
    rebuilt = method.decode(method.encode(image)[0])
    for i in range(3):
        np.testing.assert_allclose(swapped[i, i], rebuilt[i], rtol=1e-4, atol=1e-6)


def test_interpolation_starts_and_ends_at_draws_of_the_class():
    method = make()
    images = method.interpolate_zs([0, 2], 5, SEED)
    assert images.shape == (2, 5, *SHAPE)
    assert method.interpolate_zu([0, 2, 1], 4, SEED).shape == (3, 4, *SHAPE)
    line = method._line(ZS, 5, SEED)
    np.testing.assert_allclose(line[2], 0.5 * (line[0] + line[4]), rtol=1e-4, atol=1e-6)


def test_generation_is_a_function_of_class_and_seed():
    method = make()
    one, again = (method.generate_class([0, 1, 2], SEED) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (3, *SHAPE)


def test_inpainting_changes_only_what_is_missing():
    method, image = make(), batch(3)["image"]
    np.testing.assert_array_equal(method.inpaint(image, np.zeros((1, 1, 1), "float32")), image)
    everything = method.inpaint(image, np.ones((1, 1, 1), "float32"))
    np.testing.assert_allclose(everything[0], everything[1], atol=1e-6)  # nothing is left to tell them apart


def test_an_image_of_no_class_has_zs_of_the_total_gaussian():
    method, draws = make(), tf.random.stateless_normal([50_000, ZS], SEED)
    mean, variance = method.mixture.total()
    unknown = np.array(method.mixture.sample(tf.fill([50_000], -1), draws))
    np.testing.assert_allclose(unknown, mean + draws * np.sqrt(variance), rtol=1e-5, atol=1e-5)
    known = method.mixture.sample(tf.fill([4], CLASSES - 1), tf.zeros([4, ZS]))
    np.testing.assert_array_equal(known[0], method.mixture.means.rows[CLASSES - 1])


def test_samples_have_the_classes_of_the_batch_also_in_a_graph():
    method, data = make(), batch()
    inside = tf.function(method.sample)(data, SEED)
    np.testing.assert_allclose(inside, method.generate_class(data["label"], SEED), rtol=1e-4, atol=1e-5)
    unlabelled = method.sample({"image": data["image"]}, SEED)
    np.testing.assert_array_equal(unlabelled, method.generate_class(np.full(8, -1), SEED))


def test_varying_a_dimension_of_zu_leaves_the_rest_of_the_code():
    method = make()
    seen = []
    method.decode = lambda c: seen.append(c.numpy()) or tf.zeros([len(c), *SHAPE])
    assert method.vary_zu([0, 2], 1, [-3.0, 0.0, 3.0], SEED).shape == (2, 3, *SHAPE)
    (codes,) = seen
    np.testing.assert_array_equal(codes[:3, ZS + 1], [-3.0, 0.0, 3.0])
    others = np.delete(codes.reshape(2, 3, -1), ZS + 1, axis=2)
    np.testing.assert_array_equal(others, np.repeat(others[:, :1], 3, axis=1))


def test_only_zu_has_information_in_nats():
    kl = np.array(make().kl_per_dimension(batch()["image"]))
    assert kl.shape == (ZS + ZU,) and np.all(kl[:ZS] == 0.0) and np.all(kl[ZS:] > 0.0)
