"""Modularity and explicitness: one factor per code dimension, and factors that a linear classifier can read.

Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", NeurIPS 2018,
arXiv:1802.05312, with the settings of disentanglement_lib.
"""

import numpy as np

from idgan_tf.evaluation.metric import (
    Result,
    checked_pair,
    checked_split,
    metric,
    require_available,
    standardised,
    two_thirds,
)
from idgan_tf.evaluation.mig import information_matrix


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


def explicitness_score(train_codes, train_factors, test_codes, test_factors):
    """Mean over factors of the one-against-rest ROC area of a logistic regression on standardised codes.

    Args:
        train_codes, test_codes: [N, D].
        train_factors, test_factors: classes [N, K]; a class missing from either side does not count.

    Raises:
        Unavailable: a factor has no class that is on both sides.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    sides = checked_split(train_codes, train_factors, test_codes, test_factors)
    train_codes, train_factors, test_codes, test_factors = sides
    train_codes, test_codes = standardised(train_codes, test_codes)
    scores = []
    for train, test in zip(train_factors.T, test_factors.T, strict=True):
        model = LogisticRegression().fit(train_codes, train)
        probability = model.predict_proba(test_codes)
        areas = [
            roc_auc_score(test == label, probability[:, i])
            for i, label in enumerate(model.classes_)
            if 0 < np.sum(test == label) < len(test)
        ]
        require_available(areas, "a factor has no class on both sides, to fit on and to score on; give more samples")
        scores.append(np.mean(areas))
    return float(np.mean(scores))


def of_codes(codes, factors, seed, bins=20):
    """The values of a table of codes."""
    train, test = two_thirds(codes, factors, seed)
    modularity = modularity_score(codes, factors, bins)
    return {"modularity": modularity, "explicitness": explicitness_score(*train, *test)}


@metric(better="higher", cost="minutes", of_codes=of_codes)
def modularity(method, dataset, seed, num_train=10_000, num_test=5_000, bins=20):
    """Modularity and explicitness of the mean code.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the samples.
        num_train, num_test: images.
        bins: of every code dimension.
    """
    from idgan_tf.evaluation.samples import representation

    train, test = representation.split(method, dataset, seed, num_train, num_test, fewest=2)
    values = {"modularity": modularity_score(*train, bins), "explicitness": explicitness_score(*train, *test)}
    protocol = {"num_train": num_train, "num_test": num_test, "bins": bins, **representation.of_factors(dataset)}
    return Result(values, protocol)
