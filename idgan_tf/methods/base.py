"""What a method is: networks, the players that train them, and one `train_step`."""

import re
from typing import NamedTuple

import keras
import tensorflow as tf

from idgan_tf.errors import ConfigError, require
from idgan_tf.methods.faces import FACES, CodeFaces, Faces, can
from idgan_tf.objectives.weights import cut_short, weight_at


class Player(NamedTuple):
    """Networks that one optimizer moves, in so many updates a training step."""

    networks: list
    optimizer: keras.optimizers.Optimizer
    updates: int = 1

    @property
    def variables(self):
        return [variable for network in self.networks for variable in network.trainable_variables]


INSTEAD = {  # of what a keras.Model does, and a method does another way
    "compile": "its losses and optimizers are its own, and bin/train trains it",
    "fit": "bin/train --gin_file=... trains it",
    "train_on_batch": "bin/train --gin_file=... trains it",
    "evaluate": "bin/evaluate --run_dir=... measures it",
    "test_on_batch": "bin/evaluate --run_dir=... measures it",
    "predict": "call it on images, or use encode, decode, generate, traverse, generate_class: those it has",
    "predict_on_batch": "call it on images, or use encode, decode, generate, traverse, generate_class: those it has",
    "save": "a run directory keeps it, runs.load reads it, bin/export --run_dir=... writes a SavedModel",
    "export": "bin/export --run_dir=... writes a SavedModel",
    "save_weights": "checkpoints of its run directory hold them, and `networks` has each network, which can save",
    "load_weights": "runs.load reads them, and bin/train --from_run=... begins with them",
    "get_config": "the config.gin of its run directory has it",
}


class Method(Faces, keras.Model):
    """A paper: some networks and one `train_step`. The loop, checkpoints and pictures know nothing else.

    A subclass hands its networks to this constructor and implements `players`, `train_step`, `signatures`,
    and those of `faces.FACES` that make sense for it.

    Attributes:
        meanings: {name: text} of what `train_step` returns, for people.
        reads: {name: text} of what `train_step` needs of a batch besides images, for people.
        needs_classes: of a method with `num_classes`, or that reads labels: whether every image must have one.
        owners: {name: player} of values that are not of the first player, and not called <player>_...; "kl" is that
            of kl_0, kl_1 and so on.
        networks: {name: network} of everything that has weights, averages and frozen networks included.
        extra_variables: {name: variable} of state that is neither a network's nor an optimizer's.
        step: int64 variable, the number of finished steps.
    """

    meanings = {}
    reads = {}
    needs_classes = True
    owners = {}

    def __init__(self, **networks):
        super().__init__()
        self.networks = networks
        self.extra_variables = {}
        for name, network in networks.items():
            setattr(self, name, network)
        self.step = tf.Variable(tf.zeros([], tf.int64), trainable=False, name="step")

    @property
    def players(self):
        """{name: Player}: who is trained by what. A network of no player does not move."""
        raise NotImplementedError

    def train_step(self, batch, seed):
        """One update of every player on one replica.

        Args:
            batch: {"image": float32 [B, H, W, C] in [0, 1], ...}.
            seed: int32 [2], shared by the replicas; draw with `idgan_tf.noise`.

        Returns:
            {name: float32 scalar}, means over the replica's batch.
        """
        raise NotImplementedError

    def signatures(self):
        """{name: `signatures.Signature`}: what an exported model can do."""
        raise NotImplementedError

    def call(self, image):
        """image [B, H, W, C] in [0, 1] -> the method's image of its mean code, where it encodes and draws."""
        draws = isinstance(self, CodeFaces) and (can(self, "decode") or can(self, "generate"))
        found = ", ".join(face for face in FACES if can(self, face)) or "train_step alone"
        need = f"that takes encode, and decode or generate; it has {found}"
        require(can(self, "encode") and draws, f"{type(self).__name__} makes no image of an image: {need}")
        return self.render(self.encode(image)[0])

    def foresee(self, num_steps):
        """Warnings (sentences) that a training of so many steps calls for, before its first.

        Here of schedules that it cuts short, of weights and of learning rates: their steps are not shortened with it.
        """
        found = cut_short({f"{type(self).__name__}.{name}": value for name, value in vars(self).items()}, num_steps)
        for name, player in self.players.items():  # a rate follows the optimizer's own steps, if it takes any
            if not player.updates:
                continue
            rate = {f"the learning rate of {name}": player.optimizer._learning_rate}
            found |= cut_short(rate, num_steps * player.updates)
        return [
            f"{name} is {now:.2g} after the {num_steps:,} steps of the training, but {last:.2g} at the end of its "
            "schedule; bind the schedule to fewer steps"
            for name, (now, last) in found.items()
        ]

    def now(self, weight):
        """A weight at this step: a number as it is, or its schedule's float32 value."""
        return weight_at(weight, self.step)

    def diagnose(self, means):
        """Warnings (sentences) that the means of a log period call for."""
        del means
        return []

    def tag(self, name):
        """Where TensorBoard shows a value that `train_step` returns: in the group of its player, "generator/loss"."""
        for player in self.players:
            if name.startswith(f"{player}_"):
                return f"{player}/{name.removeprefix(f'{player}_')}"
        return f"{self.owners.get(re.sub(r'_[0-9]+$', '', name), next(iter(self.players)))}/{name}"

    def build_optimizers(self):
        """Makes every slot variable, so that checkpoints never depend on a first step."""
        for player in self.players.values():
            player.optimizer.build(player.variables)

    def minimize(self, players, loss, tape):
        """One optimizer step of a player, or of several on one `loss`, the mean over the replica's batch.

        Keras optimizers sum gradients over replicas; the division makes it the mean over the global batch.
        """
        players = [self.players[name] for name in ([players] if isinstance(players, str) else players)]
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        for player, gradients in zip(
            players, tape.gradient(loss, [player.variables for player in players]), strict=True
        ):
            gradients = [g / replicas for g in gradients] if replicas > 1 else gradients
            player.optimizer.apply(gradients, player.variables)

    @staticmethod
    def update_average(average, source, decay):
        """average <- decay * average + (1 - decay) * source, weight by weight; other variables are copied."""
        for mean, value in zip(average.trainable_variables, source.trainable_variables, strict=True):
            mean.assign_sub((mean - value) * (1.0 - decay))
        for mean, value in zip(average.non_trainable_variables, source.non_trainable_variables, strict=True):
            mean.assign(value)


def _refuses(name, instead):
    def refuse(self, *arguments, **settings):
        raise ConfigError(f"{type(self).__name__} has no {name}: {instead}")

    return refuse


for _name, _instead in INSTEAD.items():
    setattr(Method, _name, _refuses(_name, _instead))


def copy_of(network):
    """A second network of the same architecture and weights."""
    twin = type(network).from_config({**network.get_config(), "name": f"{network.name}_average"})
    twin.set_weights(network.get_weights())
    return twin
