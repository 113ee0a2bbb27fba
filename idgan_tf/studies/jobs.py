"""The jobs of a study, one for each (row, seed): where they run, as which commands, and running them.

    <runs>/<study>-<scale>/seed0/<row>/        a run directory; of the study `runs_of` where there is one
    <runs>/<study>-<scale>/seed0/<row>.json    why a job has no result, or not all
    <runs>/features-<scale>/<network>/         feature networks that do not come with the package, shared by the
                                               studies of a scale

A job whose row has a teacher finds it beside itself, where bin/train looks for it: the run of the teacher's own
row and seed. So nothing is trained twice, and what a row says of its teacher's code is what the teacher's row says.

Several processes may run shares of a study at once, on files that all of them see. Whoever first needs a teacher or
a feature network trains it; the others wait for it.

Numbers come from runs with the job's own configuration and metrics with its own settings; of others, none is taken.
"""

import dataclasses
import functools
import gc
import inspect
import json
import pathlib
import shlex

from absl import logging

from idgan_tf import config
from idgan_tf.errors import CheckpointError, ConfigError, DataError, NonFiniteError, message
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.experiments import evaluate
from idgan_tf.files import alone, sha256, write_text
from idgan_tf.run_directory import Run
from idgan_tf.run_log import read_metrics
from idgan_tf.studies.study import Row

FEATURES = {  # metric -> the gin file of the network that it asks
    "factor_fidelity": "gin/factor_classifier_{}.gin",
    "fid_dsprites": "gin/factor_classifier_{}.gin",
    "label_inception_score": "gin/label_classifier_{}.gin",
}
VALUE_OF = {"diversity": "intra_class_diversity", "toy_spread": "toy_coverage"}  # metrics whose value has another name


@dataclasses.dataclass(frozen=True)
class Job:
    """One training of a row, and its evaluation.

    Attributes:
        row: a `Row`.
        seed: of the training and the metrics.
        run: its `run_directory.Run`.
        note: the file that says why there is no result; each study has its own.
        gin_files, params: what bin/train gets.
        networks: {metric: the file of the feature network that it asks}.
        evaluation: what bin/evaluate gets as --gin_param.
        needs: jobs of the teacher, and of the feature networks that have to be trained.
    """

    row: Row
    seed: int
    run: Run
    note: pathlib.Path
    gin_files: list
    params: list
    networks: dict
    evaluation: list
    needs: list


def plan(study, runs, extra=()):
    """All jobs of a study, teachers before those who need them.

    Args:
        study: a `Study`.
        runs: the folder of all studies.
        extra: bindings of every training, after all others.
    """
    network = functools.cache(lambda metric, dataset: _network(study, metric, dataset, runs, extra))
    return [_job(study, row, seed, runs, extra, network) for seed in range(study.scale.seeds) for row in study.chosen]


def _job(study, row, seed, runs, extra, network):
    scale = study.scale
    own, shared = (pathlib.Path(runs) / f"{name}-{scale.name}" / f"seed{seed}" for name in (study.name, study.runs_of))
    data = [scale.data[row.dataset]] if row.dataset in scale.data else []
    params = [
        *row.params,
        *scale.params.get("all", []),
        *scale.params.get(row.budget, []),
        f"train.seed = {seed}",
        *extra,
    ]
    networks, needs = {}, []
    if row.teacher:
        teacher = _job(study, study.row(row.teacher), seed, runs, extra, network)
        params.append(f"teacher.gin_params = {tuple(teacher.params)!r}")
        needs.append(dataclasses.replace(teacher, needs=[]))
    for metric in row.metrics:
        if metric in FEATURES:
            networks[metric], training = network(metric, row.dataset)
            needs += training
    evaluation = [*scale.evaluation, *(f"{metric}.network = '{file}'" for metric, file in networks.items())]
    run, note = Run(shared / row.id), own / f"{row.id}.json"
    return Job(row, seed, run, note, [*row.gin, *data, *scale.gin], params, networks, evaluation, needs)


def _network(study, metric, dataset, runs, extra):
    """(file of the feature network that a metric asks of a data set, [] or [the job that trains it])."""
    scale, gin_file = study.scale, FEATURES[metric].format(dataset)
    gin_files = [gin_file, *([scale.data[dataset]] if dataset in scale.data else [])]
    name = pathlib.Path(gin_file).stem
    found = _shipped(name, gin_files, extra)
    if found:
        return found, []
    row = Row(name=name, dataset=dataset, gin=[gin_file], budget="features", metrics=[], values=[])
    run = Run(pathlib.Path(runs) / f"features-{scale.name}" / row.id)
    note, params = run.path.with_suffix(".json"), [*scale.params.get("features", []), *extra]
    training = Job(row, 0, run, note, gin_files, params, {}, [], [])
    return run.networks / "classifier.keras", [training]


def _shipped(name, gin_files, params):
    """The file of a feature network that comes with the package for images that look like theirs, or None."""
    if not shipped.path_of(name).is_file():
        return None
    try:
        return shipped.find(name, _dataset(tuple(gin_files), tuple(params)))
    except DataError:  # nobody knows how they look before they are here
        return None


@functools.cache
def _dataset(gin_files, params):
    return _load(gin_files, params).settings().dataset


