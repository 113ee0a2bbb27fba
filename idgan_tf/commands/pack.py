"""Makes a model that comes with the package from a finished run: its weights in half precision, and their metrics.

    python -m idgan_tf.commands.pack --run_dir=runs/idgan_dsprites --name=idgan_dsprites --commit=0915196 --minutes=845
        --command='bin/train --gin_file=gin/idgan_dsprites.gin --gin_param="train.num_steps = 60000"'

Writes idgan_tf/pretrained/<name>/, in place of an older one.
"""

from absl import flags

from idgan_tf.commands import cli
from idgan_tf.errors import ConfigError

FLAGS = cli.flags_of(
    "best",
    run_dir="The finished run.",
    seed="Of every sample of the metrics.",
    gin_file="A gin file with settings of metrics, such as gin/eval/*.gin.",
    gin_param="A binding such as 'fid_dsprites.num_samples = 10000'.",
)
flags.DEFINE_string("name", None, "Of the model.", flag_values=FLAGS)
flags.DEFINE_string("commit", None, "Of the repository, that trained the run.", flag_values=FLAGS)
flags.DEFINE_multi_string("command", [], "Which trained the run; several in their order.", flag_values=FLAGS)
flags.DEFINE_float("minutes", None, "How long that took.", flag_values=FLAGS, lower_bound=0)
flags.DEFINE_string("metrics", "all", "As of bin/evaluate, measured after the rounding.", flag_values=FLAGS)


def main():
    """Runs the command."""
    for name in ("run_dir", "name", "commit", "command", "minutes"):
        if FLAGS[name].value in (None, []):
            raise ConfigError(f"pass --{name}; --help shows an example")
    from idgan_tf.experiments.packing import pack
    from idgan_tf.experiments.scores import configuration_of
    from idgan_tf.run_directory import Run

    configuration = configuration_of(FLAGS.run_dir, FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import)
    folder = pack(
        Run(FLAGS.run_dir), configuration, FLAGS.name, FLAGS.commit, FLAGS.command, FLAGS.minutes, FLAGS.metrics,
        FLAGS.seed, FLAGS.best,
    )  # fmt: skip
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"wrote {folder}, {size / 1e6:.2f} MB")


if __name__ == "__main__":
    cli.run(main, __doc__, FLAGS)
