"""The mixture in log space, spectral normalisation, and the shapes of the label-relevant / irrelevant VAE."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from idgan_tf.errors import ConfigError
from idgan_tf.networks.labelvae import LabelDecoder, LabelDiscriminator, LabelEncoder, LatentClassifier
from idgan_tf.networks.mixture import GaussianMixture
from idgan_tf.networks.spectral import SpectralConv, SpectralDense
from idgan_tf.objectives.label_relevant import l_cls, l_lkd


def softplus_inverse(x):
    return np.where(x > 30, x, np.log(np.expm1(np.minimum(x, 30.0))))


def losses(log_density, label):
    """(L_cls [B], L_lkd [B])."""
    lkd = l_lkd(log_density, label)
    return l_cls(log_density, lkd), lkd


def mixture(means, variances):
    network = GaussianMixture(*means.shape)
    network.set_weights([means, softplus_inverse(1.0 / variances)])
    return network


def parts(classes=4, dim=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(classes, dim)), rng.uniform(0.3, 3.0, (classes, dim)), rng.normal(size=(6, dim))


def densities(z, means, variances):
    return np.stack([multivariate_normal(m, np.diag(v)).logpdf(z) for m, v in zip(means, variances, strict=True)], 1)


def test_the_densities_are_those_of_scipy():
    means, variances, z = parts()
    np.testing.assert_allclose(mixture(means, variances)(z), densities(z, means, variances), rtol=1e-4)


def test_the_gm_loss_is_that_of_scipy():
    means, variances, z = parts()
    label = np.array([0, 1, 2, 3, 0, 1])
    expected = densities(z, means, variances)
    own = expected[np.arange(6), label]
    cls, lkd = losses(mixture(means, variances)(z), tf.constant(label))
    np.testing.assert_allclose(lkd, -own, rtol=1e-4)
    np.testing.assert_allclose(cls, logsumexp(expected, axis=1) - own, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("variance", [1e-12, 1e6])
def test_512_dimensions_of_extreme_variance_stay_finite(variance):
    means = np.random.default_rng(0).normal(size=(3, 512))
    network, z = mixture(means, np.full((3, 512), variance)), tf.constant(means, tf.float32)
    with tf.GradientTape() as tape:
        cls, lkd = losses(network(z), tf.constant([0, 1, 2]))
        loss = tf.reduce_mean(cls + lkd)
    expected = 256 * np.log(2 * np.pi * variance)
    np.testing.assert_allclose(lkd, np.full(3, expected), rtol=1e-3)
    assert all(np.all(np.isfinite(g)) for g in tape.gradient(loss, network.trainable_variables))


def test_one_class_is_a_gaussian_and_cannot_be_confused():
    means, variances, z = parts(classes=1)
    cls, lkd = losses(mixture(means, variances)(z), tf.zeros([6], tf.int32))
    np.testing.assert_allclose(cls, np.zeros(6), atol=1e-6)
    np.testing.assert_allclose(lkd, -multivariate_normal(means[0], np.diag(variances[0])).logpdf(z), rtol=1e-4)
    total_mean, total_variance = mixture(means, variances).total()
    np.testing.assert_allclose(total_mean, means[0], rtol=1e-5)
    np.testing.assert_allclose(total_variance, variances[0], rtol=1e-4)


def test_the_total_gaussian_has_the_moments_of_samples():
    means, variances, _ = parts()
    network = mixture(means, variances)
    label = np.random.default_rng(1).integers(0, 4, 200_000)
    samples = np.asarray(network.sample(label, tf.random.stateless_normal([200_000, 3], [1, 2])))
    mean, variance = network.total()
    np.testing.assert_allclose(mean, samples.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(variance, samples.var(axis=0), rtol=0.02)


def test_samples_of_a_class_follow_its_gaussian():
    means, variances, _ = parts()
    zeros = mixture(means, variances).sample(np.array([2]), tf.zeros([1, 3]))
    ones = mixture(means, variances).sample(np.array([2]), tf.ones([1, 3]))
    np.testing.assert_allclose(zeros[0], means[2], rtol=1e-5)
    np.testing.assert_allclose(ones[0] - zeros[0], np.sqrt(variances[2]), rtol=1e-4)


def test_a_new_mixture_has_unit_variances():
    np.testing.assert_allclose(GaussianMixture(2, 3).variances(), np.ones((2, 3)), rtol=1e-5)


def test_a_spectral_layer_divides_by_the_largest_singular_value():
    layer = SpectralDense(20, 7, "normal")
    kernel = np.random.default_rng(0).normal(size=(20, 7)).astype("float32")
    layer.kernel.assign(kernel)
    for _ in range(60):
        layer(tf.ones([1, 20]), training=True)
    norm = np.linalg.svd(kernel)[1][0]
    np.testing.assert_allclose(layer(np.eye(20, dtype="float32")), kernel / norm, rtol=1e-3, atol=1e-5)


def test_a_spectral_layer_is_at_rest_outside_training():
    layer = SpectralConv(2, 3, 3, 2, "normal")
    before = np.array(layer.u)
    assert layer(tf.ones([1, 8, 8, 2])).shape == (1, 4, 4, 3)
    np.testing.assert_array_equal(layer.u, before)
    layer(tf.ones([1, 8, 8, 2]), training=True)
    assert not np.array_equal(layer.u, before)


def test_the_gradient_of_a_spectral_layer_knows_of_the_division():
    layer = SpectralDense(4, 3, "normal")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(tf.eye(4))))
    gradient = tape.gradient(loss, layer.kernel.value)
    kernel = np.array(layer.kernel)  # the output does not change with the kernel's scale
    assert abs(np.sum(gradient * kernel)) < 1e-3 * np.linalg.norm(gradient) * np.linalg.norm(kernel)


def test_the_singular_vectors_are_constants_to_the_gradient():
    """Miyato et al., Eq. 12: of sigma = v W u', it is v'u, also while u is still far from the first vector."""
    layer = SpectralDense(4, 3, "normal")
    kernel, weight = (np.random.default_rng(i).normal(size=(4, 3)) for i in range(2))
    layer.kernel.assign(kernel)
    v = np.array(layer.u) @ kernel.T
    v /= np.linalg.norm(v)
    u = v @ kernel / np.linalg.norm(v @ kernel)
    sigma = np.linalg.norm(v @ kernel)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weight.astype("float32") * layer(tf.eye(4)))
    expected = weight / sigma - np.sum(weight * kernel) / sigma**2 * v.T @ u
    np.testing.assert_allclose(tape.gradient(loss, layer.kernel.value), expected, rtol=1e-4, atol=1e-5)


def test_an_unlabelled_image_has_no_projection_term():
    network = LabelDiscriminator((1, 1, 2), 3, "toy")
    image = tf.constant(np.random.default_rng(0).normal(size=(4, 1, 1, 2)), tf.float32)
    features = network.features(image)
    plain = tf.squeeze(network.head(features), axis=-1)
    np.testing.assert_array_equal(network(image, tf.zeros([4, 3])), plain)
    term = network(image, tf.one_hot([0, 1, 2, 0], 3)) - plain
    rows = network.embedding(tf.one_hot([0, 1, 2, 0], 3))
    np.testing.assert_allclose(term, np.sum(rows * features, axis=-1), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
    "architecture, shape",
    [("cifar", (32, 32, 3)), ("vgg", (64, 64, 3)), ("toy", (1, 1, 2)), ("mlp", (8, 8, 1)), ("mlp", (5, 7, 3))],
)
def test_the_networks_fit_together(architecture, shape):
    image = np.zeros((2, *shape), "float32")
    mean, logvar = LabelEncoder(shape, 5, True, 0, architecture)(image)
    assert mean.shape == logvar.shape == (2, 5)
    assert LabelDecoder(shape, (5,), architecture)(mean).shape == image.shape
    assert LabelDiscriminator(shape, 3, architecture)(image, np.eye(3, dtype="float32")[:2]).shape == (2,)


def test_the_cifar_networks_have_the_sizes_of_table_3():
    encoder = LabelEncoder((32, 32, 3), 100, False, 0, "cifar")
    convolutions = 25 * 3 * 32 + 25 * 32 * 64 + 9 * 64 * 128 + 9 * 128 * 256
    normed = 2 * (32 + 64 + 128 + 256 + 1024)
    assert encoder.count_params() == convolutions + 1024 * 1024 + 2 * normed + 1024 * 100 + 100
    decoder = LabelDecoder((32, 32, 3), (100, 200), "cifar")
    widths = (256, 256, 256, 128, 64, 32)
    convolutions = sum(25 * a * b for a, b in zip(widths, widths[1:], strict=False))
    assert decoder.count_params() == 300 * 1024 + 4 * 1024 + convolutions + 4 * sum(widths[1:]) + 25 * 32 * 3 + 3


def test_inference_keeps_up_with_a_network_that_moves():
    """The averages of batch statistics forget where the network was a hundred steps ago."""
    encoder = LabelEncoder((32, 32, 3), 4, False, 0, "cifar")
    image = np.random.default_rng(0).normal(size=(8, 32, 32, 3)).astype("float32")
    for _ in range(100):
        trained = encoder(image, training=True)
    np.testing.assert_allclose(encoder(image), trained, atol=0.05 * np.std(trained))


def test_the_encoder_of_faces_is_vgg16_without_its_last_layers():
    encoder = LabelEncoder((64, 64, 3), 512, False, 0, "vgg")
    kernels = [v for v in encoder.trainable_variables if len(v.shape) == 4]
    assert len(kernels) == 13
    assert sum(int(np.prod(v.shape)) for v in kernels) == 14_714_688 - 4_224  # VGG16's convolutions less biases


def test_labels_enter_a_conditional_encoder():
    encoder = LabelEncoder((1, 1, 2), 4, True, 3, "toy")
    image = tf.ones([2, 1, 1, 2])
    mean, _ = encoder(image, tf.one_hot([0, 2], 3))
    assert not np.allclose(mean[0], mean[1])


def test_networks_survive_keras_files(tmp_path):
    shape = (1, 1, 2)
    networks = [
        LabelEncoder(shape, 4, True, 3, "toy"),
        LabelDecoder(shape, (1, 3), "toy"),
        LabelDiscriminator(shape, 3, "toy"),
        LatentClassifier(4, 3, 8),
        GaussianMixture(3, 4),
    ]
    for i, network in enumerate(networks):
        for variable in network.variables:
            variable.assign(variable + 0.1)
        network.save(tmp_path / f"{i}.keras")
        again = keras.saving.load_model(tmp_path / f"{i}.keras")
        assert network.variables
        for ours, theirs in zip(network.variables, again.variables, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_small_images_have_two_dense_layers_and_end_within_the_range():
    encoder, decoder = LabelEncoder((8, 8, 1), 5, True, 0, "mlp"), LabelDecoder((8, 8, 1), (5,), "mlp")
    assert [v.shape for v in encoder.trainable_variables if len(v.shape) == 2] == [(64, 128), (128, 128), (128, 10)]
    assert [v.shape for v in decoder.trainable_variables if len(v.shape) == 2] == [(5, 128), (128, 128), (128, 64)]
    assert np.all(np.abs(decoder(100.0 * np.ones((1, 5), "float32"))) <= 1.0)


def test_an_image_of_the_wrong_size_is_refused():
    with pytest.raises(ConfigError, match="32x32"):
        LabelEncoder((64, 64, 3), 4, False, 0, "cifar")
    with pytest.raises(ConfigError, match="architecture"):
        LabelDecoder((64, 64, 3), (4,), "alexnet")
