"""Interventional robustness score: does a dimension stay where it is while all factors but its own change?

Suter et al., "Robustly Disentangled Causal Mechanisms", ICML 2019, arXiv:1811.00007, in the form and with the settings
of disentanglement_lib (evaluation/metrics/irs.py): the 0.99 quantile in place of the largest deviation, and factors
cut into 20 bins of equal width.
"""

import numpy as np

from idgan_tf.errors import require, require_number
from idgan_tf.evaluation.checks import checked_pair
from idgan_tf.evaluation.codes.mig import discretize
from idgan_tf.evaluation.metric import Result, metric

BINS, QUANTILE = 20, 0.99


def robustness(codes, factors, bins=BINS, quantile=QUANTILE):
    """([D, K] of 1 - (how far z_d moves while v_k rests) / (how far it ever moves), [D] of the latter).

    How far: the quantile of |z_d - E[z_d | v_k]|, its mean over the classes of v_k; ever: the largest |z_d - E[z_d]|.

    Args:
        codes: [N, D], no dimension of which is constant.
        factors: classes [N, K].
        bins: equal-width bins of every factor.
        quantile: of the deviations in a class; 1 as in the paper.
    """
    largest = np.max(np.abs(codes - np.mean(codes, axis=0)), axis=0)
    moved = []
    for v in factors.T:
        classes = discretize(v - np.min(v), bins)  # great numbers are no constants
        groups = [codes[classes == label] for label in np.unique(classes)]
        moved.append(np.mean([np.quantile(np.abs(z - np.mean(z, axis=0)), quantile, axis=0) for z in groups], axis=0))
    return 1.0 - np.transpose(moved) / largest[:, None], largest


def interventional_robustness(codes, factors, bins=BINS, quantile=QUANTILE):
    """(mean over dimensions of the best factor's `robustness`, weighted by how far they move; dimensions that move).

    1 where every dimension is a function of one factor, about 0 of noise; 0 of a constant code.

    Args:
        codes: [N, D].
        factors: classes [N, K].
        bins, quantile: as in `robustness`.
    """
    require_number("bins", bins, minimum=2, integer=True)
    require_number("quantile", quantile, above=0.0)
    require(quantile <= 1.0, f"quantile must be <= 1, got {quantile!r}")
    codes, factors = checked_pair(codes, factors)
    codes = codes[:, np.ptp(codes, axis=0) > 0.0]  # the variance of a constant may be 1e-34
    if not codes.shape[1]:
        return 0.0, 0
    scores, largest = robustness(codes, factors, bins, quantile)
    return float(np.average(np.max(scores, axis=1), weights=largest)), codes.shape[1]


def of_codes(codes, factors, seed, bins=BINS, quantile=QUANTILE):
    """The values of a table of codes."""
    del seed  # nothing random
    return _values(codes, factors, bins, quantile)


def _values(codes, factors, bins, quantile):
    score, active = interventional_robustness(codes, factors, bins, quantile)
    return {"irs": score, "irs_active_dims": float(active)}


@metric(better="higher", cost="seconds", of_codes=of_codes)
def irs(method, dataset, seed, num_samples=10_000, bins=BINS, quantile=QUANTILE):
    """Interventional robustness score of the mean code.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the sample.
        num_samples: images.
        bins, quantile: as in `robustness`.
    """
    from idgan_tf.evaluation.samples import representation

    codes, factors = representation.sample(method, dataset, seed, num_samples)
    protocol = {"num_samples": num_samples, "bins": bins, "quantile": quantile, **representation.of_factors(dataset)}
    return Result(_values(codes, factors, bins, quantile), protocol)
