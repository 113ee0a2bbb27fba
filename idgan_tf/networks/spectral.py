"""Layers whose weight has spectral norm one, by one power iteration per use in training.

Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.

The gradient goes through the division; the singular vector is a weight that no optimizer moves. Keras' own
`SpectralNormalization` writes the divided kernel back into the weight.
"""

import keras
from keras import ops

from idgan_tf.networks.layers import initializers

SMALL = 1e-12


class _Spectral(keras.layers.Layer):
    """A kernel [..., out] divided by the largest singular value of its matrix [rest, out]."""

    def _add(self, shape, init, use_bias):
        fan_in = 1
        for size in shape[:-1]:
            fan_in *= size
        kernel_init, bias_init = initializers(init, fan_in)
        self.kernel = self.add_weight(shape=shape, initializer=kernel_init, name="kernel")
        self.bias = self.add_weight(shape=shape[-1:], initializer=bias_init, name="bias") if use_bias else None
        self.u = self.add_weight(
            shape=(1, shape[-1]),
            initializer=keras.initializers.RandomNormal(),
            name="u",
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    def _normalized(self, training):
        """The kernel over its spectral norm; in training, u moves one step towards the first singular
        vector.
        """
        matrix = ops.reshape(ops.cast(self.kernel, "float32"), (-1, self.kernel.shape[-1]))
        fixed = ops.stop_gradient(matrix)
        v = _unit(ops.matmul(self.u, ops.transpose(fixed)))
        u = _unit(ops.matmul(v, fixed))
        if training:
            self.u.assign(u)
        sigma = ops.sum(ops.matmul(v, matrix) * u)
        return ops.cast(ops.reshape(matrix / sigma, self.kernel.shape), self.compute_dtype)

    def _biased(self, x):
        return x if self.bias is None else x + ops.cast(self.bias, x.dtype)


class SpectralDense(_Spectral):
    """Fully connected layer from `inputs` units, of spectral norm one."""

    def __init__(self, inputs, units, init, use_bias=True, **kwargs):
        super().__init__(**kwargs)
        self._add((inputs, units), init, use_bias)

    def call(self, x, training=False):
        return self._biased(ops.matmul(x, self._normalized(training)))


class SpectralConv(_Spectral):
    """Convolution from `inputs` channels, of spectral norm one, with kernel // 2 zeros on every side."""

    def __init__(self, inputs, filters, kernel, strides, init, **kwargs):
        super().__init__(**kwargs)
        self._strides, self._padding = strides, kernel // 2
        self._add((kernel, kernel, inputs, filters), init, True)

    def call(self, x, training=False):
        pad = (self._padding, self._padding)
        x = ops.pad(x, ((0, 0), pad, pad, (0, 0)))
        return self._biased(ops.conv(x, self._normalized(training), self._strides, "valid"))


def _unit(vector):
    return vector / (ops.sqrt(ops.sum(ops.square(vector))) + SMALL)