def share(jobs, only):
    """The i-th of n shares of a list, from "i/n"; every job is in exactly one.

    Raises:
        ConfigError: it is not i/n with 1 <= i <= n.
    """
    number, slash, count = only.partition("/")
    if not (slash and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise ConfigError(f"--only takes i/n with 1 <= i <= n, such as 2/8, got {only!r}")
    return jobs[int(number) - 1 :: int(count)]


def commands(jobs):
    """Lines for a shell that do the same; feature networks first, each once."""
    networks = {need.run.path: need for job in jobs for need in job.needs if need.row.budget == "features"}
    return [_line(job) for job in [*networks.values(), *jobs]]


def _line(job):
    flags = [*(f"--gin_file={path}" for path in job.gin_files), *(f"--gin_param={param}" for param in job.params)]
    line = shlex.join(["bin/train", *flags, f"--run_dir={job.run.path}"])
    if job.row.metrics:
        metrics = f"--metrics={','.join(job.row.metrics)}"
        bindings = [f"--gin_param={param}" for param in job.evaluation]
        line += " && " + shlex.join(
            ["bin/evaluate", f"--run_dir={job.run.path}", metrics, f"--seed={job.seed}", *bindings]
        )
    return line


def run(job):
    """Trains and evaluates a job, as far as it is not done; what goes wrong with it alone is written to its note.

    Raises:
        UserError: what goes wrong with every job: configuration, disk, signals.
    """
    problem, left_out = "", {}
    if not set(values(job)) >= {*job.row.metrics, *job.row.values}:
        try:
            for each in (*job.needs, job):
                _require_own(each)
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


def remarks(job):
    """(why there is no result or "", {metric: why it was left out}) of a job that has run."""
    try:
        note = json.loads(job.note.read_text())
        return note["problem"], note["left_out"]
    except (OSError, ValueError, KeyError):
        return "", {}


class _NoData(DataError):
    """The data set of a row was not prepared."""


class _Foreign(ConfigError):
    """The run directory of a job has a run of another configuration, or of more steps."""


def _require_own(job):
    remedy = "delete it to train it again, or choose another --runs"
    if changed := job.run.config.exists() and config.differences(job.run.config.read_text(), _text(job)):
        raise _Foreign(f"{job.run.path} is of another configuration: {'; '.join(changed[:8])}; {remedy}")
    if (_step(job) or 0) > _asked_steps(job):
        raise _Foreign(f"{job.run.path} has more steps than are asked; {remedy}")


def _train(job):
    """Trains a job to its end, or finds it done, while others wait."""
    import keras

    from idgan_tf.experiments import stages
    from idgan_tf.training import build

    with alone(job.run.path):
        config.load(job.gin_files, job.params)
        try:
            build.settings().dataset.arrays  # noqa: B018 - is it there?
        except DataError as error:
            raise _NoData(str(error)) from error
        stages.finished(job.gin_files, job.params, job.run.path, ())
    keras.backend.clear_session()
    gc.collect()  # the data of a finished training would stay on the devices until chance collects it


def _evaluate(job):
    """Runs the metrics that have no line in metrics.jsonl yet; returns {metric: why it was left out}."""
    from idgan_tf.evaluation.metric import Result
    from idgan_tf.experiments.scores import evaluate_run

    have, left_out = values(job), {}
    pending = [name for name in job.row.metrics if name not in have]
    while pending:
        try:
            for name, result in evaluate_run(job.run.path, list(pending), False, job.seed, (), job.evaluation):
                pending.remove(name)
                if not isinstance(result, Result):
                    left_out[name] = result
        except NonFiniteError as error:
            left_out[pending.pop(0)] = message(error)
    have = values(job)
    missing = [name for name in job.row.values if name not in have]
    return left_out | dict.fromkeys(missing, "the run did not write it down while it trained")


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
    step = _step(job)
    own = step is not None and job.run.config.exists() and step == _asked_steps(job)
    return step if own and not config.differences(job.run.config.read_text(), _text(job)) else None


def _step(job):
    """The number of steps of a run that is done, whatever its configuration; else None."""
    try:
        return json.loads(job.run.done.read_text())["step"]
    except (OSError, ValueError, KeyError):
        return None


def _text(job):
    """The configuration that a job's run has."""
    return _configured(tuple(job.gin_files), tuple(job.params), "train")[0]


def _asked_steps(job):
    return _configured(tuple(job.gin_files), tuple(job.params), "train")[1]["num_steps"]


def _counts(metric, job):
    """{parameter: number} of a metric as a job asks it: what is bound, else its defaults."""
    defaults = {name: given.default for name, given in inspect.signature(evaluate.metric(metric)).parameters.items()}
    bound = _configured(tuple(job.gin_files), (*job.params, *job.evaluation), metric)[1]
    return {name: value for name, value in (defaults | bound).items() if type(value) is int}


@functools.cache
def _configured(gin_files, bindings, name):
    """(the text of a configuration, what it binds for one configurable)."""
    _load(gin_files, bindings)
    return config.text(), config.bindings_of(name)


def _load(gin_files, bindings):
    """Puts a configuration in force, of a training and its metrics; gives the module that builds what it describes."""
    from idgan_tf.training import build  # here, since the names of the studies should not wait for TensorFlow

    evaluate.import_all()
    config.load(gin_files, bindings)
    return build
