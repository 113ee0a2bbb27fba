"""Making a pretrained model of a finished run: rounding, measuring, writing down what made it."""

import contextlib
import json
import re
import shutil
from typing import Any

import numpy as np
import tensorflow as tf

from idgan_tf import pretrained, runs
from idgan_tf.errors import ConfigError, require
from idgan_tf.experiments import evaluate
from idgan_tf.experiments.scores import evaluate_run
from idgan_tf.export.card import model_card
from idgan_tf.files import TEMPORARY, sha256, to_half
from idgan_tf.run_directory import Run
from idgan_tf.training import checkpoint, teacher
from idgan_tf.visualize.rendering import has_pictures


def pack(run, configuration, name, commit, commands, minutes, metrics="all", seed=0, best=False):
    """Writes idgan_tf/pretrained/<name>/ from a trained run, in place of an older one.

    Args:
        run: the `run_directory.Run`.
        configuration: as of `experiments.scores.evaluate_run`.
        name: of the model: small letters, digits and underscores.
        commit: of the repository, that trained it.
        commands: which trained it, in their order, those of its teacher among them.
        minutes: how long that took.
        metrics, seed: what is measured after the rounding, as in `bin/evaluate`.
        best: whether to take the checkpoint that scored best during the training.

    Returns:
        The folder.

    Raises:
        ConfigError: the run, or something said of it, is not what a model is made of.
        NonFiniteError: a weight is too large for half precision.
    """
    require(re.fullmatch(r"[a-z0-9_]+", name), f"a model is named in small letters, digits and _, got {name!r}")
    require(re.fullmatch(r"[0-9a-f]{7,40}", commit), f"a commit is 7 to 40 hexadecimal digits, got {commit!r}")
    chosen, named = evaluate.names(metrics)
    _require_no_places(run)
    packed = Run(run.path.resolve().with_name(f"{TEMPORARY}{name}"))  # beside the run, where its classifiers lie
    shutil.rmtree(packed.path, ignore_errors=True)
    try:
        method, _ = runs.restore(run.path, configuration, best)
        require(has_pictures(method), f"{type(method).__name__} has no code c and pictures of it")
        networks = read_networks(method)
        packed.path.mkdir()
        shutil.copyfile(run.config, packed.config)
        for kept in ("environment", "dimensions"):
            with contextlib.suppress(FileNotFoundError):  # of a run from before there was such a file, or unnamed
                shutil.copyfile(getattr(run, kept), getattr(packed, kept))
        teacher.copy_architectures(run, packed)
        np.savez_compressed(packed.weights, **_weights(method, networks))
        about = {"commit": commit, "commands": list(commands), "minutes": minutes, "networks": networks}
        _describe(packed, about, {})
        method, dataset = runs.restore(packed.path, configuration)
        _describe(packed, about, pretrained.check(method))
        _measure(packed, configuration, chosen, named, seed)
        (packed.path / "card.md").write_text(model_card(packed, method, dataset, name), "utf-8")
        pretrained.copy(packed.path, pretrained.FOLDER / name)
    finally:
        shutil.rmtree(packed.path, ignore_errors=True)
    return pretrained.FOLDER / name


def _require_no_places(run):
    """Raises ConfigError when the configuration names folders of this machine, which no other has."""
    absolute = r"""^([\w./]+) = (?:\\\n)?.*["'](?:/|~)"""
    places = re.findall(rf"{absolute}|^(teacher\.run_dir) = ", run.config.read_text("utf-8"), re.MULTILINE)
    named = ", ".join(dict.fromkeys(filter(None, (name for place in places for name in place))))
    require(not named, f"{run.config} names places of this machine: {named}; train without, or take the lines out")


def read_networks(method):
    """Names of the networks that the signatures of a method read: averages where it keeps them, no discriminators."""
    read = set()
    for signature in method.signatures().values():
        graph = tf.function(signature.function).get_concrete_function(*(each.spec for each in signature.inputs)).graph
        read.update(id(variable) for variable in graph.variables)
    return [
        name
        for name, network in method.networks.items()
        if any(id(variable.value) in read for variable in network.variables)
    ]


def _weights(method, networks) -> dict[str, Any]:
    """{key of a checkpoint: array}: the step and the networks, float32 as float16."""
    wanted = ("step", *(f"networks/{name}/" for name in networks))
    return {key: to_half(value, key) for key, value in checkpoint.state(method).items() if key.startswith(wanted)}


def _describe(run, about, check):
    """Writes model.json, a line for each thing it says."""
    check = {name: value.astype(float).round(5).tolist() for name, value in check.items()}
    said = {"sha256": sha256(run.weights), **about, "check": check}
    lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(value)}" for name, value in said.items())
    run.model.write_text(f"{{\n{lines}\n}}\n", "utf-8")


def _measure(run, configuration, chosen, named, seed):
    """Leaves the lines of metrics.jsonl.

    Raises:
        ConfigError: a metric that was named cannot be had.
    """
    for name, result in evaluate_run(run.path, configuration, chosen, named, seed):
        if named and isinstance(result, str):
            raise ConfigError(f"left out {name}: {result}")
    shutil.rmtree(run.tensorboard, ignore_errors=True)
