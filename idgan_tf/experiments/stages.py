"""Training a run together with the earlier runs it needs."""

import contextlib
import pathlib
import tempfile

from absl import logging

from idgan_tf.config import Configuration
from idgan_tf.data.preparation import own_images
from idgan_tf.errors import ConfigError, message, require
from idgan_tf.evaluation.metric import find
from idgan_tf.experiments import evaluate
from idgan_tf.experiments.from_run import told, weights_of
from idgan_tf.files import at_home
from idgan_tf.run_directory import Run
from idgan_tf.training import build, checkpoint, checks, environment, loop, teacher, workers
from idgan_tf.training.teacher import bring, has_teacher, roles_of
from idgan_tf.visualize.figures import training_pictures


def train(configuration, run_dir, from_run=None):
    """Trains the stages that a `Configuration` needs, and then itself.

    Args:
        configuration, run_dir: what and where.
        from_run: a run whose weights a new one begins with (`from_run`), or None.

    Returns:
        (`run_directory.Run`, `build.Settings`, the trained method).
    """
    run = Run(run_dir)
    settings, weights = _checked(configuration, run, from_run)
    with _ours(run, settings):
        return run, settings, _train(run, settings, weights)


def finish(configuration, run_dir):
    """The run of an earlier stage, trained to its end unless it already is; while another process does, waits for it.

    Raises:
        ConfigError: it is of another configuration, or was trained for more steps than this one asks.
    """
    run = Run(run_dir)
    if run.config.exists() and loop.is_done(run, settings := build.settings(configuration)):
        run.require_config(configuration)
        loop.require_no_more(run, settings)
        return run
    settings, weights = _checked(configuration, run)
    with _ours(run, settings, wait=True):
        (done,) = workers.agree(loop.is_done(run, settings))  # by another process, while this one waited
        if not done:
            _train(run, settings, weights)
    return run


def _checked(configuration, run, from_run=None):
    """(`build.Settings`, `from_run.Weights` or None) of a run that is to train; nothing is written yet."""
    workers.strategy()  # before anything else computes, as collectives need
    settings = build.settings(configuration)
    workers.meet(f"{configuration.text}\n--from_run={from_run}")
    weights = weights_of(from_run, run, configuration)
    for name in settings.metrics:
        find(name)
    if workers.is_chief():
        own_images.prepare(settings.dataset)
    workers.meet()  # the data are there for all
    if not checkpoint.steps(run.checkpoints):
        rehearsed = rehearse(settings)
        _require_teacher(run, configuration)
        if weights:
            logging.info("%s begins %s", run.path, told(weights.put(rehearsed)))
    return settings, weights


def _require_teacher(run, configuration):
    """Raises ConfigError when the teacher's folder holds another run than the one that a configuration names."""
    stage = configuration.bindings_of("teacher")
    if not stage or has_teacher(run, roles_of(stage)):
        return
    source = Run(_stage_dir(run, stage))
    if checkpoint.steps(source.checkpoints):
        first = first_stage(configuration)
        source.require_config(first)
        loop.require_no_more(source, build.settings(first))


def _stage_dir(run, stage):
    """Where the run of a teacher lies, of which `stage` has the bindings."""
    folder = stage.get("run_dir") or run.path.parent / pathlib.Path(stage["gin_file"]).stem
    return at_home(folder)


@contextlib.contextmanager
def _ours(run, settings, wait=False):
    """While the block runs, no other process writes to a run; its config.gin is that of `settings`."""
    with contextlib.ExitStack() as stack:
        if workers.is_chief():
            run.create()
            stack.enter_context(run.lock(wait))
            loop.require_no_more(run, settings)
            run.remember_config(settings.configuration)
        workers.meet()
        yield


def _train(run, settings, weights):
    """The trained method of a run that is ours; the stage before it is trained first."""
    if weights and workers.is_chief():  # remembered before an earlier stage trains for hours
        environment.remember(run, settings, False, {"from_run": {"run": weights.origin, "step": weights.step}})
    stage = settings.configuration.bindings_of("teacher")
    if stage:
        stage_dir = _stage_dir(run, stage)
        if not has_teacher(run, roles_of(stage)):
            logging.info("stage 1: %s in %s (teacher.gin_params changes it)", stage["gin_file"], stage_dir)
            try:
                source = finish(first_stage(settings.configuration), stage_dir)
            except ConfigError as error:
                raise ConfigError(f"stage 1: {message(error)} (teacher.gin_params changes it)") from error
            if workers.is_chief():
                bring(source, run, roles_of(stage))
            workers.meet()
        logging.info("stage 2: %s", run.path)
    begin = (lambda method: {"from_run": weights.put(method)}) if weights else None
    return loop.train(run, settings, training_pictures, evaluate.during_training, begin)


def first_stage(configuration):
    """The `Configuration` of the run that trains the teacher which a configuration names.

    What `teacher.shares` names and the configuration binds comes before `teacher.gin_params`, which override it.
    """
    stage = configuration.bindings_of("teacher")
    shares = stage.get("shares", ())
    require(isinstance(shares, (tuple, list)), f'teacher.shares must be names such as ("%SIZE",), got {shares!r}')
    shared = configuration.values_of(shares)
    bindings = [f"{name.removeprefix('%')} = {value!r}" for name, value in shared.items()]
    return Configuration([stage["gin_file"]], (*bindings, *stage.get("gin_params", ())), configuration.allow_imports)


def rehearse(settings):
    """The method of `build.Settings`, of two stages on an untrained teacher: mistakes show before anything is written.

    Raises:
        ConfigError: something in them is wrong, or their images are not those that the networks take.
        DataError: they are not on this machine.
    """
    with tempfile.TemporaryDirectory() as folder:
        run, stage = Run(folder), settings.configuration.bindings_of("teacher")
        if stage:
            first = build.settings(first_stage(settings.configuration))
            teacher.save(build.method(first, run), run, teacher.roles_of(stage))
        strategy = build.strategy(settings.jit_compile)
        with strategy.scope():
            method = build.method(settings, run)
        checks.check(method, settings, strategy)
        return method
