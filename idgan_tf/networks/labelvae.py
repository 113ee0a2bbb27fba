"""The networks of the label-relevant / irrelevant VAE: for CIFAR (Table 3), faces and birds, toy points, digits.

Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019; where
the paper is silent, the released code. Images are [B, H, W, C] in [-1, 1]; toy points are images of any
shape. `architecture` is "cifar" (32 px), "vgg" (64 px), "toy" or "mlp", two dense layers for small images of any
shape, chosen here. Heads are float32.
"""

import math

import gin
import keras
from keras import layers, ops

from idgan_tf.errors import require
from idgan_tf.networks.base import Network
from idgan_tf.networks.layers import batch_norm, conv, dense, upconv
from idgan_tf.networks.spectral import SpectralConv, SpectralDense

INIT = "xavier"  # released code; its discriminator has N(0, 0.02)
SIDES = {"cifar": 32, "vgg": 64, "toy": None, "mlp": None}
SCALES = {"toy": 4.0, "mlp": 1.0}  # toy networks work in units of the points, which images hold divided by 4

# Convolutions (filters, kernel, strides), in the order of the tables.
ENCODER_CONVS = {
    "cifar": ((32, 5, 2), (64, 5, 2), (128, 3, 2), (256, 3, 2)),
    "vgg": tuple((filters, 3, 1) for filters in (64, 64, 128, 128, *[256] * 3, *[512] * 6)),
    "toy": (),
    "mlp": (),
}
VGG_POOL_AFTER = (1, 3, 6, 9)  # numbers of the convolutions before a maximum pooling
ENCODER_UNITS = {"cifar": (1024,), "vgg": (1024,), "toy": (32, 64, 64), "mlp": (128, 128)}
DECODER_UNITS = {"cifar": (2 * 2 * 256,), "vgg": (1024, 2 * 2 * 512), "toy": (64, 64, 32), "mlp": (128, 128)}
DECODER_CONVS = {
    "cifar": ((256, 5, 2), (256, 5, 1), (128, 5, 2), (64, 5, 2), (32, 5, 2)),
    "vgg": tuple(
        (filters, 3, strides)
        for filters, strides in (
            *((512, 2), (512, 1), (512, 1), (512, 2), (512, 1), (256, 1)),
            *((256, 2), (256, 1), (128, 1), (128, 2), (64, 1), (64, 2)),
        )
    ),
    "toy": (),
    "mlp": (),
}
LAST_KERNEL = {"cifar": 5, "vgg": 3}
DISCRIMINATOR_CONVS = {
    "cifar": ((32, 5, 1), (128, 5, 2), (256, 5, 2), (256, 5, 2)),
    "vgg": ((64, 3, 2), (128, 3, 2), (256, 3, 1), (256, 3, 2), (512, 3, 1), (512, 3, 2), (512, 3, 2)),
    "toy": (),
    "mlp": (),
}
DISCRIMINATOR_UNITS = {"cifar": (512,), "vgg": (1024,), "toy": (32, 64, 64), "mlp": (128, 128)}


def _check(image_shape, architecture):
    require(architecture in SIDES, f"architecture must be one of {', '.join(SIDES)}, got {architecture!r}")
    side = SIDES[architecture]
    require(
        side is None or tuple(image_shape[:2]) == (side, side),
        f"architecture {architecture!r} is for {side}x{side} images, got {tuple(image_shape)}",
    )


def _active(layer, normalize):
    """A layer with batch normalisation and ReLU, or, without convolutions, leaky ReLU alone.

    The released code never averages its batch statistics; the momentum is chosen here, so that the averages keep up
    with the first thousand steps (docs/label_relevant_vae.md).
    """
    if normalize:
        return [layer, batch_norm(momentum=0.9, epsilon=1e-3), layers.ReLU()]
    return [layer, layers.LeakyReLU(negative_slope=0.1)]


