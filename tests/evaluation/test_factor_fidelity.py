import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.dsprites import FACTOR_NAMES, DSprites
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.factor_fidelity import factor_fidelity, kept
from idgan_tf.evaluation.feature_networks import factor_features
from idgan_tf.evaluation.metric import Unavailable

HALF_TURN, QUARTER_TURN = np.pi, np.pi / 2


class PixelReader:
    """Reads the factors of `Pixels` from its first pixels."""

    protocol = {"feature_network": "pixels"}

    def __init__(self, network, dataset):
        self.top = np.array(dataset.factor_sizes) - 1

    def classes(self, images):
        return np.rint(np.reshape(images, [len(images), -1])[:, : len(self.top)] * self.top).astype(int)


@pytest.fixture
def method(codes_method, monkeypatch):
    """Its code is the image; its decoder draws the code, its generator everything of it but the first factor."""
    monkeypatch.setattr(factor_features, "FactorFeatures", PixelReader)
    made = codes_method(lambda x: x)
    made.nuisance_dim = 0
    made.encode = lambda image: (tf.reshape(image, [-1, 16]), tf.fill([image.shape[0], 16], -200.0))
    made.decode = lambda c: tf.reshape(c, [-1, 4, 4, 1])
    made.generate = lambda s, c: tf.reshape(c * tf.constant([0.0] + 15 * [1.0]), [-1, 4, 4, 1])
    return made


def of_shape(shape, angle, found_angle):
    """Whether the orientations [N] of a shape are kept."""
    factors, found = np.zeros((2, len(angle), 5), np.int64)
    factors[:, 0], factors[:, 2], found[:, 2] = shape, angle, found_angle
    return kept(FACTOR_NAMES, factors, found)[:, 2]


@pytest.mark.parametrize(("shape", "period"), [(0, QUARTER_TURN), (1, HALF_TURN), (2, 2 * np.pi)])
def test_an_angle_is_kept_within_a_step_and_the_rotations_that_the_shape_does_not_show(shape, period):
    angle, found = (a.ravel() for a in np.meshgrid(np.arange(40), np.arange(39)))
    apart = 2 * np.pi / 39 * (angle - found)
    distance = np.min([np.abs(apart + turns * period) for turns in range(-5, 6)], axis=0)
    np.testing.assert_array_equal(of_shape(shape, angle, found), distance < 2 * np.pi / 39 + 1e-9)


def test_orientations_0_and_39_are_one():
    assert of_shape(2, [39, 0, 39], [0, 38, 1]).all() and not of_shape(2, [39], [2]).any()


def test_a_position_is_kept_within_one_place_and_shape_and_scale_exactly():
    factors = np.tile([1, 3, 0, 16, 16], (4, 1))
    off = np.array([[0, 0, 0, 1, -1], [1, 0, 0, 2, 0], [0, -1, 0, 0, -2], [0, 0, 2, 0, 0]])
    expected = [[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [1, 0, 1, 1, 0], [1, 1, 0, 1, 1]]
    np.testing.assert_array_equal(kept(FACTOR_NAMES, factors, factors + off), np.array(expected, bool))


def test_an_orientation_of_other_data_sets_is_kept_where_it_is_found_again():
    factors, found = np.array([[3, 14, 5], [3, 0, 5]]), np.array([[3, 13, 5], [3, 0, 4]])
    same = kept(("shape", "orientation", "scale"), factors, found)
    np.testing.assert_array_equal(same, [[True, False, True], [True, True, False]])


def test_generator_decoder_and_real_images_are_told_apart_and_the_first_value_is_the_generators_mean(method, pixels):
    values = factor_fidelity(method, pixels, 0, num_samples=60).values
    shares = dict.fromkeys(values, 1.0) | {"a_fidelity": 1 / 3, "factor_fidelity": (1 / 3 + 2) / 3}
    assert values == pytest.approx(shares) and next(iter(values)) == "factor_fidelity"
    assert {f"b_fidelity{suffix}" for suffix in ("", "_decoder", "_real")} < set(values)


def test_without_a_generator_it_is_the_decoders_and_the_same_as_that_of_an_idgan_it_teaches(method, pixels):
    method.encode = lambda image: (tf.reshape(image, [-1, 16]), tf.fill([image.shape[0], 16], -4.0))
    both = factor_fidelity(method, pixels, 3, num_samples=200).values
    del method.generate
    alone = factor_fidelity(method, pixels, 3, num_samples=200).values
    assert not any(name.endswith("_decoder") for name in alone)
    assert alone["c_fidelity"] == both["c_fidelity_decoder"] < 1.0


def test_a_decoder_of_another_size_than_the_generator_is_left_out_and_no_name_changes(method, pixels):
    both = factor_fidelity(method, pixels, 0, num_samples=60).values
    method.decode = lambda c: tf.zeros([len(c), 2, 2, 1])
    alone = factor_fidelity(method, pixels, 0, num_samples=60).values
    assert alone == {name: value for name, value in both.items() if not name.endswith("_decoder")}


def test_a_method_that_draws_no_codes_of_images_cannot_have_it(codes_method, pixels, monkeypatch):
    monkeypatch.setattr(factor_features, "FactorFeatures", PixelReader)
    with pytest.raises(Unavailable, match="draws no code"):
        factor_fidelity(codes_method(lambda x: x), pixels, 0)


def test_the_network_of_the_package_sees_discs_for_what_they_are(codes_method, monkeypatch):
    """Discs as large as the sprites and at their place keep the place, and of the shape no more than chance."""
    y, x = np.mgrid[:64, :64].astype(np.float32)

    def discs(image):
        mass = tf.reduce_sum(image, [1, 2])[..., None]
        centre = [tf.reduce_sum(image[..., 0] * axis, [1, 2])[:, None, None] / mass for axis in (x, y)]
        return tf.cast((x - centre[0]) ** 2 + (y - centre[1]) ** 2 < mass / np.pi, tf.float32)[..., None]

    made = codes_method(lambda x: x)
    made.encode = lambda image: (tf.reshape(image, [-1, 4096]), tf.fill([image.shape[0], 4096], -200.0))
    made.decode = lambda c: discs(tf.reshape(c, [-1, 64, 64, 1]))
    values = factor_fidelity(made, DSprites("rendered"), 0, num_samples=256).values
    assert values["factor_fidelity_real"] > 0.99
    assert values["position_x_fidelity"] > 0.8
    assert max(values["shape_fidelity"], values["orientation_fidelity"]) < 0.5


def test_factors_of_one_drawing_are_not_those_of_many():
    with pytest.raises(ConfigError, match="must be .N, 5., got .4, 5. and .1, 5."):
        kept(FACTOR_NAMES, np.zeros((4, 5), int), np.zeros((1, 5), int))
