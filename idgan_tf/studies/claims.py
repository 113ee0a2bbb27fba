"""Claims about a table as checks: each holds, does not hold, or cannot be decided, with the reason.

Whatever lies within the standard error over the seeds is not decided; with one seed the noise is not known, and the
answer says so. No answer ever comes from a number that is missing or not finite.
"""

import itertools
import math
import statistics
from typing import NamedTuple

from idgan_tf.errors import require
from idgan_tf.evaluation.metric import better
from idgan_tf.studies.columns import metric_of

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decidable"
CLOSE = "within the spread of the seeds"
EXACT = 1e-6  # difference of scores that are the same, but for rounding


class Undecidable(Exception):
    """Why a check has no answer."""


class Close(Undecidable):
    """The numbers are there, and too near to one another."""


class Verdict(NamedTuple):
    """What a claim is: one of HOLDS, FAILS, OPEN, by which numbers, and what else is to say of them."""

    answer: str
    reason: str
    remark: str


def check(claim, rows, seeds=1, decides=True):
    """The `Verdict` on a claim.

    Args:
        claim: a `study.Claim`.
        rows: {id: {"name", "problem", "left_out": {column: why}, "cells": {column: {seed: value}}}}.
        seeds: how many are planned; an answer from fewer says so.
        decides: whether the budget is large enough for any answer.
    """
    try:
        ok, reason = CHECKS[claim.check](claim, rows)
    except Undecidable as error:
        return Verdict(OPEN, str(error), CLOSE if isinstance(error, Close) else str(error))
    if not decides:
        remark = "this budget only shows that the study runs"
        return Verdict(OPEN, f"{remark} ({reason})", remark)
    counts = _counts(claim, rows)
    warning = "; ".join(_warnings(claim, rows, counts, seeds))
    least = min(counts.values())
    remark = warning or f"{least} seed{'s' * (least > 1)}"
    return Verdict(HOLDS if ok else FAILS, f"{reason} ({warning})" if warning else reason, remark)


def number(value, digits=4):
    """A value with that many digits, without an exponent where it is large: 20,260."""
    return f"{float(f'{value:.{digits}g}'):,g}"


def _same(claim, rows):
    """`metrics` of all `rows` are equal, seed by seed."""
    different, counts = [], []
    for metric in claim.metrics:
        first, *others = [_values(rows, name, metric) for name in claim.rows]
        for name, values in zip(claim.rows[1:], others, strict=True):
            seeds = sorted(set(first) & set(values))
            if not seeds:
                raise Undecidable(f"no seed has {metric} of both {_name(rows, claim.rows[0])} and {_name(rows, name)}")
            counts.append(len(seeds))
            for seed in seeds:
                if abs(first[seed] - values[seed]) > EXACT:
                    different.append(f"{metric} {number(first[seed])} and {number(values[seed])}, seed {seed}")
    return not different, "; ".join(different) or f"equal in {min(counts)} seed{'s' if min(counts) > 1 else ''}"


def _better(claim, rows):
    """Every one of `rows` is better in `metrics` than every one of `than`, by the factor `value`."""
    return _each_compared(claim, rows, claim.value)


def _not_worse(claim, rows):
    """Every one of `rows` is less than `value` times worse in `metrics` than every one of `than`."""
    return _each_compared(claim, rows, 1.0 / claim.value)


def _best_among(claim, rows):
    """The best of `rows` and `than` together is one of `rows`."""
    results = []
    for metric in claim.metrics:
        means = {name: _mean(rows, name, metric) for name in claim.rows}
        best = (min if _less_is_better(metric) else max)(means, key=means.__getitem__)
        results += [_compared(rows, metric, best, other, 1.0) for other in claim.than]
    return _all(results)


def _steady(claim, rows):
    """The largest mean of `rows` is less than `value` times the smallest."""
    results = []
    for metric in claim.metrics:
        low, high, times = _spread(rows, claim.rows, metric)
        results.append((_side(claim.value, low, high), f"{metric} varies by {times}"))
    return _all(results)


def _steadier(claim, rows):
    """Over `than` the means spread more than `value` times as far as over `rows`, largest by smallest."""
    results = []
    for metric in claim.metrics:
        low, high, ours = _spread(rows, claim.rows, metric)
        other_low, other_high, theirs = _spread(rows, claim.than, metric)
        answer = _side(0.0, claim.value * low - other_high, claim.value * high - other_low)
        results.append((answer, f"{metric} varies by {ours}, against {theirs}"))
    return _all(results)


def _falls(claim, rows):
    """The means fall from each of `rows` to the next."""
    results = []
    for metric in claim.metrics:
        for before, after in itertools.pairwise(claim.rows):
            (a, error_a), (b, error_b) = (_mean_and_error(rows, name, metric) for name in (before, after))
            error = math.hypot(error_a, error_b)
            text = f"{metric} of {_name(rows, before)} {number(a)}, of {_name(rows, after)} {number(b)}"
            results.append((_side(0.0, b - a - error, b - a + error), text))
    return _all(results)


def _at_least(claim, rows):
    """The means of `rows` are `value` or more."""
    return _bound(claim, rows, 1.0)


def _at_most(claim, rows):
    """The means of `rows` are `value` or less."""
    return _bound(claim, rows, -1.0)


