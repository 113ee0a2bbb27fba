"""IB-GAN and its baselines with networks of two filters, and what one step of theirs does."""

import keras
import numpy as np
import tensorflow as tf

from idgan_tf.methods.ibgan import DCGAN, IBGAN
from idgan_tf.networks.ibgan import IBEncoder, IBFront, IBGenerator, IBReader

SHAPE, Z, R, FILTERS, BATCH = (64, 64, 1), 3, 2, 2, 4
SEED = tf.constant([3, 7])


def rmsprop(rate):
    return keras.optimizers.RMSprop(rate, rho=0.99, momentum=0.9, epsilon=1e-16)


def make(kind=IBGAN, shared=True, **settings):
    keras.utils.set_random_seed(0)
    reader = {"shares_front": shared, "widths": (4, 4), "pointwise": 0, "init": "normal"}
    given = {"gamma": 1.0, "instance_noise": 0.3, "real_label": (1.0, 1.0)}
    if kind is not DCGAN:
        given |= {"alpha": 1.0}
    if kind is IBGAN:
        given |= {"beta": 0.1, "divergence_guard": False, "encoder": IBEncoder(Z, R, (8, 8), True, "normal")}
    return kind(
        generator=IBGenerator(SHAPE, R if kind is IBGAN else Z, FILTERS, "normal"),
        front=IBFront(SHAPE, FILTERS, "normal") if shared else None,
        discriminator=IBReader(SHAPE, FILTERS, 1, name="discriminator", **reader),
        reconstructor=IBReader(SHAPE, FILTERS, Z, name="reconstructor", **reader),
        generator_optimizer=rmsprop(1e-3),
        discriminator_optimizer=rmsprop(1e-3),
        z_dim=Z,
        **{**given, **settings},
    )


def images(count=BATCH):
    return tf.constant(np.random.default_rng(1).random((count, *SHAPE)), tf.float32)


def step(method, image=None):
    image = images() if image is None else image
    return {name: float(value) for name, value in method.train_step({"image": image}, SEED).items()}


def trained(network):
    return [np.array(v) for v in network.trainable_variables]


def moved(network, before):
    return [not np.array_equal(a, b) for a, b in zip(trained(network), before, strict=True)]


def gradients_of_generator(monkeypatch, kind=IBGAN, **settings):
    method, taken = make(kind, **settings), {}

    def take(player, loss, tape):
        variables = method.players[player].variables
        taken[player] = tape.gradient(loss, variables)

    monkeypatch.setattr(method, "minimize", take)
    step(method)
    gradients = iter(taken["generator"])
    return {
        network.name: [np.array(next(gradients)) for _ in network.trainable_variables]
        for network in method.players["generator"].networks
    }
