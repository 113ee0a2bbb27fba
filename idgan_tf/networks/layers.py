"""Convolutions, dense layers and normalisations as the papers' codes have them."""

import math

import keras
from keras import layers, ops

from idgan_tf.networks.image_convs import FEW, ImageConv, ImageUpconv


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


def conv(inputs, filters, kernel, strides, init, **kwargs):
    """Convolution from `inputs` channels; with kernel 4 and strides 2 it halves the image."""
    kernel_init, bias_init = initializers(init, inputs * kernel * kernel)
    layer = ImageConv if (kernel, strides) == (4, 2) and inputs < FEW else layers.Conv2D
    return layer(filters, kernel, strides, "same", kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)


def upconv(filters, kernel, strides, init, **kwargs):
    """Transposed convolution; with kernel 4 and strides 2 it doubles the image ("same").

    PyTorch counts the fan-in of a transposed convolution from its output channels; so does "torch" here.
    """
    kernel_init, bias_init = initializers(init, filters * kernel * kernel)
    layer = ImageUpconv if (kernel, strides) == (4, 2) and filters < FEW else layers.Conv2DTranspose
    return layer(filters, kernel, strides, "same", kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)


@keras.saving.register_keras_serializable("idgan_tf")
class UpsampledConv(layers.Conv2D):
    """`Conv2D` with kernel 3 of a map whose every pixel is taken four times: [B, H, W, C] -> [B, 2H, 2W, F].

    It is a transposed convolution with kernel 4 and strides 2: 16 products for four pixels instead of 36.
    """

    def convolution_op(self, inputs, kernel):
        turned = ops.transpose(ops.flip(kernel, (0, 1)), (0, 1, 3, 2))
        shifts = (0, 1), (1, 0)
        spread = sum(ops.pad(turned, (rows, columns, (0, 0), (0, 0))) for rows in shifts for columns in shifts)
        return ops.conv_transpose(inputs, spread, strides=2, padding="same")


def upsampled_conv(inputs, filters, init, **kwargs):
    """Convolution with kernel 3 of a map whose every pixel is taken four times."""
    kernel_init, bias_init = initializers(init, inputs * 9)
    return UpsampledConv(
        filters, 3, padding="same", kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs
    )


@keras.saving.register_keras_serializable("idgan_tf")
class MapConv(layers.Conv2D):
    """`Conv2D` whose kernel is as large as the feature map [B, H, W, C]: [B, 1, 1, F].

    It is a matrix product, and on CPUs four times as fast as one.
    """

    def call(self, inputs):
        kernel = ops.reshape(self.kernel, (-1, self.filters))
        outputs = ops.matmul(ops.reshape(inputs, (-1, kernel.shape[0])), kernel)
        outputs = outputs + self.bias if self.use_bias else outputs
        return self.activation(ops.reshape(outputs, (-1, 1, 1, self.filters)))


def map_conv(inputs, filters, side, init, **kwargs):
    """Convolution of a whole feature map [B, side, side, inputs] at once."""
    kernel_init, bias_init = initializers(init, inputs * side * side)
    return MapConv(filters, side, kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)


def dense(inputs, units, init, **kwargs):
    """Fully connected layer from `inputs` units."""
    kernel_init, bias_init = initializers(init, inputs)
    return layers.Dense(units, kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)


@keras.saving.register_keras_serializable("idgan_tf")
class PerChannel(keras.initializers.Initializer):
    """Initial values [side * side * filters] of a map's biases: one value a channel, the same at every place."""

    def __init__(self, initializer, filters):
        self.initializer, self.filters = keras.initializers.get(initializer), filters

    def __call__(self, shape, dtype=None):
        return ops.tile(self.initializer((self.filters,), dtype), shape[0] // self.filters)

    def get_config(self):
        return {"initializer": keras.initializers.serialize(self.initializer), "filters": self.filters}


def dense_map(inputs, side, filters, init, **kwargs):
    """Fully connected layer from `inputs` units to what `Reshape((side, side, filters))` makes a map.

    PyTorch's code of ID-GAN has a transposed convolution of a 1x1 map in its place, so the first weights of "torch"
    are those: a fan-in counted from the output channels, and one bias for all places of a channel.
    """
    kernel_init, bias_init = initializers(init, side * side * filters)
    bias_init = PerChannel(bias_init, filters) if init == "torch" else bias_init
    units = side * side * filters
    return layers.Dense(units, kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)


def batch_norm(momentum, epsilon, **kwargs):
    """Batch normalisation over the global batch: statistics of all replicas together."""
    return layers.BatchNormalization(momentum=momentum, epsilon=epsilon, synchronized=True, **kwargs)
