"""Frechet distance of two Gaussians fitted to features of real and of generated images.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, arXiv:1706.08500. TF-GAN computes
the one of Inception's features (`fid`); the numerical core here does it for any features, and for dSprites
those of the factor classifier (`fid_dsprites`). A value is only comparable at equal sample counts, so the
count is in its name.
"""

import numpy as np
from absl import logging

from idgan_tf.errors import require
from idgan_tf.evaluation.metric import Result, counted, finite, metric

ACTIVE = 0.05  # share of real images that move a unit, below which `evened` leaves it out; chosen here
RIDGE = 0.01  # of the variance of a unit: smaller directions are not blown up to the full; chosen here, docs/metrics.md


class Statistics:
    """Mean and covariance of features that come in batches, in float64, without keeping them.

    Sums are taken round the mean of the first batch, so that nothing cancels.
    """

    def __init__(self):
        self.count, self._origin, self._sum, self._outer = 0, None, None, None

    def update(self, features):
        """Counts features [B, F].

        Raises:
            ConfigError: they are not [B, F], or F has changed.
            NonFiniteError: they hold NaN or infinity.
        """
        features = np.asarray(features, np.float64)
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
            ConfigError: fewer than two features were counted.
        """
        require(self.count >= 2, f"a covariance needs at least 2 samples, got {self.count}")
        mean = self._sum / self.count
        return (self._outer - self.count * np.outer(mean, mean)) / (self.count - 1)


def frechet_distance(features_a, features_b):
    """|m_a - m_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)) of two sets of features.

    With no more samples than dimensions the covariances are singular: the value is finite, but mostly
    sampling error, and a warning says so.

    Args:
        features_a, features_b: [N, F] and [M, F].

    Raises:
        ConfigError: wrong shapes, or fewer than 2 samples.
        NonFiniteError: NaN or infinity in the features.
    """
    statistics = Statistics(), Statistics()
    for accumulated, features in zip(statistics, (features_a, features_b), strict=True):
        accumulated.update(features)
    return frechet_distance_of_statistics(*statistics)


def frechet_distance_of_statistics(a, b):
    """`frechet_distance` of two `Statistics`."""
    size = len(a.mean)
    require(size == len(b.mean), f"features have {size} and {len(b.mean)} dimensions: two networks?")
    warn_of_few(min(a.count, b.count), size)
    covariance_a, covariance_b = a.covariance, b.covariance
    # Tr (C_a C_b)^(1/2) is the sum of singular values of C_a^(1/2) C_b^(1/2): real, and equal when swapped.
    product = _square_root(covariance_a) @ _square_root(covariance_b)
    cross = np.sum(np.linalg.svd(product, compute_uv=False))
    distance = np.sum(np.square(a.mean - b.mean)) + np.trace(covariance_a) + np.trace(covariance_b) - 2.0 * cross
    return float(max(distance, 0.0))


def warn_of_few(count, size):
    """Says it when `count` samples are too few for a Frechet distance in `size` dimensions."""
    if count <= size:
        logging.warning(
            "a Frechet distance in %d dimensions from %d samples is mostly sampling error; give more than %d",
            size, count, size,
        )  # fmt: skip


def _square_root(covariance):
    """The symmetric root of a covariance [F, F]; eigenvalues at the level of rounding are 0."""
    values, vectors = np.linalg.eigh(covariance)
    values[values < values[-1] * len(values) * np.finfo(np.float64).eps] = 0.0
    return (vectors * np.sqrt(values)) @ vectors.T


def tf_gan_frechet_distance(features_a, features_b):
    """TF-GAN's Frechet distance of features [N, F] and [M, F]; too few of them are warned of.

    Raises:
        ConfigError: fewer than 2 samples.
    """
    from idgan_tf.evaluation.feature_networks import tf_gan

    fewest = min(len(features_a), len(features_b))
    require(fewest >= 2, f"a covariance needs at least 2 samples, got {fewest}")
    warn_of_few(fewest, np.shape(features_a)[1])
    return float(tf_gan.call("frechet_classifier_distance_from_activations", features_a, features_b))


def of_images(real, generated, seed):
    """The values of Inception's activations."""
    del seed  # nothing random
    pool = generated["pool_3"]
    return {counted("fid", len(pool)): tf_gan_frechet_distance(real, pool)}


@metric(better="lower", cost="hours", of_images=of_images)
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
            values[counted(f"{name}{suffix}", num_samples)] = value
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
        ConfigError: no unit is left.
    """
    real = np.asarray(real, np.float64)
    active = (np.mean(real > 0.0, axis=0) >= ACTIVE) & (np.ptp(real, axis=0) > 0.0)
    require(np.any(active), f"no unit of the feature network moves in {ACTIVE:.0%} of the real images")
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
