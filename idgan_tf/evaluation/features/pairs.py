"""Features of real and of generated images, checked and measured, each score with the floor that it is read by.

from idgan_tf.evaluation.features import pairs

pairs.scores(real, generated, ["precision_recall", "mind"])  # {"precision10k": 0.71, "recall10k": 0.48, ...}
"""

import numpy as np
from absl import logging

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import LARGEST, checked_seed, finite, unmasked
from idgan_tf.evaluation.metric import (
    Result,
    Unavailable,
    metrics_of,
    require_available,
    settings_of,
    values_of,
    with_count,
)


def checked(real, generated):
    """Features [M, F] and [N, F] as arrays of the numbers they came in.

    Raises:
        ConfigError: they are no real numbers [M, F] and [N, F], or larger than float32 has.
        NonFiniteError: they hold NaN or infinity.
    """
    real, generated = unmasked(real, "real features"), unmasked(generated, "generated features")
    for what, features in (("real features", real), ("generated features", generated)):
        require(features.dtype.kind in "uif", f"{what} must be real numbers, got {features.dtype}")
        require(features.ndim == 2 and features.size >= 1, f"{what} must be [N, F], got {list(features.shape)}")
        greatest = max(abs(float(np.max(features))), abs(float(np.min(features))))
        if not np.isfinite(greatest):
            finite(features, what)
        require(greatest <= LARGEST, f"{what} reach {greatest:.3g}, more than float32 has: no score can be trusted")
    require(
        real.shape[1] == generated.shape[1],
        f"real features have {real.shape[1]} dimensions, generated ones {generated.shape[1]}: two networks?",
    )
    return real, generated


def halves(real, generated, seed):
    """Three sets of equal counts: of the real features, others of the real ones, and of the generated ones.

    They are drawn at random: as many as half of the real features, or all generated ones where those are fewer.
    """
    rng = np.random.default_rng(seed)
    count = min(len(real) // 2, len(generated))
    order = rng.permutation(len(real))
    return real[order[:count]], real[order[count : 2 * count]], generated[rng.permutation(len(generated))[:count]]


def measured(of_features, real, generated, seed, **settings):
    """The `Result` of one metric: its scores of all features, with the count of generated ones in their names.

    A score depends on the counts, and does not end at 0 or 1. So the protocol has two more of equal counts
    (`floor_samples`): `real_against_real_<score>` is of two `halves` of the real features, the one in the place of the
    generated ones, and `half_<score>` of the first of them and as many generated ones. Where these two are near, the
    metric cannot tell the generated images from real ones.

    Args:
        of_features: (real [M, F], generated [N, F], seed, **settings) -> {score: float}.
        real, generated, seed, settings: what it is given.

    Raises:
        ConfigError: the features do not fit.
        Unavailable: there are too few of them.
        NonFiniteError: they hold NaN or infinity.
    """
    real, generated = checked(real, generated)
    require_available(len(real) >= 2, "a score is read beside that of two halves of the real features; give 2 or more")
    values = of_features(real, generated, seed, **settings)
    half, others, drawn = halves(real, generated, seed)
    try:
        floor, beside = (of_features(half, some, seed, **settings) for some in (others, drawn))
    except Unavailable as error:
        raise Unavailable(f"real against real, halves: {error}") from error
    protocol = {"num_samples": len(generated), "num_real": len(real), "floor_samples": len(half), **settings}
    for name in floor:  # KID's error is of several blocks, which halves may not have
        protocol |= {f"half_{name}": beside[name], f"real_against_real_{name}": floor[name]}
    return Result({with_count(name, len(generated)): value for name, value in values.items()}, protocol)


def scores(real, generated, names=None, seed=0):
    """{score: value} of metrics of two sets of features; what is left out is logged, a warning where it was named.

    Args:
        real, generated: [M, F] and [N, F], of the same network.
        names: a list, of metrics; None for all.
        seed: of what is random in them.

    Raises:
        ConfigError: shapes do not fit, there is no such metric, or the seed is none.
        NonFiniteError: a feature is NaN or infinite.
    """
    require(not isinstance(names, str), f"names is a list of metrics, such as [{names!r}]")
    chosen = metrics_of("features") if names is None else names
    return values_of(results(real, generated, chosen, seed), names is not None)


def results(real, generated, names, seed, settings=None):
    """Yields (name, `Result`) of metrics of two sets of features, or (name, why it is left out).

    Args:
        real, generated, names, seed: as for `scores`.
        settings: {metric: {argument of its `of_features`: value}}, None for none.

    Raises:
        ConfigError: shapes do not fit, there is no such metric, a setting is not one of features, or the seed is none.
        NonFiniteError: a feature is NaN or infinite.
    """
    checked_seed(seed)
    known = metrics_of("features")
    real, generated = checked(real, generated)
    for name in names:
        require(name in known, f"no metric of features {name!r}; there are {', '.join(known)}")
        logging.info("evaluating %s", name)
        chosen = settings_of(known[name], known[name].of_features, (settings or {}).get(name, {}))
        try:
            result = measured(known[name].of_features, real, generated, seed, **chosen)
        except Unavailable as error:
            yield name, str(error)
        else:
            yield name, Result(result.values, {"metric": name, "seed": seed, **result.protocol})
