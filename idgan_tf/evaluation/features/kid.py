"""Kernel distance: an unbiased comparison of features, good for small sample counts.

Binkowski et al., "Demystifying MMD GANs", ICLR 2018, arXiv:1801.01401. TF-GAN computes the one of Inception's
features (`kid`); the core here does it for any features.
"""

import numpy as np

from idgan_tf.errors import require, require_number
from idgan_tf.evaluation.checks import finite, real_numbers
from idgan_tf.evaluation.metric import Result, metric, require_available, with_count

BLOCK = 1024  # most samples of a block


def kernel_distance(features_a, features_b, block_size=BLOCK):
    """Squared maximum mean discrepancy with the kernel (x.y / F + 1)^3, unbiased, as a mean over blocks.

    Args:
        features_a, features_b: [N, F] and [M, F], each in random order.
        block_size: most samples of a block.

    Returns:
        (mean, its standard error); the error of a single block is NaN.

    Raises:
        ConfigError: wrong shapes.
        Unavailable: fewer than 2 samples a block.
        NonFiniteError: NaN or infinity in the features.
    """
    features_a, features_b = real_numbers(features_a, "features"), real_numbers(features_b, "features")
    require(
        features_a.ndim == features_b.ndim == 2 and features_a.shape[1] == features_b.shape[1] > 0,
        f"features must be [N, F] and [M, F], got {list(features_a.shape)} and {list(features_b.shape)}",
    )
    finite(features_a, "features")
    finite(features_b, "features")
    blocks = count_blocks(len(features_a), len(features_b), block_size)
    parts = zip(np.array_split(features_a, blocks), np.array_split(features_b, blocks), strict=True)
    values = [_block(a, b) for a, b in parts]
    error = np.std(values, ddof=1) / np.sqrt(blocks) if blocks > 1 else np.nan
    return float(np.mean(values)), float(error)


def count_blocks(m, n, block_size=BLOCK):
    """How many blocks m and n samples make.

    Raises:
        Unavailable: one of them would hold fewer than 2 samples of a side.
    """
    require_number("block_size", block_size, minimum=2, integer=True)
    blocks = -(-max(m, n) // block_size)
    require_available(
        blocks > 0 and min(m, n) // blocks >= 2,
        f"a kernel distance needs at least 2 samples on both sides of each block of {block_size}, got {m} and {n}; "
        "take fewer of the many",
    )
    return blocks


def _block(a, b):
    m, n, size = len(a), len(b), a.shape[1]
    within_a, within_b, across = (_kernel(x, y, size) for x, y in ((a, a), (b, b), (a, b)))
    return (
        (np.sum(within_a) - np.trace(within_a)) / (m * (m - 1))
        + (np.sum(within_b) - np.trace(within_b)) / (n * (n - 1))
        - 2.0 * np.mean(across)
    )


def _kernel(x, y, size):
    return (x @ y.T / size + 1.0) ** 3


def tf_gan_kernel_distance(features_a, features_b):
    """TF-GAN's kernel distance (mean, standard error) of features [N, F] and [M, F], in blocks <= 1024.

    Raises:
        Unavailable: a block would hold fewer than 2 samples of a side.
    """
    from idgan_tf.evaluation.feature_networks import tf_gan

    count_blocks(len(features_a), len(features_b))
    values = tf_gan.call("kernel_classifier_distance_and_std_from_activations", features_a, features_b)
    return tuple(float(value) for value in values)


def of_features(real, generated, seed):
    """The values of two sets of features, which have other names than those of Inception's; in random blocks."""
    rng = np.random.default_rng(seed)
    mean, error = kernel_distance(rng.permutation(real), rng.permutation(generated))
    return {"kd": mean} if np.isnan(error) else {"kd": mean, "kd_error": error}


def of_images(real, generated, seed):
    """The values of Inception's activations; its blocks are to be random, not one class each as folders may be."""
    rng = np.random.default_rng(seed)
    return _values(rng.permutation(real), rng.permutation(generated["pool_3"]))


def _values(real, generated):
    """{name: value}, with the standard error where there are blocks enough for one."""
    mean, error = tf_gan_kernel_distance(real, generated)
    name = with_count("kid", len(generated))
    return {name: mean} if np.isnan(error) else {name: mean, f"{name}_error": error}


@metric(better="lower", cost="hours", of_images=of_images, of_features=of_features)
def kid(method, dataset, seed, num_samples=50_000):
    """KID: kernel distance of Inception's `pool_3`, computed by TF-GAN in blocks of at most 1024.

    Args:
        method: generates images.
        dataset: of natural images; as many are drawn as it has, up to `num_samples`.
        seed: of the samples.
        num_samples: generated images; the count is in the name.
    """
    from idgan_tf.evaluation.samples import inception_samples

    samples = inception_samples.of(method, dataset, seed, num_samples)
    return Result(_values(samples.real, samples.generated["pool_3"]), samples.protocol)
