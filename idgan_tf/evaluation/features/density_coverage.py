"""Density and coverage: precision and recall that outliers among the features do not decide.

Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020, arXiv:2002.09797, Eq. 3 and 5,
with the k = 5 and the open balls of their code (clovaai/generative-evaluation-prdc).
"""

import numpy as np

from idgan_tf.evaluation.features.distances import balls, origin_of, squared_distances
from idgan_tf.evaluation.features.pairs import checked
from idgan_tf.evaluation.metric import metric


def density_and_coverage(real, generated, k=5):
    """(density, coverage) of real balls, each the inside of what reaches the k-th nearest real feature.

    Density is how many of them a generated feature is in, over k, on average. It is 1 for the real features themselves,
    about 1 for others of their distribution, and above 1, up to M / k, for a generator that keeps to where real ones
    are dense: it is no share. Coverage is the share of them that hold a generated feature; its most is 1, and others of
    the same distribution have about 1 - 2^-k, since of k neighbours each is as likely of either set.

    A ball is empty where k others are the same real feature: images that come k + 1 times over in the data are in no
    density and not covered, even by themselves, and in data of one image alone both are 0
    (clovaai/generative-evaluation-prdc#7).

    Args:
        real, generated: features [M, F] and [N, F].
        k: of the neighbour, the feature itself not counted.

    Raises:
        ConfigError: wrong shapes, or k is no whole number >= 1.
        Unavailable: fewer than k + 1 real ones.
        NonFiniteError: NaN or infinity in the features.
    """
    real, generated = checked(real, generated)
    origin = origin_of(real)
    radius, count, covered = balls(real, k, origin).inner, 0, np.zeros(len(real), bool)
    for rows, _, squared in squared_distances(real, generated, origin):
        inside = squared < radius[rows, None]
        count += np.count_nonzero(inside)
        covered[rows] |= np.any(inside, axis=1)
    return float(count / (k * len(generated))), float(np.mean(covered))


def of_features(real, generated, seed, k=5):
    """The values of two sets of features."""
    del seed  # nothing random
    return dict(zip(("density", "coverage"), density_and_coverage(real, generated, k), strict=True))


@metric(better="higher", cost="minutes", of_features=of_features, values={"density|coverage": "higher"})
def density_coverage(method, dataset, seed, features=None, num_samples=50_000, k=5):
    """Density, how near generated images are to real ones; with coverage, the share of real ones that have one near.

    Args:
        method: generates images.
        dataset: of the real ones.
        seed: of the samples.
        features: as for `feature_samples.of`.
        num_samples: generated images, 10,000 in the paper; the count is in the name.
        k: of the neighbour that a ball reaches; 5 in the paper.
    """
    from idgan_tf.evaluation.samples import feature_samples

    return feature_samples.measured(of_features, method, dataset, seed, num_samples, features, k=k)
