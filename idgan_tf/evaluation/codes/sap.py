"""SAP: by how much the best code dimension predicts a factor better than the second best.

Kumar et al., "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations", ICLR 2018,
arXiv:1711.00848, with the settings of disentanglement_lib.
"""

import numpy as np

from idgan_tf.errors import require
from idgan_tf.evaluation.metric import Result, checked_pair, metric, two_thirds


def separated_attribute_predictability(train_codes, train_factors, test_codes, test_factors, seed=0):
    """Mean over factors of the accuracy of the best dimension less that of the second best.

    The accuracy is that of a linear support vector machine (C 0.01, balanced classes) on the one dimension.

    Args:
        train_codes, test_codes: [N, D], D >= 2.
        train_factors, test_factors: classes [N, K].
        seed: of the fits.
    """
    from sklearn.svm import LinearSVC

    train_codes, train_factors = checked_pair(train_codes, train_factors)
    test_codes, test_factors = checked_pair(test_codes, test_factors)
    require(train_codes.shape[1] >= 2, "a gap needs at least 2 code dimensions, got 1")
    scores = np.zeros([train_codes.shape[1], train_factors.shape[1]])
    for d, k in np.ndindex(*scores.shape):
        if np.ptp(train_codes[:, d]) > 0:  # a constant dimension predicts nothing
            model = LinearSVC(C=0.01, class_weight="balanced", random_state=seed)
            model.fit(train_codes[:, d : d + 1], train_factors[:, k])
            scores[d, k] = np.mean(model.predict(test_codes[:, d : d + 1]) == test_factors[:, k])
    scores.sort(axis=0)
    return float(np.mean(scores[-1] - scores[-2]))


def of_codes(codes, factors, seed):
    """The values of a table of codes."""
    train, test = two_thirds(codes, factors, seed)
    return {"sap": separated_attribute_predictability(*train, *test, seed=seed)}


@metric(better="higher", cost="minutes", of_codes=of_codes)
def sap(method, dataset, seed, num_train=10_000, num_test=5_000):
    """SAP score of the mean code.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the samples and fits.
        num_train, num_test: images.
    """
    from idgan_tf.evaluation.samples import representation

    train, test = representation.split(method, dataset, seed, num_train, num_test)
    score = separated_attribute_predictability(*train, *test, seed=seed)
    return Result({"sap": score}, {"num_train": num_train, "num_test": num_test})
