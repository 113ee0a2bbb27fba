"""bin/evaluate: the metrics of a run, or of codes, features and images that others made.

    bin/evaluate --run_dir=runs/idgan_dsprites --metrics=fvm,mig,rid,fid_dsprites
    bin/evaluate --run_dir=runs/betavae_dsprites --gin_file=gin/eval/disentanglement_lib.gin
    bin/evaluate --run_dir=runs/seed0 --run_dir=runs/seed1 --run_dir=runs/seed2 --metrics=udr,mig
    bin/evaluate --codes=codes.npz --metrics=fvm,mig         # needs no TensorFlow: docs/metrics.md
    bin/evaluate --codes=seed0.npz,seed1.npz,seed2.npz --metrics=udr
    bin/evaluate --features=real.npz,generated.npz --metrics=fid,precision_recall
    bin/evaluate --images=FOLDER --reference=FOLDER
    bin/evaluate --list
    bin/evaluate --run_dir=R --metrics=mine --gin_file=mine.gin --gin_allow_import=mine     # mine.py

Prints a table; for a run also appends a line for each metric to metrics.jsonl and writes TensorBoard scalars.
"""

import contextlib
import os
import re

from absl import flags

from idgan_tf import pretrained
from idgan_tf.commands import cli, early
from idgan_tf.errors import ConfigError
from idgan_tf.experiments.evaluate import listed

FLAGS = cli.flags_of(
    "best",
    "seed",
    gin_file="A gin file with settings of metrics, such as gin/eval/*.gin.",
    gin_param="A binding such as 'fid_dsprites.num_samples = 10000'.",
)
flags.DEFINE_multi_string(
    "run_dir",
    [],
    "The run to evaluate, at its newest checkpoint, or pretrained:<name>; several are compared by udr.",
    flag_values=FLAGS,
)
flags.DEFINE_string("metrics", "all", "Names with commas between, or 'all' for what the run allows.", flag_values=FLAGS)
flags.DEFINE_bool("list", False, "Show the metrics and end.", flag_values=FLAGS)
flags.DEFINE_list(
    "codes",
    None,
    "Instead of a run: an .npz file of codes [N, D] and factors [N, K]; with commas between, several runs' codes of "
    "the same images.",
    flag_values=FLAGS,
)
flags.DEFINE_list(
    "features",
    None,
    "Instead of a run: two .npz files of features [N, F], those of real images and those of generated ones.",
    flag_values=FLAGS,
)
flags.DEFINE_string(
    "images", None, "Instead of a run: a folder of generated images; needs --reference.", flag_values=FLAGS
)
flags.DEFINE_string("reference", None, "A folder of real images.", flag_values=FLAGS)
flags.DEFINE_string("inception_dir", None, "Folder of TF-GAN's Inception SavedModel.", flag_values=FLAGS)


def check():
    """Finds what is wrong at once."""
    early.configuration(FLAGS)
    if FLAGS.list:
        return
    if sum(map(bool, (FLAGS.run_dir, FLAGS.codes, FLAGS.features, FLAGS.images))) != 1:
        raise ConfigError("what to evaluate? pass one of --run_dir, --codes, --features and --images")
    if FLAGS.features and len(FLAGS.features) != 2:
        raise ConfigError(
            "--features takes two files, of real images and of generated ones: --features=real.npz,made.npz"
        )
    if bool(FLAGS.images) != bool(FLAGS.reference):
        raise ConfigError("--images and --reference belong together")
    if FLAGS.best and not FLAGS.run_dir:
        raise ConfigError("--best is for --run_dir")
    early.names(listed(FLAGS.metrics), "metric", FLAGS)
    for run_dir in FLAGS.run_dir:
        early.run(run_dir, FLAGS.best)


def main():
    """Runs the command."""
    from idgan_tf.experiments import evaluate

    if FLAGS.list:
        _list()
        return
    if FLAGS.inception_dir:
        os.environ["IDGAN_INCEPTION_DIR"] = FLAGS.inception_dir
    if FLAGS.run_dir:
        from idgan_tf.experiments.scores import configuration_of, evaluate_runs

        found = [pretrained.place(run_dir) for run_dir in FLAGS.run_dir]
        given = FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import
        configurations = [configuration_of(run_dir, *given) for run_dir in found]
        chosen, named = evaluate.names(FLAGS.metrics)  # after the imports of the gin files, which may have metrics
        _show(evaluate_runs(found, configurations, chosen, named, FLAGS.seed, FLAGS.best), named)
    else:
        _outside()


def _list():
    from idgan_tf.config import Configuration
    from idgan_tf.evaluation.metric import metrics
    from idgan_tf.training import build  # noqa: F401 - gin is to know `train`

    metrics()  # gin is to know their parameters, too
    Configuration(FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import, is_part=True)  # may import more of them
    for metric in metrics().values():
        print(f"{metric.name:21} {metric.text}")


def _outside():
    """Evaluates what is no run of ours."""
    from idgan_tf.experiments import evaluate, outside

    kind = "codes" if FLAGS.codes else "features" if FLAGS.features else None
    chosen, named = evaluate.names(FLAGS.metrics, kind)
    with _given(chosen) as settings:
        if FLAGS.codes:
            results = outside.evaluate_codes(FLAGS.codes, FLAGS.seed, chosen, settings)
        elif FLAGS.features:
            real, generated = FLAGS.features
            results = outside.evaluate_features(real, generated, FLAGS.seed, chosen, settings)
        else:
            results = outside.evaluate_images(FLAGS.images, FLAGS.reference, FLAGS.seed, chosen, settings)
        _show(results, named)


@contextlib.contextmanager
def _given(chosen):
    """Puts the gin files and bindings in force; gives {metric: {argument: value}} that they set of those chosen."""
    if not (FLAGS.gin_file or FLAGS.gin_param):
        yield {}
        return
    from idgan_tf.config import Configuration

    if FLAGS.images:
        from idgan_tf.evaluation.feature_networks import inception  # noqa: F401 - gin is to know `inception.resize`
    given = Configuration(FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import, is_part=True)
    with given.in_force():
        yield {name: given.bindings_of(name) for name in chosen}


def _show(results, named):
    """Prints the table once every metric is done, or one has ended the others.

    Raises:
        ConfigError: one that was named is left out, or all are.
    """
    from idgan_tf.evaluation.metric import Result
    from idgan_tf.run_log import told

    done, left_out = [], {}
    try:
        for name, result in results:
            if isinstance(result, Result):
                protocol = told(result.protocol, _short)
                for key, value in result.values.items():
                    done.append((key, f"{value:.6g}", protocol))
                    protocol = ""  # once for a metric
            else:
                left_out.setdefault(result, []).append(name)
    finally:
        width = max((len(key) for key, _, _ in done), default=0)
        for key, value, protocol in done:
            print(f"{key:{width}}  {value:>10}  {protocol}".rstrip())
        reasons = [f"{', '.join(dict.fromkeys(names))}: {reason}" for reason, names in left_out.items()]
        for reason in reasons:
            print(f"left out {reason}")
    if named and reasons:
        raise ConfigError(f"left out {'; '.join(reasons)}")
    if not done:
        raise ConfigError("no metric could be computed")


def _short(value):
    """A number or text of a protocol, checksums cut to 12 letters."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text[:12] if re.fullmatch("[0-9a-f]{64}", text) else text


def needs_tensorflow():
    """Whether more is asked than numpy can do with tables and features that are there."""
    return not (FLAGS.codes or FLAGS.features) or FLAGS.gin_file or FLAGS.gin_param


def start():
    cli.run(main, __doc__, FLAGS, check, needs_tensorflow)
