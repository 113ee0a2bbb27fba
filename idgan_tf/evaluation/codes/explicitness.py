"""Explicitness: factors that a linear classifier reads from the code.

Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss", NeurIPS 2018,
arXiv:1802.05312, with the settings of disentanglement_lib.
"""

import warnings

import numpy as np

from idgan_tf.evaluation.checks import checked_split, standardised, two_thirds
from idgan_tf.evaluation.metric import Result, metric, require_available


def explicitness_score(train_codes, train_factors, test_codes, test_factors):
    """Mean over factors of the one-against-rest ROC area of a logistic regression on standardised codes.

    Args:
        train_codes, test_codes: [N, D].
        train_factors, test_factors: classes [N, K]; a class missing from either side does not count.

    Raises:
        Unavailable: a factor has no class that is on both sides.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    sides = checked_split(train_codes, train_factors, test_codes, test_factors)
    train_codes, train_factors, test_codes, test_factors = sides
    train_codes, test_codes = standardised(train_codes, test_codes)
    scores = []
    for train, test in zip(train_factors.T, test_factors.T, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 100 iterations, as in the reference
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


def of_codes(codes, factors, seed):
    """The values of a table of codes."""
    train, test = two_thirds(codes, factors, seed)
    return {"explicitness": explicitness_score(*train, *test)}


@metric(better="higher", cost="seconds", of_codes=of_codes)
def explicitness(method, dataset, seed, num_train=10_000, num_test=5_000):
    """Explicitness of the mean code.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the samples.
        num_train, num_test: images.
    """
    from idgan_tf.evaluation.samples import representation

    train, test = representation.split(method, dataset, seed, num_train, num_test)
    protocol = {"num_train": num_train, "num_test": num_test, **representation.of_factors(dataset)}
    return Result({"explicitness": explicitness_score(*train, *test)}, protocol)
