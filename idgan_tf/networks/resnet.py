"""The residual networks of ID-GAN for images of 64 to 1024 pixels (Tables A.4 to A.7).

From Mescheder et al., "Which Training Methods for GANs do actually Converge?", ICML 2018: no normalisation,
and blocks whose residual counts a tenth. Depths and widths are those of ID-GAN's code; where its tables print
others, they do not give the printed resolution. Heads are float32 whatever the precision of the rest.
"""

import math

import gin
import keras
from keras import ops

from idgan_tf.errors import require
from idgan_tf.networks.base import Network
from idgan_tf.networks.layers import conv, dense, upsampled_conv

MAX_FILTERS = 512
SMALLEST = 4  # pixels a side of the smallest feature map
RESIDUAL = 0.1


def _activate(x):
    return ops.leaky_relu(x, negative_slope=0.2)


def _widths(image_shape, filters):
    """Channels of the feature maps from full size (first) to 4 px (last): filters * 2^i with a cap."""
    height, width = image_shape[:2]
    levels = round(math.log2(height / SMALLEST)) if height >= SMALLEST else 0
    require(
        height == width == SMALLEST * 2**levels,
        f"this network takes square images of {SMALLEST} * 2^n pixels, got {tuple(image_shape)}",
    )
    return [min(filters * 2**i, MAX_FILTERS) for i in range(levels + 1)]


@keras.saving.register_keras_serializable("idgan_tf")
class ResBlock(keras.layers.Layer):
    """shortcut(x) + 0.1 * conv(act(conv(act(x)))), [B, H, W, inputs] -> [B, H, W, outputs].

    With `doubles`, of `upsample`(x); what sees one pixel at a time is done before.
    """

    def __init__(self, inputs, outputs, init, doubles=False, **kwargs):
        super().__init__(**kwargs)
        hidden = min(inputs, outputs)
        self.doubles = doubles
        self.inner = upsampled_conv(inputs, hidden, init) if doubles else conv(inputs, hidden, 3, 1, init)
        self.outer = conv(hidden, outputs, 3, 1, init)
        self.shortcut = conv(inputs, outputs, 1, 1, init, use_bias=False) if inputs != outputs else None

    def call(self, x):
        residual = self.outer(_activate(self.inner(_activate(x))))
        x = x if self.shortcut is None else self.shortcut(x)
        return (upsample(x) if self.doubles else x) + RESIDUAL * residual


@ops.custom_gradient
def upsample(x):
    """Every pixel four times: [B, H, W, C] -> [B, 2H, 2W, C].

    The gradient is written out because XLA has none for this, and it is the fastest of the forms measured on
    CPU.
    """

    def gradient(*args, upstream=None):
        return 4.0 * ops.average_pool(args[0] if upstream is None else upstream, 2, 2, "valid")

    height, width = x.shape[1:3]
    return ops.image.resize(x, (2 * height, 2 * width), interpolation="nearest"), gradient


