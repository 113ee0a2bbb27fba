"""Distances of features from one another, block by block, and the balls that reach a k-th neighbour.

Everything is float64, from float32 features or others. |x - y|^2 = |x|^2 + |y|^2 - 2 x.y is off by rounding, which
depends on where in a block a pair stands, so that two distances that are equal do not always come out so. What it may
be off by is known, and decides no comparison: a `Balls` has radii for <= and for <.
"""

from typing import NamedTuple

import numpy as np

from idgan_tf.errors import require_number
from idgan_tf.evaluation.metric import require_available

BLOCK = 2048  # features of a side at a time: 34 MB of distances
ROUNDING = 1e-12  # of |x|^2 + |y|^2, a hundred times what float64 does to the product of 2,048 numbers


class Balls(NamedTuple):
    """Squared radii [N] of the balls round features: `outer` reaches the k-th neighbour, `inner` does not."""

    inner: np.ndarray
    outer: np.ndarray


def squared_distances(a, b, origin):
    """Yields (rows, columns, |x - y|^2 [R, C]): slices of features a [M, F] and b [N, F], and what is between them.

    Args:
        a, b: the features; who passes the same array twice gets its distances from itself.
        origin: [F], subtracted from both: rounding is least where it lies among them.
    """
    for rows in _blocks(a):
        x = a[rows] - origin
        for columns in _blocks(b):
            y = b[columns] - origin
            squared = x @ y.T
            squared *= -2.0
            squared += np.sum(np.square(x), axis=1)[:, None]
            squared += np.sum(np.square(y), axis=1)
            yield rows, columns, np.maximum(squared, 0.0, out=squared)


def origin_of(features):
    """Their mean [F] in float64."""
    return np.mean(features, axis=0, dtype=np.float64)


def balls(features, k, origin):
    """The `Balls` round features [N, F] up to their k-th nearest neighbour, themselves not counted.

    Where k others are the same as a feature, its ball is a point: it has nothing inside, but itself in `outer`.

    Raises:
        ConfigError: k is no whole number >= 1.
        Unavailable: there are fewer than k + 1 features.
    """
    require_number("k", k, minimum=1, integer=True)
    require_available(
        len(features) >= k + 1, f"{k} nearest neighbours need at least {k + 1} images, got {len(features)}"
    )
    radius = np.empty(len(features))
    nearest = np.empty([0, 0])  # [rows, k] of the blocks so far
    for rows, columns, squared in squared_distances(features, features, origin):
        if columns == rows:
            np.fill_diagonal(squared, np.inf)
        found = squared if columns.start == 0 else np.concatenate([nearest, squared], axis=1)
        kept = min(k, found.shape[1])
        nearest = np.partition(found, kept - 1, axis=1)[:, :kept]
        radius[rows] = np.max(nearest, axis=1)
    off = np.concatenate([np.sum(np.square(features[rows] - origin), axis=1) for rows in _blocks(features)])
    off = 4.0 * ROUNDING * (off + radius)  # |y|^2 of what lies within r of x is at most 2 (|x|^2 + r^2)
    return Balls(radius - off, radius + off)


def _blocks(features):
    return [slice(start, start + BLOCK) for start in range(0, len(features), BLOCK)]
