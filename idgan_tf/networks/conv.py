"""The convolutional networks of ID-GAN for 64-pixel images (Tables A.2 and A.3).

Heads are float32 whatever the precision of the rest. `init` names an initialisation of `layers`.
"""

import gin
import keras
import numpy as np
from keras import ops

from idgan_tf.errors import require
from idgan_tf.networks.base import Network
from idgan_tf.networks.layers import conv, dense, dense_map, upconv

FILTERS = (32, 32, 64, 64)
KERNELS = (4, 4, 4, 4)  # Table A.2
HIDDEN = 256


def trunk(image_shape, init, kernels=KERNELS):
    """image [B, 64, 64, C] -> [B, 256]: four convolutions of stride 2, one dense layer, all with ReLU."""
    require(len(kernels) == len(FILTERS), f"kernels are the sizes of {len(FILTERS)} convolutions, got {kernels!r}")
    require(tuple(image_shape[:2]) == (64, 64), f"this network takes 64x64 images, got {tuple(image_shape)}")
    stack, width = [], image_shape[2]
    for filters, kernel in zip(FILTERS, kernels, strict=True):
        stack.append(conv(width, filters, kernel, 2, init, activation="relu"))
        width = filters
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
        init: "normal", "torch" or "xavier".
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
        init: "normal", "torch" or "xavier".
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
    """Decoder, z [B, D] -> logits [B, 64, 64, C], float32 (ID-GAN, Table A.2).

    Args:
        image_shape: (64, 64, C).
        latent_dim: D.
        init: "normal", "torch" or "xavier".
    """

    def __init__(self, image_shape, latent_dim, init, name="decoder"):
        require(tuple(image_shape[:2]) == (64, 64), f"this network makes 64x64 images, got {tuple(image_shape)}")
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, init=init)
        self.stack = keras.Sequential(
            [
                dense(latent_dim, HIDDEN, init, activation="relu"),
                dense_map(HIDDEN, 4, FILTERS[-1], init, activation="relu"),
                keras.layers.Reshape((4, 4, FILTERS[-1])),
                *(upconv(filters, 4, 2, init, activation="relu") for filters in FILTERS[-2::-1]),
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
    """Generator, z [B, D] -> image [B, 64, 64, C] in [-1, 1] (ID-GAN, Table A.3): the decoder with tanh."""

    def __init__(self, image_shape, latent_dim, init, name="generator"):
        super().__init__(image_shape, latent_dim, init, name)

    def call(self, z, training=False):
        return ops.tanh(super().call(z))

    def start_as(self, decoder):
        """Takes the weights of a `ConvDecoder` of the code c, and draws its mean images from then on.

        tanh(a / 2) = 2 sigmoid(a) - 1, so half of the head's weights make the two equal. Where the input is [s, c],
        the weights of s stay what they are.

        Raises:
            ConfigError: the decoder is of another kind, code or image.
        """
        shape = self.config["image_shape"]
        require(
            isinstance(decoder, ConvDecoder) and decoder.config["image_shape"] == shape,
            f"a {type(decoder).__name__} of {decoder.config['image_shape']} cannot be the start of a "
            f"{type(self).__name__} of {shape}",
        )
        first, *rest = (layer for layer in self.stack.layers if layer.weights)
        theirs, *others = (layer for layer in decoder.stack.layers if layer.weights)
        kernel, bias = theirs.get_weights()
        own = first.get_weights()[0]
        require(len(kernel) <= len(own), f"the decoder's code has {len(kernel)} dimensions, the generator's {len(own)}")
        first.set_weights([np.concatenate([own[: len(own) - len(kernel)], kernel]), bias])
        for layer, source in zip(rest, others, strict=True):
            layer.set_weights(source.get_weights())
        self.head.set_weights([0.5 * weight for weight in decoder.head.get_weights()])


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class ConvDiscriminator(Network):
    """Discriminator, image [B, 64, 64, C] -> logit [B] of "real" (ID-GAN, Table A.3).

    Args:
        image_shape: (64, 64, C).
        init: "normal" or "torch".
    """

    def __init__(self, image_shape, init, name="discriminator"):
        super().__init__(name, image_shape=image_shape, init=init)
        *convolutions, self.hidden = trunk(image_shape, init).layers
        self.trunk = keras.Sequential(convolutions, name="trunk")
        self.head = dense(HIDDEN, 1, init, dtype="float32", name="head")
        self(keras.Input(image_shape))

    def features(self, image):
        """The last feature maps of images [B, 64, 64, C], flat: [B, 1024]."""
        return self.trunk(image)

    def judge(self, features):
        """The logit [B] of features [B, 1024]."""
        return ops.squeeze(self.head(self.hidden(features)), axis=-1)

    def call(self, image, training=False):
        return self.judge(self.features(image))
