"""A label-relevant / irrelevant VAE of points, a batch for it, and who was moved by a step."""

import keras
import numpy as np
import tensorflow as tf

from idgan_tf.methods.label_relevant_vae import LabelRelevantVAE
from idgan_tf.networks.labelvae import LabelDecoder, LabelDiscriminator, LabelEncoder, LatentClassifier
from idgan_tf.networks.mixture import GaussianMixture
from idgan_tf.objectives.adversarial import log_game

SHAPE, CLASSES, ZS, ZU = (1, 1, 2), 3, 2, 4
SEED = tf.constant([1, 2])


def adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9)


def make(adversary=True, **settings):
    keras.utils.set_random_seed(0)
    weights = {"lambda_lkd": 0.1, "lambda_kl": 1.0, "lambda_rec": 10.0}
    settings = {"n_gm": 1, **weights, "game": log_game(), "random_labels": False, **settings}
    return LabelRelevantVAE(
        encoder_s=LabelEncoder(SHAPE, ZS, False, 0, "toy"),
        encoder_u=LabelEncoder(SHAPE, ZU, True, 0, "toy"),
        decoder=LabelDecoder(SHAPE, (ZS, ZU), "toy"),
        mixture=GaussianMixture(CLASSES, ZS),
        latent_classifier=LatentClassifier(ZU, CLASSES, 8),
        discriminator=LabelDiscriminator(SHAPE, CLASSES, "toy") if adversary else None,
        optimizer=adam,
        spread_optimizer=adam(),
        **settings,
    )


def batch(count=8):
    rng = np.random.default_rng(0)
    return {
        "image": tf.constant(rng.random((count, *SHAPE)), tf.float32),
        "label": tf.constant(rng.integers(0, CLASSES, count), tf.int32),
    }


def values(method):
    return {name: [np.array(v) for v in player.variables] for name, player in method.players.items()}


def who_moved(method, before):
    return {
        name
        for name, arrays in values(method).items()
        if any(not np.array_equal(a, b) for a, b in zip(arrays, before[name], strict=True))
    }
