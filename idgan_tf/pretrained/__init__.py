"""Trained models that come with the package: run directories with half-precision weights in place of checkpoints.

<name>/ config.gin  environment.json  metrics.jsonl  weights.npz  model.json  card.md  networks/teacher_*.json
        dimensions.json where its dimensions have names

    weights.npz    float16: the networks that the signatures of the method read, by the keys of a checkpoint
    model.json     sha256 of weights.npz; the commit, commands and minutes of the training; what `check` gives
    metrics.jsonl  what `bin/evaluate` measured of these weights, after the rounding
    networks/      how the networks of the teacher are built; their weights are in weights.npz

"pretrained:<name>" stands for one wherever a run directory is read. The networks of the method that are not shipped,
such as its discriminators, are built and not used. `python -m idgan_tf.commands.pack` makes such a folder.
"""

import json
import pathlib
import shutil

from idgan_tf.errors import CheckpointError, require
from idgan_tf.files import NOT_OURS, alone, publishing, sha256, to_single
from idgan_tf.run_directory import PRETRAINED, Run

FOLDER = pathlib.Path(__file__).parent
PLACE = pathlib.Path("runs", "pretrained")
CHECK_SIZE = (8, 8)  # of the picture in model.json
CHECK_TOLERANCE = 2e-3  # of every value there: what processors and their libraries may differ by


def names():
    """The models that come with the package."""
    return sorted(path.parent.name for path in FOLDER.glob("*/model.json"))


def folder(run_dir):
    """Where the model of "pretrained:<name>" lies in the package; any other `run_dir` is given back as it is.

    Raises:
        ConfigError: no such model comes with the package.
    """
    if not str(run_dir).startswith(PRETRAINED):
        return run_dir
    name, known = str(run_dir).removeprefix(PRETRAINED), names()
    require(name in known, f"no pretrained model {name!r}; there are {', '.join(known) or 'none in this version'}")
    return FOLDER / name


def place(run_dir):
    """The run directory runs/pretrained/<name> of "pretrained:<name>", made from the package where it is not there.

    For commands that write beside what they read. Any other `run_dir` is given back as it is.

    Raises:
        ConfigError: no such model comes with the package, or another one lies in its place.
        CheckpointError: the model is damaged; then no directory is made.
    """
    source = folder(run_dir)
    if source is run_dir:
        return run_dir
    target = PLACE / source.name
    with alone(target):
        if not target.exists():
            require_whole(Run(source))
            copy(source, target)
    require(
        read(Run(target)) == read(Run(source)),
        f"{target} is not the model {source.name} of this version of idgan_tf; rename or delete it",
    )
    return target


def copy(source, target):
    """Copies the files of a folder, at any depth; `target` appears whole or not at all, in place of an older one."""
    with publishing(target) as temporary:
        for path in sorted(path for path in source.rglob("*") if path.is_file()):
            destination = temporary / path.relative_to(source)
            destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, destination)


def read(run):
    """The model.json of a `run_directory.Run`; {} of a run that is no pretrained model.

    Raises:
        CheckpointError: it cannot be read.
    """
    if not run.is_pretrained:
        return {}
    try:
        found = json.loads(run.model.read_text("utf-8"))
        return {key: found[key] for key in ("sha256", "commit", "commands", "minutes", "networks", "check")}
    except NOT_OURS as error:
        raise _damaged(run.model, error) from error


def require_whole(run):
    """Raises CheckpointError unless weights.npz is the file that model.json describes."""
    expected = read(run)["sha256"]
    try:
        found = sha256(run.weights)
    except OSError as error:
        raise _damaged(run.weights, error.strerror) from error
    if found != expected:
        raise _damaged(run.weights, "its checksum is wrong")


def restore(run, method):
    """Puts the weights of a pretrained model into a method, and its step.

    The networks that are not shipped leave `method.networks`: nobody takes their initial weights for trained ones.

    Raises:
        CheckpointError: they are damaged, or of another method.
    """
    import numpy as np

    from idgan_tf.training import checkpoint

    require_whole(run)
    try:
        with np.load(run.weights, allow_pickle=False) as file:
            arrays = {key: to_single(file[key]) for key in file.files}
    except NOT_OURS as error:
        raise _damaged(run.weights, error) from error
    state = checkpoint.state(method)
    checkpoint.assign(arrays, {key: variable for key, variable in state.items() if key in arrays}, run.path)
    method.networks = {name: network for name, network in method.networks.items() if name in read(run)["networks"]}


def check(method):
    """What a method makes of a white square on black: {"mean": [D], "logvar": [D], "image": [8, 8, C]}.

    The code of the square, where there is an encoder, and the picture of that code (of c = 0 without one), made small
    by the means of areas.
    """
    import numpy as np
    import tensorflow as tf

    from idgan_tf.methods.faces import can

    height, width, channels = method.image_shape
    square = np.zeros([1, height, width, channels], np.float32)
    square[:, height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = 1.0
    mean, logvar = method.encode(square) if can(method, "encode") else (tf.zeros([1, method.code_dim]), [[]])
    image = tf.image.resize(method.render(mean), CHECK_SIZE, "area")
    return {"mean": np.array(mean[0]), "logvar": np.array(logvar[0]), "image": np.array(image[0])}


def _damaged(path, why):
    return CheckpointError(f"the pretrained model {path} cannot be used ({' '.join(str(why).split())[:200]})")
