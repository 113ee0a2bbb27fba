"""Evaluating a run: its metrics one after another, written to metrics.jsonl and TensorBoard."""

import pathlib

from absl import logging


def evaluate_run(run_dir, chosen, train, seed, gin_files=(), bindings=(), allow_imports=(), best=False):
    """Evaluates the newest checkpoint of a run and writes down what comes out.

    Args:
        run_dir: a run directory.
        chosen, seed: as in `experiments.evaluate.evaluate`.
        train: whether to train the feature networks that they lack.
        gin_files, bindings: settings of the metrics.
        allow_imports, best: as in `runs.load_with_data`.

    Yields:
        (name, `Result` or the reason for leaving it out).

    Raises:
        ConfigError: it is no run.
        CheckpointError: it has no checkpoint that can be used.
    """
    from idgan_tf import runs
    from idgan_tf.run_directory import Run

    run = Run(run_dir)
    run.require_checkpoint(best)

    import gin
    import tensorflow as tf

    from idgan_tf.evaluation.metric import Result, find
    from idgan_tf.experiments import evaluate
    from idgan_tf.training.record import log_evaluation

    networks = {
        known.name: _feature_network(run, gin_files, bindings, allow_imports, known, train)
        for known in map(find, chosen)
        if known.network
    }
    method, dataset = runs.load_with_data(run_dir, gin_files, bindings, allow_imports, best)
    for name, network in networks.items():
        gin.bind_parameter(f"{name}.network", str(network))
    step = int(method.step.numpy())
    with tf.summary.create_file_writer(str(run.tensorboard)).as_default():
        for name, result in evaluate.evaluate(method, dataset, seed, chosen):
            if isinstance(result, Result):
                _warn_of_another_network(run, result)
                log_evaluation(run, step, [result.record()])
            yield name, result


def _warn_of_another_network(run, result):
    """Says it when metrics.jsonl holds the same score by another feature network: the two do not compare."""
    from idgan_tf.run_log import read_metrics

    network = result.protocol.get("feature_sha256")
    for record in read_metrics(run.metrics) if network else ():
        other = record.get("protocol", {}).get("feature_sha256", network)
        shared = [name for name in result.values if name in record]
        if other != network and shared:
            logging.warning(
                "%s has %s by another feature network (%s): it does not compare with this one (%s)",
                run.metrics, ", ".join(shared), other[:12], network[:12],
            )  # fmt: skip
            return


def _feature_network(run, gin_files, bindings, allow_imports, metric, train):
    """The file of the classifier that a `Metric` asks of the run's dataset: bound by gin, shipped, or beside the run.

    `train` trains the one beside the run first, continues it, or finds it done.
    """
    from idgan_tf import config
    from idgan_tf.evaluation.feature_networks import own_network, shipped
    from idgan_tf.experiments.stages import finished
    from idgan_tf.training import build

    config.load([str(run.config.resolve()), *gin_files], bindings, allow_imports)
    bound = config.bindings_of(metric.name).get("network")
    if bound:
        return bound
    dataset = build.settings().dataset
    gin_file = own_network.gin_file_of(metric.network, dataset.name)
    folder = run.path.parent / pathlib.Path(gin_file).stem
    found = shipped.find(folder.name, dataset)
    if found:
        if folder.exists():
            logging.warning(
                "the features are those of %s, which comes with idgan_tf, not of %s; %s.network chooses",
                found.name, folder, metric.name,
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
