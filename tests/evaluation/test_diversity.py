import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.diversity import WEIGHTS, diversity, intra_class_diversity
from idgan_tf.evaluation.metric import Unavailable


def images(count, size=32, channels=1, seed=0):
    """Smooth random images in [0, 1]."""
    coarse = np.random.default_rng(seed).uniform(size=(count, 8, 8, channels))
    return np.clip(tf.image.resize(coarse, [size, size], "bicubic").numpy(), 0.0, 1.0)


@pytest.mark.parametrize("size", [16, 32, 33, 64])
def test_identical_images_have_no_diversity(size):
    assert intra_class_diversity(np.repeat(images(1, size, 3), 6, axis=0)) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("size", [176, 181])
def test_large_images_have_the_ms_ssim_of_tensorflow(size):
    a, b = images(2, size, 3)
    b = 0.7 * a + 0.3 * b
    similarity = float(tf.image.ssim_multiscale(tf.constant(a), tf.constant(b), 1.0))
    assert 0.2 < similarity < 0.99
    assert intra_class_diversity(np.stack([a, b])) == pytest.approx(1.0 - (2.0 + 2.0 * similarity) / 4.0, abs=1e-4)


def ms_ssim_of_compare_gan(a, b, width_of):
    """MS-SSIM of two images [H, W, C] in [0, 1], as compare_gan defines it: a depthwise convolution for each scale."""
    pair, terms = tf.constant(np.stack([a, b]), tf.float64), []
    channels = a.shape[-1]
    for _ in range(5):
        size = min(11, *pair.shape[1:3])
        taps = np.exp(-0.5 * ((np.arange(size) - (size - 1) / 2) / width_of(size)) ** 2)
        kernel = np.outer(taps, taps) / np.sum(taps) ** 2
        kernel = tf.constant(np.tile(kernel[:, :, None, None], [1, 1, channels, 1]))

        def blur(x, kernel=kernel):
            return tf.nn.depthwise_conv2d(x[None], kernel, [1] * 4, "VALID")[0].numpy()

        x, y = pair[0], pair[1]
        mean, other = blur(x), blur(y)
        structure = (2 * (blur(x * y) - mean * other) + 0.03**2) / (blur(x * x + y * y) - mean**2 - other**2 + 0.03**2)
        light = (2 * mean * other + 0.01**2) / (mean**2 + other**2 + 0.01**2)
        terms.append(np.maximum(np.mean(structure, axis=(0, 1)), 0))
        last = np.maximum(np.mean(structure * light, axis=(0, 1)), 0)
        odd = [[0, 0], *([0, side % 2] for side in pair.shape[1:3]), [0, 0]]
        pair = tf.nn.avg_pool2d(tf.pad(pair, odd, "SYMMETRIC"), 2, 2, "VALID")
    return float(np.mean(np.prod(np.stack([*terms[:4], last]) ** np.array(WEIGHTS)[:, None], axis=0)))


@pytest.mark.parametrize(("sigma", "width_of"), [("fixed", lambda n: 1.5), ("scaled", lambda n: 1.5 * n / 11)])
@pytest.mark.parametrize("size", [32, 61, (61, 32)])
def test_small_images_have_the_ms_ssim_of_compare_gan_and_scaled_filters_by_their_name(size, sigma, width_of):
    height, width = size if isinstance(size, tuple) else (size, size)
    a, b = images(2, height, 3)[:, :, :width]
    b = 0.7 * a + 0.3 * b
    similarity = ms_ssim_of_compare_gan(a, b, width_of)
    expected = pytest.approx(0.5 - 0.5 * similarity, abs=1e-5)
    assert intra_class_diversity(np.stack([a, b]), sigma) == expected
    assert (intra_class_diversity(np.stack([a, b])) == expected) == (sigma == "fixed")


def test_from_161_pixels_on_both_settings_are_one():
    x = images(2, 161)
    assert intra_class_diversity(x, "scaled") == pytest.approx(intra_class_diversity(x), abs=1e-6)
    with pytest.raises(ConfigError, match="diversity.sigma is one of .'fixed', 'scaled'., got 1.5"):
        intra_class_diversity(x, 1.5)


def test_it_is_the_mean_over_all_pairs_and_their_order_does_not_matter():
    x = images(4)
    pairs = [intra_class_diversity(x[[i, j]]) for i in range(4) for j in range(4)]  # a pair alone: (1 - s) / 2
    assert intra_class_diversity(x) == pytest.approx(2.0 * np.mean(pairs), abs=1e-5)
    assert intra_class_diversity(x[[2, 0, 3, 1]]) == pytest.approx(intra_class_diversity(x), abs=1e-6)


def test_images_that_differ_more_are_more_diverse():
    x = images(6)
    close = intra_class_diversity(0.5 + 0.1 * (x - 0.5) + 0.3 * (x[:1] - 0.5))
    assert 0.0 < close < intra_class_diversity(x) < 1.0


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.zeros((2, 32, 32)), ConfigError, r"images must be \[N, H, W, C\]"),
        (np.zeros((2, 8, 8, 1)), ConfigError, "needs images of 16 px"),
        (np.full((2, 32, 32, 1), 2.0), ConfigError, r"in \[0, 1\]"),
        (np.zeros((2, 32, 32, 1), complex), ConfigError, "images must be real numbers"),
        (np.full((2, 32, 32, 1), np.nan), NonFiniteError, "images hold"),
    ],
)
def test_bad_input_is_named(bad, error, message):
    with pytest.raises(error, match=message):
        intra_class_diversity(bad)


def test_a_dataset_without_classes_cannot_have_it(pixels, codes_method):
    with pytest.raises(Unavailable, match="pixels has no classes"):
        diversity(codes_method(lambda x: x), pixels, 0)
