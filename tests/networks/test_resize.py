import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.networks.resize import convert


def test_the_same_shape_passes_untouched(rng):
    image = rng.random((2, 8, 8, 3))
    assert convert(image, (8, 8, 3), to_grey=False) is image


def test_half_the_size_is_the_mean_of_four(rng):
    image = rng.random((2, 8, 8, 3)).astype("float32")
    np.testing.assert_allclose(
        convert(image, (4, 4, 3), to_grey=False), image.reshape(2, 4, 2, 4, 2, 3).mean((2, 4)), rtol=1e-5
    )


def test_a_sixteenth_reads_the_two_middle_pixels_of_each_axis(rng):
    image = rng.random((1, 64, 64, 1)).astype("float32")
    middle = image.reshape(1, 4, 16, 4, 16, 1)[:, :, 7:9, :, 7:9]
    np.testing.assert_allclose(convert(image, (4, 4, 1), to_grey=False), middle.mean((2, 4)), rtol=1e-5)


def test_an_area_is_the_mean_of_all_its_pixels(rng):
    image = rng.random((1, 64, 32, 1)).astype("float32")
    small = convert(image, (4, 4, 1), to_grey=False, resize="area")
    np.testing.assert_allclose(small, image.reshape(1, 4, 16, 4, 8, 1).mean((2, 4)), rtol=1e-5)
    with pytest.raises(ConfigError, match="whole multiples"):
        convert(image, (24, 24, 1), to_grey=False, resize="area")


def test_colour_becomes_grey_only_when_told():
    red = np.zeros((1, 4, 4, 3), "float32")
    red[..., 0] = 1.0
    np.testing.assert_allclose(convert(red, (4, 4, 1), to_grey=True), np.full((1, 4, 4, 1), 0.299), rtol=1e-5)
    with pytest.raises(ConfigError, match="grey_teacher = True"):
        convert(red, (4, 4, 1), to_grey=False)
    with pytest.raises(ConfigError, match="3 channels"):
        convert(red[..., :1], (4, 4, 3), to_grey=True)
