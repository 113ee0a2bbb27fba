"""Features of which it is known what metrics must say, and distances in the plainest way."""

import numpy as np


def normal(count, size=8, seed=0):
    """N(0, I) [count, size]."""
    return np.random.default_rng(seed).normal(size=(count, size))


def distances(a, b):
    """|x - y| [M, N]."""
    return np.array([[np.sqrt(np.sum((x - y) ** 2)) for y in b] for x in a])


def clustered(count, seed):
    """Float32 features [count, 5] of three clusters far from the origin, some of them twice."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, 5)) * [1, 2, 0.1, 3, 1] + 7.0 * rng.integers(0, 3, (count, 1)) + 100.0
    features[: count // 10] = features[count // 2 : count // 2 + count // 10]
    return features.astype(np.float32)
