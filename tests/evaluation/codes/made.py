"""Codes of which is known what metrics must say."""

import numpy as np

SIZES = (2, 3, 4, 5)


def sample(kind, count=4000, seed=0):
    """(codes, factors [N, 4]): the factors in another order, independent noise, all factors in one number, or mixed."""
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(0, size, count) for size in SIZES], axis=1)
    noise = rng.normal(size=(count, 4))
    codes = {
        "permuted": factors[:, [2, 0, 3, 1]] * [1.0, -2.0, 0.5, 1.0] + 1e-3 * noise,
        "noise": noise,
        "one for all": (factors @ [1.0, 2.0, 6.0, 24.0])[:, None],
        "mixed": factors @ rng.normal(size=(4, 4)) + 0.3 * noise,
    }
    return codes[kind], factors
