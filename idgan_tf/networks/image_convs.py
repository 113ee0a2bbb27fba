"""The first and the last convolution of a network on images: kernel 4, stride 2, and few channels on one side.

CPUs have no good kernel for a transposed convolution to one channel, which is both what draws the image and the
gradient that reaches it. Here it is a convolution of kernel 2 and a depth-to-space (Shi et al. 2016,
arXiv:1609.07009): same variables, same values, two and a half times as fast. Both layers can be differentiated any
number of times, because each direction is the other's gradient.
"""

import keras
import tensorflow as tf
from keras import layers

FEW = 8  # channels below which these layers are the faster ones


@tf.custom_gradient
def halve(image, kernel):
    """Convolution of images [B, 2H, 2W, C] with a kernel [4, 4, C, F], stride 2: features [B, H, W, F]."""

    def gradient(upstream):
        return double(upstream, kernel), kernel_gradient(image, upstream, kernel.shape)

    return tf.nn.conv2d(image, kernel, 2, "SAME"), gradient


@tf.custom_gradient
def double(features, kernel):
    """The transpose of `halve`: features [B, H, W, F] to images [B, 2H, 2W, C], with the same kernel."""
    channels, filters = kernel.shape[2:]
    # Row 2p - 1 + r of the image sees row p - 1 + d of the features through row 2 - 2d + r of the kernel; r, d in 0, 1.
    taps = tf.reverse(tf.reshape(kernel, [2, 2, 2, 2, channels, filters]), [0, 2])
    taps = tf.reshape(tf.transpose(taps, [0, 2, 5, 1, 3, 4]), [2, 2, filters, 4 * channels])
    padding = [[0, 0], [1, 1], [1, 1], [0, 0]]
    quads = tf.nn.conv2d(features, taps, 1, padding)  # pyright: ignore[reportArgumentType] - [B, H + 1, W + 1, 4C]
    image = tf.nn.depth_to_space(quads, 2)[:, 1:-1, 1:-1]

    def gradient(upstream):
        return halve(upstream, kernel), kernel_gradient(upstream, features, kernel.shape)

    return image, gradient


def kernel_gradient(image, features, shape):
    """What the kernel of `halve` gets when `features` [B, H, W, F] are the gradient of its output."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=image, filter_sizes=shape, out_backprop=features, strides=[1, 2, 2, 1], padding="SAME"
    )


@keras.saving.register_keras_serializable("idgan_tf")
class ImageConv(layers.Conv2D):
    """`Conv2D` of kernel 4, stride 2 and "same" padding on images of even size and few channels."""

    def call(self, inputs):
        return _finish(self, halve(inputs, tf.cast(self.kernel, self.compute_dtype)))


@keras.saving.register_keras_serializable("idgan_tf")
class ImageUpconv(layers.Conv2DTranspose):
    """`Conv2DTranspose` of kernel 4, stride 2 and "same" padding to images of few channels."""

    def call(self, inputs):
        return _finish(self, double(inputs, tf.cast(self.kernel, self.compute_dtype)))


def _finish(layer, outputs):
    if layer.use_bias:
        outputs = tf.nn.bias_add(outputs, tf.cast(layer.bias, layer.compute_dtype))
    return layer.activation(outputs)
