"""The GAN game on logits of "real", and the penalty that keeps it stable. Values are [B], in nats."""

from collections.abc import Callable
from typing import NamedTuple

import gin
import tensorflow as tf

from idgan_tf.errors import require


def real_loss(logit):
    """-log D(x): the discriminator on a real image, or the generator on its own (non-saturating)."""
    return tf.nn.softplus(-logit)


def fake_loss(logit):
    """-log(1 - D(x)): the discriminator on a generated image."""
    return tf.nn.softplus(logit)


def smoothed_real_loss(logit, label):
    """Cross-entropy of a real image's logit against the target `label`; `real_loss` when the label is 1."""
    return label * real_loss(logit) + (1.0 - label) * fake_loss(logit)


class Game(NamedTuple):
    """An adversarial loss: of the discriminator on `real` and `fake` logits, of the generator (`fool`)."""

    real: Callable
    fake: Callable
    fool: Callable


@gin.register
def log_game():
    """The cross-entropies of Goodfellow et al., non-saturating."""
    return Game(real_loss, fake_loss, real_loss)


@gin.register
def hinge_game():
    """The hinge loss, max(0, 1 - l) of real and max(0, 1 + l) of fake logits l; the generator hears -l."""

    def real(logit):
        return tf.nn.relu(1.0 - logit)

    def fake(logit):
        return tf.nn.relu(1.0 + logit)

    return Game(real, fake, fool=tf.negative)


def require_game(name, game):
    """Raises ConfigError unless `game` is a `Game`."""
    require(isinstance(game, Game), f"{name} is a Game such as @log_game() or @hinge_game(), got {game!r}")


def with_gradient_penalty(judge, image):
    """A judgement of real images, and R1 = ||d logit / d image||^2 (Mescheder et al., without their 1/2).

    Args:
        judge: image [B, H, W, C] -> (logit [B], anything).
        image: [B, H, W, C].

    Returns:
        (logit, anything, penalty [B] float32), from one forward pass.
    """
    with tf.GradientTape() as tape:
        tape.watch(image)
        logit, rest = judge(image)
    gradient = tf.cast(tape.gradient(logit, image), tf.float32)
    return logit, rest, tf.reduce_sum(tf.square(gradient), axis=[1, 2, 3])
