"""Networks of a few hundred weights for 4-pixel images, and methods made of them."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from idgan_tf.networks.resnet import ResNetDiscriminator, ResNetGenerator

SHAPE, CODE, BATCH = (4, 4, 1), 3, 4
SEED = tf.constant([3, 5])


class LinearEncoder(keras.Model):
    """mean = W x, log-variance = a constant weight per dimension."""

    def __init__(self, logvar=0.0, image_shape=SHAPE):
        super().__init__(name="encoder")
        self.config = {"image_shape": image_shape, "latent_dim": CODE}
        self.head = keras.layers.Dense(CODE, use_bias=False)
        self.logvar = self.add_weight(shape=(CODE,), initializer=keras.initializers.Constant(logvar))
        self(keras.Input(image_shape))

    def call(self, image, training=False):
        mean = self.head(ops.reshape(image, (-1, int(np.prod(self.config["image_shape"])))))
        return mean, ops.zeros_like(mean) + self.logvar

    def get_config(self):
        return self.config


class LinearDecoder(keras.Model):
    """logits = W c + b."""

    def __init__(self):
        super().__init__(name="decoder")
        self.head = keras.layers.Dense(int(np.prod(SHAPE)))
        self(keras.Input((CODE,)))

    def call(self, c, training=False):
        return ops.reshape(self.head(c), (-1, *SHAPE))


def teacher(**kwargs):
    """Frozen networks of a stage 1."""
    networks = {"teacher_encoder": LinearEncoder(**kwargs), "teacher_decoder": LinearDecoder()}
    for network in networks.values():
        network.trainable = False
    return networks


def make(method, nuisance_dim=2, **kwargs):
    """A GAN, or a method that takes the arguments of one, with plain gradient descent: same weights every time."""
    keras.utils.set_random_seed(0)
    arguments = {
        "generator": ResNetGenerator(SHAPE, int(nuisance_dim) + CODE, 2, "torch"),
        "discriminator": ResNetDiscriminator(SHAPE, 2, "torch"),
        "generator_optimizer": keras.optimizers.SGD(0.1),
        "discriminator_optimizer": keras.optimizers.SGD(0.1),
        "nuisance_dim": nuisance_dim,
        "r1": 1.0,
        "average_decay": 0.9,
        "real_noise": 0.0,
    }
    made = method(**{**arguments, **kwargs})
    made.build_optimizers()
    return made


def batch(seed=0, count=BATCH, shape=SHAPE):
    """Random images in [0, 1]."""
    return {"image": tf.constant(np.random.default_rng(seed).random((count, *shape)), tf.float32)}


def arrays(network):
    return [np.array(variable) for variable in network.variables]


def same(a, b):
    """Whether two lists of arrays are equal bit by bit."""
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def assert_close(a, b):
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


def assert_average_follows(method, images, decay=0.9):
    """After a step the average is `decay` times what it was and the rest of what the generator is now."""
    start = arrays(method.average_generator)
    method.train_step(images, SEED)
    for average, old, new in zip(arrays(method.average_generator), start, arrays(method.generator), strict=True):
        np.testing.assert_allclose(average, decay * old + (1.0 - decay) * new, rtol=1e-5, atol=1e-7)
    assert not same(start, arrays(method.generator))