def downsample(x):
    """Means of 3x3 windows with stride 2, zeros beyond the border counted (PyTorch's AvgPool2d(3, 2, 1)).

    With an even side the windows only reach beyond the first row and column.
    """
    return ops.average_pool(ops.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0))), 3, 2, "valid")


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ResNetGenerator(Network):
    """Generator, z [B, D] -> image [B, H, W, C] in [-1, 1], float32.

    Args:
        image_shape: (H, W, C), H = W = 4 * 2^n.
        latent_dim: D.
        filters: channels of the full-size feature maps.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, latent_dim, filters, init, name="generator"):
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, filters=filters, init=init)
        widths = _widths(image_shape, filters)[::-1]
        self.stem = dense(latent_dim, SMALLEST * SMALLEST * widths[0], init)
        self.blocks = [
            ResBlock(a, b, init, doubles=i > 0)
            for i, (a, b) in enumerate(zip(widths, widths[1:] + widths[-1:], strict=True))
        ]
        self.head = conv(filters, image_shape[2], 3, 1, init, name="head")
        self(keras.Input((latent_dim,)))

    def call(self, z, training=False):
        x = ops.reshape(self.stem(z), (-1, SMALLEST, SMALLEST, self.stem.units // SMALLEST**2))
        for block in self.blocks:
            x = block(x)
        return ops.tanh(ops.cast(self.head(_activate(x)), "float32"))


class _Trunk(keras.layers.Layer):
    """image [B, H, W, C] -> feature maps [B, 4, 4, width] of the discriminators."""

    def __init__(self, image_shape, filters, init):
        super().__init__(name="trunk")
        widths = _widths(image_shape, filters)
        self.width = widths[-1]
        self.stem = conv(image_shape[2], filters, 3, 1, init)
        self.blocks = [ResBlock(a, b, init) for a, b in zip(widths[:1] + widths[:-1], widths, strict=True)]

    def call(self, image):
        x = self.stem(image)
        for i, block in enumerate(self.blocks):
            x = block(downsample(x) if i else x)
        return x


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ResNetDiscriminator(Network):
    """Discriminator, image [B, H, W, C] -> logit [B] of "real".

    Args:
        image_shape: (H, W, C), H = W = 4 * 2^n.
        filters: channels of the full-size feature maps.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, filters, init, name="discriminator"):
        super().__init__(name, image_shape=image_shape, filters=filters, init=init)
        self.trunk = _Trunk(image_shape, filters, init)
        self.head = dense(SMALLEST**2 * self.trunk.width, 1, init, dtype="float32", name="head")
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return _logit(self.head, _flat(self.trunk(image)))


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ProjectionDiscriminator(Network):
    """Discriminator of pairs, (image [B, H, W, C], c [B, D]) -> logit [B] of "real": FC(h) + <W c, h>.

    h are the features of `ResNetDiscriminator`. ID-GAN does not say how its cGAN feeds c to the
    discriminator; this is the projection of Miyato & Koyama, "cGANs with Projection Discriminator", ICLR
    2018.

    Args:
        image_shape: (H, W, C), H = W = 4 * 2^n.
        latent_dim: D.
        filters: channels of the full-size feature maps.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, latent_dim, filters, init, name="discriminator"):
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, filters=filters, init=init)
        self.trunk = _Trunk(image_shape, filters, init)
        size = SMALLEST**2 * self.trunk.width
        self.head = dense(size, 1, init, dtype="float32", name="head")
        self.projection = dense(latent_dim, size, init, use_bias=False, dtype="float32", name="projection")
        self([keras.Input(image_shape), keras.Input((latent_dim,))])

    def call(self, pair, training=False):
        image, c = pair
        h = ops.cast(_flat(self.trunk(image)), "float32")
        return _logit(self.head, h) + ops.sum(self.projection(c) * h, axis=-1)


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class BottleneckDiscriminator(Network):
    """Discriminator with a stochastic bottleneck (VGAN; ID-GAN, Table A.7).

    Peng et al., "Variational Discriminator Bottleneck", ICLR 2019. A method draws z from what `bottleneck`
    returns and asks `judge` for its logit; called as a network, it judges the mean: image [B, H, W, C] ->
    logit [B] of "real".

    Args:
        image_shape: (H, W, C), H = W = 4 * 2^n.
        filters: channels of the full-size feature maps.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, filters, init, name="discriminator"):
        super().__init__(name, image_shape=image_shape, filters=filters, init=init)
        self.trunk = _Trunk(image_shape, filters, init)
        width = self.trunk.width
        self.mean = conv(width, width, 1, 1, init, dtype="float32", name="mean")
        self.log_std = conv(width, width, 1, 1, init, dtype="float32", name="log_std")
        self.head = dense(SMALLEST**2 * width, 1, init, dtype="float32", name="head")
        self(keras.Input(image_shape))

    def bottleneck(self, image):
        """Images [B, H, W, C] -> (mean, logvar) of z, each [B, 4, 4, width]."""
        features = self.trunk(image)
        return self.mean(features), 2.0 * self.log_std(features)

    def judge(self, z):
        """z [B, 4, 4, width] -> logit [B]."""
        return _logit(self.head, _flat(z))

    def call(self, image, training=False):
        mean, logvar = self.bottleneck(image)
        return self.judge(mean + 0.0 * logvar)  # so that building the network builds log_std too


def _flat(features):
    """act(features) [B, 4, 4, width] as [B, 16 * width]."""
    return ops.reshape(_activate(features), (-1, SMALLEST**2 * features.shape[-1]))


def _logit(head, h):
    return ops.squeeze(head(h), axis=-1)
