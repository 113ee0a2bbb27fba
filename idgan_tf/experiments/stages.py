"""Training a run together with the earlier runs it needs."""

import contextlib
import pathlib
import tempfile

from absl import logging

from idgan_tf.errors import require


def train(configuration, run_dir):
    """Trains the stages that a `Configuration` needs, and then itself.

    Returns:
        (`run_directory.Run`, `build.Settings`, the trained method).
    """
    from idgan_tf.data.preparation import own_images
    from idgan_tf.evaluation.metric import find
    from idgan_tf.experiments import evaluate
    from idgan_tf.run_directory import Run
    from idgan_tf.training import build, loop, workers
    from idgan_tf.training.teacher import bring, has_teacher, roles_of
    from idgan_tf.visualize.figures import training_pictures

    run = Run(run_dir)
    workers.strategy()  # before anything else computes, as collectives need
    settings = build.settings(configuration)
    for name in settings.metrics:
        find(name)  # a misspelt one is found before anything trains
    if workers.is_chief():
        own_images.prepare(settings.dataset)
    workers.agree(0)  # the data are there for all
    stage = configuration.bindings_of("teacher")
    if stage and not run.checkpoints.exists():
        rehearse(configuration)
    with contextlib.ExitStack() as stack:
        if workers.is_chief():
            run.create()
            stack.enter_context(run.lock())
            run.remember_config(configuration)
        workers.agree(0)  # the directory is there and is ours
        if stage:
            stage_dir = stage.get("run_dir") or run.path.parent / pathlib.Path(stage["gin_file"]).stem
            if not has_teacher(run, roles_of(stage)):
                logging.info("stage 1: %s in %s (teacher.gin_params changes it)", stage["gin_file"], stage_dir)
                source = finish(first_stage(configuration), stage_dir)
                if workers.is_chief():
                    bring(source, run, roles_of(stage))
                workers.agree(0)
            logging.info("stage 2: %s", run.path)
        method = loop.train(run, settings, training_pictures, evaluate.during_training)
    return run, settings, method


def first_stage(configuration):
    """The `Configuration` of the run that trains the teacher which a configuration names.

    What `teacher.shares` names and the configuration binds comes before `teacher.gin_params`, which override it.
    """
    from idgan_tf.config import Configuration

    stage = configuration.bindings_of("teacher")
    shares = stage.get("shares", ())
    require(isinstance(shares, (tuple, list)), f'teacher.shares must be names such as ("%SIZE",), got {shares!r}')
    shared = configuration.values_of(shares)
    bindings = [f"{name.removeprefix('%')} = {value!r}" for name, value in shared.items()]
    return Configuration([stage["gin_file"]], (*bindings, *stage.get("gin_params", ())), configuration.allow_imports)


def rehearse(configuration):
    """Builds a two-stage method on an untrained teacher, so that its mistakes show before hours of stage 1.

    Returns:
        What `build.settings` and `build.method` give; the teacher's folder is gone again.
    """
    from idgan_tf.run_directory import Run
    from idgan_tf.training import build, call, teacher

    with tempfile.TemporaryDirectory() as folder:
        run, stage = Run(folder), configuration.bindings_of("teacher")
        if stage:
            first = build.settings(first_stage(configuration))
            teacher.save(build.method(first, run), run, teacher.roles_of(stage))
        settings = build.settings(configuration)
        strategy = build.strategy(settings.jit_compile)
        call.check(settings, strategy)
        with strategy.scope():
            return settings, build.method(settings, run)


def finish(configuration, run_dir):
    """The run of an earlier stage, trained to its end unless it already is."""
    from idgan_tf.run_directory import Run
    from idgan_tf.training import build, loop

    run = Run(run_dir)
    if run.config.exists() and loop.is_done(run, build.settings(configuration)):
        run.require_config(configuration)
        return run
    return train(configuration, run_dir)[0]
