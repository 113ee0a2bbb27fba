"""The jobs of a study, one for each (row, seed): where they run, and as which commands.

    <runs>/<study>-<scale>/seed0/<row>/        a run directory; of the study `runs_of` where there is one
    <runs>/<study>-<scale>/seed0/<row>.json    why a job has no result, or not all
    <runs>/features-<scale>/<network>/         feature networks that do not come with the package, shared by the
                                               studies of a scale

A job whose row has a teacher finds it beside itself, where bin/train looks for it: the run of the teacher's own
row and seed. So nothing is trained twice, and what a row says of its teacher's code is what the teacher's row says.
"""

import contextlib
import dataclasses
import functools
import pathlib
import shlex

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.evaluation.feature_networks import own_network, shipped
from idgan_tf.evaluation.metric import find, metrics
from idgan_tf.run_directory import Run
from idgan_tf.studies.columns import bindings_of, by_codes, metric_of
from idgan_tf.studies.study import Row


@dataclasses.dataclass(frozen=True)
class Job:
    """One training of a row, and its evaluation.

    Attributes:
        row: a `Row`.
        seed: of the training and the metrics.
        run: its `run_directory.Run`.
        note: the file that says why there is no result; each study has its own.
        gin_files, params, allow_imports: what bin/train gets.
        networks: {metric: the file of the feature network that it asks}.
        evaluation: what bin/evaluate gets as --gin_param.
        teachers: the job of its teacher, which has to be trained before it, or none.
        network_jobs: those that train the feature networks that its metrics ask and that do not come with the package.
    """

    row: Row
    seed: int
    run: Run
    note: pathlib.Path
    gin_files: list
    params: list
    networks: dict
    evaluation: list
    teachers: list
    network_jobs: list
    allow_imports: tuple


def plan(study, runs, extra=(), allow_imports=()):
    """All jobs of a study, teachers before those who need them.

    Args:
        study: a `Study`.
        runs: the folder of all studies.
        extra: bindings of every training, after all others.
        allow_imports: packages outside idgan_tf and keras that the gin files may import.

    Raises:
        ConfigError: a configuration is wrong, or there is no such metric, not in what it imports either.
    """
    allowed = tuple(allow_imports)
    network = functools.cache(lambda name, dataset: _network(study, name, dataset, runs, extra, allowed))
    jobs = [
        _job(study, row, seed, runs, extra, allowed, network)
        for seed in range(study.scale.seeds)
        for row in study.chosen
    ]
    for job in jobs:  # the last row is read before the first one trains
        with contextlib.suppress(DataError):  # rows whose data are not here are left out when their turn comes
            _dataset(tuple(job.gin_files), tuple(job.params), allowed)
    return jobs


def _asked(scale, row):
    """(gin files, bindings) of a row at a scale."""
    data = [scale.data[row.dataset]] if row.dataset in scale.data else []
    return [*row.gin, *data, *scale.gin], [
        *row.params, *scale.params.get("all", []), *scale.params.get(row.budget, [])
    ]  # fmt: skip


def paper_images(study, allow_imports=()):
    """{id of a row: how many images its training sees at scale paper}; {} of a study without that scale."""
    paper = study.scales.get("paper")
    trainings = {
        row.id: _configured(*map(tuple, _asked(paper, row)), tuple(allow_imports)).bindings_of("train")
        for row in (study.chosen if paper else ())
    }
    return {name: asked["num_steps"] * asked["batch_size"] for name, asked in trainings.items()}