CHECKS = {
    "same": _same,
    "better": _better,
    "not_worse": _not_worse,
    "best_among": _best_among,
    "steady": _steady,
    "steadier": _steadier,
    "falls": _falls,
    "at_least": _at_least,
    "at_most": _at_most,
}
FEWEST = {  # of `rows` and of `than`; those that read no `than` take none
    "same": (2, 0),
    "better": (1, 1),
    "not_worse": (1, 1),
    "best_among": (1, 1),
    "steady": (2, 0),
    "steadier": (2, 2),
    "falls": (2, 0),
    "at_least": (1, 0),
    "at_most": (1, 0),
}
FACTORS = ("better", "not_worse", "steady", "steadier")  # whose `value` multiplies


def require_sense(claim, where):
    """Raises ConfigError where a claim compares nothing; `where` is how the message calls it."""
    known = ", ".join(CHECKS)
    require(claim.check in CHECKS, f"{where}: no check is {claim.check!r}; there are {known}")
    require(claim.metrics, f"{where}: of which metrics?")
    for name, fewest in zip(("rows", "than"), FEWEST[claim.check], strict=True):
        given, reads = len(getattr(claim, name)), fewest > 0
        require(given >= fewest, f"{where}: {claim.check!r} compares {fewest} or more `{name}`, got {given}")
        require(reads or not given, f"{where}: {claim.check!r} reads no `{name}`")
    positive = claim.check not in FACTORS or claim.value > 0
    require(positive, f"{where}: the `value` of {claim.check!r} must be > 0, got {claim.value:g}")


def _bound(claim, rows, sign):
    results = []
    for metric in claim.metrics:
        for name in claim.rows:
            mean, error = _mean_and_error(rows, name, metric)
            text = f"{metric} of {_name(rows, name)} is {number(mean)}" + (
                f", give or take {number(error, 2)}" if error else ""
            )
            short = sign * (claim.value - mean)
            results.append((True if short == error == 0 else _side(0.0, short - error, short + error), text))
    return _all(results)


def _side(limit, low, high):
    """True when all from `low` to `high` is below the limit, False when nothing is, None when the limit is inside."""
    if high < limit:
        return True
    return False if low >= limit else None


def _each_compared(claim, rows, factor):
    pairs = [(metric, a, b) for metric in claim.metrics for a in claim.rows for b in claim.than]
    return _all(_compared(rows, metric, a, b, factor) for metric, a, b in pairs)


def _compared(rows, metric, name, other, factor):
    """(True, False or None within the noise, the numbers) of "`name` is `factor` times better than `other`"."""
    a, b = (_mean_and_error(rows, row, metric) for row in (name, other))
    good, bad = (b, a) if _less_is_better(metric) else (a, b)  # the larger one where the claim is right
    lack, noise = factor * bad[0] - good[0], math.hypot(good[1], factor * bad[1])
    text = f"{metric} of {_name(rows, name)} {number(a[0])}, of {_name(rows, other)} {number(b[0])}"
    return _side(0.0, lack - noise, lack + noise), text


def _less_is_better(metric):
    way = better(metric_of(metric))
    if way is None:
        raise Undecidable(f"nobody says whether more or less {metric} is better")
    return way == "lower"


def _all(results):
    """The answer of several comparisons: one that fails decides, then one that is open."""
    results = list(results)
    failed, unsure = ([text for ok, text in results if ok is answer] for answer in (False, None))
    if failed:
        return False, "; ".join(failed)
    if unsure:
        raise Close(f"{'; '.join(unsure)}: {CLOSE}")
    return True, "; ".join(text for _, text in results)


def _spread(rows, names, metric):
    """The largest mean by the smallest: (lowest, highest) with each give or take its standard error, and the text."""
    known = sorted((_mean_and_error(rows, name, metric), name) for name in names)
    (small, small_error), name = known[0]
    (large, large_error), _ = known[-1]
    if small - small_error <= 0:
        raise Undecidable(f"{metric} of {_name(rows, name)} is not above 0")
    low, high = (large - large_error) / (small + small_error), (large + large_error) / (small - small_error)
    return low, high, f"{large / small:.3g}x"


def _mean(rows, name, metric):
    return statistics.fmean(_values(rows, name, metric).values())


def _mean_and_error(rows, name, metric):
    """Mean over the seeds, and its standard error: 0 for one seed, since it is not known."""
    values = list(_values(rows, name, metric).values())
    return statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def _values(rows, name, metric):
    """{seed: value}, at least one, all finite.

    Raises:
        Undecidable: otherwise.
    """
    row = rows.get(name)
    if row is None:
        raise Undecidable(f"{name} is not part of this scale")
    values = row["cells"].get(metric, {})
    if not values:
        other = "it was not measured" if row["cells"] else "it has not run"
        why = row["left_out"].get(metric) or row["problem"] or other
        raise Undecidable(f"no {metric} of {row['name']}: {why.split('. ')[0]}")  # without the remedy
    bad = [seed for seed, value in values.items() if not math.isfinite(value)]
    if bad:
        raise Undecidable(f"{metric} of {row['name']} is not finite in seed {bad[0]}")
    return values


def _name(rows, name):
    return rows[name]["name"]


def _counts(claim, rows):
    """{row: how many seeds it has of all metrics of a claim}."""
    cells = {name: rows[name]["cells"] for name in [*claim.rows, *claim.than]}
    return {name: min(len(cell[metric]) for metric in claim.metrics) for name, cell in cells.items()}


def _warnings(claim, rows, counts, seeds):
    yield from (f"{_name(rows, name)} has {n} of {seeds} seeds" for name, n in counts.items() if n < seeds)
    if claim.check != "same" and min(counts.values()) == 1:
        yield "one seed: the noise between seeds is not known"
