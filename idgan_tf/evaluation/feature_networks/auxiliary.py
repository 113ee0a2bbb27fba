"""GILBO's auxiliary encoder: trained on pairs of a frozen generator by the training call of every method."""

import keras
import numpy as np
import tensorflow as tf
from absl import logging

from idgan_tf.methods.base import Method, Player
from idgan_tf.objectives.gaussian import gaussian_code_nll
from idgan_tf.progress import Progress
from idgan_tf.training.build import Settings
from idgan_tf.training.call import TrainingCall

GAIN = 0.01  # nats; a cycle that gains less halves the learning rate
HALVINGS = 5  # the plateau: so many cycles without a gain


class AuxiliaryEncoder(Method):
    """Maximises E[log e(c|x)] over pairs (c, x) of a frozen generator.

    Args:
        encoder: image [B, ...] -> (mean [B, D], logvar [B, D]).
        optimizer: of it.
        pairs: (batch, seed) -> (c [B, D], image [B, ...]), in the graph.
    """

    def __init__(self, encoder, optimizer, pairs):
        super().__init__(auxiliary=encoder)
        self.encoder_optimizer, self._pairs = optimizer, pairs

    @property
    def players(self):
        return {"auxiliary": Player([self.auxiliary], self.encoder_optimizer)}

    def train_step(self, batch, seed):
        c, image = (tf.stop_gradient(part) for part in self._pairs(batch, seed))
        with tf.GradientTape() as tape:
            nll = tf.reduce_mean(gaussian_code_nll(c, *self.auxiliary(image, training=True)))
        self.minimize("auxiliary", nll, tape)
        return {"nll": nll}


def fit(encoder, pairs, dataset, seed, learning_rate, batch_size, cycle, max_cycles):
    """Trains an encoder on pairs until its loss no longer falls.

    Args:
        encoder: image [B, ...] -> (mean [B, D], logvar [B, D]); trained in place.
        pairs: (batch, seed) -> (c, image), in the graph.
        dataset: gives the batches.
        seed: of batches and pairs.
        learning_rate: of Adam, halved after every cycle that gains less than `GAIN`.
        batch_size: pairs of a step.
        cycle: steps between two looks at the mean loss.
        max_cycles: an end, plateau or not.

    Returns:
        (steps, whether the plateau was reached).
    """
    method = AuxiliaryEncoder(encoder, keras.optimizers.Adam(learning_rate), pairs)
    method.build_optimizers()
    steps = cycle * max_cycles
    settings = Settings(
        method=AuxiliaryEncoder,
        dataset=dataset,
        num_steps=steps,
        batch_size=batch_size,
        seed=seed,
        jit_compile=False,
    )
    call = TrainingCall(method, settings, tf.distribute.get_strategy())
    best, halvings = np.inf, 0
    with Progress("gilbo", 0, steps) as progress:
        for number in range(1, max_cycles + 1):
            call(cycle)
            means = call.means()
            progress.advance(cycle)
            progress.show(means)
            if means["nll"] > best - GAIN:
                halvings += 1
                optimizer = method.encoder_optimizer
                optimizer.learning_rate.assign(0.5 * optimizer.learning_rate)
            best = min(best, means["nll"])
            if halvings == HALVINGS:
                return number * cycle, True
    logging.warning("GILBO's encoder was still learning after %d steps: the value is too low", steps)
    return steps, False