def _job(study, row, seed, runs, extra, allowed, network):
    scale = study.scale
    own, shared = (pathlib.Path(runs) / f"{name}-{scale.name}" / f"seed{seed}" for name in (study.name, study.runs_of))
    gin_files, params = _asked(scale, row)
    params += [f"train.seed = {seed}", *extra]
    networks, teachers, network_jobs = {}, [], []
    if row.teacher:
        teacher = _job(study, study.row(row.teacher), seed, runs, extra, allowed, network)
        params.append(f"teacher.gin_params = {tuple(teacher.params)!r}")
        teachers.append(dataclasses.replace(teacher, network_jobs=[]))  # it is trained, not measured
    _configured(tuple(gin_files), tuple(params), allowed)  # its imports may have metrics
    if scale.seeds == 1:
        row = dataclasses.replace(row, metrics=[column for column in row.metrics if not _compares_runs(column)])
    for metric in dict.fromkeys(map(metric_of, row.metrics)):
        if asked := find(metric).network:
            networks[metric], training = network(asked, row.dataset)
            network_jobs += training
    evaluation = [*scale.evaluation, *(f"{metric}.network = '{file}'" for metric, file in networks.items())]
    others = tuple(str(shared.with_name(f"seed{other}") / row.id) for other in range(scale.seeds) if other != seed)
    evaluation += [f"{column}.others = {others!r}" for column in row.metrics if _compares_runs(column)]
    run, note = Run(shared / row.id), own / f"{row.id}.json"
    return Job(row, seed, run, note, gin_files, params, networks, evaluation, teachers, network_jobs, allowed)


def _network(study, name, dataset, runs, extra, allowed):
    """(file of the feature network of that name of a data set, [] or [the job that trains it])."""
    scale, gin_file = study.scale, own_network.gin_file_of(name, dataset)
    gin_files = [gin_file, *([scale.data[dataset]] if dataset in scale.data else [])]
    found = _shipped(name, gin_files, extra, allowed)
    if found:
        return found, []
    stem = pathlib.Path(gin_file).stem
    row = Row(name=stem, dataset=dataset, gin=[gin_file], budget="features", metrics=[], values=[])
    run = Run(pathlib.Path(runs) / f"features-{scale.name}" / row.id)
    note, params = run.path.with_suffix(".json"), [*scale.params.get("features", []), *extra]
    training = Job(row, 0, run, note, gin_files, params, {}, [], [], [], allowed)
    return run.networks / "classifier.keras", [training]


def _shipped(name, gin_files, params, allowed):
    """The file of a feature network that comes with the package for the images of gin files, or None."""
    if not shipped.of_kind(name):
        return None
    try:
        return shipped.find(name, _dataset(tuple(gin_files), tuple(params), allowed))
    except DataError:  # nobody knows how they look before they are here
        return None


def compares_runs(job):
    """Whether a metric of a job asks for the runs of its other seeds."""
    return any(map(_compares_runs, job.row.metrics))


def _compares_runs(column):
    return find(metric_of(column)).of_runs is not None


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
    networks = {each.run.path: each for job in jobs for each in job.network_jobs}
    return [_line(job) for job in [*networks.values(), *jobs]]


def _line(job):
    flags = [*(f"--gin_file={path}" for path in job.gin_files), *(f"--gin_param={param}" for param in job.params)]
    allow = [f"--gin_allow_import={name}" for name in job.allow_imports]
    line = shlex.join(["bin/train", *flags, *allow, f"--run_dir={job.run.path}"])
    for codes, names in by_codes(job.row.metrics).items():
        metrics = f"--metrics={','.join(names)}"
        bindings = [f"--gin_param={param}" for param in [*job.evaluation, *bindings_of(codes)]]
        line += " && " + shlex.join(
            ["bin/evaluate", f"--run_dir={job.run.path}", metrics, f"--seed={job.seed}", *bindings, *allow]
        )
    return line


@functools.cache
def _dataset(gin_files, params, allowed):
    from idgan_tf.training import build  # here, since the names of the studies should not wait for TensorFlow

    return build.settings(_configured(gin_files, params, allowed)).dataset


def configuration(job):
    """The `Configuration` of a job's training."""
    return _configured(tuple(job.gin_files), tuple(job.params), job.allow_imports)


def images_of(job):
    """What a protocol says of the images that a job is measured on; {} where they are not on this machine."""
    with contextlib.suppress(DataError):
        dataset = _dataset(tuple(job.gin_files), (*job.params, *job.evaluation), job.allow_imports)
        return {"dataset": dataset.name, "source": dataset.source}
    return {}


def evaluated(job):
    """The `Configuration` of a job's training and metrics."""
    return _configured(tuple(job.gin_files), (*job.params, *job.evaluation), job.allow_imports)


@functools.cache
def _configured(gin_files, bindings, allowed):
    import idgan_tf.training.build  # noqa: F401 - gin must know `train`

    metrics()  # before their bindings are read
    return Configuration(gin_files, bindings, allowed)
