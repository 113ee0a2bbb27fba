"""A table of codes and factors as others save it: made what metrics take, and measured.

    from idgan_tf.evaluation.codes import table

    table.scores(codes, factors)                    # {"fvm": 0.97, "mig": 0.34, ...}
    table.scores(codes, factors, ["mig", "sap"])

What is done to a table stands in the protocol of its results.
"""

from typing import NamedTuple

import numpy as np
from absl import logging

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import checked_codes, checked_pair, checked_seed, finite, unmasked
from idgan_tf.evaluation.metric import Result, Unavailable, metrics_of, settings_of, values_of

CLASSES = 20  # of a factor that is cut; disentanglement_lib cuts codes into as many bins
FEWEST = 10  # rows of a class, on average, for more values than that to be classes; chosen here


class Table(NamedTuple):
    """Codes [N, D], classes [N, K] or None, and what was done to get them, for the protocol."""

    codes: np.ndarray
    factors: np.ndarray | None
    protocol: dict


def prepared(codes, factors=None):
    """The `Table` of arrays as they are saved.

    Args:
        codes: [N, D], or of vectors [N, C, W], of which each becomes its first principal component, as in FDAE
            (Wu & Zheng, "Factorized Diffusion Autoencoder for Unsupervised Disentangled Representation Learning",
            AAAI 2024).
        factors: [N, K]. Values are classes, whole numbers or not; but a factor that has more than `CLASSES` of them,
            each in fewer than `FEWEST` rows on average, is continuous, and cut into `CLASSES` of equal counts.

    Raises:
        ConfigError: shapes do not fit, or a factor has one value only.
        NonFiniteError: a code or a factor is NaN or infinite.
    """
    codes, protocol = unmasked(codes, "codes"), {}
    if codes.ndim == 3 and codes.size and codes.dtype.kind in "buif":
        protocol["codes"] = "first principal component of {} vectors of {}".format(*codes.shape[1:])
        finite(codes, "codes")
        codes = np.stack([_first_component(vectors) for vectors in codes.swapaxes(0, 1).astype(np.float64)], axis=1)
    if factors is None:
        return Table(checked_codes(codes), None, protocol)
    factors = unmasked(factors, "factors")
    require(
        factors.ndim == 2 and codes.ndim == 2 and len(factors) == len(codes),
        f"codes [N, D] and factors [N, K] must be of the same N images, got {list(codes.shape)} and "
        f"{list(factors.shape)}",
    )
    if factors.dtype.kind == "f":
        finite(factors, "factors")
    cut = [k for k, v in enumerate(factors.T) if _is_continuous(v)]
    if factors.dtype.kind == "f" or cut:
        factors = np.stack([_cut(v) if k in cut else _classes(v) for k, v in enumerate(factors.T)], axis=1)
    if cut:
        protocol["cut_factors"] = f"{', '.join(map(str, cut))}: up to {CLASSES} classes of equal counts"
    return Table(*checked_pair(codes, factors), protocol)


def _first_component(vectors):
    """[N] of vectors [N, W], with the sign that makes the largest weight positive."""
    centred = vectors - np.mean(vectors, axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[0] * np.sign(axes[0][np.argmax(np.abs(axes[0]))])


def _is_continuous(v):
    """Whether a factor [N] is no classes: it has many values of few rows each."""
    if v.dtype.kind not in "buif":
        return False
    count = len(np.unique(v))
    return count > CLASSES and len(v) < FEWEST * count


def _classes(v):
    """The values of a factor [N] as whole numbers, which they may be already."""
    return v if np.all(v == np.floor(v)) else np.unique(v, return_inverse=True)[1]


def _cut(v):
    edges = np.quantile(v, np.linspace(0.0, 1.0, CLASSES + 1)[1:-1])
    return np.searchsorted(edges, v, side="right")


def scores(codes, factors, names=None, seed=0):
    """{name: value} of metrics of a table; what cannot be had of it is left out, with a warning where it was named.

    Args:
        codes, factors: as for `prepared`.
        names: a list, of metrics; None for all.
        seed: of what is random in them.

    Raises:
        ConfigError: shapes do not fit, there is no such metric, a factor has one value only, or the seed is none.
        NonFiniteError: a code or a factor is NaN or infinite.
    """
    require(not isinstance(names, str), f"names is a list of metrics, such as [{names!r}]")
    chosen = metrics_of("codes") if names is None else names
    return values_of(results(prepared(codes, factors), chosen, seed), names is not None)


def results(table, names, seed, settings=None):
    """Yields (name, `Result`) of metrics of a `Table`, or (name, why it is left out).

    Args:
        table, names, seed: what and how.
        settings: {metric: {argument of its `of_codes`: value}}, None for none.

    Raises:
        ConfigError: there is no such metric, a setting is not one of tables, or the seed is none.
    """
    checked_seed(seed)
    protocol = {"num_samples": len(table.codes), "seed": seed, **table.protocol}
    known = metrics_of("codes")
    for name in names:
        require(name in known, f"no metric of codes {name!r}; there are {', '.join(known)}")
        if known[name].of_codes is None:
            yield name, "it compares runs, two or more"
            continue
        if table.factors is None:
            yield name, "it asks for factors"
            continue
        logging.info("evaluating %s", name)
        chosen = settings_of(known[name], known[name].of_codes, (settings or {}).get(name, {}))
        try:
            values = known[name].of_codes(table.codes, table.factors, seed, **chosen)
        except Unavailable as error:
            yield name, str(error)
        else:
            yield name, Result(values, {"metric": name, **protocol, **chosen})


def compared(tables, names, seed):
    """Yields (name, [`Result` of each table]) of metrics that compare several runs' codes of the same images.

    Of one that cannot be had of them: (name, why it is left out).

    The protocol has the rank of each, 1 for the greatest score: what a selection without labels takes.
    """
    known = metrics_of("codes")
    for name in names:
        if known[name].of_runs:
            try:
                found = known[name].of_runs([table.codes for table in tables], seed)
            except Unavailable as error:
                yield name, str(error)
                continue
            shared = {"metric": name, "num_samples": len(tables[0].codes), "seed": seed}
            parts = zip(found, tables, ranks([next(iter(values.values())) for values in found]), strict=True)
            yield name, [Result(values, {**shared, **ranked, **table.protocol}) for values, table, ranked in parts]


def ranks(scores):
    """What the protocols of several scores have of their rank, 1 for the greatest; nothing of two."""
    rank = 1 + np.argsort(np.argsort(-np.array(scores), kind="stable"))
    return [{"rank": f"{r} of {len(scores)}"} if len(scores) > 2 else {} for r in rank.tolist()]
