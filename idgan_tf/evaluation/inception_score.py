"""Inception Score: are generated images easy to classify one by one, and diverse together?

Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, arXiv:1606.03498. TF-GAN computes the
one of Inception's logits (`inception_score`); the core here does it for the logits of any classifier, and
`label_inception_score` takes one that was trained on the dataset itself.
"""

import numpy as np
from scipy.special import log_softmax, logsumexp

from idgan_tf.errors import require
from idgan_tf.evaluation.checks import finite, real_numbers
from idgan_tf.evaluation.metric import Result, metric, require_available, with_count
from idgan_tf.methods.faces import can

REAL = 10_000  # real images that say how good a classifier is, or all there are


def score_of_logits(logits):
    """exp(E_x KL(p(y|x) || p(y))), between 1 and the number of classes, p(y) the mean over the images.

    Args:
        logits: [N, classes].

    Raises:
        ConfigError: wrong shape.
        NonFiniteError: NaN or infinity in the logits.
    """
    logits = real_numbers(logits, "logits")
    require(logits.ndim == 2 and min(logits.shape) >= 2, f"logits must be [N, classes], got {list(logits.shape)}")
    finite(logits, "logits")
    log_p = log_softmax(logits, axis=1)
    log_marginal = logsumexp(log_p, axis=0) - np.log(len(logits))
    return float(np.exp(np.mean(np.sum(np.exp(log_p) * (log_p - log_marginal), axis=1))))


def tf_gan_inception_score(logits):
    """TF-GAN's Inception Score of logits [N, classes].

    Raises:
        Unavailable: fewer than 2 images.
    """
    from idgan_tf.evaluation.feature_networks import tf_gan

    require_available(len(logits) >= 2, f"an Inception Score needs at least 2 images, got {len(logits)}")
    return float(tf_gan.call("classifier_score_from_logits", logits))


def of_images(real, generated, seed):
    """The values of Inception's activations."""
    del real, seed  # of the generated images alone, and nothing random
    logits = generated["logits"]
    return {with_count("inception_score", len(logits)): tf_gan_inception_score(logits)}


@metric(better="higher", cost="hours", of_images=of_images)
def inception_score(method, dataset, seed, num_samples=50_000):
    """Inception Score of Inception's logits, computed by TF-GAN over all samples at once (no splits).

    Args:
        method: generates images.
        dataset: gives labels and codes to generate from.
        seed: of the samples.
        num_samples: generated images; the count is in the name.
    """
    from idgan_tf.evaluation.samples import inception_samples

    samples = inception_samples.of(method, dataset, seed, num_samples)
    return Result(of_images(samples.real, samples.generated, seed), samples.protocol)


@metric(better="higher", cost="minutes", network="label_classifier")
def label_inception_score(method, dataset, seed, network=None, images_per_class=100):
    """Inception Score of a classifier trained on the dataset's own labels, not of Inception.

    Args:
        method: generates images of the label it is given.
        dataset: has labels.
        seed: of the samples.
        network: the file `networks/classifier.keras` of a trained label classifier; none comes with the package.
        images_per_class: generated images of each class; their count is in the name.
    """
    from idgan_tf.evaluation.feature_networks import label_logits
    from idgan_tf.evaluation.samples import generation

    require_available(can(method, "sample"), f"{type(method).__name__} does not generate by class")
    classifier = label_logits.LabelLogits(network, dataset)
    made = generation.of_classes(method, dataset, range(dataset.num_classes), images_per_class, seed)
    logits = np.concatenate([classifier(images) for images in made])
    real = generation.real(dataset, min(REAL, dataset.num_examples), seed)
    counts = {"num_samples": len(logits), "images_per_class": images_per_class}
    protocol = {**counts, **classifier.protocol(real)}
    return Result({with_count("label_inception_score", len(logits)): score_of_logits(logits)}, protocol)
