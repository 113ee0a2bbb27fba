"""bin/report: one HTML file that shows a run to somebody else: nothing in it is loaded from elsewhere.

bin/report --run_dir=runs/idgan_dsprites
"""

from absl import flags

from idgan_tf.commands import cli
from idgan_tf.errors import ConfigError

flags.DEFINE_string("run_dir", None, "The run to report on.")
flags.DEFINE_string("out", None, "The file to write. Default: <run_dir>/report.html.")
FLAGS = flags.FLAGS


def main():
    """Runs the command."""
    if not FLAGS.run_dir:
        raise ConfigError("which run? pass --run_dir, for example --run_dir=runs/quickstart")
    import pathlib

    from idgan_tf.runs import Run, write_text
    from idgan_tf.visualize import report

    run = Run(FLAGS.run_dir)
    path = pathlib.Path(FLAGS.out) if FLAGS.out else run.path / "report.html"
    page = report.of_run(run)
    try:
        write_text(path, page)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}") from error
    print(f"wrote {path} ({path.stat().st_size / 2**20:.1f} MB)")


def start():
    cli.run(main, __doc__)
