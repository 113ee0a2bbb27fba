"""InfoMEC: modularity, compactness and explicitness of a code by information.

Hsu et al., "Disentanglement via Latent Quantization", NeurIPS 2023, arXiv:2305.18378, in the form of the released code
(kylehkhsu/latent_quantization: disentangle/metrics/infomec.py) for continuous codes. What it divides by zero there is
said below. InfoE asks all dimensions, as there, InfoM and InfoC the active ones.
"""

import warnings
from typing import Any

import numpy as np

from idgan_tf.errors import require_number
from idgan_tf.evaluation.checks import checked_pair, standardised
from idgan_tf.evaluation.codes.mig import entropy
from idgan_tf.evaluation.metric import Result, metric, require_available

NEIGHBOURS = 10
RANGES = 20  # a dimension is active whose range is more than the largest range over this


def information(codes, factors, seed=0, neighbours=NEIGHBOURS):
    """I(z_d; v_k) / H(v_k) [D, K], by the distances of nearest neighbours (Ross 2014).

    Args:
        codes: [N, D].
        factors: classes [N, K].
        seed: of the noise that tells equal codes apart (1e-10 of their size).
        neighbours: in the class.
    """
    from sklearn.feature_selection import mutual_info_classif

    codes, _ = standardised(codes, codes)
    continuous: Any = False  # its default is "auto", by which type checkers take it for a text
    return np.transpose(
        [
            mutual_info_classif(codes, v, discrete_features=continuous, n_neighbors=neighbours, random_state=seed)
            / entropy(v)
            for v in factors.T
        ]
    )


def modularity_and_compactness(information):
    """(InfoM, InfoC) of a matrix [D, K] of the active dimensions.

    InfoM = (mean over dimensions of max / sum over factors - 1 / K) / (1 - 1 / K), InfoC the same over factors with D.
    A dimension or factor without information counts as one that shares it alike, 1 / K or 1 / D; of one dimension,
    with which the formula divides by zero, and of none, InfoC is 0.
    """
    return _concentration(information), _concentration(np.transpose(information))


def _concentration(matrix):
    """How much of the sum of a row its greatest entry has, as a mean over rows, from 0 (all alike) to 1."""
    rows, columns = matrix.shape
    if rows == 0 or columns <= 1:
        return 0.0
    total = np.sum(matrix, axis=1)
    share = np.where(total > 0, np.max(matrix, axis=1) / np.where(total > 0, total, 1.0), 1.0 / columns)
    return float((np.mean(share) - 1.0 / columns) / (1.0 - 1.0 / columns))


def explicitness(codes, factors):
    """InfoE: the mean over factors of (H0 - CE) / H0, of an unpenalised logistic regression with balanced classes.

    CE is its mean cross entropy on the codes that it was fitted to, H0 that of one that sees nothing: log of the number
    of classes, since they are balanced. As in the released code it stops after 100 iterations.

    Args:
        codes: [N, D].
        factors: classes [N, K].
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    (codes, _), told = standardised(codes, codes), []
    for v in factors.T:
        model = LogisticRegression(C=np.inf, class_weight="balanced")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # classes that are apart have no finite optimum
            model.fit(codes, v)
        told.append(1.0 - log_loss(v, model.predict_proba(codes)) / np.log(len(model.classes_)))
    return float(np.mean(told))


def of_codes(codes, factors, seed, neighbours=NEIGHBOURS):
    """The values of a table of codes.

    Raises:
        Unavailable: there is one factor.
    """
    require_number("neighbours", neighbours, minimum=1, integer=True)
    codes, factors = checked_pair(codes, factors)
    require_available(factors.shape[1] >= 2, "InfoM tells factors apart, and there is 1")
    ranges = np.ptp(codes, axis=0)
    active = ranges > np.max(ranges) / RANGES
    if not np.any(active):
        return {"infom": 0.0, "infoc": 0.0, "infoe": 0.0, "infomec_active_dims": 0.0}
    infom, infoc = modularity_and_compactness(information(codes[:, active], factors, seed, neighbours))
    infoe = explicitness(codes, factors)
    return {"infom": infom, "infoc": infoc, "infoe": infoe, "infomec_active_dims": float(np.sum(active))}


@metric(better="higher", cost="seconds", of_codes=of_codes)
def infomec(method, dataset, seed, num_samples=10_000, neighbours=NEIGHBOURS):
    """InfoM, InfoC and InfoE of the mean code.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the sample and of the estimate.
        num_samples: images.
        neighbours: as in `information`.
    """
    from idgan_tf.evaluation.samples import representation

    codes, factors = representation.sample(method, dataset, seed, num_samples, fewest=2)
    protocol = {"num_samples": num_samples, "neighbours": neighbours, **representation.of_factors(dataset)}
    return Result(of_codes(codes, factors, seed, neighbours), protocol)
