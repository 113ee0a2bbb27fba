"""The networks of IB-GAN for 64-pixel images (appendix D, Tables 4 to 6), and the mirror of its generator.

Jeon et al., "IB-GAN: Disentangled Representation Learning with Information Bottleneck GAN", AAAI 2021.
Layers come in the order of the released code: linear, batch normalisation, activation (the tables print the
activation first). Convolutions that are normalised have no bias, dense layers have one. Heads are float32.
`init` names an initialisation of `layers`; batch statistics are those of the whole global batch.
"""

import gin
import keras
from keras import layers, ops

from idgan_tf.errors import require
from idgan_tf.networks.base import Network
from idgan_tf.networks.layers import batch_norm, conv, dense, map_conv, upconv

SIDE = 8  # pixels a side of the innermost feature map


def _normed(layer, activation):
    """A layer, its batch normalisation (PyTorch's defaults), its activation."""
    return [layer, batch_norm(momentum=0.9, epsilon=1e-5), activation]


def _relu():
    return layers.ReLU()


def _leaky():
    return layers.LeakyReLU(negative_slope=0.2)


def _require_64(image_shape):
    require(tuple(image_shape[:2]) == (64, 64), f"this network is for 64x64 images, got {tuple(image_shape)}")


def _front(channels, filters, init):
    """image [B, 64, 64, C] -> features [B, 8, 8, 4 filters]: three convolutions of stride 2."""
    return [
        conv(channels, filters, 4, 2, init),
        _leaky(),
        *_normed(conv(filters, 2 * filters, 4, 2, init, use_bias=False), _leaky()),
        *_normed(conv(2 * filters, 4 * filters, 4, 2, init, use_bias=False), _leaky()),
    ]


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class IBEncoder(Network):
    """e(r|z): z [B, Dz] -> (mean [B, Dr], logvar [B, Dr]).

    Args:
        z_dim, r_dim: Dz and Dr.
        widths: of the hidden layers; (64, 64, 32) in Table 4, (32, 32) in Table 5.
        normalize: batch normalisation in the hidden layers; the released dSprites code has none.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, z_dim, r_dim, widths, normalize, init, name="encoder"):
        super().__init__(name, z_dim=z_dim, r_dim=r_dim, widths=widths, normalize=normalize, init=init)
        stack = []
        for inputs, width in zip((z_dim, *widths), widths, strict=False):
            hidden = dense(inputs, width, init)
            stack += _normed(hidden, _relu()) if normalize else [hidden, _relu()]
        self.stack = keras.Sequential(stack, name="stack")
        self.head = dense(widths[-1], 2 * r_dim, init, dtype="float32", name="head")
        self(keras.Input((z_dim,)))

    def call(self, z, training=False):
        mean, logvar = ops.split(self.head(self.stack(z, training=training)), 2, axis=-1)
        return mean, logvar


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class IBDecoder(Network):
    """r [B, D] -> logits [B, 64, 64, C], float32: IB-GAN's generator without its tanh, the decoder of its
    VAEs.

    Args:
        image_shape: (64, 64, C).
        latent_dim: D.
        filters: ngf of Table 3.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, latent_dim, filters, init, name="decoder"):
        _require_64(image_shape)
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, filters=filters, init=init)
        inner = 4 * filters
        self.stack = keras.Sequential(
            [
                *_normed(dense(latent_dim, 16 * filters, init), _relu()),
                *_normed(dense(16 * filters, SIDE * SIDE * inner, init), _relu()),
                layers.Reshape((SIDE, SIDE, inner)),
                *_normed(upconv(inner, 3, 1, init, use_bias=False), _relu()),
                *_normed(upconv(inner, 3, 1, init, use_bias=False), _relu()),
                *_normed(upconv(2 * filters, 4, 2, init, use_bias=False), _relu()),
                *_normed(upconv(filters, 4, 2, init, use_bias=False), _relu()),
            ],
            name="stack",
        )
        self.head = upconv(image_shape[2], 4, 2, init, name="head")
        self(keras.Input((latent_dim,)))

    def call(self, r, training=False):
        return ops.cast(self.head(self.stack(r, training=training)), "float32")


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class IBGenerator(IBDecoder):
    """G: r [B, Dr] (z in the baselines) -> image [B, 64, 64, C] in [-1, 1] (Tables 4 to 6)."""

    def __init__(self, image_shape, latent_dim, filters, init, name="generator"):
        super().__init__(image_shape, latent_dim, filters, init, name)

    def call(self, r, training=False):
        return ops.tanh(super().call(r, training=training))


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class IBFront(Network):
    """The layers that D and Q share: image [B, 64, 64, C] in [-1, 1] -> features [B, 8, 8, 4 ndf] (Tables 4,
    6).

    Args:
        image_shape: (64, 64, C).
        filters: ndf of Table 3.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, filters, init, name="front"):
        _require_64(image_shape)
        super().__init__(name, image_shape=image_shape, filters=filters, init=init)
        self.stack = keras.Sequential(_front(image_shape[2], filters, init), name="stack")
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return self.stack(image, training=training)


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class IBReader(Network):
    """D or Q: what it reads -> [B, outputs], the logit of "real" or the mean of q(z|x).

    Args:
        image_shape: (64, 64, C).
        filters: ndf of Table 3.
        outputs: 1 for D, Dz for Q.
        shares_front: reads the features of an `IBFront` (Tables 4, 6); else the image, with a front of its
            own (Table 5).
        widths: of its 3x3 convolutions, in units of ndf: (4, 4) in the tables, (8,) in the released dSprites
            code.
        pointwise: number of 1x1 convolutions before the output: 0, but 1 for Q in the released dSprites code.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(
        self, image_shape, filters, outputs, shares_front, widths, pointwise, init, name="reader"
    ):  # fmt: skip
        _require_64(image_shape)
        super().__init__(
            name,
            image_shape=image_shape,
            filters=filters,
            outputs=outputs,
            shares_front=shares_front,
            widths=widths,
            pointwise=pointwise,
            init=init,
        )
        stack = [] if shares_front else _front(image_shape[2], filters, init)
        inputs, top = 4 * filters, 16 * filters
        for width in widths:
            stack += _normed(conv(inputs, width * filters, 3, 1, init, use_bias=False), _leaky())
            inputs = width * filters
        stack += _normed(map_conv(inputs, top, SIDE, init, use_bias=False), _leaky())
        for _ in range(pointwise):
            stack += _normed(conv(top, top, 1, 1, init, use_bias=False), _leaky())
        self.stack = keras.Sequential([*stack, layers.Flatten()], name="stack")
        self.head = dense(top, outputs, init, dtype="float32", name="head")
        self(keras.Input((SIDE, SIDE, 4 * filters) if shares_front else tuple(image_shape)))

    def call(self, inputs, training=False):
        return self.head(self.stack(inputs, training=training))


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class IBMirrorEncoder(Network):
    """Gaussian encoder, the generator run backwards: image [B, 64, 64, C] in [0, 1] -> (mean, logvar), each
    [B, D].

    The encoder of the VAE baselines (appendix B.5: "the mirror image"; details chosen here).

    Args:
        image_shape: (64, 64, C).
        latent_dim: D.
        filters: ngf of Table 3.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, latent_dim, filters, init, name="encoder"):
        _require_64(image_shape)
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, filters=filters, init=init)
        inner = 4 * filters
        self.stack = keras.Sequential(
            [
                conv(image_shape[2], filters, 4, 2, init),
                _relu(),
                *_normed(conv(filters, 2 * filters, 4, 2, init, use_bias=False), _relu()),
                *_normed(conv(2 * filters, inner, 4, 2, init, use_bias=False), _relu()),
                *_normed(conv(inner, inner, 3, 1, init, use_bias=False), _relu()),
                *_normed(conv(inner, inner, 3, 1, init, use_bias=False), _relu()),
                layers.Flatten(),
                *_normed(dense(SIDE * SIDE * inner, 16 * filters, init), _relu()),
            ],
            name="stack",
        )
        self.head = dense(16 * filters, 2 * latent_dim, init, dtype="float32", name="head")
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        mean, logvar = ops.split(self.head(self.stack(image, training=training)), 2, axis=-1)
        return mean, logvar
