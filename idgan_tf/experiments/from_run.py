"""`bin/train --from_run=R`: a new run that begins with the weights of another.

Its step is 0, its optimizers and what else moves are fresh, and its configuration is its own: other rates, weights of
losses, data, and images of another size. A layer is taken where it has its like in R, of the same kind and with
variables of the same shapes, in the same order; so each player and each average keeps what fits. A network of which R
has the average alone, as pretrained models do, begins as that. The frozen networks of an earlier stage are those that
the configuration names, never R's.
"""

import collections
import difflib
import re

import numpy as np

from idgan_tf.errors import ConfigError, require
from idgan_tf.run_directory import Run, read_environment

EARLIER_STAGE = "teacher_"  # begins the names of its networks
AVERAGE = "average_"  # begins the name of the average of a network


class Weights:
    """The weights of a run, averages included, to begin others with.

    Args:
        run_dir: a run directory, or "pretrained:<name>".
        allow_imports: packages outside idgan_tf and keras that its config.gin may import.

    Raises:
        ConfigError: it holds no run.
        CheckpointError: it holds no checkpoint that can be used.
    """

    def __init__(self, run_dir, allow_imports=()):
        from idgan_tf import runs

        method = runs.load(run_dir, allow_imports)
        self.origin, self.step = origin(run_dir), int(method.step.numpy())
        self._layers = {
            name: [(kind, [np.array(variable) for variable in layer]) for kind, layer in _layers(network)]
            for name, network in method.networks.items()
        }
        for name in [name for name in self._layers if name.startswith(AVERAGE)]:  # a pretrained model has it alone
            self._layers.setdefault(name.removeprefix(AVERAGE), self._layers[name])

    def put(self, method):
        """Puts the weights into a method.

        Returns:
            What was taken, for environment.json: {"run": where from, "step": of it, "taken": {network: text},
            "not_taken": {layer: how many of its kind}}.

        Raises:
            ConfigError: no layer has its like.
        """
        taken, left = {}, collections.Counter()
        for name, network in method.networks.items():
            if name.startswith(EARLIER_STAGE):
                continue
            layers, theirs = _layers(network), self._layers.get(name, [])
            found = _pairs(layers, theirs)
            for here, there in found.items():
                for variable, value in zip(layers[here][1], theirs[there][1], strict=True):
                    variable.assign(value)
            taken[name] = f"{len(found)} of {len(layers)} layers"
            left.update(f"{name}/{kind}" for i, (kind, _) in enumerate(layers) if i not in found)
        require(
            any(not text.startswith("0 ") for text in taken.values()),
            f"{self.origin} has no layer like one of {', '.join(taken) or 'this method'}: it has the networks "
            f"{', '.join(self._layers)}",
        )
        return {"run": self.origin, "step": self.step, "taken": taken, "not_taken": dict(left)}


def told(began):
    """What `Weights.put` gave, in one line."""
    taken = ", ".join(f"{name} {text}" for name, text in began["taken"].items())
    left = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in began["not_taken"].items())
    return f"from {began['run']} at step {began['step']:,}: {taken}; {f'fresh are {left}' if left else 'none is fresh'}"


def origin(run_dir):
    """How a run is called in environment.json: by its whole path, or as it is named."""
    from idgan_tf import pretrained

    place = str(run_dir)
    return place if place.startswith(pretrained.PRETRAINED) else str(Run(place).path.resolve())


def weights_of(run_dir, run, configuration):
    """The `Weights` that `run` begins with, or None where it has begun, or begins with none.

    Args:
        run_dir: what --from_run says, or None.
        run: the `run_directory.Run`, new, or begun by the same command. Of one that was stopped before its first
            checkpoint, environment.json remembers what it was to begin with.
        configuration: the `Configuration` of `run`.

    Raises:
        ConfigError: `run` has begun with other weights.
        ConfigError, CheckpointError: as of `Weights`.
    """
    from idgan_tf.training import checkpoint

    before = {} if run.begins_anew(configuration) else read_environment(run.environment)
    began = before.get("from_run", {}).get("run")
    has_begun = bool(checkpoint.steps(run.checkpoints))
    if run_dir is not None and (has_begun or began) and began != origin(run_dir):
        how = f"with the weights of {began}" if began else "with weights of its own"
        raise ConfigError(
            f"{run.path} has begun already, {how}: --from_run begins a new run; choose another --run_dir, or leave "
            "--from_run out to continue"
        )
    run_dir = began if run_dir is None else run_dir
    return None if has_begun or run_dir is None else Weights(run_dir, configuration.allow_imports)


def _layers(network):
    """[(kind, variables)] of a network, in its order.

    A kind is the names of a layer and of those around it, without the numbers by which Keras tells them apart.
    """
    found = {}
    for variable in network.variables:
        found.setdefault(variable.path.rpartition("/")[0], []).append(variable)
    return [("/".join(re.sub(r"_\d+$", "", part) for part in path.split("/")[1:]), v) for path, v in found.items()]


def _pairs(layers, others):
    """{number of a layer: number of its like among others}, both in their order."""
    ours, theirs = ([(kind, *(tuple(v.shape) for v in layer)) for kind, layer in some] for some in (layers, others))
    blocks = difflib.SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks()
    return {block.b + i: block.a + i for block in blocks for i in range(block.size)}
