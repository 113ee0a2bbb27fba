"""Networks of a few hundred weights in the places of the papers' own: for tests of what does not depend on them.

Each has a batch normalisation, so that what must be synchronised over replicas is there to be seen.
"""

import math

import gin
import keras
from keras import layers, ops

from idgan_tf.networks.base import Network
from idgan_tf.networks.layers import batch_norm, dense
from idgan_tf.networks.quantised import quantise

HIDDEN, INIT = 8, "torch"


def hidden(inputs):
    """x [B, ...] with `inputs` values -> features [B, 8]."""
    layer = dense(inputs, HIDDEN, INIT, use_bias=False)
    return keras.Sequential([layers.Flatten(), layer, batch_norm(0.9, 1e-3), layers.ReLU()], name="hidden")


@gin.register
@keras.saving.register_keras_serializable("tests")
class TinyEncoder(Network):
    """Image [B, H, W, C] -> (mean [B, D], logvar [B, D])."""

    def __init__(self, image_shape, latent_dim, name="encoder"):
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim)
        self.hidden, self.head = hidden(math.prod(image_shape)), dense(HIDDEN, 2 * latent_dim, INIT)
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        mean, logvar = ops.split(self.head(self.hidden(image, training=training)), 2, axis=-1)
        return mean, logvar


@gin.register
@keras.saving.register_keras_serializable("tests")
class TinyQuantisedEncoder(Network):
    """Image [B, H, W, C] -> (code [B, D] on the levels, logvar [B, D])."""

    def __init__(self, image_shape, latent_dim, levels, name="encoder"):
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim, levels=levels)
        self.hidden, self.head = hidden(math.prod(image_shape)), dense(HIDDEN, latent_dim, INIT)
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return quantise(self.head(self.hidden(image, training=training)), self.config["levels"])


@gin.register
@keras.saving.register_keras_serializable("tests")
class TinyDecoder(Network):
    """Code [B, D] -> logits [B, H, W, C]."""

    def __init__(self, image_shape, latent_dim, name="decoder"):
        super().__init__(name, image_shape=image_shape, latent_dim=latent_dim)
        self.hidden, self.head = hidden(latent_dim), dense(HIDDEN, math.prod(image_shape), INIT)
        self(keras.Input((latent_dim,)))

    def call(self, z, training=False):
        return ops.reshape(self.head(self.hidden(z, training=training)), (-1, *self.config["image_shape"]))


@gin.register
@keras.saving.register_keras_serializable("tests")
class TinyGenerator(TinyDecoder):
    """Code [B, D] -> image [B, H, W, C] in [-1, 1]."""

    def __init__(self, image_shape, latent_dim, name="generator"):
        super().__init__(image_shape, latent_dim, name)

    def call(self, z, training=False):
        return ops.tanh(super().call(z, training=training))


@gin.register
@keras.saving.register_keras_serializable("tests")
class TinyReader(Network):
    """Image [B, H, W, C] -> [B, outputs]."""

    def __init__(self, image_shape, outputs, name="reader"):
        super().__init__(name, image_shape=image_shape, outputs=outputs)
        self.hidden, self.head = hidden(math.prod(image_shape)), dense(HIDDEN, outputs, INIT)
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return self.head(self.hidden(image, training=training))


@gin.register
@keras.saving.register_keras_serializable("tests")
class TinyDiscriminator(Network):
    """Image [B, H, W, C] -> logit [B] of "real"; without normalisation, which would tie the images of a batch."""

    def __init__(self, image_shape, name="discriminator"):
        super().__init__(name, image_shape=image_shape)
        self.hidden = dense(math.prod(image_shape), HIDDEN, INIT)
        self.head = dense(HIDDEN, 1, INIT)
        self(keras.Input(image_shape))

    def features(self, image):
        """The hidden layer [B, 8]; tanh, because R1 needs a second derivative."""
        return ops.tanh(self.hidden(ops.reshape(image, (-1, math.prod(self.config["image_shape"])))))

    def judge(self, features):
        """The logit [B] of features [B, 8]."""
        return ops.squeeze(self.head(features), axis=-1)

    def call(self, image, training=False):
        return self.judge(self.features(image))


@gin.register
@keras.saving.register_keras_serializable("tests")
class TinyHeads(Network):
    """Image [B, H, W, C] -> (features [B, 8], [logits [B, size] of every factor])."""

    def __init__(self, image_shape, sizes, name="classifier"):
        super().__init__(name, image_shape=image_shape, sizes=sizes)
        self.hidden = hidden(math.prod(image_shape))
        self.heads = [dense(HIDDEN, size, INIT, name=f"head_{k}") for k, size in enumerate(sizes)]
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        features = self.hidden(image, training=training)
        return features, [head(features) for head in self.heads]
