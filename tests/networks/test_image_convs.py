import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from idgan_tf.networks.image_convs import ImageConv, ImageUpconv
from idgan_tf.networks.layers import MapConv


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["conv", "upconv"])
def test_image_convolutions_and_their_second_derivatives_are_those_of_keras(kind, channels):
    ours, plain, filters, inputs = {
        "conv": (ImageConv, layers.Conv2D, 7, channels),
        "upconv": (ImageUpconv, layers.Conv2DTranspose, channels, 7),
    }[kind]
    x = tf.random.stateless_normal([2, 6, 10, inputs], [0, 1])
    made = [layer(filters, 4, 2, "same", bias_initializer="normal") for layer in (plain, ours)]
    for layer in made:
        layer(x)
    made[1].set_weights(made[0].get_weights())
    expected, found = (derivatives(layer, x) for layer in made)
    for a, b in zip(expected, found, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-4 * float(tf.reduce_max(abs(a))))


@pytest.mark.parametrize("use_bias", [True, False])
def test_a_convolution_of_the_whole_map_is_that_of_keras(use_bias):
    x = tf.random.stateless_normal([3, 4, 4, 5], [0, 1])
    plain, ours = (kind(7, 4, use_bias=use_bias, bias_initializer="normal") for kind in (layers.Conv2D, MapConv))
    expected = plain(x)
    ours.build(x.shape)
    ours.set_weights(plain.get_weights())
    np.testing.assert_allclose(ours(x), expected, rtol=1e-4, atol=1e-5)


def derivatives(layer, x):
    """Value, gradients, and the gradients of a gradient penalty, as R1 takes them."""
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            value = layer(x)
            loss = tf.reduce_sum(tf.sin(value))
        gradient = inner.gradient(loss, x)
        penalty = tf.reduce_sum(gradient**2)
    weights = outer.gradient(loss, [layer.kernel, layer.bias])
    return value, gradient, *weights, *outer.gradient(penalty, [x, layer.kernel])
