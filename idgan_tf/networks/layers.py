"""Convolutions, dense layers and normalisations as the papers' codes have them."""

import math

import keras
import tensorflow as tf
from keras import layers, ops


def initializers(init, fan_in):
    """(kernel, bias) initialisers.

    "normal": N(0, 0.02) and 0; "torch": both U(+-1/sqrt(fan_in)), PyTorch's default; "orthogonal" or "xavier"
    and 0.
    """
    if init == "normal":
        return keras.initializers.RandomNormal(stddev=0.02), "zeros"
    if init == "torch":
        bound = 1.0 / math.sqrt(fan_in)
        return (keras.initializers.RandomUniform(-bound, bound) for _ in range(2))
    if init == "orthogonal":
        return keras.initializers.Orthogonal(), "zeros"
    if init == "xavier":
        return keras.initializers.GlorotUniform(), "zeros"
    raise ValueError(f'init must be "normal", "torch", "orthogonal" or "xavier", got {init!r}')


@keras.saving.register_keras_serializable("idgan_tf")
class SubpixelUpconv(layers.Conv2DTranspose):
    """The transposed convolution of kernel 4 and stride 2, computed as a convolution of kernel 2 and depth-to-space.

    Same variables, same values. For few output channels it is more than twice as fast on CPUs, which have no good
    kernel for a transposed convolution to one channel. See Shi et al. 2016, arXiv:1609.07009.
    """

    def call(self, inputs):
        out, into = self.kernel.shape[2:]
        # Rows 2t + r of the kernel reach output row 2m + r from input row m - t; here t runs backwards, as s.
        kernel = ops.flip(ops.reshape(ops.cast(self.kernel, self.compute_dtype), (2, 2, 2, 2, out, into)), (0, 2))
        kernel = ops.reshape(ops.transpose(kernel, (0, 2, 5, 1, 3, 4)), (2, 2, into, 4 * out))
        padded = ops.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)))
        image = tf.nn.depth_to_space(ops.conv(padded, kernel, padding="valid"), 2)[:, 1:-1, 1:-1]
        if self.use_bias:
            image = ops.add(image, ops.cast(self.bias, self.compute_dtype))
        return self.activation(image)


def conv(inputs, filters, kernel, strides, init, padding="same", **kwargs):
    """Convolution from `inputs` channels; with kernel 4 and strides 2 it halves the image ("same")."""
    kernel_init, bias_init = initializers(init, inputs * kernel * kernel)
    return layers.Conv2D(
        filters,
        kernel,
        strides,
        padding,
        kernel_initializer=kernel_init,
        bias_initializer=bias_init,
        **kwargs,
    )


def upconv(filters, kernel, strides, init, **kwargs):
    """Transposed convolution; with kernel 4 and strides 2 it doubles the image ("same").

    A layer of few filters is a `SubpixelUpconv`. PyTorch counts the fan-in of a transposed convolution from its
    output channels; so does "torch" here.
    """
    kernel_init, bias_init = initializers(init, filters * kernel * kernel)
    layer = SubpixelUpconv if (kernel, strides) == (4, 2) and filters < 8 else layers.Conv2DTranspose
    return layer(filters, kernel, strides, "same", kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)


def dense(inputs, units, init, **kwargs):
    """Fully connected layer from `inputs` units."""
    kernel_init, bias_init = initializers(init, inputs)
    return layers.Dense(units, kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)


def batch_norm(momentum, epsilon):
    """Batch normalisation over the global batch: statistics of all replicas together."""
    return layers.BatchNormalization(momentum=momentum, epsilon=epsilon, synchronized=True)
