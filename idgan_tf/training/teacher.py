"""The teacher of a two-stage method: an earlier run whose networks are read and never moved."""

import pathlib
import shutil

import gin
import keras

from idgan_tf.errors import CheckpointError
from idgan_tf.files import replacing

ROLES = ("encoder", "decoder")


@gin.configurable
def teacher(networks, gin_file, gin_params=(), run_dir=None):
    """The frozen networks of stage 1, for `IDGAN.teacher` and its kin.

    Args:
        networks: the folder `networks/` of the run that uses them; bound by the program.
        gin_file, gin_params: the run that trains them; `bin/train` trains, continues or reuses it first.
        run_dir: where; by default beside the run that uses it, under the name of `gin_file`.

    Returns:
        {"teacher_encoder": network, "teacher_decoder": network}.
    """
    del gin_file, gin_params, run_dir  # read by `bin/train` before anything is built
    return {f"teacher_{role}": _frozen(pathlib.Path(networks) / f"teacher_{role}.keras", role) for role in ROLES}


def save(method, run):
    """Writes the networks of a stage 1 method as the teacher of `run`."""
    run.networks.mkdir(parents=True, exist_ok=True)
    for role in ROLES:
        method.networks[role].save(run.networks / f"teacher_{role}.keras")


def bring(source, target):
    """Copies the networks of a finished stage 1 run into the folder of the run that uses them.

    Args:
        source, target: `runs.Run`s.
    """
    target.networks.mkdir(exist_ok=True)
    for role in ROLES:
        with replacing(target.networks / f"teacher_{role}.keras") as temporary:
            shutil.copyfile(source.networks / f"{role}.keras", temporary)


def has_teacher(run):
    """Whether `run` already holds the networks of its teacher."""
    return all((run.networks / f"teacher_{role}.keras").exists() for role in ROLES)


def _frozen(path, role):
    if not path.exists():
        raise CheckpointError(f"the teacher's {role} {path} is missing; run bin/train again to bring it back")
    network = keras.saving.load_model(path, compile=False)
    network.trainable = False
    return network
