"""What the finished runs of jobs say.

Numbers come from runs with the job's own configuration and metrics with its own settings; of others, none is taken.
"""

import inspect
import json

from idgan_tf.experiments import evaluate
from idgan_tf.files import sha256
from idgan_tf.run_log import read_metrics
from idgan_tf.studies import jobs

VALUE_OF = {"diversity": "intra_class_diversity", "toy_spread": "toy_coverage"}  # metrics whose value has another name


def values(job):
    """{column: (value, the name it has in metrics.jsonl, its protocol)} of a finished job, at its last step.

    Only what was measured as the job asks it: with its seed, its counts and its feature network.
    """
    step, found = finished_step(job), {}
    if step is None:
        return found
    asked = {metric: sha256(file) if file.is_file() else None for metric, file in job.networks.items()}
    counts = {metric: _counts(metric, job) for metric in job.row.metrics}
    for record in read_metrics(job.run.metrics):
        protocol = record.get("protocol", {})
        if record["step"] != step or protocol.get("seed", job.seed) != job.seed:
            continue
        found.update({name: (record[name], name, protocol) for name in job.row.values if name in record})
        for metric in job.row.metrics if protocol else ():
            if metric in asked and protocol.get("feature_sha256") != asked[metric]:
                continue
            if any(protocol.get(key, count) != count for key, count in counts[metric].items()):
                continue
            stem = VALUE_OF.get(metric, metric)
            for name, value in record.items():
                if name == stem or (name.startswith(stem) and name[len(stem) :].removesuffix("k").isdecimal()):
                    found[metric] = value, name, protocol
    return found


def finished_step(job):
    """The number of steps of a finished job; None before it is, and where the run is of another configuration."""
    step = step_of(job)
    own = step is not None and job.run.config.exists() and step == asked_steps(job)
    return step if own and not jobs.configuration(job).differences(job.run.config.read_text()) else None


def step_of(job):
    """The number of steps of a run that is done, whatever its configuration; else None."""
    try:
        return json.loads(job.run.done.read_text())["step"]
    except (OSError, ValueError, KeyError):
        return None


def asked_steps(job):
    return jobs.configuration(job).bindings_of("train")["num_steps"]


def _counts(metric, job):
    """{parameter: number} of a metric as a job asks it: what is bound, else its defaults."""
    defaults = {name: given.default for name, given in inspect.signature(evaluate.metric(metric)).parameters.items()}
    bound = jobs.evaluated(job).bindings_of(metric)
    return {name: value for name, value in (defaults | bound).items() if type(value) is int}


def remarks(job):
    """(why there is no result or "", {metric: why it was left out}) of a job that has run."""
    try:
        note = json.loads(job.note.read_text())
        return note["problem"], note["left_out"]
    except (OSError, ValueError, KeyError):
        return "", {}
