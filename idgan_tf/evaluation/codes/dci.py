"""DCI: disentanglement, completeness and informativeness of a code.

Eastwood & Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations", ICLR 2018,
with gradient-boosted trees as in disentanglement_lib.
"""

import numpy as np
from absl import logging

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import checked_split, standardised, two_thirds
from idgan_tf.evaluation.metric import Result, metric, require_available
from idgan_tf.progress import bar


def disentanglement(importance):
    """Weighted mean over dimensions of 1 - entropy of the factors each is important for (base K).

    Args:
        importance: [D, K], how much code dimension d matters for factor k, >= 0; K >= 2.

    Returns:
        In [0, 1]; 0 with a warning when nothing is important.
    """
    importance = np.asarray(importance, np.float64)
    require(importance.ndim == 2 and importance.shape[1] >= 2, f"an entropy of {importance.shape} has no base")
    total = np.sum(importance)
    if total == 0:
        logging.warning("no code dimension matters for any factor: DCI is 0")
        return 0.0
    share = importance + 1e-11
    share = share / np.sum(share, axis=1, keepdims=True)
    entropy = -np.sum(share * np.log(share), axis=1) / np.log(importance.shape[1])
    return float(np.sum((1.0 - entropy) * np.sum(importance, axis=1)) / total)


def completeness(importance):
    """Weighted mean over factors of 1 - entropy of the dimensions that matter for each (base D)."""
    return disentanglement(np.transpose(importance))


def importances(train_codes, train_factors, test_codes, test_factors, seed=0):
    """Fits one classifier of gradient-boosted trees for each factor.

    Args:
        train_codes, test_codes: [N, D].
        train_factors, test_factors: classes [N, K].
        seed: of the fits.

    Returns:
        (importance [D, K], accuracy on the test codes [K]).

    Raises:
        ConfigError: wrong shapes.
        Unavailable: D = 1 or K = 1, of which there is no entropy, or a factor with one value only.
    """
    from sklearn.ensemble import GradientBoostingClassifier

    sides = checked_split(train_codes, train_factors, test_codes, test_factors)
    train_codes, train_factors, test_codes, test_factors = sides
    counts = train_codes.shape[1], train_factors.shape[1]
    require_available(
        min(counts) >= 2, f"DCI needs 2 code dimensions and 2 factors to tell apart, got {counts[0]} and {counts[1]}"
    )
    train_codes, test_codes = standardised(train_codes, test_codes)  # trees split float32, and see no less than 1e-7
    importance, accuracy = [], []
    for k in bar(range(train_factors.shape[1]), "DCI", "factors"):
        model = GradientBoostingClassifier(random_state=seed).fit(train_codes, train_factors[:, k])
        importance.append(np.abs(model.feature_importances_))
        accuracy.append(np.mean(model.predict(test_codes) == test_factors[:, k]))
    return np.transpose(importance), np.array(accuracy)


def of_codes(codes, factors, seed):
    """The values of a table of codes."""
    fitted, scored = two_thirds(codes, factors, seed)
    return _values(fitted, scored, seed)


def _values(train, test, seed):
    """The three scores of (codes, factors) to fit on and to score on."""
    importance, accuracy = importances(*train, *test, seed=seed)
    return {
        "dci_disentanglement": disentanglement(importance),
        "dci_completeness": completeness(importance),
        "dci_informativeness": float(np.mean(accuracy)),
    }


@metric(better="higher", cost="minutes", of_codes=of_codes)
def dci(method, dataset, seed, num_train=10_000, num_test=5_000):
    """DCI of the mean code.

    About six minutes of processor time at the default sizes on dSprites: boosted trees are slow.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the samples and fits.
        num_train, num_test: images.
    """
    from idgan_tf.evaluation.samples import representation

    train, test = representation.split(method, dataset, seed, num_train, num_test, fewest=2)
    protocol = {"num_train": num_train, "num_test": num_test, **representation.of_factors(dataset)}
    return Result(_values(train, test, seed), protocol)
