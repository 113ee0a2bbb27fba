"""Claims about a table as checks: each holds, does not hold, or cannot be decided, with the reason.

A difference of two means counts when it exceeds its standard error over the seeds; with one seed the noise is not
known, and the answer says so. No answer ever comes from a number that is missing or not finite.
"""

import math
import statistics

from idgan_tf.evaluation.evaluate import LOWER_IS_BETTER

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decidable"
EXACT = 1e-6  # difference of scores that are the same, but for rounding


class Undecidable(Exception):
    """Why a check has no answer."""


def check(claim, rows, decides=True):
    """(answer, reason) of a claim.

    Args:
        claim: a `study.Claim`.
        rows: {id: {"name", "problem", "cells": {column: {seed: value}}}}.
        decides: whether the budget is large enough for any answer.
    """
    try:
        ok, reason = CHECKS[claim.check](claim, rows)
    except Undecidable as error:
        return OPEN, str(error)
    if not decides:
        return OPEN, f"this budget only shows that the study runs ({reason})"
    return HOLDS if ok else FAILS, reason + _warning(claim, rows)


def _same(claim, rows):
    """`metrics` of all `rows` are equal, seed by seed."""
    different = []
    for metric in claim.metrics:
        first, *others = [_values(rows, name, metric) for name in claim.rows]
        for name, values in zip(claim.rows[1:], others, strict=True):
            seeds = sorted(set(first) & set(values))
            if not seeds:
                raise Undecidable(f"no seed has {metric} of both {_name(rows, claim.rows[0])} and {_name(rows, name)}")
            for seed in seeds:
                if abs(first[seed] - values[seed]) > EXACT:
                    different.append(f"{metric} {first[seed]:.4g} and {values[seed]:.4g}, seed {seed}")
    return not different, "; ".join(different) or "equal in every seed"


def _better(claim, rows):
    """Every one of `rows` is better in `metrics` than every one of `than`, by the factor `value`."""
    pairs = [(metric, a, b) for metric in claim.metrics for a in claim.rows for b in claim.than]
    return _all(_compared(rows, metric, a, b, claim.value) for metric, a, b in pairs)


def _best_among(claim, rows):
    """The best of `rows` and `than` together is one of `rows`."""
    results = []
    for metric in claim.metrics:
        means = {name: _mean(rows, name, metric) for name in claim.rows}
        best = (min if metric in LOWER_IS_BETTER else max)(means, key=means.get)
        results += [_compared(rows, metric, best, other, 1.0) for other in claim.than]
    return _all(results)


def _steady(claim, rows):
    """The largest mean of `rows` is less than `value` times the smallest."""
    spreads = {metric: _spread(rows, claim.rows, metric) for metric in claim.metrics}
    text = "; ".join(f"{metric} varies by {spread:.3g}x" for metric, spread in spreads.items())
    return all(spread < claim.value for spread in spreads.values()), text


def _steadier(claim, rows):
    """The largest mean is a smaller multiple of the smallest over `rows` than over `than`."""
    pairs = [(m, _spread(rows, claim.rows, m), _spread(rows, claim.than, m)) for m in claim.metrics]
    text = "; ".join(f"{metric} varies by {ours:.3g}x, against {theirs:.3g}x" for metric, ours, theirs in pairs)
    return all(ours < theirs for _, ours, theirs in pairs), text


def _falls(claim, rows):
    """The means fall from each of `rows` to the next."""
    texts, ok = [], True
    for metric in claim.metrics:
        means = [_mean(rows, name, metric) for name in claim.rows]
        ok = ok and all(after < before for before, after in zip(means, means[1:], strict=False))
        texts.append(f"{metric} " + ", ".join(f"{mean:.4g}" for mean in means))
    return ok, "; ".join(texts)


def _at_least(claim, rows):
    """The means of `rows` are `value` or more."""
    return _bound(claim, rows, lambda mean: mean >= claim.value)


def _at_most(claim, rows):
    """The means of `rows` are `value` or less."""
    return _bound(claim, rows, lambda mean: mean <= claim.value)


CHECKS = {
    "same": _same,
    "better": _better,
    "best_among": _best_among,
    "steady": _steady,
    "steadier": _steadier,
    "falls": _falls,
    "at_least": _at_least,
    "at_most": _at_most,
}


def _bound(claim, rows, fits):
    means = {(metric, name): _mean(rows, name, metric) for metric in claim.metrics for name in claim.rows}
    text = "; ".join(f"{metric} of {_name(rows, name)} is {mean:.4g}" for (metric, name), mean in means.items())
    return all(fits(mean) for mean in means.values()), text


def _compared(rows, metric, name, other, factor):
    """(True, False or None within the noise, the numbers) of "`name` is `factor` times better than `other`"."""
    lower = metric in LOWER_IS_BETTER
    a, b = _values(rows, name, metric), _values(rows, other, metric)
    good, bad = (b, a) if lower else (a, b)  # the larger one where the claim is right
    gain = statistics.fmean(good.values()) - factor * statistics.fmean(bad.values())
    noise = math.hypot(_error(good), factor * _error(bad)) if min(len(a), len(b)) > 1 else 0.0
    times = f"{factor:g} times " if factor != 1 else ""
    text = (
        f"{metric} of {_name(rows, name)} {statistics.fmean(a.values()):.4g}, "
        f"of {_name(rows, other)} {statistics.fmean(b.values()):.4g}"
    )
    if abs(gain) <= noise:
        return None, f"{text}: {times}{'less' if lower else 'more'} or not, the seeds vary too much"
    return gain > 0, text


def _all(results):
    """The answer of several comparisons: one that fails decides, then one that is open."""
    results = list(results)
    failed, unsure = ([text for ok, text in results if ok is answer] for answer in (False, None))
    if failed:
        return False, "; ".join(failed)
    if unsure:
        raise Undecidable("; ".join(unsure))
    return True, "; ".join(text for _, text in results)


def _spread(rows, names, metric):
    means = [_mean(rows, name, metric) for name in names]
    if min(means) <= 0:
        raise Undecidable(f"{metric} of {_name(rows, names[means.index(min(means))])} is not above 0")
    return max(means) / min(means)


def _mean(rows, name, metric):
    return statistics.fmean(_values(rows, name, metric).values())


def _error(values):
    """Standard error of the mean over seeds."""
    return statistics.stdev(values.values()) / math.sqrt(len(values))


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
        raise Undecidable(f"no {metric} of {row['name']}: {row['problem'] or 'it has not run'}")
    bad = [seed for seed, value in values.items() if not math.isfinite(value)]
    if bad:
        raise Undecidable(f"{metric} of {row['name']} is not finite in seed {bad[0]}")
    return values


def _name(rows, name):
    return rows[name]["name"]


def _warning(claim, rows):
    counts = [len(rows[name]["cells"][metric]) for metric in claim.metrics for name in [*claim.rows, *claim.than]]
    return " (one seed: the noise between seeds is not known)" if claim.check != "same" and min(counts) == 1 else ""
