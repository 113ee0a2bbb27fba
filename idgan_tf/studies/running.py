"""Running the jobs of a study: training and evaluating what is not done yet.

Several processes may run shares of a study at once, on files that all of them see. Whoever first needs a teacher or
a feature network trains it; the others wait for it.
"""

import gc
import json

from absl import logging

from idgan_tf.errors import CheckpointError, ConfigError, DataError, NonFiniteError, message
from idgan_tf.files import write_text
from idgan_tf.studies import jobs, measured
from idgan_tf.studies.columns import bindings_of, codes_of, metric_of


def run(job):
    """Trains and evaluates a job, as far as it is not done; what goes wrong with it alone is written to its note.

    Raises:
        UserError: what goes wrong with every job: configuration, disk, signals.
    """
    problem, left_out = "", {}
    if not set(measured.values(job)) >= {*job.row.metrics, *job.row.values}:
        try:
            trained = *job.teachers, job, *job.network_jobs  # what only measures holds up no training
            for each in trained:
                _require_own(each)
            for each in trained:
                _train(each)
            left_out = _evaluate(job)
        except _Foreign as error:
            problem = message(error)
        except _NoData as error:
            problem = f"data not on this machine: {message(error)}"
        except (NonFiniteError, CheckpointError) as error:
            problem = f"failed: {message(error)}"
    if problem:
        logging.warning("%s, seed %d: %s", job.row.name, job.seed, problem)
    job.note.parent.mkdir(parents=True, exist_ok=True)
    write_text(job.note, json.dumps({"problem": problem, "left_out": left_out}))


class _NoData(DataError):
    """The data set of a row was not prepared."""


class _Foreign(ConfigError):
    """The run directory of a job has a run of another configuration, or of more steps."""


def _require_own(job):
    remedy = "delete it to train it again, or choose another --runs"
    if changed := job.run.config.exists() and jobs.configuration(job).differences(job.run.config.read_text("utf-8")):
        raise _Foreign(f"{job.run.path} is of another configuration: {'; '.join(changed[:8])}; {remedy}")
    if (job.run.steps_done() or 0) > measured.asked_steps(job):
        raise _Foreign(f"{job.run.path} has more steps than are asked; {remedy}")


def _train(job):
    """Trains a job to its end, or finds it done, while others wait."""
    from idgan_tf.experiments import stages
    from idgan_tf.training import build

    configuration = jobs.configuration(job)
    try:
        build.settings(configuration).dataset.arrays  # noqa: B018 - is it there?
    except DataError as error:
        raise _NoData(str(error)) from error
    stages.finish(configuration, job.run.path)
    gc.collect()  # the data of a finished training would stay on the devices until chance collects it


def _evaluate(job):
    """Runs the metrics that have no line in metrics.jsonl yet; returns {metric: why it was left out}."""
    from idgan_tf.evaluation.metric import Result
    from idgan_tf.experiments.scores import configuration_of, evaluate_run

    have, left_out = measured.values(job), {}
    configuration = configuration_of(job.run.path, (), job.evaluation, job.allow_imports)
    pending = [column for column in job.row.metrics if column not in have]
    while pending:
        codes = codes_of(pending[0])
        now = {metric_of(column): column for column in pending if codes_of(column) == codes}
        asked = configuration.with_bindings(*bindings_of(codes))
        try:
            for name, result in evaluate_run(job.run.path, asked, list(now), False, job.seed):
                pending.remove(now[name])
                if not isinstance(result, Result):
                    left_out[now[name]] = result
        except NonFiniteError as error:
            failed = next(column for column in pending if codes_of(column) == codes)
            pending.remove(failed)
            left_out[failed] = message(error)
    have = measured.values(job)
    other = [column for column in job.row.metrics if column not in have.keys() | left_out.keys()]
    missing = [name for name in job.row.values if name not in have]
    return (
        left_out
        | dict.fromkeys(other, "it was measured, but not of such codes, counts or networks as are asked")
        | dict.fromkeys(missing, "neither the training nor an evaluation wrote it down")
    )
