"""SAP: by how much the best code dimension predicts a factor better than the second best.

Kumar et al., "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations", ICLR 2018,
arXiv:1711.00848, with the settings of disentanglement_lib: scikit-learn's LinearSVC(C=0.01, class_weight="balanced")
on each dimension. Of one dimension its optimum is found here directly, all classes at once, and 7 times as fast.
"""

import numpy as np

from idgan_tf.evaluation.checks import checked_split, two_thirds
from idgan_tf.evaluation.metric import Result, metric, require_available

COST, ITERATIONS = 0.01, 100  # of what is on the wrong side; of Newton's method, which takes 2 to 11


def separated_attribute_predictability(train_codes, train_factors, test_codes, test_factors):
    """Mean over factors of the accuracy of the best dimension less that of the second best.

    The accuracy is that of a linear support vector machine (C 0.01, balanced classes) on the one dimension. A constant
    dimension has that of always naming one class, as in the reference, not 0.

    Args:
        train_codes, test_codes: [N, D], D >= 2.
        train_factors, test_factors: classes [N, K].

    Raises:
        ConfigError: wrong shapes.
        Unavailable: D = 1, or a factor with one value only.
    """
    sides = checked_split(train_codes, train_factors, test_codes, test_factors)
    train_codes, train_factors, test_codes, test_factors = sides
    require_available(train_codes.shape[1] >= 2, "a gap needs at least 2 code dimensions, got 1")
    scores = np.zeros([train_codes.shape[1], train_factors.shape[1]])
    for d, k in np.ndindex(*scores.shape):
        machine = support_vectors(train_codes[:, d], train_factors[:, k])
        scores[d, k] = np.mean(predicted(*machine, test_codes[:, d]) == test_factors[:, k])
    scores.sort(axis=0)
    return float(np.mean(scores[-1] - scores[-2]))


def support_vectors(z, v):
    """(classes, bias, slope) of a linear support vector machine of one dimension, each class against the rest.

    Minimises (w^2 + b^2) / 2 + COST sum_i s_i max(0, 1 - y_i (w z_i + b))^2 by Newton's method: two numbers for each
    class. As in liblinear, s balances a class against the mean one, and the rest counts once; of two classes, one
    machine tells the second, and s balances both.

    Args:
        z: [N].
        v: classes [N].
    """
    classes, v = np.unique(v, return_inverse=True)
    balance = len(v) / (len(classes) * np.bincount(v))
    told = np.arange(len(classes)) if len(classes) > 2 else np.array([1])
    hit = v[:, None] == told
    y, s = np.where(hit, 1.0, -1.0), np.where(hit, balance[told], 1.0 if len(classes) > 2 else balance[0])
    powers, line = np.stack([np.ones(len(z)), z, z**2]), np.zeros([2, len(told)])  # line: b, w of each class

    def loss(line):
        slack = np.maximum(1.0 - y * (line[0] + np.multiply.outer(z, line[1])), 0.0)
        return 0.5 * np.sum(line**2, axis=0) + COST * np.sum(s * slack**2, axis=0), slack

    value, slack = loss(line)
    for _ in range(ITERATIONS):
        gradient = line - 2.0 * COST * powers[:2] @ (s * y * slack)
        count, first, second = 2.0 * COST * powers @ (s * (slack > 0))
        b, w = 1.0 + count, 1.0 + second  # the Hessian is [[b, first], [first, w]]
        step = np.stack([first * gradient[1] - w * gradient[0], first * gradient[0] - b * gradient[1]])
        step /= b * w - first**2
        slope, length = np.sum(gradient * step, axis=0), np.ones(len(told))
        if np.all(-slope <= 1e-12 * value):
            break
        tried = loss(line + step)
        while np.any(too_far := tried[0] > (1.0 + 1e-12) * value + 1e-4 * length * slope):
            length[too_far] /= 2.0
            tried = loss(line + length * step)
        line, (value, slack) = line + length * step, tried
    return classes, line[0], line[1]


def predicted(classes, bias, slope, z):
    """The classes [N] that `support_vectors` tells of z [N]."""
    margin = bias + np.multiply.outer(z, slope)
    return classes[np.argmax(margin, axis=1) if len(classes) > 2 else (margin[:, 0] > 0).astype(np.int64)]


def of_codes(codes, factors, seed):
    """The values of a table of codes."""
    train, test = two_thirds(codes, factors, seed)
    return {"sap": separated_attribute_predictability(*train, *test)}


@metric(better="higher", cost="seconds", of_codes=of_codes)
def sap(method, dataset, seed, num_train=10_000, num_test=5_000):
    """SAP score of the mean code.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the samples.
        num_train, num_test: images.
    """
    from idgan_tf.evaluation.samples import representation

    train, test = representation.split(method, dataset, seed, num_train, num_test)
    score = separated_attribute_predictability(*train, *test)
    protocol = {"num_train": num_train, "num_test": num_test, **representation.of_factors(dataset)}
    return Result({"sap": score}, protocol)
