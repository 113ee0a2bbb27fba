"""The first stage of a two-stage method: an earlier run whose networks the second reads, or trains on."""

import importlib
import json
import pathlib
import pkgutil
import shutil
import zipfile

import gin
import keras

import idgan_tf.networks
from idgan_tf.errors import CheckpointError, require
from idgan_tf.files import NOT_OURS, replacing

ROLES = ("encoder", "decoder")  # of a VAE


@gin.configurable
def teacher(networks, gin_file, gin_params=(), run_dir=None, roles=ROLES, frozen=True, shares=()):
    """The networks of stage 1, for `IDGAN.teacher` and its kin.

    Args:
        networks: the folder `networks/` of the run that uses them; bound by the program.
        gin_file, gin_params: the run that trains them; `bin/train` trains, continues or reuses it first.
        run_dir: where; by default beside the run that uses it, under the name of `gin_file`.
        roles: names of the networks that stage 2 gets.
        frozen: whether they rest, or stage 2 trains them on.
        shares: bindings and macros that stage 1 has from stage 2, such as ("ImageFolder.source", "%CHANNELS").

    Returns:
        {"teacher_<role>": network}.
    """
    del gin_file, gin_params, run_dir, shares  # read by `bin/train` before anything is built
    return {f"teacher_{role}": _load(pathlib.Path(networks), role, frozen) for role in roles}


def roles_of(stage):
    """The roles in the bindings `stage` of `teacher`."""
    return tuple(stage.get("roles", ROLES))


def save(method, run, roles):
    """Writes the networks of a stage 1 method as the teacher of `run`."""
    run.networks.mkdir(parents=True, exist_ok=True)
    for role in roles:
        _require_role(role, method.networks)
        method.networks[role].save(run.networks / f"teacher_{role}.keras")


def bring(source, target, roles):
    """Copies the networks of a finished stage 1 run into the folder of the run that uses them.

    Args:
        source, target: `run_directory.Run`s.
        roles: names of the networks.
    """
    target.networks.mkdir(exist_ok=True)
    for role in roles:
        _require_role(role, [path.stem for path in source.networks.glob("*.keras")])
        with replacing(target.networks / f"teacher_{role}.keras") as temporary:
            shutil.copyfile(source.networks / f"{role}.keras", temporary)


def copy_architectures(source, target):
    """Writes how the teacher's networks of a run are built, without their weights, into a pretrained model.

    Args:
        source, target: `run_directory.Run`s; the second gets networks/teacher_<role>.json.
    """
    for path in sorted(source.networks.glob("teacher_*.keras")):
        target.networks.mkdir(exist_ok=True)
        with zipfile.ZipFile(path) as archive:
            (target.networks / f"{path.stem}.json").write_bytes(archive.read("config.json"))


def has_teacher(run, roles):
    """Whether `run` already holds the networks of its teacher."""
    return all((run.networks / f"teacher_{role}.keras").exists() for role in roles)


def _require_role(role, found):
    """Raises ConfigError when stage 1 has no such network."""
    require(role in found, f"teacher.roles names {role!r}; stage 1 has {', '.join(sorted(found))}")


def _load(networks, role, frozen):
    for module in pkgutil.iter_modules(idgan_tf.networks.__path__):  # Keras finds the classes that are imported
        importlib.import_module(f"idgan_tf.networks.{module.name}")
    path, architecture = (networks / f"teacher_{role}.{ending}" for ending in ("keras", "json"))
    if architecture.exists():  # of a pretrained model, whose weights come later
        path = architecture
    if not path.exists():
        raise CheckpointError(f"the teacher's {role} {path} is missing; run bin/train again to bring it back")
    try:
        if path == architecture:
            network = keras.saving.deserialize_keras_object(json.loads(path.read_text("utf-8")))
            if not isinstance(network, keras.Model):
                raise TypeError("it is no network")
        else:
            network = keras.saving.load_model(path, compile=False)
    except NOT_OURS as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"the teacher's {role} {path} cannot be read ({reason})") from error
    network.trainable = not frozen
    return network
