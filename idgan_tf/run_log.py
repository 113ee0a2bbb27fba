"""metrics.jsonl of a run: a line {"step", "name": value, ...} for each look at it, written and read."""

import contextlib
import json
import os
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from idgan_tf.config import gin_files
from idgan_tf.run_directory import read_pieces

# Scores of lines that do not say which metric they are, where they have other names than it.
EARLIER = {
    "intra_class_diversity": "diversity",
    "toy_coverage": "toy_spread",
    "mi_bounds_lower": "mi_bounds",
    "dci_disentanglement": "dci",
    "linear_probe_c": "linear_probe",
    "linear_probe_zs": "linear_probe",
    "mlp_probe_c": "mlp_probe",
    "mlp_probe_zs": "mlp_probe",
}


EVALUATION = "evaluation/"  # the tags of TensorBoard's scalars of metrics begin so


def append_metrics(path, record):
    """Adds a line to a metrics.jsonl, below what a full disk left of the last one."""
    with open(path, "ab+") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - 1, 0))
        cut = file.read() not in (b"", b"\n")
        file.write(b"\n" * cut + json.dumps(record).encode() + b"\n")


def read_metrics(path):
    """The lines of a metrics.jsonl as dicts; a line that a kill cut, or a disk spoilt, is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text("utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    return [record for record in records if isinstance(record, dict)]


def is_evaluation(record):
    """Whether a line is of an evaluation, which says how it measured, and not of a training."""
    return "protocol" in record


def values_of(record):
    """{name: value} of a line, without its step and protocol."""
    return {name: value for name, value in record.items() if name not in ("step", "protocol")}


def score_of(record):
    """(metric, name of its score) of the line of an evaluation, such as ("fid", "fid50k"); else (None, None).

    The score is a metric's first value. Lines written before the protocol had "metric" are known by the name of their
    score, without its sample count.
    """
    names = [name for name in values_of(record) if not name.startswith("best_")]  # of the training so far
    if not is_evaluation(record) or not names:
        return None, None
    stem = re.sub(r"\d+k?$", "", names[0])
    return record["protocol"].get("metric", EARLIER.get(stem, stem)), names[0]


def told(protocol, text: Callable[[Any], str] = str):
    """A protocol as a line: "seed 0, num_samples 10000"; `text` turns its values into text."""
    return ", ".join(f"{key} {text(value)}" for key, value in protocol.items())


class Log(NamedTuple):
    """What a run wrote down.

    Attributes:
        name: of its directory; runs of the same name in several folders are repetitions of one experiment.
        folder: the name of that folder, such as "seed0".
        settings: {"IBGAN.beta": 0.141, ...} of its config.gin.
        training: lines of metrics.jsonl, ascending.
        evaluations: the lines that evaluations wrote, with their protocol.
    """

    name: str
    folder: str
    settings: dict
    training: list
    evaluations: list

    def series(self, name):
        """(steps, finite values) of a value of the training, as two lists."""
        points = [(r["step"], r[name]) for r in self.training if name in r and np.isfinite(r[name])]
        return ([], []) if not points else tuple(map(list, zip(*points, strict=True)))

    def measured(self, *names):
        """(name of the images, {step: [value of each name]}), ascending, of the steps at which all were measured.

        The values are of the same images, the ones measured last where there are several, and of the last look at each
        step; (None, {}) where there are no such steps.
        """
        found = {}
        for record in self.evaluations:
            if values := {name: record[name] for name in names if name in record}:
                images = record["protocol"].get("dataset"), record["protocol"].get("source")
                steps = found[images] = found.pop(images, {})  # the newest images are the last ones
                steps[record["step"]] = steps.get(record["step"], {}) | values
        for (dataset, _), steps in reversed(found.items()):
            whole = {step: [of[n] for n in names] for step, of in sorted(steps.items()) if len(of) == len(names)}
            if whole:
                return dataset, whole
        return None, {}


class Cost(NamedTuple):
    """What a run's training took.

    Attributes:
        seconds: on the clock, in all its pieces; what a kill undid counts, a pause between two pieces does not.
        devices: how many it had.
        kind: of device: "core" of a CPU, or "GPU".
    """

    seconds: float
    devices: int
    kind: str

    @property
    def hours(self):
        """Of one device."""
        return self.seconds * self.devices / 3600


def cost(run):
    """The `Cost` of a `run_directory.Run`, by the clock in its TensorBoard log.

    None where it has none, or where pieces of the training had different machines.
    """
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader  # half a second

    machine, *others = {piece.get("machine") for piece in read_pieces(run.environment)} or {None}
    seconds = sum(_seconds(LegacyEventFileLoader(str(path)).Load()) for path in _event_files(run))
    if others or not machine or not seconds:
        return None
    cores = re.search(r"(\d+) CPU cores", machine)
    return Cost(seconds, int(cores[1]), "core") if cores else Cost(seconds, machine.count(", "), "GPU")


def _seconds(events):
    """From the first to the last of the events of a file; 0 of one of an evaluation after the training."""
    times, evaluates = [], set()
    for event in events:  # pictures are large: none is kept
        times.append(event.wall_time)
        evaluates |= {value.tag.startswith(EVALUATION) for value in event.summary.value}
    return 0.0 if not times or evaluates == {True} else max(times) - min(times)


def _event_files(run):
    return sorted(run.tensorboard.glob("events.out.tfevents.*"))


def read(run):
    """The `Log` of a `run_directory.Run`."""
    records = read_metrics(run.metrics)
    evaluations = [record for record in records if is_evaluation(record)]
    training = [record for record in records if not is_evaluation(record)]
    return Log(run.name, run.path.resolve().parent.name, gin_files.literals(run.config), training, evaluations)
