"""Figures of what runs wrote down: a training's curves, and comparisons of several runs. They need no checkpoint."""

import json
import re
import statistics

import numpy as np
from matplotlib import colormaps

from idgan_tf import run_directory, run_log
from idgan_tf.errors import ConfigError
from idgan_tf.image_files import save
from idgan_tf.visualize import axes, registry
from idgan_tf.visualize.axes import picture
from idgan_tf.visualize.registry import OF_LOGS, figure

BOUNDS = {"mi_upper": ("$I^U$", "tab:red"), "mi_lower": ("$I^L$", "tab:blue")}
LAMBDAS = ("lambda_id", "lambda_info")  # of ID-GAN's distillation and of InfoGAN's information
FIDS = ("fid", "fid_dsprites")  # metrics
COLORS = [f"C{i}" for i in range(10)]
MARKERS = "osD^vP"


def write(found, names, folder=None):
    """Draws figures of runs.

    Args:
        found: `run_directory.Run`s.
        names: of figures of what runs wrote down.
        folder: where to; by default `figures/` of the folder that holds all runs; of one run, its own.

    Returns:
        The paths.

    Raises:
        ConfigError: the runs have not written down what a figure needs.
    """
    logs = [run_log.read(run) for run in found]
    folder = folder or run_directory.figures_of(found)
    protocols = {json.dumps(record["protocol"]): None for log in logs for record in log.evaluations}
    about = {"runs": ", ".join(str(run.path) for run in found), "evaluations": "; ".join(protocols)}
    figures = registry.known(OF_LOGS)
    return [
        save(folder / name, figures[name].draw(logs), {"figure": name, "shows": figures[name].shows, **about})
        for name in names
    ]


@figure(kind=OF_LOGS)
def mi_bounds(logs):
    """A panel for each run: I^L, I^U, every KL_i dashed, and the FVM on the second axis (IB-GAN, Figures 4, 7)."""
    logs = [log for log in logs if log.series("mi_lower")[0]]
    _require(logs, "mi_bounds", "mi_lower in their metrics.jsonl, as IB-GAN writes it")
    figure, panels = axes.panels(len(logs), legend=axes.LEGEND, sharey=True)
    repeated = len({log.name for log in logs}) < len(logs)
    for log, panel in zip(logs, panels, strict=True):
        dimensions = sorted(
            (name for name in log.training[-1] if re.fullmatch(r"kl_\d+", name)), key=lambda n: int(n[3:])
        )
        for i, name in enumerate(dimensions):
            panel.plot(*log.series(name), "--", lw=1, color=_shade(i, len(dimensions)), label=f"KL$_{{{name[3:]}}}$")
        for name, (label, color) in BOUNDS.items():
            if name == "mi_lower" or dimensions:
                panel.plot(*log.series(name), lw=2, color=color, label=label)
        panel.set(title=f"{log.name}, {log.folder}" if repeated else log.name, xlabel="step", ylabel="nats")
        axes.steps(panel.xaxis)
        panel.axhline(0, lw=0.5, color="grey")
        _, scores = log.measured("fvm")
        if scores:
            second = panel.twinx()
            second.plot(list(scores), list(scores.values()), "k.-", lw=1, label="FVM")
            second.set(ylabel="FVM", ylim=(0, 1))
            panel.axvline(max(scores, key=scores.get), ls=":", color="black", label="best FVM")
            panel.plot([], [], "k.-", lw=1, label="FVM")
    axes.legend(figure, panels)
    return picture(figure)


@figure(kind=OF_LOGS)
def beta(logs):
    """I^U, I^L and FVM over beta: of every run the median over its training, the mean over runs (IB-GAN, Figure 3)."""
    logs = [log for log in logs if _number(log, "IBGAN.beta") is not None and log.series("mi_upper")[0]]
    _require(len({log.settings["IBGAN.beta"] for log in logs}) > 1, "beta", "several values of IBGAN.beta")
    titles = {"mi_upper": "$I^U$ (nats)", "mi_lower": "$I^L$ (nats)", "fvm": "FVM"}
    figure, panels = axes.panels(len(titles))
    for (name, title), panel in zip(titles.items(), panels, strict=True):
        values = [(log, log.series(name)[1] or [*log.measured(name)[1].values()]) for log in logs]
        points = [(log.settings["IBGAN.beta"], np.median(of)) for log, of in values if of]
        _mean_line(panel, points, "C0")
        panel.set(xlabel=r"$\beta$", title=title)
    return picture(figure)


