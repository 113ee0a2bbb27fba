"""Frechet distance of two Gaussians fitted to features of real and of generated images.

Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", NeurIPS 2017, arXiv:1706.08500. TF-GAN computes
the one of Inception's features (`fid`); the numerical core here does it for any features, and for dSprites
those of the factor classifier (`fid_dsprites`). A value is only comparable at equal sample counts, so the
count is in its name.
"""

import gin
import numpy as np
from absl import logging

from idgan_tf.errors import require
from idgan_tf.evaluation.result import Result, finite


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


def counted(name, count):
    """The name of a score with its sample count: "fid", 50000 -> "fid50k"."""
    return f"{name}{count // 1000}k" if count % 1000 == 0 else f"{name}{count}"


@gin.configurable
def fid(method, dataset, seed, num_samples=50_000):
    """FID: Frechet distance of Inception's `pool_3`, computed by TF-GAN.

    Args:
        method: generates images.
        dataset: of natural images; as many are drawn as it has, up to `num_samples`.
        seed: of the samples.
        num_samples: generated images, 50,000 in the papers; the count is in the name.
    """
    from idgan_tf.evaluation import features, inception_samples

    samples = inception_samples.of(method, dataset, seed, num_samples)
    value = features.tf_gan_frechet_distance(samples.real, samples.generated["pool_3"])
    return Result({counted("fid", num_samples): value}, samples.protocol)


@gin.configurable
def fid_dsprites(method, dataset, seed, network=None, num_samples=50_000):
    """Frechet distance of dSprites features: the 256 hidden units of the factor classifier.

    Args:
        method: generates images.
        dataset: a `FactorDataset`.
        seed: of the samples.
        network: the file `networks/classifier.keras` of a trained factor classifier; by default the one that comes
            with the package.
        num_samples: real and generated images, 50,000 each in the paper; the count is in the name.
    """
    from idgan_tf.evaluation import factor_features, generation

    made_by = generation.describe(method)
    classifier = factor_features.FactorFeatures(network, dataset)
    real, fake = Statistics(), Statistics()
    for batch in generation.real(dataset, num_samples, seed):
        real.update(classifier(batch["image"], batch["factors"]))
    for images in generation.generated(method, dataset, num_samples, seed):
        fake.update(classifier(images))
    value = frechet_distance_of_statistics(real, fake)
    protocol = {"num_samples": num_samples, "generated": made_by, **classifier.protocol}
    return Result({counted("fid_dsprites", num_samples): value}, protocol)
