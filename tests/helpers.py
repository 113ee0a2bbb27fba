"""Small stand-ins that many tests share."""

import functools
import json
import os
import pathlib
import re
import subprocess
import sys

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.config import Configuration
from idgan_tf.data.factors import FactorDataset
from idgan_tf.run_directory import Run
from idgan_tf.training import build, checkpoint, teacher

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PARTS = ("networks", "latent", "points")  # of the others in tests/tiny/, each of which is a method of its name
TINY_METHODS = sorted(path.stem for path in (PROJECT / "tests/tiny").glob("*.gin") if path.stem not in PARTS)
GIN_FILES = sorted(f"gin/{path.name}" for path in (PROJECT / "gin").glob("*.gin"))


@gin.register
class TinySprites(FactorDataset):
    """48 squares of three sizes on a 4 x 4 grid, 64 px: stands in for any image dataset in tests."""

    name, source, binary = "tiny_sprites", "drawn", True
    factor_names, factor_sizes = ("scale", "position_x", "position_y"), (3, 4, 4)

    def __init__(self, image_shape=(64, 64, 1)):
        self.image_shape = tuple(image_shape)

    @functools.cached_property
    def arrays(self):
        size = self.image_shape[0]
        images = np.zeros((48, *self.image_shape), np.uint8)
        for i, (scale, x, y) in enumerate(self.factors(np.arange(48))):
            side, x, y = size * (2 + scale) // 16, size * (1 + 3 * x) // 16, size * (1 + 3 * y) // 16
            images[i, y : y + side, x : x + side] = 1
        return {"pixels": images}

    def decode(self, rows, seed):
        del seed
        return {"image": tf.cast(rows["pixels"], tf.float32)}


@gin.register
class TinyLabelled(TinySprites):
    """The same squares, whose scale is their class."""

    name, num_classes, class_names = "tiny_labelled", 3, ("small", "middle", "large")

    def decode(self, rows, seed):
        return {**super().decode(rows, seed), "label": self.factors_in_graph(rows["index"])[:, 0]}


def example(name):
    """A file that docs/contributing.md shows."""
    text = (PROJECT / "docs" / "contributing.md").read_text()
    return re.search(rf"```\w*\n# {re.escape(name)}\n(.*?)```", text, re.DOTALL)[1]


TINY = ["train.dataset = @TinySprites()", "train.batch_size = 4", "train.num_steps = 4"]
TINY_OF = {
    "gin/factor_classifier_dsprites.gin": ["FactorHeads.sizes = (3, 4, 4)"],
    "gin/label_relevant_vae_cifar10.gin": [
        "train.dataset = @TinyLabelled()",
        "TinyLabelled.image_shape = (32, 32, 3)",
        "NUM_CLASSES = 3",
        "train.batch_size = 8",  # one for each of the four parts, on two replicas
    ],
}


def load_tiny(gin_file, *bindings):
    """The settings of a gin file at a size for tests; those of tests/tiny/ have it already."""
    tiny = () if gin_file.startswith("tests/tiny/") else (*TINY, *TINY_OF.get(gin_file, ()))
    return build.settings(Configuration([gin_file], [*tiny, *bindings], ["tests"]))


def build_tiny(gin_file, folder, *bindings, strategy=None):
    """(settings, method) of a gin file at a size for tests; teachers are fresh, untrained networks."""
    settings = load_tiny(gin_file, *bindings)
    run = Run(folder)
    run.path.mkdir(parents=True, exist_ok=True)
    stage = settings.configuration.bindings_of("teacher")
    if stage and not run.networks.exists():
        fresh_teacher(run, stage)
    with (strategy or tf.distribute.get_strategy()).scope():
        return settings, build.method(settings, run)


def fresh_teacher(run, stage):
    """Writes the networks of the untrained teacher that the bindings of `teacher` name into `run`."""
    settings = load_tiny(stage["gin_file"], *stage.get("gin_params", ()))
    teacher.save(build.method(settings, run), run, teacher.roles_of(stage))


def command(name, *arguments, env=None, timeout=240, check=None):
    """Runs bin/<name> as a user would; returns the finished process."""
    process = subprocess.run(
        [sys.executable, str(PROJECT / "bin" / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=PROJECT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "", **(env or {})},
    )
    if check is not None:
        assert process.returncode == check, process.stderr[-3000:]
    return process


def metrics(run_dir):
    """The lines of a run's metrics.jsonl."""
    return [json.loads(line) for line in (pathlib.Path(run_dir) / "metrics.jsonl").read_text().splitlines()]


def final_arrays(run_dir):
    """{key: array} of the newest checkpoint of a run."""
    step = checkpoint.steps(run_dir / "checkpoints")[-1]
    with np.load(run_dir / "checkpoints" / f"step-{step:08d}" / "state.npz") as file:
        return {key: file[key] for key in file.files}
