"""A run as one HTML page: configuration, curves, metrics with their protocol, pictures, and how to repeat it."""

import shlex

import numpy as np

from idgan_tf import pretrained, run_log
from idgan_tf.config.configuration import HARMLESS
from idgan_tf.config.gin_files import literals
from idgan_tf.evaluation.metric import metrics
from idgan_tf.reports.page import inlined, page, picture
from idgan_tf.run_directory import read_environment
from idgan_tf.run_log import score_of, told, values_of
from idgan_tf.studies import published
from idgan_tf.training import environment
from idgan_tf.visualize import curves
from idgan_tf.visualize.axes import svg

OWN_NETWORK = ", on a feature network that the paper does not describe: compare order and ratio, not values"


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
        pictures=[picture(path) for path in _pictures(run)],
        metrics=_metrics(log.evaluations, _gin_file(run)),
        curves=_curves(log.training),
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
    """The figures, and the newest picture of each kind from the training where there are no figures yet."""
    figures = sorted(path for path in run.figures.glob("*") if path.suffix in (".png", ".gif"))
    return figures or list(run.newest_pictures().values())


def _gin_file(run):
    """The gin file that the run was trained with as it stands; "" of a run that says none, or bound something else."""
    asked = read_environment(run.environment).get("experiment", {"gin_files": [], "bindings": []})
    as_it_is = all(binding.startswith((*HARMLESS, "train.seed")) for binding in asked["bindings"])
    return asked["gin_files"][0] if len(asked["gin_files"]) == 1 and as_it_is else ""


def _metrics(records, gin_file):
    """[{"name", "value", "published", "protocol"}] as texts, beside what papers print of what a gin file trains."""
    rows = []
    for record in records:
        dataset = record["protocol"].get("dataset")
        method = published.method_of(gin_file, dataset)
        protocol = told({"step": record["step"], **record["protocol"]})
        metric, score = score_of(record)
        papers = "; ".join(map(str, published.of(method, dataset, metric)))
        if papers and metrics()[metric].network:
            papers += OWN_NETWORK
        for name, value in values_of(record).items():
            shown = papers if papers and name == score else "-"
            rows.append({"name": name, "value": f"{value:.4g}", "published": shown, "protocol": protocol})
    return rows


def _curves(records):
    """Every value over the steps, as what the macro `figure` shows."""
    names = dict.fromkeys(name for record in records for name in record if name != "step")
    return [_curve(name, [(r["step"], r[name]) for r in records if name in r]) for name in names]


def _curve(name, points):
    last = points[-1][1]
    points = [point for point in points if np.isfinite(point[1])]
    source = inlined(svg(curves.curve(points)), "image/svg+xml")
    steps, values = zip(*points, strict=True) if points else ((), ())
    of = (
        f"from {min(values):.4g} to {max(values):.4g}, steps {steps[0]:,} to {steps[-1]:,}"
        if points
        else "never finite"
    )
    return {"name": name, "caption": f"{name}: {last:.4g} ({of})", "kind": "curve", "source": source}
