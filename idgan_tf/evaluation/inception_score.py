"""Inception Score: are generated images easy to classify one by one, and diverse together?

Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, arXiv:1606.03498. TF-GAN computes the
one of Inception's logits (`inception_score`); the core here does it for the logits of any classifier.
"""

import gin
import numpy as np
from scipy.special import log_softmax, logsumexp

from idgan_tf.errors import require
from idgan_tf.evaluation.fid import counted
from idgan_tf.evaluation.result import Result, finite


def score_of_logits(logits):
    """exp(E_x KL(p(y|x) || p(y))), between 1 and the number of classes, p(y) the mean over the images.

    Args:
        logits: [N, classes].

    Raises:
        ConfigError: wrong shape.
        NonFiniteError: NaN or infinity in the logits.
    """
    logits = np.asarray(logits, np.float64)
    require(logits.ndim == 2 and min(logits.shape) >= 2, f"logits must be [N, classes], got {list(logits.shape)}")
    finite(logits, "logits")
    log_p = log_softmax(logits, axis=1)
    log_marginal = logsumexp(log_p, axis=0) - np.log(len(logits))
    return float(np.exp(np.mean(np.sum(np.exp(log_p) * (log_p - log_marginal), axis=1))))


@gin.configurable
def inception_score(method, dataset, seed, num_samples=50_000):
    """Inception Score of Inception's logits, computed by TF-GAN over all samples at once (no splits).

    Args:
        method: generates images.
        dataset: gives labels and codes to generate from.
        seed: of the samples.
        num_samples: generated images; the count is in the name.
    """
    from idgan_tf.evaluation import features, inception_samples

    samples = inception_samples.of(method, dataset, seed, num_samples)
    value = features.tf_gan_inception_score(samples.generated["logits"])
    return Result({counted("inception_score", num_samples): value}, samples.protocol)
