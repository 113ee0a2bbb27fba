"""A run as one HTML page: pictures, metrics with their protocol, curves, cost, configuration, and how to repeat it."""

import shlex

from idgan_tf import pretrained, run_log
from idgan_tf.config.configuration import HARMLESS
from idgan_tf.config.gin_files import literals
from idgan_tf.reports import charts, scores
from idgan_tf.reports.page import page, picture
from idgan_tf.run_directory import read_environment
from idgan_tf.training import environment


def of_run(run):
    """The page of a `run_directory.Run`, as text.

    Raises:
        ConfigError: it is no run.
    """
    run.require_run()
    log, config = run_log.read(run), run.config.read_text("utf-8")
    last = max((record["step"] for record in (*log.training, *log.evaluations)), default=0)
    return page(
        "run.html",
        title=run.name,
        steps=last,
        pictures=[picture(path, kind) for kind, path in _pictures(run).items()],
        metrics=scores.newest(log.evaluations, _gin_file(run)),
        measured=charts.of_evaluations(log),
        training=charts.of_training(log, charts.meanings_of(run.config)),
        cost=_cost(run),
        data=_data(run),
        environment=_environment(run),
        config=config,
        command=_command(run),
    )


def _data(run):
    """What the run was trained on, as it said itself, or else as its configuration calls it."""
    known = read_environment(run.environment)
    if not known:
        return literals(run.config).get("train.dataset", "")
    licence = f"licence: {known['licence']}" if known.get("licence") else ""
    return "; ".join(filter(None, (known.get("data"), known.get("home"), licence)))


def _environment(run):
    known = read_environment(run.environment)
    trained = f"Trained with {known['packages']} on {known['machine']}. " if known else ""
    return f"{trained}This page was made with {environment.packages()}."


def _cost(run):
    """How long the training took and what it cost, in sentences; "" where nobody wrote it down."""
    stages = literals(run.config).get("teacher.gin_file")
    if minutes := pretrained.read(run).get("minutes"):
        return f"It was trained in {minutes:,g} minutes{', its first stage included' if stages else ''}."
    cost = run_log.cost(run)
    if not cost:
        return ""
    first = " The first stage is a run of its own, which is not counted here." if stages else ""
    many = f"{cost.devices} {cost.kind}{'s' if cost.devices > 1 else ''}"
    spent = "took" if run.done.exists() else "has taken so far"
    clock, hours = duration(cost.seconds), f"{cost.hours:.2g} {cost.kind} hours"
    return f"The training {spent} {clock} on {many}, which is {hours}.{first}"


def duration(seconds):
    """A time as text: "50 s", "27 min", "3 h 05 min"."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _command(run):
    """What trains such a run; of a pretrained model, what trained it."""
    known = pretrained.read(run)
    if known:
        return "\n".join([f"# commit {known['commit']}", *known["commands"]])
    asked = read_environment(run.environment).get("experiment", {"gin_files": [f"{run.path}/config.gin"]})
    flags = [*(f"--gin_file={path}" for path in asked["gin_files"])]
    flags += [f"--gin_param={binding}" for binding in asked.get("bindings", ())]
    begun = read_environment(run.environment).get("from_run")
    flags += [f"--from_run={begun['run']}"] if begun else []
    return shlex.join(["bin/train", *flags, f"--run_dir=runs/{run.name}_again"])


def _pictures(run):
    """{what it shows: path}: figures, or the newest pictures from the training where there are no figures yet."""
    figures = {path.stem: path for path in sorted(run.figures.glob("*")) if path.suffix in (".png", ".gif")}
    return figures or run.newest_pictures()


def _gin_file(run):
    """The gin file that the run was trained with as it stands; "" of a run that says none, or bound something else."""
    asked = read_environment(run.environment).get("experiment", {"gin_files": [], "bindings": []})
    as_it_is = all(binding.startswith((*HARMLESS, "train.seed")) for binding in asked["bindings"])
    return asked["gin_files"][0] if len(asked["gin_files"]) == 1 and as_it_is else ""
