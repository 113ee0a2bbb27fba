"""From bindings to objects: the settings of a run, its devices, its method with all variables."""

import contextlib
import dataclasses
import inspect
import pathlib
import re
from collections.abc import Callable

import gin
import keras
import tensorflow as tf
from absl import logging

from idgan_tf import noise
from idgan_tf.config import Configuration
from idgan_tf.data.base import Dataset
from idgan_tf.errors import ConfigError, UserError, message, require, require_flag, require_number
from idgan_tf.methods.base import Method
from idgan_tf.training import teacher, workers  # noqa: F401 - the teacher becomes known to gin

PRECISIONS = ("float32", "mixed_bfloat16")


@gin.configurable("train", denylist=["configuration"])
@dataclasses.dataclass
class Settings:
    """What gin binds for a training, as `train.<name>`.

    Attributes:
        method: constructor of the method, called once the devices are known.
        dataset: what it trains on.
        num_steps: steps of the whole training.
        batch_size: images of a step, over all devices.
        seed: of initial weights, data order and noise.
        precision: "float32", or "mixed_bfloat16" for processors that have it.
        log_every, save_every, picture_every: steps between lines, checkpoints and pictures; 0 for no pictures.
        keep_every: checkpoints of multiples of it are never deleted; 0 keeps the newest three alone.
        evaluate_every: steps between evaluations with `metrics`, which then also end the run; 0 for none.
        metrics: names such as ("fvm", "mig"); the first one's best checkpoint is kept in `best/`.
        rollbacks: how often a non-finite value sends the run back to its last checkpoint, to go on from there
            with `rollback_factor` times the learning rates; after that, it ends the run.
        rollback_factor: in (0, 1).
        resident_bytes: data up to this size are copied to every device; larger ones are streamed.
        jit_compile: compile the training call with XLA (one device; for GPUs, slower on CPUs).
        configuration: the `Configuration` that binds all this; None of settings that Python makes.
    """

    method: Callable
    dataset: Dataset
    num_steps: int
    batch_size: int
    seed: int = 0
    precision: str = "float32"
    log_every: int = 100
    save_every: int = 1000
    picture_every: int = 1000
    keep_every: int = 0
    evaluate_every: int = 0
    metrics: tuple = ("fvm", "mig")
    rollbacks: int = 0
    rollback_factor: float = 0.5
    resident_bytes: int = 2 << 30
    jit_compile: bool = False
    configuration: Configuration | None = None

    def __post_init__(self):
        for name in ("num_steps", "batch_size", "log_every", "save_every"):
            require_number(f"train.{name}", getattr(self, name), minimum=1, integer=True)
        for name in ("seed", "picture_every", "keep_every", "evaluate_every", "rollbacks", "resident_bytes"):
            require_number(f"train.{name}", getattr(self, name), minimum=0, integer=True)
        require(
            self.precision in PRECISIONS,
            f"train.precision must be one of {PRECISIONS}, got {self.precision!r}",
        )
        require(self.seed < 1 << 31, f"train.seed must be below 2^31, got {self.seed}")
        require_flag("train.jit_compile", self.jit_compile)
        require_number("train.rollback_factor", self.rollback_factor, minimum=0)
        require(0 < self.rollback_factor < 1, f"train.rollback_factor must be in (0, 1), got {self.rollback_factor}")
        require(
            isinstance(self.metrics, (tuple, list)) and all(isinstance(name, str) for name in self.metrics),
            f'train.metrics must be names such as ("fvm", "mig"), got {self.metrics!r}',
        )
        require(callable(self.method), "train.method must be a method such as @BetaVAE (without parentheses)")
        require(isinstance(self.dataset, Dataset), "train.dataset must be a dataset such as @DSprites()")


def settings(configuration):
    """The settings that a `Configuration` binds.

    Raises:
        ConfigError: one is missing or wrong.
    """
    with configuration.in_force():
        found = _checked(lambda: gin.get_configurable(Settings)(configuration=configuration))
        _require_known_arguments(found.method)
    _require_no_other_method(found.method, configuration)
    return found


def dataset(configuration):
    """The dataset of a `Configuration` that may bind nothing else of `train`.

    Raises:
        ConfigError: it binds none, or one with a wrong argument.
    """
    with configuration.in_force():
        found = _checked(lambda: gin.get_bindings("train").get("dataset"))
    require(isinstance(found, Dataset), "train.dataset must be a dataset such as @DSprites()")
    return found


def _require_known_arguments(method):
    """Finds misspelt bindings of a method that hands **arguments to its base class, which gin lets pass.

    They would be found when the method is built; by then an earlier stage may have trained for hours.
    """
    classes = [kind for kind in getattr(method, "__mro__", ()) if "__init__" in vars(kind)]
    known = {name for kind in classes for name in inspect.signature(kind.__init__).parameters}
    for name in gin.get_bindings(method.__name__, resolve_references=False):
        require(name in known, f"{method.__name__} has no argument {name!r}")


def _require_no_other_method(method, configuration):
    """Refuses bindings of a method that does not train here: they would change nothing, and nothing would say so."""
    for name, argument in re.findall(r"^(\w+)\.(\w+) =", configuration.text, flags=re.MULTILINE):
        bound = gin.get_configurable(name)
        other = inspect.isclass(bound) and issubclass(bound, Method) and name != method.__name__
        require(not other, f"nothing reads {name}.{argument}: train.method is @{method.__name__}")


def strategy(jit_compile=False):
    """That of `workers`, over all devices of all machines; none of it under XLA, which takes one device.

    Raises:
        ConfigError: XLA is asked of several workers.
    """
    if not jit_compile:
        return workers.strategy()
    require(workers.count() == 1, f"train.jit_compile takes one device of one machine, not {workers.count()} workers")
    return tf.distribute.get_strategy()


def warn_of_slowness(settings):
    """Says what makes this training slower than it might be here.

    XLA leaves all devices but one alone; bfloat16 is emulated where the processor has none, about ten times slower than
    float32.
    """
    devices = workers.strategy().num_replicas_in_sync
    if settings.jit_compile and devices > 1:
        logging.warning("train.jit_compile: one of the %d devices trains, the others are not used", devices)
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if settings.precision == "float32" or tf.config.list_physical_devices("GPU") or not cpuinfo.exists():
        return
    if not {"avx512_bf16", "amx_bf16", "bf16"} & set(cpuinfo.read_text("utf-8").split()):
        logging.warning("this processor has no bfloat16: train.precision = %r will be slow", settings.precision)


def method(settings, run):
    """The method with every variable it will ever have, optimizer slots included.

    Args:
        settings: a `Settings`.
        run: the `run_directory.Run` it belongs to; networks of earlier stages are read from its folder.
    """
    with settings.configuration.in_force(), noise.seeded(settings.seed), _dtype_policy(settings.precision):
        if gin.get_bindings("teacher", resolve_references=False):
            gin.bind_parameter("teacher.networks", str(run.networks))
        built = _checked(settings.method)
        built.build_optimizers()
        return built


@contextlib.contextmanager
def _dtype_policy(name):
    """That of the layers made in the block."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _checked(make):
    """make(), with the complaints of constructors about their arguments as one-line configuration errors."""
    try:
        return make()
    except UserError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(message(error)) from error
