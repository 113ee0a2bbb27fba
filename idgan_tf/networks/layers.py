"""Convolutions and dense layers with the initialisations that the papers' codes use."""

import math

import keras
from keras import layers


def _initializers(init, fan_in):
    """(kernel, bias) initialisers: "normal" N(0, 0.02) and 0; "torch" U(+-1/sqrt(fan_in)), PyTorch's default."""
    if init == "normal":
        return keras.initializers.RandomNormal(stddev=0.02), "zeros"
    if init == "torch":
        bound = 1.0 / math.sqrt(fan_in)
        return (keras.initializers.RandomUniform(-bound, bound) for _ in range(2))
    raise ValueError(f'init must be "normal" or "torch", got {init!r}')


def conv(inputs, filters, kernel, strides, init, **kwargs):
    """Convolution from `inputs` channels; with kernel 4 and strides 2 it halves the image ("same")."""
    kernel_init, bias_init = _initializers(init, inputs * kernel * kernel)
    return layers.Conv2D(
        filters, kernel, strides, "same", kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs
    )


def upconv(filters, kernel, strides, init, **kwargs):
    """Transposed convolution; with kernel 4 and strides 2 it doubles the image ("same").

    PyTorch counts the fan-in of a transposed convolution from its output channels; so does "torch" here.
    """
    kernel_init, bias_init = _initializers(init, filters * kernel * kernel)
    return layers.Conv2DTranspose(
        filters, kernel, strides, "same", kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs
    )


def dense(inputs, units, init, **kwargs):
    """Fully connected layer from `inputs` units."""
    kernel_init, bias_init = _initializers(init, inputs)
    return layers.Dense(units, kernel_initializer=kernel_init, bias_initializer=bias_init, **kwargs)
