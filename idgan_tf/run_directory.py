"""A run directory: where things lie in it, and who may write to it.

runs/<name>/ config.gin  environment.json  checkpoints/  best/  metrics.jsonl  tensorboard/
            samples/  figures/  networks/*.keras  export/  dimensions.json

A model that comes with the package (`idgan_tf.pretrained`) is one, too, with weights.npz in place of checkpoints/.
"""

import contextlib
import errno
import json
import os
import pathlib
import shutil
import socket
import time

from absl import logging

from idgan_tf.errors import CheckpointError, ConfigError
from idgan_tf.files import NOT_OURS, TEMPORARY, at_home, cannot_write, claim, write_text

PRETRAINED = "pretrained:"  # what stands before the name of a model that comes with the package


class Run:
    """The paths of one run directory; nothing is created until `create`."""

    def __init__(self, path):
        self.path = at_home(path)
        self.config = self.path / "config.gin"
        self.checkpoints = self.path / "checkpoints"
        self.best = self.path / "best"
        self.environment = self.path / "environment.json"
        self.metrics = self.path / "metrics.jsonl"
        self.tensorboard = self.path / "tensorboard"
        self.samples = self.path / "samples"
        self.figures = self.path / "figures"
        self.networks = self.path / "networks"
        self.export = self.path / "export"
        self.done = self.path / "done.json"
        self.weights = self.path / "weights.npz"
        self.model = self.path / "model.json"
        self.dimensions = self.path / "dimensions.json"

    @property
    def name(self):
        return self.path.resolve().name

    @property
    def is_pretrained(self):
        return self.model.exists()

    def create(self):
        """Makes the directory.

        Raises:
            ConfigError: it holds something that is no run, or is a pretrained model.
            DataError: it cannot be written.
        """
        if self.is_pretrained or str(self.path).startswith(PRETRAINED):
            raise ConfigError(
                f"{self.path} is a pretrained model, which cannot be trained on: discriminators and optimizers do not "
                "come with it; choose another --run_dir"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            entries = [name for name in os.listdir(self.path) if not name.startswith((".lock", TEMPORARY))]
        except OSError as error:
            raise cannot_write(self.path, error) from error
        if entries and not self.config.exists():
            raise ConfigError(f"{self.path} is not empty and holds no run (no config.gin); choose another --run_dir")
        if not os.access(self.path, os.W_OK):
            raise cannot_write(self.path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))

    def steps_done(self):
        """The number of steps of a run that is done, whatever its configuration; else None."""
        try:
            return json.loads(self.done.read_text("utf-8"))["step"]
        except NOT_OURS:
            return None

    def newest_pictures(self):
        """{what it shows: path} of the last picture of each kind from the training: samples/<kind>-<step>.png."""
        return {path.stem.rsplit("-", 1)[0]: path for path in sorted(self.samples.glob("*.png"))}

    def require_run(self):
        """Raises ConfigError when this is no run."""
        if not self.config.exists():
            raise ConfigError(f"{self.path} is no run directory (it has no config.gin)")

    def require_checkpoint(self, best=False):
        """Raises ConfigError when this is no run, CheckpointError when it was never trained (or scored)."""
        self.require_run()
        if best and not any(self.best.glob("*")):
            reason = "it is a pretrained model" if self.is_pretrained else "train.evaluate_every was not set"
            raise CheckpointError(f"there is no checkpoint in {self.best}: {reason}")
        if not self.is_pretrained and not any(self.checkpoints.glob("*")):
            raise CheckpointError(f"there is no checkpoint in {self.checkpoints}; train the run first")

    @contextlib.contextmanager
    def lock(self, wait=False):
        """Keeps other processes out while the block runs; the lock of a dead process does not count.

        Args:
            wait: for one that is training here, instead of raising.

        Raises:
            ConfigError: another process is training here.
            DataError: it cannot be written.
        """
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(open(self.path / ".lock", "a+"))
            except OSError as error:
                raise cannot_write(self.path, error) from error
            if not claim(file):
                file.seek(0)
                written = f"{self.path} is being written by {file.read().strip() or 'another process'}"
                if not wait:
                    raise ConfigError(f"{written}; wait for it, or choose another --run_dir")
                logging.info("%s; waiting until it is done", written)
                while not claim(file):
                    time.sleep(1.0)
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}")
            file.flush()
            yield

    def remember_config(self, configuration):
        """Writes the text of a `Configuration` to config.gin, or checks that the one there is the same.

        One that has led to no checkpoint keeps nobody: what such a start left, a teacher's networks too, goes.

        Raises:
            ConfigError: the directory belongs to another configuration.
        """
        if self.begins_anew(configuration):
            logging.info("%s was begun with another configuration and has no checkpoint: it begins anew", self.path)
            for folder in (self.networks, self.samples, self.tensorboard):
                shutil.rmtree(folder, ignore_errors=True)
            self.environment.unlink(missing_ok=True)
        elif self.config.exists():
            self.require_config(configuration)
        write_text(self.config, configuration.text)

    def begins_anew(self, configuration):
        """Whether it was begun with another configuration than a `Configuration`, and nothing came of it."""
        if not self.config.exists() or self.done.exists():
            return False
        kept = [*self.checkpoints.glob("step-*"), *self.best.glob("step-*")]
        return not kept and bool(configuration.differences(self.config.read_text("utf-8")))

    def require_config(self, configuration):
        """Raises ConfigError unless config.gin is that of a `Configuration`, but for what may change."""
        changed = configuration.differences(self.config.read_text("utf-8"))
        if changed:
            raise ConfigError(
                f"{self.path} belongs to another configuration: {'; '.join(changed[:8])}; "
                f"choose another --run_dir (--from_run={self.path} begins it with these weights), or delete this one"
            )


def within(folder):
    """The `Run`s in a folder, at any depth: it alone where it is one.

    Raises:
        ConfigError: it is no run and holds none.
    """
    folder = pathlib.Path(folder)
    if (folder / "config.gin").exists():
        return [Run(folder)]
    found = [Run(config.parent) for config in sorted(folder.rglob("config.gin"))]
    if not found:
        raise ConfigError(f"{folder} is no run directory (it has no config.gin), and holds none")
    return found


def titles(found):
    """How to call runs in one picture: by their names, with as many of their folders as tell all of them apart."""
    parts = [run.path.resolve().parts[::-1] for run in found]
    different = len(set(parts))
    depth = next(d for d in range(1, max(map(len, parts)) + 1) if len({p[:d] for p in parts}) == different)
    return [", ".join(p[:depth]) for p in parts]


def figures_of(found):
    """The `figures/` of the folder that holds all these runs; of one run, its own."""
    return Run(os.path.commonpath([run.path.resolve() for run in found])).figures


def read_environment(path):
    """What `environment.remember` wrote; {} of a run that has not begun, or began before there was such a file."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def read_pieces(path):
    """Commit, packages and machine of all pieces of a training that had others, as `read_environment`; oldest first."""
    newest = read_environment(path)
    return [*newest.get("earlier", []), *([newest] if newest else [])]
