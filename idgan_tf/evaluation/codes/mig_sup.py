"""MIG-sup: does every code dimension hold one factor? What MIG does not ask.

Li et al., "Progressive Learning and Disentanglement of Hierarchical Representations", ICLR 2020, arXiv:2002.10549,
with the histograms of `mig` in place of densities, and the active dimensions of the released code
(Zhiyuan1991/proVLAE: metric_MIG.py): those whose mean code has a variance above 0.01.
"""

import numpy as np

from idgan_tf.errors import require_number
from idgan_tf.evaluation.checks import checked_pair
from idgan_tf.evaluation.codes.mig import entropy, information_matrix
from idgan_tf.evaluation.metric import Result, metric, require_available

THRESHOLD = 0.01


def gap_between_factors(codes, factors, bins=20, threshold=THRESHOLD):
    """(mean, over active dimensions d, of the greatest less the second greatest I(z_d; v_k) / H(v_k), their number).

    A code whose active dimensions are the factors scores about 1, one dimension for all of them, or noise, about 0.

    Args:
        codes: [N, D].
        factors: classes [N, K], K >= 2.
        bins: equal-width bins of every code dimension.
        threshold: variance up to which a dimension is inactive; with none active the score is 0.

    Raises:
        Unavailable: K = 1.
    """
    require_number("threshold", threshold)
    codes, factors = checked_pair(codes, factors)
    require_available(factors.shape[1] >= 2, "a gap between factors needs at least 2 of them, got 1")
    active = np.var(codes, axis=0, ddof=1) > threshold
    if not np.any(active):
        return 0.0, 0
    share = information_matrix(codes[:, active], factors, bins) / [entropy(v) for v in factors.T]
    share.sort(axis=1)
    return float(np.mean(share[:, -1] - share[:, -2])), int(np.sum(active))


def of_codes(codes, factors, seed, bins=20, threshold=THRESHOLD):
    """The values of a table of codes."""
    del seed  # nothing random
    return _values(codes, factors, bins, threshold)


def _values(codes, factors, bins, threshold):
    score, active = gap_between_factors(codes, factors, bins, threshold)
    return {"mig_sup": score, "mig_sup_active_dims": float(active)}


@metric(better="higher", cost="seconds", of_codes=of_codes)
def mig_sup(method, dataset, seed, num_samples=10_000, bins=20, threshold=THRESHOLD):
    """Gap between the factors that a dimension of the mean code knows best.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the sample.
        num_samples: images.
        bins, threshold: as in `gap_between_factors`.
    """
    from idgan_tf.evaluation.samples import representation

    codes, factors = representation.sample(method, dataset, seed, num_samples, fewest=2)
    protocol = {"num_samples": num_samples, "bins": bins, "threshold": threshold, **representation.of_factors(dataset)}
    return Result(_values(codes, factors, bins, threshold), protocol)
