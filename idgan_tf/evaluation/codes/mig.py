"""Mutual information gap: is every factor held by one code dimension?

Chen et al., "Isolating Sources of Disentanglement in VAEs", NeurIPS 2018, arXiv:1802.04942, in the form of
Locatello et al. 2019 (disentanglement_lib), which ID-GAN follows: histograms of the mean code.
"""

import numpy as np

from idgan_tf.errors import require, require_number
from idgan_tf.evaluation.checks import checked_pair
from idgan_tf.evaluation.metric import Result, metric, require_available

ROUNDING = 16  # units in the last place of float64; what moves no further is constant
MOST_BINS = 10_000  # the samples that MIG takes; chosen here


def mutual_information_gap(codes, factors, bins=20):
    """Mean over factors k of (I(z_1st; v_k) - I(z_2nd; v_k)) / H(v_k), the two most informative dimensions.

    A perfect code scores about 1, noise about 0 (a little above: histograms overestimate), a code that holds
    its factors twice 0. A constant dimension has no information; a constant code scores 0. The formula holds for any
    joint distribution of the factors, but where they depend on one another a perfect code scores less than 1: the
    dimension of one factor then knows something of another.

    Args:
        codes: [N, D], D >= 2.
        factors: classes [N, K].
        bins: equal-width bins of every code dimension.

    Raises:
        ConfigError: wrong shapes.
        Unavailable: a factor with one value only, or D = 1.
        NonFiniteError: NaN or infinity in the codes.
    """
    codes, factors = checked_pair(codes, factors)
    require_available(codes.shape[1] >= 2, "a gap needs at least 2 code dimensions, got 1")
    information = np.sort(information_matrix(codes, factors, bins), axis=0)
    entropies = np.array([entropy(v) for v in factors.T])
    return float(np.mean((information[-1] - information[-2]) / entropies))


def information_matrix(codes, factors, bins):
    """I(z_d; v_k) [D, K] in nats, of codes [N, D] cut into `bins` equal-width bins and classes [N, K]."""
    require_number("bins", bins, minimum=2, integer=True)
    binned = [discretize(z, bins) for z in codes.T]
    classes = [np.unique(v, return_inverse=True)[1] for v in factors.T]  # 0, 1, ...: whatever numbers they have
    return np.array([[mutual_information(z, v) for v in classes] for z in binned])


def entropy(v):
    """H(v) in nats of a list of classes [N]."""
    share = np.unique(v, return_counts=True)[1] / len(v)
    return float(-np.sum(share * np.log(share)))


def discretize(z, bins):
    """The bin 0..bins-1 of every value [N], bins of equal width from the least to the greatest."""
    require(bins <= MOST_BINS, f"a code in more than {MOST_BINS:,} bins says nothing of them, got {bins:,}")
    if np.ptp(z) <= ROUNDING * np.spacing(np.max(np.abs(z))):
        return np.zeros(len(z), np.int64)
    edges = np.linspace(np.min(z), np.max(z), bins + 1)
    return np.searchsorted(edges[:-1], z, side="right") - 1


def mutual_information(a, b):
    """I(a; b) in nats of two lists of small classes [N], from their joint counts; I(a; a) is the entropy."""
    require(len(a) == len(b), f"two lists of classes must be of one length, got {len(a)} and {len(b)}")
    a, b = a - np.min(a), b - np.min(b)
    if not np.any(a) or not np.any(b):
        return 0.0  # exactly: rounding must not look like information
    width = np.max(b) + 1
    joint = np.bincount(a * width + b, minlength=(np.max(a) + 1) * width).reshape(-1, width) / len(a)
    product = np.sum(joint, axis=1, keepdims=True) * np.sum(joint, axis=0, keepdims=True)
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log(joint[seen] / product[seen])))


def of_codes(codes, factors, seed, bins=20):
    """The values of a table of codes."""
    del seed  # nothing random
    return {"mig": mutual_information_gap(codes, factors, bins)}


@metric(better="higher", cost="seconds", of_codes=of_codes)
def mig(method, dataset, seed, num_samples=10_000, bins=20):
    """Mutual information gap of the mean code.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the sample.
        num_samples: images, drawn uniformly over the factors; those that are constant in a part are left out.
        bins: of every code dimension.
    """
    from idgan_tf.evaluation.samples import representation

    codes, factors = representation.sample(method, dataset, seed, num_samples)
    score = mutual_information_gap(codes, factors, bins)
    return Result({"mig": score}, {"num_samples": num_samples, "bins": bins, **representation.of_factors(dataset)})
