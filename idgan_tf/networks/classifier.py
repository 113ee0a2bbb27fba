"""A classifier of several factors at once, whose hidden layer gives the features of a Frechet distance."""

import gin
import keras

from idgan_tf.networks.base import Network
from idgan_tf.networks.conv import FILTERS, HIDDEN, KERNELS, trunk
from idgan_tf.networks.layers import dense


@gin.register
@keras.saving.register_keras_serializable("idgan_tf")
class FactorHeads(Network):
    """Image [B, 64, 64, C] -> (features [B, 256], [logits [B, size] of every factor]), float32.

    Args:
        image_shape: (64, 64, C), or larger with more `filters`.
        sizes: classes of every head.
        init: of the weights and biases, a word of `layers.initializers`.
        filters: of the convolutions, each of which halves the side, down to 4 pixels.
    """

    def __init__(self, image_shape, sizes, init, filters=FILTERS, name="classifier"):
        super().__init__(name, image_shape=image_shape, sizes=sizes, init=init, filters=filters)
        self.trunk = trunk(image_shape, init, KERNELS[:1] * len(filters), filters)
        self.trunk.build((None, *image_shape))  # `look` calls its layers one by one
        self.heads = [dense(HIDDEN, size, init, dtype="float32", name=f"head_{k}") for k, size in enumerate(sizes)]
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        return self.look(image)[1:]

    def look(self, image):
        """The same with the means over places of convolutions 2 to 4 before it: pooled [B, 160], features, logits."""
        x, pooled = image, []
        for layer in self.trunk.layers:
            x = layer(x)
            if len(x.shape) == 4:
                pooled.append(keras.ops.mean(keras.ops.cast(x, "float32"), axis=(1, 2)))
        features = keras.ops.cast(x, "float32")
        return keras.ops.concatenate(pooled[1:], axis=-1), features, [head(features) for head in self.heads]