def _dense_stack(inputs, units, normalize):
    stack = []
    for size in units:
        stack += _active(dense(inputs, size, INIT, use_bias=not normalize), normalize)
        inputs = size
    return stack


def _encoder_stack(image_shape, channels, architecture):
    """Layers from an image with `channels` channels to the last hidden layer."""
    if architecture in SCALES:
        return [
            layers.Rescaling(SCALES[architecture]),
            layers.Flatten(),
            *_dense_stack(math.prod(image_shape[:2]) * channels, ENCODER_UNITS[architecture], False),
        ]
    stack, side = [], image_shape[0]
    for number, (filters, kernel, strides) in enumerate(ENCODER_CONVS[architecture]):
        stack += _active(conv(channels, filters, kernel, strides, INIT, use_bias=False), True)
        channels, side = filters, side // strides
        if architecture == "vgg" and number in VGG_POOL_AFTER:
            stack.append(layers.MaxPooling2D(2))
            side //= 2
    if architecture == "vgg":
        stack.append(layers.AveragePooling2D(2))
        side //= 2
    return [
        *stack,
        layers.Flatten(),
        *_dense_stack(side * side * channels, ENCODER_UNITS[architecture], True),
    ]


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class LabelEncoder(Network):
    """Encoder_s (a point), Encoder_u and a cVAE's encoder (a Gaussian), or a classifier of images (its
    logits).

    Args:
        image_shape: (H, W, C).
        latent_dim: D; the number of classes for a classifier.
        gaussian: returns (mean [B, D], logvar [B, D]) instead of one [B, D].
        num_classes: of the one-hot label that is tiled over the image as more channels; 0 for none.
        architecture: see the module.
    """

    def __init__(self, image_shape, latent_dim, gaussian, num_classes, architecture, name="encoder"):
        _check(image_shape, architecture)
        super().__init__(
            name,
            image_shape=image_shape,
            latent_dim=latent_dim,
            gaussian=gaussian,
            num_classes=num_classes,
            architecture=architecture,
        )
        self.gaussian = gaussian
        channels = image_shape[2] + num_classes
        self.stack = keras.Sequential(_encoder_stack(image_shape, channels, architecture), name="stack")
        size = latent_dim * (2 if gaussian else 1)
        self.head = dense(ENCODER_UNITS[architecture][-1], size, INIT, dtype="float32", name="head")
        self(keras.Input(image_shape), *([keras.Input((num_classes,))] if num_classes else []))

    def call(self, image, one_hot=None, training=False):
        return self.read(self.features(image, one_hot, training))

    def features(self, image, one_hot=None, training=False):
        """The last hidden layer [B, F], float32."""
        if one_hot is not None:
            tiles = ops.ones_like(image[..., :1]) * ops.cast(one_hot, image.dtype)[:, None, None, :]
            image = ops.concatenate([image, tiles], axis=-1)
        return ops.cast(self.stack(image, training=training), "float32")

    def read(self, features):
        """What the network returns, from its `features`."""
        output = self.head(features)
        return tuple(ops.split(output, 2, axis=-1)) if self.gaussian else output


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class LabelDecoder(Network):
    """Decoder: z [B, D] -> image [B, H, W, C], float32; tanh, but linear for toy points.

    Args:
        image_shape: (H, W, C).
        latent_dims: sizes of what it reads, side by side: zs and zu, or z and the one-hot label.
        architecture: see the module.
    """

    def __init__(self, image_shape, latent_dims, architecture, name="decoder"):
        _check(image_shape, architecture)
        super().__init__(name, image_shape=image_shape, latent_dims=latent_dims, architecture=architecture)
        scale, units = SCALES.get(architecture), DECODER_UNITS[architecture]
        stack = _dense_stack(sum(latent_dims), units, normalize=scale is None)
        if scale:
            size = math.prod(image_shape)
            head = [dense(units[-1], size, INIT), layers.Reshape(tuple(image_shape)), layers.Rescaling(1.0 / scale)]
        else:
            stack.append(layers.Reshape((2, 2, units[-1] // 4)))
            for filters, kernel, strides in DECODER_CONVS[architecture]:
                stack += _active(upconv(filters, kernel, strides, INIT, use_bias=False), True)
            head = [upconv(image_shape[2], LAST_KERNEL[architecture], 1, INIT)]
        self.stack = keras.Sequential([*stack, *head], name="stack")
        self.bounded = architecture != "toy"
        self(keras.Input((sum(latent_dims),)))

    def call(self, z, training=False):
        image = ops.cast(self.stack(z, training=training), "float32")
        return ops.tanh(image) if self.bounded else image


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class LabelDiscriminator(Network):
    """Projection discriminator: (image, one-hot label [B, C]) -> logit [B] of "real"; spectral norm on every
    weight.

    The label enters as the product of its embedding with the last hidden layer (Miyato & Koyama 2018). An
    unlabelled image has the label 0 in every place, and so no such term.

    Args:
        image_shape: (H, W, C).
        num_classes: C; 0 for a discriminator that reads no label.
        architecture: see the module.
    """

    def __init__(self, image_shape, num_classes, architecture, name="discriminator"):
        _check(image_shape, architecture)
        super().__init__(name, image_shape=image_shape, num_classes=num_classes, architecture=architecture)
        stack, channels, side = [], image_shape[2], image_shape[0]
        if architecture in SCALES:
            stack.append(layers.Rescaling(SCALES[architecture]))
        for filters, kernel, strides in DISCRIMINATOR_CONVS[architecture]:
            stack += [SpectralConv(channels, filters, kernel, strides, "normal"), layers.LeakyReLU(0.1)]
            channels, side = filters, -(-side // strides)
        if architecture == "vgg":
            stack.append(layers.GlobalAveragePooling2D())
            inputs = channels
        else:
            stack.append(layers.Flatten())
            inputs = math.prod(image_shape) if architecture in SCALES else side * side * channels
        for units in DISCRIMINATOR_UNITS[architecture]:
            stack += [SpectralDense(inputs, units, "normal"), layers.LeakyReLU(0.1)]
            inputs = units
        self.stack = keras.Sequential(stack, name="stack")
        self.head = SpectralDense(inputs, 1, "normal", dtype="float32", name="head")
        self.embedding = None
        if num_classes:
            self.embedding = SpectralDense(
                num_classes, inputs, "normal", use_bias=False, dtype="float32", name="embedding"
            )
        self(keras.Input(image_shape), *([keras.Input((num_classes,))] if num_classes else []))

    def call(self, image, one_hot=None, training=False):
        return self.read(self.features(image, training), one_hot, training)

    def features(self, image, training=False):
        """The last hidden layer [B, F], float32."""
        return ops.cast(self.stack(image, training=training), "float32")

    def read(self, features, one_hot=None, training=False):
        """The logit [B], from the network's `features`."""
        logit = ops.squeeze(self.head(features, training=training), axis=-1)
        if self.embedding is None:
            return logit
        return logit + ops.sum(self.embedding(one_hot, training=training) * features, axis=-1)


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class LatentClassifier(Network):
    """Adversarial classifier: zu [B, D] -> logits [B, C] (section 3.2).

    Args:
        latent_dim: D.
        num_classes: C.
        width: of the hidden layer, 256 in the paper.
    """

    def __init__(self, latent_dim, num_classes, width, name="latent_classifier"):
        super().__init__(name, latent_dim=latent_dim, num_classes=num_classes, width=width)
        self.hidden = dense(latent_dim, width, INIT, activation="relu", name="hidden")
        self.head = dense(width, num_classes, INIT, dtype="float32", name="head")
        self(keras.Input((latent_dim,)))

    def call(self, zu, training=False):
        return self.head(self.hidden(zu))
