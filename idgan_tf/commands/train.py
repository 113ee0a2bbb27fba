"""bin/train: trains what a gin file describes, or continues it where it stopped.

    bin/train --gin_file=gin/quickstart.gin
    bin/train --gin_file=gin/idgan_dsprites.gin --gin_param='IDGAN.lambda_id = 0.1' --run_dir=runs/lambda_0.1
    bin/train --gin_file=gin/sweeps/ibgan_beta_dsprites.gin

A method that needs an earlier stage names its gin file; that stage is trained first, in its own run directory beside
this one, continued if it is unfinished, and reused if it is done. A sweep trains a run for each of its values.
"""

import pathlib

from absl import flags

from idgan_tf.commands import cli
from idgan_tf.errors import ConfigError
from idgan_tf.experiments.stages import train

flags.DEFINE_multi_string("gin_file", [], "A gin file; later ones override earlier ones.")
flags.DEFINE_multi_string("gin_param", [], "A binding such as 'train.num_steps = 1000'; overrides the files.")
flags.DEFINE_string("run_dir", None, "Where to write. Default: runs/<name of the first gin file>.")
FLAGS = flags.FLAGS


def main():
    """Runs the command."""
    if not FLAGS.gin_file:
        raise ConfigError("which experiment? pass --gin_file, for example --gin_file=gin/quickstart.gin")
    from idgan_tf.commands import closing
    from idgan_tf.experiments.sweep import runs_of
    from idgan_tf.training import workers

    run_dir = pathlib.Path(FLAGS.run_dir or pathlib.Path("runs") / pathlib.Path(FLAGS.gin_file[0]).stem)
    for gin_files, gin_params, folder in runs_of(FLAGS.gin_file, FLAGS.gin_param, run_dir, FLAGS.gin_allow_import):
        run, settings, method = train(gin_files, gin_params, folder, FLAGS.gin_allow_import)
        if workers.is_chief():
            closing.show(run, settings, method)


def start():
    cli.run(main, __doc__)
