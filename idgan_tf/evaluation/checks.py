"""The checks that metrics make of the arrays they are given."""

import numpy as np
from absl import logging

from idgan_tf.errors import NonFiniteError, require, require_unmasked
from idgan_tf.evaluation.metric import require_available

LARGEST = 1e38  # of a code or feature: float32 ends there, and the squares of float64 not long after


def real_numbers(values, what):
    """An array as float64.

    Raises:
        ConfigError: it holds something else than real numbers: text, objects, or complex ones, which lose a part.
    """
    values = unmasked(values, what)
    require(values.dtype.kind in "buif", f"{what} must be real numbers, got {values.dtype}")
    return values.astype(np.float64)


def unmasked(values, what):
    """An array as NumPy's own kind; refuses one with masked values, whose mask would be lost with what it hides."""
    require_unmasked(values, f"{what} have masked values: leave out their rows")
    return np.asarray(values)


def checked_codes(codes):
    """Codes as float64 [N, D].

    Raises:
        ConfigError: they are not numbers [N, D] with N >= 2, or larger than float32 has.
        NonFiniteError: they hold NaN or infinity.
    """
    codes = real_numbers(codes, "codes")
    require(codes.ndim == 2 and min(codes.shape) >= 1, f"codes must be [N, D], got {list(codes.shape)}")
    require(len(codes) >= 2, f"a metric needs at least 2 codes, got {len(codes)}")
    finite(codes, "codes")
    greatest = np.max(np.abs(codes))
    require(greatest <= LARGEST, f"codes reach {greatest:.3g}, more than float32 has: no score can be trusted there")
    if not np.any(np.ptp(codes, axis=0)):
        logging.warning("all %d codes are the same: the code has collapsed, and no score means anything", len(codes))
    return codes


def checked_pair(codes, factors):
    """Codes as float64 [N, D] and factor classes as int64 [N, K].

    Raises:
        ConfigError: shapes do not fit, or factors are no integers.
        Unavailable: a factor has one value only.
        NonFiniteError: codes hold NaN or infinity.
    """
    codes, factors = checked_codes(codes), unmasked(factors, "factors")
    require(
        factors.ndim == 2 and len(factors) == len(codes) and factors.shape[1] >= 1,
        f"factors must be [N, K] with the N = {len(codes)} of the codes, got {list(factors.shape)}",
    )
    whole = factors.dtype.kind in "bui" or (factors.dtype.kind == "f" and np.all(factors == np.floor(factors)))
    require(
        whole and np.all(np.abs(factors.astype(np.float64)) < 2.0**53),
        "factors must be classes (whole numbers, below 2^53)",
    )
    for k in range(factors.shape[1]):
        require_available(
            len(np.unique(factors[:, k])) > 1,
            f"factor {k} has a single value in all {len(factors)} samples, so nothing can be said of it; "
            "give more samples or leave the factor out",
        )
    return codes, factors.astype(np.int64)


def checked_split(train_codes, train_factors, test_codes, test_factors):
    """`checked_pair` of those to fit on and of those to score on, one after the other.

    Raises:
        ConfigError: as there, or the two have other numbers of dimensions or factors.
    """
    train, test = checked_pair(train_codes, train_factors), checked_pair(test_codes, test_factors)
    for what, ours, theirs in zip(("code dimensions", "factors"), train, test, strict=True):
        require(
            ours.shape[1] == theirs.shape[1],
            f"there are {ours.shape[1]} {what} to fit on and {theirs.shape[1]} to score on",
        )
    return *train, *test


def two_thirds(codes, factors, seed):
    """[(codes, factors) to fit on, (codes, factors) to score on]: two thirds of 6 rows or more at random, the rest."""
    require_available(len(codes) >= 6, f"a third of {len(codes)} rows is too few to score on; give 6 or more")
    order = np.random.default_rng(seed).permutation(len(codes))
    parts = order[: 2 * len(codes) // 3], order[2 * len(codes) // 3 :]
    return [(codes[rows], factors[rows]) for rows in parts]


def standardised(codes, test_codes):
    """Codes [N, D] and [M, D] less the mean of the first, over their standard deviation, where they have one.

    Raises:
        ConfigError: they are no real numbers.
        NonFiniteError: they hold NaN or infinity.
    """
    codes, test_codes = real_numbers(codes, "codes"), real_numbers(test_codes, "codes")
    finite(codes, "codes")
    finite(test_codes, "codes")
    mean, deviation = np.mean(codes, axis=0), np.std(codes, axis=0)
    deviation[deviation == 0] = 1.0
    return (codes - mean) / deviation, (test_codes - mean) / deviation


def finite(values, what):
    """Raises NonFiniteError when an array [N, ...] holds NaN or infinity; the message has the first such row."""
    bad = ~np.isfinite(values)
    if np.any(bad):
        count, row = int(np.sum(bad)), int(np.argwhere(bad)[0][0])
        raise NonFiniteError(f"{what} hold {count:,} non-finite of {bad.size:,} numbers, the first in row {row:,}")


def checked_seed(seed):
    """Raises ConfigError unless a seed is one that every metric takes: a whole number from 0 to 2^31 - 1."""
    whole = isinstance(seed, (int, np.integer)) and not isinstance(seed, bool)
    require(whole and 0 <= seed < 2**31, f"a seed is a whole number from 0 to 2^31 - 1, got {seed!r}")
