"""MIND, the Monge Inception Distance: how far features are to be moved, along random directions.

Berthet et al., "MIND: Monge Inception Distance for Generative Models Evaluation", 2026, arXiv:2605.06797.
The sliced 2-Wasserstein distance, squared, of two sets of equal counts: along a direction, the least that it takes to
move the one to the other is what sorted values differ by. Unlike a Frechet distance it sees more than two moments.
"""

import numpy as np

from idgan_tf.errors import require_number
from idgan_tf.evaluation.features.pairs import checked
from idgan_tf.evaluation.metric import metric, require_available

BLOCK = 4096  # features that are float64 at a time
AT_ONCE = 100  # directions: 80 MB for 50,000 features of each set


def monge_distance(real, generated, seed, num_directions=1_000):
    """3 F times the mean, over unit directions and ranks, of the squared difference of sorted projections.

    A shift by v costs about 3 |v|^2: exactly 3 F times the mean of (u.v)^2 over the directions u.

    Args:
        real, generated: features [N, F] of equal counts.
        seed: of the directions, uniform on the sphere.
        num_directions: how many.

    Raises:
        ConfigError: wrong shapes, or the number of directions is no whole number >= 1.
        Unavailable: the counts differ.
        NonFiniteError: NaN or infinity in the features.
    """
    require_number("num_directions", num_directions, minimum=1, integer=True)
    real, generated = checked(real, generated)
    require_available(
        len(real) == len(generated),
        f"MIND needs as many generated images as real ones, got {len(generated)} and {len(real)}",
    )
    rng, size, total = np.random.default_rng(seed), real.shape[1], 0.0
    for start in range(0, num_directions, AT_ONCE):
        u = rng.standard_normal([min(AT_ONCE, num_directions - start), size])
        u /= np.linalg.norm(u, axis=1, keepdims=True)
        moved = _sorted_projections(real, u)
        moved -= _sorted_projections(generated, u)
        total += np.sum(np.square(moved, out=moved))
    return float(3 * size * total / (len(real) * num_directions))


def _sorted_projections(features, u):
    """[L, N] of features [N, F] along directions [L, F], each ascending."""
    along = np.empty([len(u), len(features)])
    for start in range(0, len(features), BLOCK):
        along[:, start : start + BLOCK] = u @ features[start : start + BLOCK].T.astype(np.float64)
    along.sort(axis=1)
    return along


def of_features(real, generated, seed, num_directions=1_000):
    """The value of two sets of features."""
    return {"mind": monge_distance(real, generated, seed, num_directions)}


@metric(better="lower", cost="minutes", of_features=of_features)
def mind(method, dataset, seed, features=None, num_samples=50_000, num_directions=1_000):
    """MIND: sliced Wasserstein distance of features.

    Args:
        method: generates images.
        dataset: of the real ones, at least as many.
        seed: of the samples and the directions.
        features: as for `feature_samples.of`.
        num_samples: generated and real images; the count is in the name.
        num_directions: 1,000 in the paper.
    """
    from idgan_tf.evaluation.samples import feature_samples

    return feature_samples.measured(
        of_features, method, dataset, seed, num_samples, features, num_directions=num_directions
    )
