"""bin/visualize: figures of a run as PNG files in <run_dir>/figures/.

bin/visualize --run_dir=runs/quickstart --figures=samples,traversal
"""

from absl import flags

from idgan_tf.commands import cli
from idgan_tf.errors import ConfigError

flags.DEFINE_string("run_dir", None, "The run to draw.")
flags.DEFINE_list("figures", [], "Names of figures, or none for all that the method can have.")
flags.DEFINE_bool("best", False, "Take the checkpoint that scored best during the training.")
FLAGS = flags.FLAGS


def main():
    """Runs the command."""
    if not FLAGS.run_dir:
        raise ConfigError("which run? pass --run_dir, for example --run_dir=runs/quickstart")
    from idgan_tf import runs
    from idgan_tf.visualize import figures

    method, dataset = runs.load(FLAGS.run_dir, allow_imports=FLAGS.gin_allow_import, best=FLAGS.best)
    for path in figures.write(runs.Run(FLAGS.run_dir), method, dataset, FLAGS.figures):
        print(f"wrote {path}")


def start():
    cli.run(main, __doc__)
