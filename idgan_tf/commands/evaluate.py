"""bin/evaluate: the metrics of a run, or of codes and images that others made.

    bin/evaluate --run_dir=runs/idgan_dsprites --metrics=fvm,mig,rid,fid_dsprites
    bin/evaluate --run_dir=runs/betavae_dsprites --gin_file=gin/eval/disentanglement_lib.gin
    bin/evaluate --codes=codes.npz --metrics=fvm,mig
    bin/evaluate --images=FOLDER --reference=FOLDER
    bin/evaluate --list

Prints a table; for a run also appends a line for each metric to metrics.jsonl and writes TensorBoard scalars.
"""

import os
import pathlib

from absl import flags, logging

from idgan_tf.commands import cli
from idgan_tf.errors import ConfigError

flags.DEFINE_string("run_dir", None, "The run to evaluate, at its newest checkpoint.")
flags.DEFINE_string("metrics", "all", "Names with commas between, or 'all' for what the run allows.")
flags.DEFINE_bool("list", False, "Show the metrics and end.")
flags.DEFINE_string("codes", None, "Instead of a run: an .npz file of codes [N, D] and factors [N, K].")
flags.DEFINE_string("images", None, "Instead of a run: a folder of generated images; needs --reference.")
flags.DEFINE_string("reference", None, "A folder of real images.")
flags.DEFINE_bool("best", False, "Take the checkpoint that scored best during the training.")
flags.DEFINE_integer("seed", 0, "Of every sample.", lower_bound=0)
flags.DEFINE_multi_string("gin_file", [], "A gin file with settings of metrics, such as gin/eval/*.gin.")
flags.DEFINE_multi_string("gin_param", [], "A binding such as 'fid_dsprites.num_samples = 10000'.")
flags.DEFINE_string("inception_dir", None, "Folder of TF-GAN's Inception SavedModel.")
FLAGS = flags.FLAGS


def main():
    """Runs the command."""
    from idgan_tf.evaluation import evaluate

    if FLAGS.list:
        _list(evaluate)
        return
    if sum(value is not None for value in (FLAGS.run_dir, FLAGS.codes, FLAGS.images)) != 1:
        raise ConfigError("what to evaluate? pass one of --run_dir, --codes and --images")
    if (FLAGS.images is None) != (FLAGS.reference is None):
        raise ConfigError("--images and --reference belong together")
    if FLAGS.inception_dir:
        os.environ["IDGAN_INCEPTION_DIR"] = FLAGS.inception_dir
    chosen, strict = evaluate.names(FLAGS.metrics)
    if FLAGS.run_dir:
        run = (FLAGS.run_dir, chosen, strict, FLAGS.seed, FLAGS.gin_file, FLAGS.gin_param, FLAGS.gin_allow_import)
        _show(evaluate_run(*run, best=FLAGS.best))
        return
    from idgan_tf.evaluation import outside

    if FLAGS.codes:
        _show(outside.evaluate_codes(FLAGS.codes, FLAGS.seed, chosen, strict))
    else:
        _show(outside.evaluate_images(FLAGS.images, FLAGS.reference, chosen, strict))


def evaluate_run(run_dir, chosen, strict, seed, gin_files=(), bindings=(), allow_imports=(), best=False):
    """Evaluates the newest checkpoint of a run and writes down what comes out.

    Args:
        run_dir: a run directory.
        chosen, strict, seed: as in `evaluation.evaluate.evaluate`.
        gin_files, bindings: settings of the metrics.
        allow_imports, best: as in `runs.load`.

    Yields:
        (name, `Result` or the reason for leaving it out).

    Raises:
        ConfigError: it is no run.
        CheckpointError: it has no checkpoint that can be used.
    """
    from idgan_tf import runs

    run = runs.Run(run_dir)
    run.require_checkpoint(best)

    import gin
    import tensorflow as tf

    from idgan_tf.evaluation import evaluate, factor_features, label_logits
    from idgan_tf.evaluation.result import Result
    from idgan_tf.training import loop

    evaluate.import_all()
    asked = chosen if strict else ()
    networks = {
        name: _feature_network(run, gin_files, bindings, allow_imports, name, module.GIN_FILE, train=name in asked)
        for name, module in (("fid_dsprites", factor_features), ("label_inception_score", label_logits))
    }
    method, dataset = runs.load(run_dir, gin_files, bindings, allow_imports, best)
    for name, network in networks.items():
        gin.bind_parameter(f"{name}.network", str(network))
    step = int(method.step.numpy())
    with tf.summary.create_file_writer(str(run.tensorboard)).as_default():
        for name, result in evaluate.evaluate(method, dataset, seed, chosen, strict):
            if isinstance(result, Result):
                _warn_of_another_network(run, result)
                loop.log_evaluation(run, step, [result.record()])
            yield name, result


