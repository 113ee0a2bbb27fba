"""R_ID: how well a frozen encoder reads the code back from the images that a generator made of it.

Lee et al., "High-Fidelity Synthesis with Disentangled Representation", ECCV 2020, Eq. 3 and Table 3, without
the entropy of the code, which no generator changes.
"""

import numpy as np

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import finite, real_numbers
from idgan_tf.evaluation.metric import Result, metric

FLOOR = 1e-8  # of a variance, as in ID-GAN's code


def log_density(c, mean, logvar):
    """log N(c; mean, exp(logvar)) [N] in nats, summed over code dimensions.

    Args:
        c, mean, logvar: [N, D].

    Raises:
        ConfigError: the shapes differ.
        NonFiniteError: NaN or infinity in the arrays.
    """
    c, mean, logvar = (real_numbers(a, "codes, means and log-variances") for a in (c, mean, logvar))
    require(
        c.ndim == 2 and c.shape == mean.shape == logvar.shape,
        f"codes, means and log-variances must be [N, D], got {c.shape}, {mean.shape} and {logvar.shape}",
    )
    density = -0.5 * (np.log(2.0 * np.pi) + logvar + np.square(c - mean) / (np.exp(logvar) + FLOOR))
    finite(density, "log-densities")
    return np.sum(density, axis=1)


@metric(better="higher", cost="minutes")
def rid(method, dataset, seed, num_samples=50_000):
    """R_ID of a generator: mean of log q(c | G(s, c)) over c ~ q(c).

    Args:
        method: has `encode` and `generate(s, c)`.
        dataset: gives the images whose codes are rendered.
        seed: of images, c and s.
        num_samples: codes.
    """
    from idgan_tf.evaluation.samples import generation

    densities = []
    for c, image in generation.coded(method, dataset, num_samples, seed):
        densities.append(log_density(c, *map(np.asarray, method.encode(image))))
    return Result({"rid": float(np.mean(np.concatenate(densities)))}, {"num_samples": num_samples})
