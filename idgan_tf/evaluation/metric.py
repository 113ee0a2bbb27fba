"""What a metric is, and what it gives back.

A metric has two sides: a numerical core on arrays, and a face `(method, dataset, seed) -> Result` under `@metric(...)`,
which says all that is known of it and lets gin bind the rest of its arguments. Faces are found in the files beside
this one, those of codes and of features alone in codes/ and features/, where nothing needs TensorFlow; a gin file that
imports a module brings those of that module.
"""

import dataclasses
import functools
import importlib
import inspect
import pathlib
import pkgutil
import re
from collections.abc import Callable

import gin
import numpy as np
from absl import logging

from idgan_tf.errors import ConfigError, NonFiniteError, require

COSTS = ("seconds", "minutes", "hours")
KINDS = {"codes": ("of_codes", "of_runs"), "features": ("of_features",)}  # of arrays of others, and what takes them
CODES = "generation.codes"  # in the protocol of images whose codes were asked for
_known = {}


@dataclasses.dataclass(frozen=True)
class Metric:
    """What is known of a metric; the other attributes are those of `metric`.

    Attributes:
        name: of its function, and so of its bindings: `fvm.num_votes = 800`.
        face: (method, dataset, seed) -> `Result`.
    """

    name: str
    face: Callable
    better: str
    cost: str
    network: str | None
    of_codes: Callable | None
    of_runs: Callable | None
    of_images: Callable | None
    of_features: Callable | None
    values: dict

    @property
    def text(self):
        """The first line of its docstring, and which way its score is better."""
        return f"{(self.face.__doc__ or '').splitlines()[0].removesuffix('.')}; {self.better} is better"


def metric(better, cost, network=None, of_codes=None, of_runs=None, of_images=None, of_features=None, values=None):
    """Makes a function (method, dataset, seed, ...) -> `Result` a metric of its name, whose arguments gin binds.

    Args:
        better: "higher" or "lower", of its score.
        cost: "seconds", "minutes" or "hours", on two idle cores at its defaults.
        network: the classifier of the run's dataset that it asks, such as "factor_classifier", which
            gin/<network>_<dataset>.gin trains; its file is given as the argument `network`.
        of_codes: its values of a table, (codes [N, D], factors [N, K], seed, ...) -> {name: float}; what gin binds of
            its other arguments for the metric counts here, too.
        of_runs: its values of each of several runs, ([their codes [N, D] of the same images], seed) -> [{name: float}];
            its face takes the run directories of the others as the argument `others`.
        of_images: its values of two sets of images, (real `pool_3` [M, 2048], {"pool_3": [N, 2048], "logits":
            [N, 1008]} of the generated ones, seed) -> {name: float}, from Inception's activations.
        of_features: its scores of two sets of features, (real [M, F], generated [N, F], seed, ...) -> {score: float};
            `pairs.measured` adds the count to their names. Its other arguments are as those of `of_codes`.
        values: {what the whole of a name is like, such as r"\\w+_fidelity": "higher" or "lower"} of its other values;
            those that begin with its own name are as its score.

    Raises:
        ConfigError: there is such a metric already, it has no docstring, or `better` or `cost` is another word.
    """

    def known(face):
        name = face.__name__
        require(better in ("higher", "lower"), f'{name}: better is "higher" or "lower", got {better!r}')
        require(cost in COSTS, f"{name}: cost is one of {', '.join(COSTS)}, got {cost!r}")
        require(
            (face.__doc__ or "\n").splitlines()[0],
            f"{name}: the first line of a metric's docstring is its text; it has none",
        )
        require(name not in _known, f"{face.__module__} has a metric {name}, and there is one already")
        faces = of_codes, of_runs, of_images, of_features
        _known[name] = Metric(name, gin.configurable(face), better, cost, network, *faces, values or {})
        return _known[name].face

    return known


def metrics():
    """{name: `Metric`} of all that there are, cheap ones first; afterwards gin knows their parameters."""
    _import_all()
    return _in_order()


def metrics_of(kind):
    """Those of `metrics` that arrays of one of `KINDS` are enough for, without importing TensorFlow."""
    with gin.unlock_config():
        _import_folder(kind)
    return {name: one for name, one in _in_order().items() if any(getattr(one, face) for face in KINDS[kind])}


