"""bin/train: trains what a gin file describes, or continues it where it stopped.

    bin/train --gin_file=gin/quickstart.gin
    bin/train --gin_file=gin/idgan_dsprites.gin --gin_param='IDGAN.lambda_id = 0.1' --run_dir=runs/lambda_0.1
    bin/train --gin_file=gin/sweeps/ibgan_beta_dsprites.gin
    bin/train --gin_file=gin/idgan_celeba256.gin --from_run=runs/idgan_celeba64

A method that needs an earlier stage names its gin file; that stage is trained first, in its own run directory beside
this one, continued if it is unfinished, and reused if it is done. A sweep trains a run for each of its values.
A run continues with its own configuration alone; --from_run begins a new one, at step 0, with the weights of another.
"""

import pathlib

from absl import flags

from idgan_tf.commands import cli, early
from idgan_tf.errors import ConfigError

FLAGS = cli.flags_of(
    "gin_file",
    gin_param="A binding such as 'train.num_steps = 1000'; overrides the files.",
    run_dir="Where to write. Default: runs/<name of the first gin file>.",
)
flags.DEFINE_string(
    "from_run",
    None,
    "A run, or pretrained:<name>, whose weights a new run begins with, layer by layer where shapes agree.",
    flag_values=FLAGS,
)


def check():
    """Finds what is wrong at once."""
    if not FLAGS.gin_file:
        raise ConfigError("which experiment? pass --gin_file, for example --gin_file=gin/quickstart.gin")
    early.configuration(FLAGS)


def main():
    """Runs the command."""
    from idgan_tf.commands import closing
    from idgan_tf.experiments.stages import train
    from idgan_tf.experiments.sweep import runs_of
    from idgan_tf.training import workers

    run_dir = pathlib.Path(FLAGS.run_dir or pathlib.Path("runs") / pathlib.Path(FLAGS.gin_file[0]).stem)
    for configuration, folder in runs_of(FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import, run_dir):
        run, settings, method = train(configuration, folder, FLAGS.from_run)
        if workers.is_chief():
            closing.show(run, settings, method)


def start():
    cli.run(main, __doc__, FLAGS, check)
