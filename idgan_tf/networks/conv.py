"""The convolutional networks of ID-GAN for synthetic data (Tables A.2 and A.3): of 64 pixels there, any doubling here.

Heads are float32 whatever the precision of the rest. `init` names an initialisation of `layers`. `filters` are the
channels of the maps of half an image's side, a quarter, and so on to 4: four of them for 64 pixels, six for 256.
"""

import gin
import keras
import numpy as np
from keras import ops

from idgan_tf.errors import require
from idgan_tf.networks.base import Network
from idgan_tf.networks.layers import conv, dense, dense_map, upconv

FILTERS = (32, 32, 64, 64)  # Table A.2
KERNELS = (4, 4, 4, 4)  # Table A.2
HIDDEN = 256
DOUBLING = np.outer([0.25, 0.75, 0.75, 0.25], [0.25, 0.75, 0.75, 0.25])  # bilinear, as a kernel of stride 2


def require_side(image_shape, filters):
    """Images [H, W, C] must be the square that `filters` halve to 4 pixels."""
    side = 4 * 2 ** len(filters)
    require(
        tuple(image_shape[:2]) == (side, side),
        f"this network is for {side}x{side} images, got {tuple(image_shape)}; its filters are {tuple(filters)}",
    )


def trunk(image_shape, init, kernels=KERNELS, filters=FILTERS):
    """image [B, H, W, C] -> [B, 256]: convolutions of stride 2 down to 4 pixels, one dense layer, all with ReLU."""
    require(len(kernels) == len(filters), f"kernels are the sizes of {len(filters)} convolutions, got {kernels!r}")
    require_side(image_shape, filters)
    stack, width = [], image_shape[2]
    for channels, kernel in zip(filters, kernels, strict=True):
        stack.append(conv(width, channels, kernel, 2, init, activation="relu"))
        width = channels
    return keras.Sequential(
        [*stack, keras.layers.Flatten(), dense(4 * 4 * width, HIDDEN, init, activation="relu")], name="trunk"
    )


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ConvEncoder(Network):
    """Gaussian encoder, image [B, 64, 64, C] -> (mean [B, D], logvar [B, D]) (ID-GAN, Table A.2).

    Args:
        image_shape: (64, 64, C).
        latent_dim: D.
        init: of the weights and biases, a word of `layers.initializers`.
        kernels: sizes of the four convolutions; those of disentanglement_lib are (4, 4, 2, 2).
    """

    def __init__(self, image_shape, latent_dim, init, kernels=KERNELS, name="encoder"):
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, init=init, kernels=kernels)
        self.trunk = trunk(image_shape, init, kernels)
        self.head = dense(HIDDEN, 2 * latent_dim, init, dtype="float32", name="head")
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        mean, logvar = ops.split(self.head(self.trunk(image)), 2, axis=-1)
        return mean, logvar


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ConvReader(Network):
    """Image [B, 64, 64, C] -> [B, outputs], float32: the trunk of `ConvEncoder` and a linear head.

    Args:
        image_shape: (64, 64, C).
        outputs: how many numbers it reads.
        init: of the weights and biases, a word of `layers.initializers`.
    """

    def __init__(self, image_shape, outputs, init, name="reader"):
        super().__init__(name, image_shape=image_shape, outputs=outputs, init=init)
        self.trunk = trunk(image_shape, init)
        self.head = dense(HIDDEN, outputs, init, dtype="float32", name="head")
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return self.head(self.trunk(image))


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ConvDecoder(Network):
    """Decoder, z [B, D] -> logits [B, H, W, C], float32 (ID-GAN, Table A.2).

    Args:
        image_shape: (H, W, C); (64, 64, C) with the filters of the table.
        latent_dim: D.
        init: of the weights and biases, a word of `layers.initializers`.
        filters: channels of the maps from half the image's side to 4.
    """

    def __init__(self, image_shape, latent_dim, init, filters=FILTERS, name="decoder"):
        require_side(image_shape, filters)
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, init=init, filters=filters)
        self.stack = keras.Sequential(
            [
                dense(latent_dim, HIDDEN, init, activation="relu"),
                dense_map(HIDDEN, 4, filters[-1], init, activation="relu"),
                keras.layers.Reshape((4, 4, filters[-1])),
                *(upconv(channels, 4, 2, init, activation="relu") for channels in filters[-2::-1]),
            ],
            name="stack",
        )
        self.head = upconv(image_shape[2], 4, 2, init, name="head")
        self(keras.Input((latent_dim,)))

    def call(self, z, training=False):
        return ops.cast(self.head(self.stack(z)), "float32")


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ConvGenerator(ConvDecoder):
    """Generator, z [B, D] -> image [B, H, W, C] in [-1, 1] (ID-GAN, Table A.3): the decoder with tanh."""

    def __init__(self, image_shape, latent_dim, init, filters=FILTERS, name="generator"):
        super().__init__(image_shape, latent_dim, init, filters, name)

    def call(self, z, training=False):
        return ops.tanh(super().call(z))

    def start_as(self, decoder):
        """Takes the weights of a `ConvDecoder` of the code c, and draws its mean images from then on.

        tanh(a / 2) = 2 sigmoid(a) - 1, so half of the head's weights make the two equal. Where the input is [s, c],
        the weights of s stay what they are. A decoder of smaller images, whose filters are the last of these, is
        drawn enlarged: each layer more has its logits a as relu(a) and relu(-a) in its first channels, and doubles them
        bilinearly (but at the border, where a transposed convolution sees zeros).

        Raises:
            ConfigError: the decoder is of another kind, code or image.
        """
        shape, filters = self.config["image_shape"], self.config["filters"]
        fits = isinstance(decoder, ConvDecoder) and decoder.config["image_shape"][2] == shape[2]
        more = len(filters) - len(decoder.config["filters"]) if fits else 0
        fits = fits and more >= 0 and filters[more:] == decoder.config["filters"]
        require(
            fits and all(channels >= 2 * shape[2] for channels in filters[:more]),
            f"a {type(decoder).__name__} of {decoder.config['image_shape']} cannot be the start of a "
            f"{type(self).__name__} of {shape}" + (f" with filters {filters}" if more else ""),
        )
        first, *rest = (layer for layer in self.stack.layers if layer.weights)
        theirs, *others = (layer for layer in decoder.stack.layers if layer.weights)
        kernel, bias = theirs.get_weights()
        own = first.get_weights()[0]
        require(len(kernel) <= len(own), f"the decoder's code has {len(kernel)} dimensions, the generator's {len(own)}")
        first.set_weights([np.concatenate([own[: len(own) - len(kernel)], kernel]), bias])
        for layer, source in zip(rest, others, strict=False):
            layer.set_weights(source.get_weights())
        kernel, bias = decoder.head.get_weights()  # [4, 4, C, F] and [C], what makes the logits of the map below
        for layer in rest[len(others) :]:
            _set_first(layer, np.concatenate([kernel, -kernel], axis=2), np.concatenate([bias, -bias]))
            both = np.concatenate([np.eye(shape[2]), -np.eye(shape[2])], axis=1)  # a = relu(a) - relu(-a)
            kernel, bias = DOUBLING[:, :, None, None] * both, np.zeros(shape[2])
        _set_first(self.head, 0.5 * kernel, 0.5 * bias)


