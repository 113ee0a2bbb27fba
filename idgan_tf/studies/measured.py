"""What the finished runs of jobs say.

Numbers come from runs with the job's own configuration and metrics with its own settings; of others, none is taken.
"""

import inspect
import json

from idgan_tf.evaluation.metric import CODES, find
from idgan_tf.files import NOT_OURS, sha256
from idgan_tf.run_log import read_metrics, score_of
from idgan_tf.studies import jobs
from idgan_tf.studies.columns import codes_of, metric_of, value_of


def values(job):
    """{column: (value, the name it has in metrics.jsonl, its protocol)} of a finished job, at its last step.

    Only what was measured as the job asks it: of its images, with its seed, its settings, its feature network, and
    images of its codes.
    """
    step, found = finished_step(job), {}
    if step is None:
        return found
    asked = {metric: sha256(file) if file.is_file() else None for metric, file in job.networks.items()}
    bound = jobs.evaluated(job).bindings_of("generation").get("codes")
    columns = {(metric_of(column), codes_of(column) or bound): column for column in job.row.metrics}
    images = jobs.images_of(job)
    settings = {metric: images | _settings(metric, job) for metric, _ in columns}
    for record in read_metrics(job.run.metrics):
        protocol = {key: value for key, value in record.get("protocol", {}).items() if key != "metric"}  # the column
        if record["step"] != step or protocol.get("seed", job.seed) != job.seed:
            continue
        metric, name = score_of(record)  # of a line of the training neither
        column = columns.get((metric, protocol.get(CODES) if "generated" in protocol else bound))
        if metric in settings and (
            column is None
            or (metric in asked and protocol.get("feature_sha256") != asked[metric])
            or any(protocol.get(key, value) != value for key, value in settings[metric].items())
        ):
            continue
        logged = {value_of(name): name for name in record} | {name: name for name in record}
        shown = {value: logged[value] for value in job.row.values if value in logged}
        if column:
            shown[column] = name
        found.update({value: (record[name], name, protocol) for value, name in shown.items()})
    return found


def finished_step(job):
    """The number of steps of a finished job; None before it is, and where the run is of another configuration."""
    step = job.run.steps_done()
    own = step is not None and job.run.config.exists() and step == asked_steps(job)
    return step if own and not jobs.configuration(job).differences(job.run.config.read_text("utf-8")) else None


def asked_steps(job):
    return jobs.configuration(job).bindings_of("train")["num_steps"]


def _settings(metric, job):
    """{parameter: number} of a metric as a job asks it: what is bound, else its defaults; of others, how many."""
    defaults = {name: given.default for name, given in inspect.signature(find(metric).face).parameters.items()}
    bound = jobs.evaluated(job).bindings_of(metric)
    numbers = {name: value for name, value in (defaults | bound).items() if type(value) in (int, float)}
    return numbers | ({"others": len(bound["others"])} if "others" in bound else {})


def remarks(job):
    """(why there is no result or "", {metric: why it was left out}) of a job that has run."""
    try:
        note = json.loads(job.note.read_text("utf-8"))
        return note["problem"], note["left_out"]
    except NOT_OURS:
        return "", {}
