"""What a metric gives back, and the checks every metric makes of the arrays it is given.

A metric has two sides: a numerical core on arrays, and a face `(method, dataset, seed) -> Result` that gin
binds with its protocol.
"""

import dataclasses

import numpy as np
from absl import logging

from idgan_tf.errors import ConfigError, NonFiniteError, require


@dataclasses.dataclass(frozen=True)
class Result:
    """A score and how it was measured.

    Attributes:
        values: {name: float}.
        protocol: {name: number or text}: sample counts, bins, the feature network and its checksum.

    Raises:
        NonFiniteError: a value is no number.
    """

    values: dict
    protocol: dict

    def __post_init__(self):
        for name, value in self.values.items():
            if not np.isfinite(value):
                raise NonFiniteError(f"{name} came out as {value}, which is no score")

    def record(self):
        """What stands in a line of metrics.jsonl."""
        return {**self.values, "protocol": self.protocol}


class Unavailable(ConfigError):
    """A metric that this method or dataset cannot have; `bin/evaluate` leaves it out and says why."""


def available(condition, reason):
    """Raises Unavailable(reason) unless `condition` holds."""
    if not condition:
        raise Unavailable(reason)


def checked_codes(codes):
    """Codes as float64 [N, D].

    Raises:
        ConfigError: they are not numbers [N, D] with N >= 2.
        NonFiniteError: they hold NaN or infinity.
    """
    codes = np.asarray(codes)
    require(codes.dtype.kind in "buif", f"codes must be real numbers, got {codes.dtype}")
    codes = codes.astype(np.float64)
    require(codes.ndim == 2 and min(codes.shape) >= 1, f"codes must be [N, D], got {list(codes.shape)}")
    require(len(codes) >= 2, f"a metric needs at least 2 codes, got {len(codes)}")
    finite(codes, "codes")
    if not np.any(np.ptp(codes, axis=0)):
        logging.warning("all %d codes are the same: the code has collapsed, and no score means anything", len(codes))
    return codes


def checked_pair(codes, factors):
    """Codes as float64 [N, D] and factor classes as int64 [N, K].

    Raises:
        ConfigError: shapes do not fit, factors are no integers, or a factor has one value only.
        NonFiniteError: codes hold NaN or infinity.
    """
    codes, factors = checked_codes(codes), np.asarray(factors)
    require(
        factors.ndim == 2 and len(factors) == len(codes) and factors.shape[1] >= 1,
        f"factors must be [N, K] with the N = {len(codes)} of the codes, got {list(factors.shape)}",
    )
    require(
        factors.dtype.kind in "bui" or (factors.dtype.kind == "f" and np.all(factors == np.floor(factors))),
        "factors must be classes (whole numbers)",
    )
    for k in range(factors.shape[1]):
        require(
            len(np.unique(factors[:, k])) > 1,
            f"factor {k} has a single value in all {len(factors)} samples, so nothing can be said of it; "
            "give more samples or leave the factor out",
        )
    return codes, factors.astype(np.int64)


def finite(values, what):
    """Raises NonFiniteError when an array holds NaN or infinity."""
    bad = int(np.sum(~np.isfinite(values)))
    if bad:
        raise NonFiniteError(f"{what} hold {bad:,} non-finite of {np.size(values):,} numbers: the network has diverged")


def counted(name, count):
    """The name of a score with its sample count: "fid", 50000 -> "fid50k"."""
    return f"{name}{count // 1000}k" if count % 1000 == 0 else f"{name}{count}"