@figure(kind=OF_LOGS)
def fvm_fid(logs):
    """A point for every run, a panel for every data set: disentanglement against quality (ID-GAN, Figure 3)."""
    fid = _fid(logs)
    points = [(log.name, *found) for log in logs if (found := _last(log, "fvm", fid))]
    _require(points, "fvm_fid", "an FVM and a FID of the same step (bin/evaluate)")
    names, datasets = (list(dict.fromkeys(point[i] for point in points)) for i in (0, 1))
    figure, panels = axes.panels(len(datasets), legend=axes.LEGEND + 0.6)
    for dataset, panel in zip(datasets, panels, strict=True):
        for i, name in enumerate(names):
            own = [(quality, fvm) for *of, fvm, quality in points if of == [name, dataset]]
            marker, color = MARKERS[i // len(COLORS) % len(MARKERS)], COLORS[i % len(COLORS)]
            panel.plot(*np.reshape(own, (-1, 2)).T, marker, color=color, label=name)
        panel.set(title=dataset, xscale="log", xlabel=f"{fid} (better to the left)", ylabel="FVM (better up)")
        axes.plain_numbers(panel.xaxis)
        panel.grid(alpha=0.3, which="both")
    axes.legend(figure, panels)
    return picture(figure)


@figure(kind=OF_LOGS)
def fid_lambda(logs):
    """FID over lambda, a line for each method (ID-GAN, Figure A.10)."""
    fid = _fid(logs)
    found = [(log.settings.get("train.method"), _lambda(log), _last(log, fid)) for log in logs]
    points = [(name, x, *of) for name, x, of in found if name and x and x > 0 and of]
    _require(len({point[1] for point in points}) > 1, "fid_lambda", "a FID (bin/evaluate) and several values of lambda")
    figure, (panel,) = axes.panels(1)
    several = len({point[2] for point in points}) > 1
    for i, line in enumerate(dict.fromkeys((name, dataset) for name, _, dataset, _ in points)):
        own = [(x, value) for name, x, dataset, value in points if (name, dataset) == line]
        _mean_line(panel, own, COLORS[i % len(COLORS)], ", ".join(line[: 1 + several]))
    panel.set(xscale="log", xlabel=r"$\lambda$", ylabel=f"{fid} (better down)", ylim=(0, None))
    panel.yaxis.set_major_formatter("{x:,g}")
    panel.grid(alpha=0.3)
    panel.legend()
    return picture(figure)


def _require(condition, figure, needed):
    if not condition:
        raise ConfigError(f"the figure {figure} needs runs with {needed}")


def _fid(logs):
    """The name of the FID that most runs have, such as fid50k; others are not comparable with it.

    On dSprites the one that orders spoilt sprites as eyes do (fid_dsprites_even50k). Of as many, that of codes of the
    training (fid_dsprites_even50k_training).
    """
    found = [{_distance(record) for record in log.evaluations} for log in logs]
    names = [name for of_log in found for name in of_log if name]
    return statistics.mode(sorted(names, reverse=True)) if names else None


def _distance(record):
    """The name of the FID of an evaluation, or None."""
    metric, name = run_log.score_of(record)
    even = [value for value in record if value.startswith("fid_dsprites_even")]
    return None if metric not in FIDS else (even or [name])[0]


def _last(log, *names):
    """[name of the images, value of each name] of the last step at which all of them were measured, or None."""
    dataset, steps = log.measured(*names)
    return [dataset or "", *steps[max(steps)]] if steps else None


def _lambda(log):
    """The run's lambda, or None where it has none or follows a schedule."""
    method = log.settings.get("train.method")
    numbers = (_number(log, f"{method}.{name}") for name in LAMBDAS)
    return next((number for number in numbers if number is not None), None)


def _number(log, name):
    """A setting of the run that is a number; None where it is not bound or follows a schedule."""
    value = log.settings.get(name)
    return value if isinstance(value, int | float) else None


def _mean_line(panel, points, color, label=None):
    """The means of points (x, y) with the same x, with bars of one standard deviation where there are several."""
    groups = {x: [y for other, y in points if other == x] for x in sorted({x for x, _ in points})}
    bars = [np.std(values) if len(values) > 1 else np.nan for values in groups.values()]
    panel.errorbar(
        list(groups), [np.mean(v) for v in groups.values()], bars, fmt="o-", color=color, capsize=3, label=label
    )


def _shade(i, count):
    return colormaps["viridis"](i / max(1, count))
