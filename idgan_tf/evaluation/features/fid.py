"""Frechet distance of two Gaussians fitted to features of real and of generated images.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, arXiv:1706.08500. TF-GAN computes
the one of Inception's features (`fid`); the numerical core here does it for any features, and for dSprites
those of the factor classifier (`fid_dsprites`). A value is only comparable at equal sample counts, so the
count is in its name.
"""

from typing import Any

import numpy as np
from absl import logging

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import finite, real_numbers
from idgan_tf.evaluation.metric import Result, metric, require_available, with_count

ACTIVE = 0.05  # share of real images that move a unit, below which `evened` leaves it out; chosen here
BLOCK = 4096  # features that are float64 at a time
RIDGE = 0.01  # of the variance of a unit: smaller directions are not blown up to the full; chosen here, docs/metrics.md


class Statistics:
    """Mean and covariance of features that come in batches, in float64, without keeping them.

    Sums are taken round the mean of the first batch, so that nothing cancels.
    """

    def __init__(self):
        self.count = 0
        self._origin: Any = None  # arrays, once the first batch says of how many features
        self._sum: Any = None
        self._outer: Any = None

    def update(self, features):
        """Counts features [B, F].

        Raises:
            ConfigError: they are not [B, F], or F has changed.
            NonFiniteError: they hold NaN or infinity.
        """
        features = real_numbers(features, "features")
        require(features.ndim == 2 and features.size >= 1, f"features must be [N, F], got {list(features.shape)}")
        finite(features, "features")
        if self._origin is None:
            self._origin = np.mean(features, axis=0)
            self._sum = np.zeros_like(self._origin)
            self._outer = np.zeros([len(self._origin)] * 2)
        require(
            features.shape[1] == len(self._origin),
            f"features have {features.shape[1]} dimensions, those before had {len(self._origin)}",
        )
        features = features - self._origin
        self.count += len(features)
        self._sum += np.sum(features, axis=0)
        self._outer += features.T @ features

    @property
    def mean(self):
        """[F]."""
        return self._origin + self._sum / self.count

    @property
    def covariance(self):
        """Unbiased, [F, F].

        Raises:
            Unavailable: fewer than two features were counted.
        """
        require_available(self.count >= 2, f"a covariance needs at least 2 samples, got {self.count}")
        mean = self._sum / self.count
        return (self._outer - self.count * np.outer(mean, mean)) / (self.count - 1)


def frechet_distance(features_a, features_b):
    """|m_a - m_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of two sets of features.

    With no more samples than dimensions the covariances are singular: the value is finite, but mostly
    sampling error, and a warning says so.

    Args:
        features_a, features_b: [N, F] and [M, F].

    Raises:
        ConfigError: wrong shapes.
        Unavailable: fewer than 2 samples.
        NonFiniteError: NaN or infinity in the features.
    """
    return frechet_distance_of_statistics(_statistics(features_a), _statistics(features_b))


def _statistics(features):
    """The `Statistics` of features [N, F], block by block."""
    statistics = Statistics()
    for start in range(0, max(len(features), 1), BLOCK):
        statistics.update(features[start : start + BLOCK])
    return statistics


def frechet_distance_of_statistics(a, b):
    """`frechet_distance` of two `Statistics`."""
    return max(_distance(a, b, _trace_of_root), 0.0)


def _distance(a, b, trace_of_root):
    """The distance of two `Statistics`; trace_of_root(C_a, C_b) is Tr (C_a C_b)^(1/2)."""
    size, fewest = len(a.mean), min(a.count, b.count)
    require(size == len(b.mean), f"features have {size} and {len(b.mean)} dimensions: two networks?")
    if fewest <= size:
        logging.warning(
            "a Frechet distance in %d dimensions from %d samples is mostly sampling error; give more than %d",
            size, fewest, size,
        )  # fmt: skip
    covariance_a, covariance_b = a.covariance, b.covariance
    traces = np.trace(covariance_a) + np.trace(covariance_b) - 2.0 * trace_of_root(covariance_a, covariance_b)
    return float(np.sum(np.square(a.mean - b.mean)) + traces)


def _trace_of_root(covariance_a, covariance_b):
    """The sum of singular values of C_a^(1/2) C_b^(1/2): real, and equal when swapped."""
    return np.sum(np.linalg.svd(_square_root(covariance_a) @ _square_root(covariance_b), compute_uv=False))


def _square_root(covariance):
    """The symmetric root of a covariance [F, F]; eigenvalues at the level of rounding are 0."""
    values, vectors = np.linalg.eigh(covariance)
    values[values < values[-1] * len(values) * np.finfo(np.float64).eps] = 0.0
    return (vectors * np.sqrt(values)) @ vectors.T


