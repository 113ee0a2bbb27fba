"""Checkpoints: every array of a run in one file, whole or absent, newest good one wins.

    checkpoints/step-00001000/state.npz    the arrays
    checkpoints/step-00001000/COMMIT.json  step, size and sha256 of state.npz

A checkpoint appears whole (`files.publishing`): a kill at any moment leaves either all of it or a folder that the
next start sweeps away.
"""

import json
import pathlib
import shutil
from typing import Any

import numpy as np
from absl import logging

from idgan_tf.errors import CheckpointError
from idgan_tf.files import NOT_OURS, publishing, sha256

PREFIX = "step-"
LOOP = "loop/"  # keys of what only a training needs; whoever just uses the networks leaves them out


def state(method, **loop):
    """{key: variable}: all that a run needs to go on exactly.

    Networks (frozen and averaged ones too), every optimizer's slots, rate and counter, the step, the method's
    `extra_variables`, and the variables of the training `loop`.
    """
    variables = {"step": method.step, **{f"{LOOP}{name}": variable for name, variable in loop.items()}}
    variables.update({f"extra/{name}": variable for name, variable in method.extra_variables.items()})
    for name, network in method.networks.items():
        variables.update({f"networks/{name}/{i:03d}": v for i, v in enumerate(network.variables)})
    for name, player in method.players.items():
        variables.update({f"optimizers/{name}/{i:03d}": v for i, v in enumerate(player.optimizer.variables)})
    return variables


def steps(folder):
    """Steps that have a checkpoint folder, ascending."""
    names = [path.name.removeprefix(PREFIX) for path in pathlib.Path(folder).glob(f"{PREFIX}*")]
    return sorted(int(name) for name in names if name.isdecimal())  # people keep copies beside them


def save(folder, variables, keep=3, keep_every=0):
    """Writes a checkpoint of {key: variable}, then deletes all but it and the newest `keep` - 1 others.

    Those whose step is a multiple of `keep_every` stay, too, unless it is 0.
    """
    step = int(variables["step"].numpy())
    arrays: dict[str, Any] = {key: np.asarray(variable) for key, variable in variables.items()}
    with publishing(folder / f"{PREFIX}{step:08d}") as temporary:
        with open(temporary / "state.npz", "wb") as file:
            np.savez(file, **arrays)
        commit = {"step": step, "sha256": sha256(temporary / "state.npz")}
        commit["bytes"] = (temporary / "state.npz").stat().st_size
        (temporary / "COMMIT.json").write_text(json.dumps(commit), "utf-8")
    others = [other for other in steps(folder) if other != step]
    for old in others[: max(0, len(others) - keep + 1)]:
        if not keep_every or old % keep_every:
            shutil.rmtree(folder / f"{PREFIX}{old:08d}", ignore_errors=True)


def restore(folder, variables):
    """Puts the newest good checkpoint into {key: variable}.

    Args:
        folder: the run's `checkpoints/`.
        variables: {key: variable}, all that the checkpoint holds; those of the training loop may be absent.

    Returns:
        Its step.

    Raises:
        CheckpointError: there is none, all are damaged, or they belong to other variables.
    """
    found, damaged = steps(folder), []
    for step in reversed(found):
        try:
            arrays = _read(pathlib.Path(folder) / f"{PREFIX}{step:08d}")
        except NOT_OURS as error:
            damaged.append(f"{step} ({error})")
            continue
        if damaged:
            logging.warning("using step %d: damaged are the checkpoints of steps %s", step, ", ".join(damaged))
        assign({k: a for k, a in arrays.items() if k in variables or not k.startswith(LOOP)}, variables, folder)
        return step
    if found:
        raise CheckpointError(f"all checkpoints in {folder} are damaged: steps {', '.join(damaged)}")
    raise CheckpointError(f"there is no checkpoint in {folder}; train the run first")


def _read(folder):
    commit = json.loads((folder / "COMMIT.json").read_text("utf-8"))
    if folder.name != f"{PREFIX}{commit['step']:08d}":
        raise ValueError("it is of another step")
    if (folder / "state.npz").stat().st_size != commit["bytes"]:
        raise ValueError("its size is wrong")
    if sha256(folder / "state.npz") != commit["sha256"]:
        raise ValueError("its checksum is wrong")
    with np.load(folder / "state.npz", allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def assign(arrays, variables, folder):
    """Puts {key: array} into {key: variable}.

    Raises:
        CheckpointError: they are not of the same keys and shapes; `folder` is where the arrays come from.
    """
    wrong = sorted(set(arrays) ^ set(variables))
    if wrong:
        raise CheckpointError(f"the checkpoint in {folder} is of another method: it differs in {wrong[0]}")
    for key, variable in variables.items():
        if tuple(variable.shape) != arrays[key].shape:
            raise CheckpointError(f"the checkpoint in {folder} has another shape for {key}")
        variable.assign(arrays[key])
