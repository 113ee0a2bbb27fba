"""Precision and recall: how many generated images look real, and how many real ones the generator could have made.

Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019,
arXiv:1904.06991, Eq. 1 and 2, as torch-fidelity 0.4 computes it (metric_prc.py): k = 3, the border belongs to a ball.
"""

import numpy as np

from idgan_tf.evaluation.features.distances import balls, origin_of, squared_distances
from idgan_tf.evaluation.features.pairs import checked
from idgan_tf.evaluation.metric import metric


def precision_and_recall(real, generated, k=3):
    """(precision, recall): shares of each set within a ball of the other, which reaches the k-th nearest of its own.

    A generator that draws one good image again and again has a precision of 1, and a recall of about 0; one that draws
    real images and as much rubbish has a recall of 1 and a precision of 0.5. Two sets of one distribution stay below 1.

    Args:
        real, generated: features [M, F] and [N, F].
        k: of the neighbour, the feature itself not counted.

    Raises:
        ConfigError: wrong shapes, or k is no whole number >= 1.
        Unavailable: fewer than k + 1 of either.
        NonFiniteError: NaN or infinity in the features.
    """
    real, generated = checked(real, generated)
    origin = origin_of(real)
    of_real, of_generated = balls(real, k, origin).outer, balls(generated, k, origin).outer
    looks_real, is_reached = np.zeros(len(generated), bool), np.zeros(len(real), bool)
    for rows, columns, squared in squared_distances(real, generated, origin):
        looks_real[columns] |= np.any(squared <= of_real[rows, None], axis=0)
        is_reached[rows] |= np.any(squared <= of_generated[columns], axis=1)
    return float(np.mean(looks_real)), float(np.mean(is_reached))


def of_features(real, generated, seed, k=3):
    """The values of two sets of features."""
    del seed  # nothing random
    return dict(zip(("precision", "recall"), precision_and_recall(real, generated, k), strict=True))


@metric(better="higher", cost="minutes", of_features=of_features, values={"precision|recall": "higher"})
def precision_recall(method, dataset, seed, features=None, num_samples=50_000, k=3):
    """Precision, the share of generated images among real ones; with recall, the share of real ones among generated.

    Args:
        method: generates images.
        dataset: of the real ones.
        seed: of the samples.
        features: as for `feature_samples.of`.
        num_samples: generated images; the count is in the name.
        k: of the neighbour that a ball reaches; 3 in the paper.
    """
    from idgan_tf.evaluation.samples import feature_samples

    return feature_samples.measured(of_features, method, dataset, seed, num_samples, features, k=k)
