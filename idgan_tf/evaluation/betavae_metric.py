"""beta-VAE metric: can a linear classifier tell which factor pairs of images share?

Higgins et al., "beta-VAE", ICLR 2017, section 3, with the settings of disentanglement_lib.
"""

import numpy as np

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import checked_codes
from idgan_tf.evaluation.metric import Result, metric


def draw_pairs(dataset, rng, num_points, num_pairs, varying):
    """Factor classes [P, pairs, 2, K] of pairs of images that share one factor of `varying`, and that factor [P]."""
    shared = varying[rng.integers(0, len(varying), num_points)]
    factors = dataset.sample_factors(num_points * num_pairs * 2, rng).reshape(num_points, num_pairs, 2, -1)
    points = np.arange(num_points)
    factors[points, :, 1, shared] = factors[points, :, 0, shared]
    return factors, shared


def classification_accuracy(train_points, train_shared, test_points, test_shared, seed=0):
    """Test accuracy of a logistic regression from mean |r(x1) - r(x2)| of pairs to the factor they share.

    Args:
        train_points, test_points: [P, D].
        train_shared, test_shared: factor numbers [P].
        seed: of the fit.

    Raises:
        ConfigError: points and factor numbers are not of one length.
    """
    from sklearn.linear_model import LogisticRegression

    train_points, test_points = checked_codes(train_points), checked_codes(test_points)
    for points, shared in ((train_points, train_shared), (test_points, test_shared)):
        require(np.shape(shared) == (len(points),), f"{len(points)} points have {np.shape(shared)} factor numbers")
    model = LogisticRegression(random_state=seed, max_iter=1000)
    return float(np.mean(model.fit(train_points, train_shared).predict(test_points) == test_shared))


@metric(better="higher", cost="minutes")
def betavae_metric(method, dataset, seed, num_train=10_000, num_test=5_000, num_pairs=64):
    """beta-VAE metric of the mean code.

    Encodes most of dSprites at the default sizes. A pair shares one factor while the others are drawn anew. So factors
    that are constant in a part of a dataset are not asked for, and a part whose factors depend on one another has no
    such pairs.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of images and fit.
        num_train, num_test: points of the classifier.
        num_pairs: pairs that a point is the mean of.
    """
    from idgan_tf.evaluation.samples import representation

    codes_of, rng = representation.of(method, dataset), np.random.default_rng(seed)
    varying = representation.varying(dataset, fewest=2, freely=True)

    def points(count):
        factors, shared = draw_pairs(dataset, rng, count, num_pairs, varying)
        codes = codes_of(factors.reshape(-1, factors.shape[-1])).reshape(*factors.shape[:-1], -1)
        return np.mean(np.abs(codes[:, :, 0] - codes[:, :, 1]), axis=1), shared

    score = classification_accuracy(*points(num_train), *points(num_test), seed=seed)
    protocol = {"num_train": num_train, "num_test": num_test, "num_pairs": num_pairs}
    return Result({"betavae_metric": score}, {**protocol, **representation.of_factors(dataset)})
