"""Evaluating a run: its metrics one after another, written to metrics.jsonl and TensorBoard."""

import pathlib

import tensorflow as tf
from absl import logging

from idgan_tf import runs
from idgan_tf.config import Configuration
from idgan_tf.config.gin_files import located
from idgan_tf.evaluation.codes.table import ranks
from idgan_tf.evaluation.feature_networks import (
    inception,  # noqa: F401 - gin is to know `inception.resize`
    own_network,
    shipped,
)
from idgan_tf.evaluation.metric import Result, find, metrics
from idgan_tf.experiments import evaluate, stages
from idgan_tf.run_directory import Run
from idgan_tf.run_log import read_metrics
from idgan_tf.training import build
from idgan_tf.training.record import log_evaluation


def configuration_of(run_dir, gin_files=(), bindings=(), allow_imports=()):
    """`runs.configuration` of a run, where settings of metrics are known; raises as it does."""
    metrics()
    return runs.configuration(run_dir, gin_files, bindings, allow_imports)


def evaluate_runs(run_dirs, configurations, chosen, train, seed, best=False):
    """Evaluates several runs, each as `evaluate_run` does; metrics that compare runs compare each with the others.

    Args:
        run_dirs, configurations: of each run.
        chosen, train, seed, best: as there.

    Yields, raises:
        as there: a metric of one run after the other; with more than one the protocol says of which run, and, of a
        metric that compares more than two, its rank.
    """
    if len(run_dirs) == 1:
        yield from evaluate_run(run_dirs[0], configurations[0], chosen, train, seed, best)
        return

    compares, found = [name for name in chosen if find(name).of_runs], []
    for run_dir, configuration in zip(run_dirs, configurations, strict=True):
        others = tuple(str(other) for other in run_dirs if other != run_dir)
        configuration = configuration.with_bindings(*(f"{name}.others = {others!r}" for name in compares))
        found.append(dict(evaluate_run(run_dir, configuration, chosen, train, seed, best)))
    for name in chosen:
        done = [(run_dir, one[name]) for run_dir, one in zip(run_dirs, found, strict=True)]
        scores = [next(iter(result.values.values())) for _, result in done if isinstance(result, Result)]
        ranked = iter(ranks(scores) if name in compares else [{}] * len(scores))
        for run_dir, result in done:
            if isinstance(result, Result):
                result = Result(result.values, {**result.protocol, "run": str(run_dir), **next(ranked)})
            yield name, result


def evaluate_run(run_dir, configuration, chosen, train, seed, best=False):
    """Evaluates the newest checkpoint of a run and writes down what comes out.

    Args:
        run_dir: a run directory.
        configuration: what `configuration_of` gave, with the settings of the metrics.
        chosen, seed: as in `experiments.evaluate.evaluate`.
        train: whether to train the feature networks that they lack.
        best: as in `runs.load_with_data`.

    Yields:
        (name, `Result` or the reason for leaving it out).

    Raises:
        ConfigError: it is no run.
        CheckpointError: it has no checkpoint that can be used.
    """
    run = Run(run_dir)
    run.require_checkpoint(best)

    networks = {
        known.name: _feature_network(run, configuration, known, train)
        for known in map(find, chosen)
        if known.network and not configuration.bindings_of(known.name).get("network")
    }
    configuration = configuration.with_bindings(*(f"{name}.network = {str(file)!r}" for name, file in networks.items()))
    method, dataset = runs.restore(run_dir, configuration, best)
    step, board = int(method.step.numpy()), tf.summary.create_file_writer(str(run.tensorboard))
    for name in chosen:
        with configuration.in_force():
            ((_, result),) = evaluate.evaluate(method, dataset, seed, [name])
        if isinstance(result, Result):
            _warn_of_another_network(run, result)
            with board.as_default():
                log_evaluation(run, step, [result.record()])
            board.flush()
        yield name, result


def _warn_of_another_network(run, result):
    """Says it when metrics.jsonl holds the same score by another feature network: the two do not compare."""
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


def _feature_network(run, configuration, metric, train):
    """The file of the classifier that a `Metric` asks of the run's dataset: shipped, or beside the run.

    `train` trains the one beside the run first, continues it, or finds it done.
    """
    dataset = build.settings(configuration).dataset
    gin_file = own_network.gin_file_of(metric.network, dataset.whole.name)
    folder = run.path.parent / pathlib.Path(gin_file).stem
    found = shipped.find(metric.network, dataset)
    if found:
        if folder.exists():
            logging.warning(
                "the features are those of %s, which comes with idgan_tf, not of %s; %s.network chooses",
                found.name, folder, metric.name,
            )  # fmt: skip
        return found
    if train and located(gin_file):
        stages.finish(Configuration([gin_file], _same_images(configuration, dataset.whole)), folder)
    return folder / "networks" / "classifier.keras"


def _same_images(configuration, dataset):
    """Bindings that let a classifier see what the run sees: its source, its painting."""
    name = type(dataset).__name__
    settings = configuration.bindings_of(name).items()
    return [f"{name}.{key} = {value!r}" for key, value in settings if key != "color_factor"]