def _set_first(layer, kernel, bias):
    """The first channels of a transposed convolution: `kernel` [4, 4, O, I] on the first I below, zeros on others."""
    weights, biases = layer.get_weights()
    weights[:, :, : len(bias)] = 0.0
    weights[:, :, : len(bias), : kernel.shape[3]] = kernel
    biases[: len(bias)] = bias
    layer.set_weights([weights, biases])


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ConvDiscriminator(Network):
    """Discriminator, image [B, H, W, C] -> logit [B] of "real" (ID-GAN, Table A.3).

    Args:
        image_shape: (H, W, C); (64, 64, C) with the filters of the table.
        init: of the weights and biases, a word of `layers.initializers`.
        filters: channels of the maps from half the image's side to 4.
    """

    def __init__(self, image_shape, init, filters=FILTERS, name="discriminator"):
        super().__init__(name, image_shape=image_shape, init=init, filters=filters)
        *convolutions, self.hidden = trunk(image_shape, init, KERNELS[:1] * len(filters), filters).layers
        self.trunk = keras.Sequential(convolutions, name="trunk")
        self.head = dense(HIDDEN, 1, init, dtype="float32", name="head")
        self(keras.Input(image_shape))

    def features(self, image):
        """The last feature maps of images [B, H, W, C], flat: [B, 16 F]."""
        return self.trunk(image)

    def judge(self, features):
        """The logit [B] of features [B, 16 F]."""
        return ops.squeeze(self.head(self.hidden(features)), axis=-1)

    def call(self, image, training=False):
        return self.judge(self.features(image))
