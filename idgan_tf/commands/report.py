"""bin/report: one HTML file that shows a run, or a study, to somebody else: nothing in it is loaded from elsewhere.

    bin/report --run_dir=runs/idgan_dsprites
    bin/report --study=idgan_table2 --scale=cpu

A study is shown as far as bin/reproduce has come and written results.
"""

import pathlib

from absl import flags

from idgan_tf import pretrained
from idgan_tf.commands import cli, early
from idgan_tf.errors import ConfigError
from idgan_tf.files import cannot_write, write_text
from idgan_tf.run_directory import Run
from idgan_tf.studies import study

FLAGS = cli.flags_of(run_dir="The run to report on, or pretrained:<name>.")
flags.DEFINE_string(
    "study", None, "Instead of a run: a study of bin/reproduce, or the path of its .toml file.", flag_values=FLAGS
)
flags.DEFINE_string("scale", "cpu", "The scale of the study.", flag_values=FLAGS)
flags.DEFINE_string("runs", "runs", "The folder that bin/reproduce wrote to.", flag_values=FLAGS)
flags.DEFINE_string(
    "out", None, "The file to write. Default: <run_dir>/report.html, or in the study's results/.", flag_values=FLAGS
)


def check():
    """Finds what is wrong at once."""
    if (FLAGS.run_dir is None) == (FLAGS.study is None):
        raise ConfigError(f"which run? pass --run_dir, {early.EXAMPLE}, or --study")
    if FLAGS.run_dir:
        Run(pretrained.folder(FLAGS.run_dir)).require_run()
    else:
        study.load(FLAGS.study, FLAGS.scale)


def main():
    """Runs the command."""
    if FLAGS.study:
        from idgan_tf.reports import of_study
        from idgan_tf.studies import results

        folder = results.folder_of(study.load(FLAGS.study, FLAGS.scale), FLAGS.runs)
        page = of_study.of_study(results.read(folder), folder / "pictures")
    else:
        from idgan_tf.reports import of_run

        run = Run(pretrained.place(FLAGS.run_dir))
        folder, page = run.path, of_run.of_run(run)
    path = pathlib.Path(FLAGS.out) if FLAGS.out else folder / "report.html"
    try:
        write_text(path, page)
    except OSError as error:
        raise cannot_write(path, error) from error
    print(f"wrote {path} ({path.stat().st_size / 2**20:.1f} MB)")


def start():
    cli.run(main, __doc__, FLAGS, check)
