"""Intra-class diversity: how little the generated images of one class resemble each other.

Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019, Eq. 12,
with the MS-SSIM of Wang et al. 2003. Images too small for five scales of an 11-pixel filter, of 160 px or less, get a
smaller filter at the small scales, as in google/compare_gan; above, the values are those of tf.image.ssim_multiscale
where that has any, from 176 px on.
"""

import functools

import numpy as np

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import finite, real_numbers
from idgan_tf.evaluation.metric import Result, metric, require_available
from idgan_tf.methods.faces import can

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
FILTER, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # for values in [0, 1]
SMALLEST = 16  # pixels, one at the last scale
SIGMAS = ("fixed", "scaled")


def intra_class_diversity(images, sigma="fixed"):
    """1 - mean MS-SSIM over all pairs of images, each with itself included (Eq. 12); 0 for equal images.

    Args:
        images: [N, H, W, C] in [0, 1], all of one class, H and W >= 16.
        sigma: of a filter of fewer than 11 pixels: "fixed" at 1.5 as in google/compare_gan, or "scaled", 1.5 / 11 of
            its size.

    Raises:
        ConfigError: wrong shape, range or sigma.
        NonFiniteError: NaN or infinity in the images.
    """
    require(sigma in SIGMAS, f"diversity.sigma is one of {SIGMAS}, got {sigma!r}")
    images = real_numbers(images, "images").astype(np.float32)
    require(images.ndim == 4 and len(images) >= 1, f"images must be [N, H, W, C], got {list(images.shape)}")
    require(min(images.shape[1:3]) >= SMALLEST, f"MS-SSIM needs images of {SMALLEST} px, got {images.shape[1:3]}")
    finite(images, "images")
    require(images.min() >= 0.0 and images.max() <= 1.0, "images must be in [0, 1]")
    scales = _scales(images, sigma)
    count = len(images)
    similar = float(count)  # every image with itself
    for i in range(count - 1):
        similar += 2.0 * float(np.sum(_ms_ssim(scales, i, slice(i + 1, count), sigma)))
    return 1.0 - similar / count**2


def _scales(images, sigma):
    """Per scale (images, blurred, blurred squares), each [N, C, H, W]."""
    x = np.moveaxis(images, -1, 1)
    scales = []
    for _ in WEIGHTS:
        scales.append((x, _blur(x, sigma), _blur(x * x, sigma)))
        x = np.pad(x, [(0, 0), (0, 0), (0, x.shape[2] % 2), (0, x.shape[3] % 2)], "symmetric")
        x = 0.25 * (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2])
    return scales


def _ms_ssim(scales, i, others, sigma):
    """MS-SSIM of image i with each of `others`, [M]: the mean over channels; negative terms count as 0."""
    value = 1.0
    for scale, (weight, (x, mean, square)) in enumerate(zip(WEIGHTS, scales, strict=True)):
        product = mean[i] * mean[others]
        squares = mean[i] ** 2 + mean[others] ** 2
        covariance = _blur(x[i] * x[others], sigma) - product
        variances = square[i] + square[others] - squares
        term = (2.0 * covariance + C2) / (variances + C2)
        if scale == len(WEIGHTS) - 1:
            term = term * (2.0 * product + C1) / (squares + C1)
        value = value * np.maximum(np.mean(term, axis=(2, 3)), 0.0) ** weight
    return np.mean(value, axis=1)


def _blur(x, sigma):
    """Gaussian filter of [..., H, W] where it fits, as one matrix product for each axis."""
    size = min(FILTER, *x.shape[-2:])
    return _filter_matrix(x.shape[-2], size, sigma) @ x @ _filter_matrix(x.shape[-1], size, sigma).T


@functools.cache
def _filter_matrix(length, size, sigma):
    """[length - size + 1, length]: each row is the filter, one further."""
    width = SIGMA if sigma == "fixed" else SIGMA * size / FILTER
    taps = np.exp(-0.5 * np.square((np.arange(size) - (size - 1) / 2.0) / width))
    matrix = np.zeros([length - size + 1, length], np.float32)
    for row in range(len(matrix)):
        matrix[row, row : row + size] = taps / np.sum(taps)
    return matrix


@metric(better="higher", cost="minutes", values={"intra_class_diversity": "higher"})
def diversity(method, dataset, seed, images_per_class=100, max_classes=None, sigma="fixed"):
    """Intra-class diversity of generated images, averaged over classes.

    Args:
        method: generates images of the label it is given.
        dataset: has labels.
        seed: of the images.
        images_per_class: X of Eq. 12; the cost is its square.
        max_classes: at most so many classes, the first ones; None for all.
        sigma: of the filter in small images, as in `intra_class_diversity`.
    """
    from idgan_tf.evaluation.samples import generation

    require_available(dataset.num_classes > 0, f"{dataset.name} has no classes")
    require_available(can(method, "sample"), f"{type(method).__name__} does not generate by class")
    height, width = dataset.image_shape[:2]
    require_available(
        min(height, width) >= SMALLEST,
        f"MS-SSIM needs images of {SMALLEST} px, those of {dataset.name} are {height}x{width}",
    )
    classes = range(min(dataset.num_classes, max_classes or dataset.num_classes))
    made = generation.of_classes(method, dataset, classes, images_per_class, seed)
    values = [intra_class_diversity(images, sigma) for images in made]
    protocol = {"images_per_class": images_per_class, "num_classes": len(classes), "sigma": sigma}
    return Result({"intra_class_diversity": float(np.mean(values))}, protocol)
