"""Curves of a run, as what `templates/charts.js` draws and what is said below each."""

import importlib
import re

import numpy as np

from idgan_tf import run_log
from idgan_tf.config.gin_files import literals

MAX_POINTS = 4000  # of a curve; of more, every n-th is drawn
DIGITS = 5


def of_training(log, meanings):
    """Every value of a `run_log.Log`'s training over the steps, in the order in which the training names them.

    Args:
        log: the `run_log.Log`.
        meanings: {name: what it is}, as `meanings_of` gives.
    """
    names = dict.fromkeys(name for record in log.training for name in record if name != "step")
    return [_chart(name, _points(log.training, name), meanings.get(name, ""), False) for name in names]


def of_evaluations(log):
    """The values that were measured at more than one step, of the same images; not the best ones so far."""
    names = dict.fromkeys(
        name for record in log.evaluations for name in run_log.values_of(record) if not name.startswith("best_")
    )
    points = {name: [(step, value) for step, (value,) in log.measured(name)[1].items()] for name in names}
    return [_chart(name, of, "", True) for name, of in points.items() if len(of) > 1]


def meanings_of(config):
    """{name: text} of what the method of a config.gin reports; {} of a method that is not of this package."""
    name = literals(config).get("train.method")
    for module in re.findall(r"^import (idgan_tf\.methods\.\w+)", config.read_text("utf-8"), re.MULTILINE):
        if found := getattr(importlib.import_module(module), str(name), None):
            return found.meanings
    return {}


def _points(records, name):
    return [(record["step"], record[name]) for record in records if name in record]


def _chart(name, points, meaning, dots):
    """{"name", "steps", "values": None where not finite, "dots", "caption"}."""
    last = points[-1][1]
    every = -(-len(points) // MAX_POINTS)
    steps, values = zip(*points[::every], strict=True)
    values = [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values]
    finite = [value for _, value in points if np.isfinite(value)]
    sentences = [f"{meaning[0].upper()}{meaning[1:]}." if meaning else ""]
    sentences.append(f"At step {points[-1][0]:,} it is {last:.4g}")
    if finite:
        sentences[-1] += f", after values from {min(finite):.4g} to {max(finite):.4g} since step {points[0][0]:,}"
    sentences[-1] += "."
    sentences.append(f"It was not finite {len(points) - len(finite):,} times." if len(finite) < len(points) else "")
    sentences.append(f"The curve shows one of {every} values." if every > 1 else "")
    return {
        "name": name, "steps": steps, "values": values, "dots": dots, "caption": " ".join(filter(None, sentences))
    }  # fmt: skip
