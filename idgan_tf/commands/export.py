"""bin/export: the networks of a run as a SavedModel that needs nothing but TensorFlow, with its README and model card.

    bin/export --run_dir=runs/quickstart

The signatures of a model with a code: encode(image), decode(c), generate(s, c), traverse(c, dimension, values).
"""

from absl import flags

from idgan_tf.commands import cli, early

FLAGS = cli.flags_of("best", run_dir="The run to export, or pretrained:<name>.")
flags.DEFINE_string("out", None, "Where to write. Default: <run_dir>/export.", flag_values=FLAGS)


def check():
    """Finds what is wrong at once."""
    early.run(FLAGS.run_dir, FLAGS.best)


def main():
    """Runs the command."""
    from idgan_tf import pretrained, runs
    from idgan_tf.export.card import model_card
    from idgan_tf.export.saved_model import export
    from idgan_tf.run_directory import Run

    run = Run(pretrained.place(FLAGS.run_dir))
    method, dataset = runs.load_with_data(run.path, FLAGS.gin_allow_import, FLAGS.best)
    path = export(method, FLAGS.out or run.export, card=model_card(run, method, dataset))
    print(f"wrote {path}: {', '.join(method.signatures())} (its README.md says how to call them)")


def start():
    cli.run(main, __doc__, FLAGS, check)