def tf_gan_frechet_distance(features_a, features_b):
    """TF-GAN's Frechet distance of features [N, F] and [M, F]; too few of them are warned of.

    Its `frechet_classifier_distance_from_activations` holds several copies of the features in float64, 7.2 GB for
    50,000 of 2,048. Here means and covariances come block by block; the trace of the root of the product is TF-GAN's.

    Raises:
        ConfigError: wrong shapes.
        Unavailable: fewer than 2 samples, or no TF-GAN.
        NonFiniteError: NaN or infinity in the features.
    """
    from idgan_tf.evaluation.feature_networks import tf_gan

    def trace_of_root(*covariances):
        return tf_gan.call("trace_sqrt_product", *covariances, dtype="float64")

    return _distance(_statistics(features_a), _statistics(features_b), trace_of_root)


def of_features(real, generated, seed):
    """The value of two sets of features, which has another name than that of Inception's."""
    del seed  # nothing random
    return {"fd": frechet_distance(real, generated)}


def of_images(real, generated, seed):
    """The values of Inception's activations."""
    del seed  # nothing random
    pool = generated["pool_3"]
    return {with_count("fid", len(pool)): tf_gan_frechet_distance(real, pool)}


@metric(better="lower", cost="hours", of_images=of_images, of_features=of_features)
def fid(method, dataset, seed, num_samples=50_000):
    """FID: Frechet distance of Inception's `pool_3`, computed by TF-GAN.

    Args:
        method: generates images.
        dataset: of natural images; as many are drawn as it has, up to `num_samples`.
        seed: of the samples.
        num_samples: generated images, 50,000 in the papers; the count is in the name.
    """
    from idgan_tf.evaluation.samples import inception_samples

    samples = inception_samples.of(method, dataset, seed, num_samples)
    return Result(of_images(samples.real, samples.generated, seed), samples.protocol)


@metric(better="lower", cost="minutes", network="factor_classifier")
def fid_dsprites(method, dataset, seed, network=None, num_samples=50_000):
    """Frechet distance of dSprites features: the 256 hidden units of the factor classifier.

    `fid_dsprites_even` is the one of the pooled units of its convolutions, evened out (`evened`): it orders spoilt
    images as eyes do, where the hidden units prefer ragged sprites to round ones (docs/metrics.md). With a generator
    and a decoder of the same codes, `..._decoder` are those of the decoder.

    Args:
        method: generates images.
        dataset: a `FactorDataset`.
        seed: of the samples.
        network: the file `networks/classifier.keras` of a trained factor classifier; by default the one that comes
            with the package.
        num_samples: real and generated images, 50,000 each in the paper; the count is in the name.
    """
    from idgan_tf.evaluation.feature_networks import factor_features
    from idgan_tf.evaluation.samples import generation

    made_by = generation.describe(method)
    classifier = factor_features.FactorFeatures(network, dataset)
    real = _units(classifier(batch["image"], batch["factors"]) for batch in generation.real(dataset, num_samples, seed))
    even = evened(real[1])
    real_even = even(real[1])

    def distances(units):
        hidden, pooled = _units(units)
        return frechet_distance_of_statistics(real[0], hidden), frechet_distance(real_even, even(pooled))

    others = generation.real(dataset, num_samples, seed, generation.STREAM_CODES)
    floors = distances(classifier(batch["image"]) for batch in others)
    drawn = {}  # {suffix of a name: [units of every batch]}
    for batch in generation.generated_by_each(method, dataset, num_samples, seed):
        for suffix, images in batch.items():
            drawn.setdefault(suffix, []).append(classifier(images))
    values = {}
    for suffix, units in drawn.items():
        for name, value in zip(("fid_dsprites", "fid_dsprites_even"), distances(units), strict=True):
            values[with_count(f"{name}{suffix}", num_samples)] = value
    protocol = {
        "num_samples": num_samples,
        "generated": made_by,
        "real_against_real": floors[0],
        "real_against_real_even": floors[1],
        "even_units": f"{real_even.shape[1]} of {real[1].shape[1]}",
        **classifier.protocol,
    }
    return Result(values, protocol)


def evened(real):
    """A linear map of units after which real images spread about equally in every direction, so that none counts most.

    Units that move in fewer than `ACTIVE` of the real images are left out, the others divided by their standard
    deviation and turned to the axes of their covariance C, and these divided by (C + `RIDGE`)^(1/2).

    Args:
        real: units [N, F] >= 0 of real images.

    Returns:
        The map, [M, F] -> [M, units that are left].

    Raises:
        Unavailable: no unit is left.
    """
    real = np.asarray(real, np.float64)
    active = (np.mean(real > 0.0, axis=0) >= ACTIVE) & (np.ptp(real, axis=0) > 0.0)
    require_available(np.any(active), f"no unit of the feature network moves in {ACTIVE:.0%} of the real images")
    deviation = np.std(real[:, active], axis=0)
    values, axes = np.linalg.eigh(np.atleast_2d(np.cov(real[:, active] / deviation, rowvar=False)))
    linear = axes / np.sqrt(np.maximum(values, 0.0) + RIDGE) / deviation[:, None]
    return lambda units: units[:, active] @ linear


def _units(batches):
    """(`Statistics` of the hidden units, pooled units [N, F]) of batches of `FactorFeatures`."""
    hidden, pooled = Statistics(), []
    for features, means in batches:
        hidden.update(features)
        pooled.append(means)
    return hidden, np.concatenate(pooled)