def settings_of(metric, compute, given):
    """{argument: value} of what a face of a metric takes after its first three: the defaults, and those `given`."""
    defaults = {p.name: p.default for p in [*inspect.signature(compute).parameters.values()][3:]}
    for other in given.keys() - defaults.keys():
        known = ", ".join(defaults) or "metrics without settings"
        require(False, f"without a run there is no {metric.name}.{other}, only {known}")
    return defaults | given


def _in_order():
    return dict(sorted(_known.items(), key=lambda item: (COSTS.index(item[1].cost), item[0])))


def find(name):
    """The `Metric` of that name.

    Raises:
        ConfigError: there is no such metric.
    """
    require(name in metrics(), f"no metric {name!r}; there are {', '.join(metrics())}")
    return _known[name]


def better(name):
    """Which is better of a column of a table, "higher" or "lower", by the metric that gives it; None of any other."""
    name, known = name.removeprefix("best_"), metrics().values()
    told = [way for one in known for pattern, way in one.values.items() if re.fullmatch(pattern, name)]
    of = [one for one in known if f"{name}_".startswith(f"{one.name}_")]
    return max(of, key=lambda one: len(one.name)).better if of else next(iter(told), None)


@functools.cache
def _import_all():
    with gin.unlock_config():  # that of the caller may be locked, and imports register names
        for folder in ("", *KINDS):
            _import_folder(folder)


def _import_folder(name):
    """Imports the modules of a folder beside this file, or of its own."""
    package = ".".join(filter(None, (__package__, name)))
    for module in pkgutil.iter_modules([str(pathlib.Path(__file__).parent / name)]):
        if not module.ispkg:
            importlib.import_module(f"{package}.{module.name}")


@dataclasses.dataclass(frozen=True)
class Result:
    """A score and how it was measured.

    Attributes:
        values: {name: float}; the first is the metric's score, which tables show and trainings choose the best of.
        protocol: {name: number or text}: sample counts, bins, the feature network and its checksum.

    Raises:
        ConfigError: they are no such dicts, or a value has a name that lines of metrics.jsonl keep for themselves.
        NonFiniteError: a value is no number.
    """

    values: dict
    protocol: dict

    def __post_init__(self):
        is_dict = isinstance(self.values, dict) and self.values
        require(is_dict, f"a metric gives {{name: number}}, got {self.values!r:.60}")
        require(isinstance(self.protocol, dict), f"a metric's protocol is a dict, got {self.protocol!r:.60}")
        for name, value in self.values.items():
            require(
                isinstance(name, str) and name not in ("", "step", "protocol") and not name.startswith("best_"),
                f"a metric cannot call a value {name!r}: a line of metrics.jsonl has that itself",
            )
            require(
                np.ndim(value) == 0 and np.asarray(value).dtype.kind in "buif",
                f"a metric gives {{name: number}}, and {name} is {value!r:.60}",
            )
            if not np.isfinite(value):
                raise NonFiniteError(f"{name} came out as {value}, which is no score")
        object.__setattr__(self, "values", {name: float(value) for name, value in self.values.items()})  # as JSON has

    def record(self):
        """What stands in a line of metrics.jsonl."""
        return {**self.values, "protocol": self.protocol}


def values_of(results, named):
    """{name: value} of the (name, `Result` or why it is left out) of several metrics; what is left out is logged.

    Args:
        results: as `table.results` yields them.
        named: whether these metrics were asked for by name: then it is a warning.
    """
    found, log = {}, logging.warning if named else logging.info
    for name, result in results:
        if isinstance(result, Result):
            found |= result.values
        else:
            log("left out %s: %s", name, result)
    return found


class Unavailable(ConfigError):
    """A metric that this method or dataset cannot have; `bin/evaluate` leaves it out and says why."""


def require_available(condition, reason):
    """Raises Unavailable(reason) unless `condition` holds."""
    if not condition:
        raise Unavailable(reason)


def with_count(name, count):
    """The name of a score with its sample count: "fid", 50000 -> "fid50k"."""
    return f"{name}{count // 1000}k" if count % 1000 == 0 else f"{name}{count}"