def _warn_of_another_network(run, result):
    """Says it when metrics.jsonl holds the same score by another feature network: the two do not compare."""
    from idgan_tf import runs

    network = result.protocol.get("feature_sha256")
    for record in runs.read_metrics(run.metrics) if network else ():
        other = record.get("protocol", {}).get("feature_sha256", network)
        if other != network and result.values.keys() & record.keys():
            logging.warning(
                "%s has %s by another feature network (%s): it does not compare with this one (%s)",
                run.metrics, ", ".join(result.values), other[:12], network[:12],
            )  # fmt: skip
            return


def _feature_network(run, gin_files, bindings, allow_imports, metric, gin_file, train):
    """The file of the classifier that a metric needs of the run's dataset: bound by gin, shipped, or beside the run.

    `train` trains the one beside the run first with `gin_file`, continues it, or finds it done.
    """
    from idgan_tf import config
    from idgan_tf.commands.stages import finished
    from idgan_tf.evaluation import shipped
    from idgan_tf.training import build

    config.load([str(run.config.resolve()), *gin_files], bindings, allow_imports)
    bound = config.bindings_of(metric).get("network")
    if bound:
        return bound
    dataset = build.settings().dataset
    gin_file = gin_file.format(dataset.name)
    folder = run.path.parent / pathlib.Path(gin_file).stem
    found = shipped.find(folder.name, dataset)
    if found:
        if folder.exists():
            logging.warning(
                "the features are those of %s, which comes with idgan_tf, not of %s; %s.network chooses",
                found.name, folder, metric,
            )  # fmt: skip
        return found
    if train and (config.PROJECT / gin_file).exists():
        finished([gin_file], _same_images(dataset), folder, ())
    return folder / "networks" / "classifier.keras"


def _same_images(dataset):
    """Bindings that let a classifier see what the run sees: its source, its painting."""
    from idgan_tf import config

    name = type(dataset).__name__
    settings = config.bindings_of(name).items()
    return [f"{name}.{key} = {value!r}" for key, value in settings if key != "color_factor"]


def _list(evaluate):
    for name in evaluate.MODULES:
        print(f"{name:16} {evaluate.metric(name).__doc__.splitlines()[0]}")


def _show(results):
    """Prints the table once every metric is done.

    Raises:
        ConfigError: all were left out.
    """
    from idgan_tf.evaluation.result import Result

    done, left_out = [], {}
    for name, result in results:
        if isinstance(result, Result):
            protocol = ", ".join(f"{key} {_short(value)}" for key, value in result.protocol.items())
            for key, value in result.values.items():
                done.append((key, f"{value:.6g}", protocol))
                protocol = ""  # once for a metric
        else:
            left_out.setdefault(result, []).append(name)
    width = max((len(key) for key, _, _ in done), default=0)
    for key, value, protocol in done:
        print(f"{key:{width}}  {value:>10}  {protocol}".rstrip())
    for reason, names in left_out.items():
        print(f"left out {', '.join(names)}: {reason}")
    if not done:
        raise ConfigError("no metric could be computed")


def _short(value):
    """A number or text of a protocol, checksums cut to 12 letters."""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text[:12] if len(text) == 64 else text


def start():
    cli.run(main, __doc__)
