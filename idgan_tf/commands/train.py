"""bin/train: trains what a gin file describes, or continues it where it stopped.

    bin/train --gin_file=gin/quickstart.gin
    bin/train --gin_file=gin/idgan_dsprites.gin --gin_param='IDGAN.lambda_id = 0.1' --run_dir=runs/lambda_0.1

A method that needs an earlier stage names its gin file; that stage is trained first, in its own run directory beside
this one, continued if it is unfinished, and reused if it is done.
"""

import pathlib

from absl import flags, logging

from idgan_tf.commands import cli
from idgan_tf.errors import ConfigError

flags.DEFINE_multi_string("gin_file", [], "A gin file; later ones override earlier ones.")
flags.DEFINE_multi_string("gin_param", [], "A binding such as 'train.num_steps = 1000'; overrides the files.")
flags.DEFINE_string("run_dir", None, "Where to write. Default: runs/<name of the last gin file>.")
FLAGS = flags.FLAGS


def main():
    """Runs the command."""
    if not FLAGS.gin_file:
        raise ConfigError("which experiment? pass --gin_file, for example --gin_file=gin/quickstart.gin")
    run_dir = FLAGS.run_dir or pathlib.Path("runs") / pathlib.Path(FLAGS.gin_file[-1]).stem
    run, settings, method = train(FLAGS.gin_file, FLAGS.gin_param, run_dir, FLAGS.gin_allow_import)
    from idgan_tf.commands import closing

    closing.show(run, settings, method)


def train(gin_files, gin_params, run_dir, allow_imports=()):
    """Trains the stages that a configuration needs, and then itself.

    Returns:
        (`runs.Run`, `build.Settings`, the trained method).
    """
    from idgan_tf import config
    from idgan_tf.runs import Run
    from idgan_tf.training import build, loop
    from idgan_tf.training.teacher import bring
    from idgan_tf.visualize.figures import training_pictures

    run = Run(run_dir)
    config.load(gin_files, gin_params, allow_imports)
    text = config.text()
    settings = build.settings()
    run.create()
    with run.lock():
        run.remember_config(text, config.differences)
        stage = config.bindings_of("teacher")
        if stage:
            stage_dir = stage.get("run_dir") or run.path.parent / pathlib.Path(stage["gin_file"]).stem
            logging.info("stage 1: %s in %s", stage["gin_file"], stage_dir)
            bring(finished([stage["gin_file"]], stage.get("gin_params", ()), stage_dir, allow_imports), run)
            config.load(gin_files, gin_params, allow_imports)
            settings = build.settings()
            logging.info("stage 2: %s", run.path)
        method = loop.train(run, settings, training_pictures)
    return run, settings, method


def finished(gin_files, gin_params, run_dir, allow_imports):
    """The run of an earlier stage, trained to its end unless it already is."""
    from idgan_tf import config
    from idgan_tf.runs import Run
    from idgan_tf.training import build, loop

    run = Run(run_dir)
    config.load(gin_files, gin_params, allow_imports)
    if run.config.exists() and loop.is_done(run, build.settings()):
        run.remember_config(config.text(), config.differences)
        return run
    return train(gin_files, gin_params, run_dir, allow_imports)[0]


def start():
    cli.run(main, __doc__)
