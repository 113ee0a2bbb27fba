import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from idgan_tf.networks.layers import SubpixelUpconv


@pytest.mark.parametrize("filters", [1, 3])
def test_subpixel_upconv_is_the_transposed_convolution(filters):
    x = tf.random.stateless_normal([2, 5, 5, 7], [0, 1])
    plain, ours = (
        kind(filters, 4, 2, "same", bias_initializer="normal") for kind in (layers.Conv2DTranspose, SubpixelUpconv)
    )
    plain(x), ours(x)
    ours.set_weights(plain.get_weights())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        expected, found = (tf.reduce_sum(tf.sin(layer(x))) for layer in (plain, ours))
    np.testing.assert_allclose(ours(x), plain(x), atol=1e-5)
    np.testing.assert_allclose(tape.gradient(found, x), tape.gradient(expected, x), atol=1e-4)
    np.testing.assert_allclose(tape.gradient(found, ours.kernel), tape.gradient(expected, plain.kernel), atol=1e-4)
