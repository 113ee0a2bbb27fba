"""Modularity: one factor per code dimension.

Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", NeurIPS 2018,
arXiv:1802.05312, with the settings of disentanglement_lib.
"""

import numpy as np

from idgan_tf.evaluation.checks import checked_pair
from idgan_tf.evaluation.codes.mig import information_matrix
from idgan_tf.evaluation.metric import Result, metric, require_available


def modularity_score(codes, factors, bins=20):
    """Mean over code dimensions of 1 - (squared information on other factors) / ((K - 1) that on the best).

    A dimension without information scores 0.

    Args:
        codes: [N, D].
        factors: classes [N, K], K >= 2.
        bins: of every code dimension.

    Raises:
        Unavailable: K = 1, of which every dimension that knows anything would score 1.
    """
    codes, factors = checked_pair(codes, factors)
    require_available(factors.shape[1] >= 2, "modularity tells factors apart, and there is 1")
    squared = np.square(information_matrix(codes, factors, bins))
    best = np.max(squared, axis=1)
    rest = (np.sum(squared, axis=1) - best) / (factors.shape[1] - 1)
    return float(np.mean(np.where(best > 0, 1.0 - rest / np.where(best > 0, best, 1.0), 0.0)))


def of_codes(codes, factors, seed, bins=20):
    """The values of a table of codes."""
    del seed  # nothing random
    return {"modularity": modularity_score(codes, factors, bins)}


@metric(better="higher", cost="seconds", of_codes=of_codes)
def modularity(method, dataset, seed, num_samples=10_000, bins=20):
    """Modularity of the mean code.

    Results from before `explicitness` was a metric of its own have it as a second value.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the sample.
        num_samples: images.
        bins: of every code dimension.
    """
    from idgan_tf.evaluation.samples import representation

    codes, factors = representation.sample(method, dataset, seed, num_samples, fewest=2)
    protocol = {"num_samples": num_samples, "bins": bins, **representation.of_factors(dataset)}
    return Result({"modularity": modularity_score(codes, factors, bins)}, protocol)
