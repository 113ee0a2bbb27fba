"""Maximum mean discrepancy with a Gaussian kernel: on CLIP's embeddings, and on them alone, this is CMMD.

Jayasumana et al., "Rethinking FID: Towards a Better Evaluation Metric for Image Generation", CVPR 2024,
arXiv:2401.09603, with the width, the factor of 1,000 and the biased estimate of their code (google-research/cmmd,
distance.py; Gretton et al., JMLR 2012, Eq. 5). Their embeddings are of CLIP ViT-L/14 at 336 px, of length 1.
"""

import numpy as np

from idgan_tf.errors import require_number
from idgan_tf.evaluation.features.distances import origin_of, squared_distances
from idgan_tf.evaluation.features.pairs import checked
from idgan_tf.evaluation.metric import metric, require_available

SCALE = 1000.0  # of the paper: values that are easier to read
FAINTEST = 1e-3  # mean kernel of two real features below which it is too narrow to see anything; chosen here


def mmd(real, generated, sigma=10.0):
    """1000 (mean k(x, x') + mean k(y, y') - 2 mean k(x, y)) with k(x, y) = exp(-|x - y|^2 / (2 sigma^2)).

    The means are over all pairs, those of a feature with itself, too: equal sets have 0, and two samples of one
    distribution a little more, the less the more there are.

    Args:
        real, generated: features [M, F] and [N, F].
        sigma: the width of the kernel; 10 in CMMD.

    Raises:
        ConfigError: wrong shapes, or sigma is no number > 0.
        Unavailable: fewer than 2 of either, or real features are so far from one another that the kernel is 0.
        NonFiniteError: NaN or infinity in the features.
    """
    require_number("sigma", sigma, above=0)
    real, generated = checked(real, generated)
    fewest = min(len(real), len(generated))
    require_available(fewest >= 2, f"a mean discrepancy needs at least 2 images of each, got {fewest}")
    origin = origin_of(real)
    sums = {
        pair: sum(float(np.sum(_kernel(squared, sigma))) for _, _, squared in squared_distances(*sets, origin))
        for pair, sets in (("xx", (real, real)), ("yy", (generated, generated)), ("xy", (real, generated)))
    }
    m, n = len(real), len(generated)
    apart = max(sums["xx"] - m, 0.0) / (m * (m - 1))
    require_available(
        apart >= FAINTEST,
        f"a kernel of width {sigma:g} is {apart:.1g} between real features on average, and sees nothing: bring them to "
        "length 1 as CMMD does, or set mmd_rbf.sigma",
    )
    return SCALE * (sums["xx"] / m**2 + sums["yy"] / n**2 - 2.0 * sums["xy"] / (m * n))


def _kernel(squared, sigma):
    squared *= -0.5 / sigma**2
    return np.exp(squared, out=squared)


def of_features(real, generated, seed, sigma=10.0):
    """The value of two sets of features."""
    del seed  # nothing random
    return {"mmd_rbf": mmd(real, generated, sigma)}


@metric(better="lower", cost="minutes", of_features=of_features)
def mmd_rbf(method, dataset, seed, features=None, num_samples=50_000, sigma=10.0):
    """MMD of features with a Gaussian kernel, times 1,000: CMMD where they are CLIP's.

    Args:
        method: generates images.
        dataset: of the real ones.
        seed: of the samples.
        features: as for `feature_samples.of`.
        num_samples: generated images; the count is in the name.
        sigma: the width of the kernel; 10 in CMMD.
    """
    from idgan_tf.evaluation.samples import feature_samples

    return feature_samples.measured(of_features, method, dataset, seed, num_samples, features, sigma=sigma)
