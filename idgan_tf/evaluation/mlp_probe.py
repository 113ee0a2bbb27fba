"""MLP probes: what a classifier like the adversary of the label-relevant / irrelevant VAE reads from a code.

A linear probe (`linear_probe`) understates what a code tells of the class. This one has the 256 hidden units of the
paper's latent classifier (Zheng & Sun, CVPR 2019, appendix B.2), and learns anew, with the code at rest.
"""

import functools

import numpy as np

from idgan_tf.evaluation.linear_probe import checked_sides, probed
from idgan_tf.evaluation.metric import metric, require_available

WIDTH = 256  # of the hidden layer
HELD_BACK = 0.1  # of the codes to fit on, which say when to stop


def mlp_accuracy(codes, labels, test_codes, test_labels, seed):
    """Accuracy of scikit-learn's `MLPClassifier` on the standardised codes.

    Args:
        codes, labels: [N, D] and classes [N] to fit on; a tenth of them only says when to stop.
        test_codes, test_labels: [M, D] and [M] to score on.
        seed: of the first weights, of the order and of that tenth.

    Raises:
        ConfigError: codes and labels are not of one length, or codes no real numbers.
        Unavailable: there are too few codes to hold every class back.
        NonFiniteError: NaN or infinity in the codes.
    """
    from sklearn.neural_network import MLPClassifier

    codes, labels, test_codes, test_labels = checked_sides(codes, labels, test_codes, test_labels)
    _, counts = np.unique(labels, return_counts=True)
    enough = len(counts) > 1 and counts.min() > 1 and HELD_BACK * len(labels) >= len(counts)
    require_available(
        enough,
        f"an MLP probe needs two classes or more, ten codes for each, got {len(labels)} of {len(counts)} classes",
    )
    probe = MLPClassifier((WIDTH,), early_stopping=True, validation_fraction=HELD_BACK, random_state=seed)
    return float(probe.fit(codes, labels).score(test_codes, test_labels))


@metric(better="higher", cost="minutes")
def mlp_probe(method, dataset, seed, num_train=10_000, num_test=5_000):
    """Accuracy of classifiers with 256 hidden units on each part of the code: draws from q(c|x), and (_mean) its mean.

    Args:
        method, dataset, seed, num_train, num_test: as for `linear_probe`.
    """
    accuracy = functools.partial(mlp_accuracy, seed=seed)
    return probed(accuracy, "mlp_probe", method, dataset, seed, num_train, num_test)
