"""Linear probes: how well a linear classifier reads an image's class from its code.

For a code of parts, such as zs and zu of the label-relevant / irrelevant VAE, one probe for each part: zs
should tell the class, zu should not.
"""

import numpy as np
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require
from idgan_tf.evaluation.checks import standardised, unmasked
from idgan_tf.evaluation.metric import Result, metric, require_available
from idgan_tf.evaluation.samples import generation
from idgan_tf.methods.faces import can
from idgan_tf.objectives.gaussian import sample_gaussian

PENALTY = 1e-3  # of the squared weights, on codes of unit variance
ITERATIONS = 200


def probe_accuracy(codes, labels, test_codes, test_labels):
    """Accuracy of softmax regression on the standardised codes.

    Args:
        codes, labels: [N, D] and classes [N] to fit on.
        test_codes, test_labels: [M, D] and [M] to score on.

    Raises:
        ConfigError: codes and labels are not of one length, or codes no real numbers.
        Unavailable: fewer than two classes to fit on.
        NonFiniteError: NaN or infinity in the codes.
    """
    from sklearn.linear_model import LogisticRegression

    codes, labels, test_codes, test_labels = checked_sides(codes, labels, test_codes, test_labels)
    count = len(np.unique(labels))
    require_available(count > 1, f"a probe needs two classes, got {count}")
    probe = LogisticRegression(C=1.0 / (PENALTY * len(codes)), max_iter=ITERATIONS)
    return float(probe.fit(codes, labels).score(test_codes, test_labels))


def checked_sides(codes, labels, test_codes, test_labels):
    """(`standardised` codes and their labels [N] to fit on, and those [M] to score on).

    Raises:
        ConfigError: codes and labels are not of one length, or empty, codes no real numbers, or labels no classes.
        NonFiniteError: NaN or infinity in the codes.
    """
    for some, theirs in ((codes, labels), (test_codes, test_labels)):
        require(
            np.ndim(some) == 2 and len(some) and np.shape(theirs) == (len(some),),
            f"codes must be [N, D] and labels [N], got {list(np.shape(some))} and {list(np.shape(theirs))}",
        )
    sizes = np.shape(codes)[1], np.shape(test_codes)[1]
    require(sizes[0] == sizes[1], f"codes to fit on and to score on have {sizes[0]} and {sizes[1]} dimensions")
    codes, test_codes = standardised(codes, test_codes)
    labels, test_labels = unmasked(labels, "labels"), unmasked(test_labels, "labels")
    for theirs in (labels, test_labels):
        require(
            theirs.dtype.kind in "bu" or (theirs.dtype.kind == "i" and np.all(theirs >= 0)),
            "labels must be classes, whole numbers from 0 on (-1 is an image without one: leave those out)",
        )
    return codes, labels, test_codes, test_labels


@metric(better="higher", cost="minutes")
def linear_probe(method, dataset, seed, num_train=10_000, num_test=5_000):
    """Accuracy of linear classifiers on each part of the code, drawn from q(c|x) and (_mean) its mean.

    Args:
        method: encodes; `code_parts` names the parts of its code.
        dataset: labelled images. Where the method was trained on their labels, its part zs knows them: `held_out`
            images are scored where the dataset has some; else, for the accuracy on new images, evaluate on a dataset
            that it was not trained on.
        seed: of the images and of the draws from q(c|x).
        num_train, num_test: images to fit on and to score on, different ones; less where there are fewer.
    """
    return probed(probe_accuracy, "linear_probe", method, dataset, seed, num_train, num_test)


def probed(accuracy, name, method, dataset, seed, num_train, num_test):
    """The `Result` of a probe of each part of the code, by its draws and by its means.

    Args:
        accuracy: (codes, labels, test_codes, test_labels) -> float.
        name: of the metric.
        method, dataset, seed, num_train, num_test: as for `linear_probe`.
    """
    require_available(can(method, "encode"), f"{type(method).__name__} has no encoder")
    require_available(dataset.num_classes > 1, f"{dataset.name} has no classes")
    held_out = getattr(dataset, "held_out", None)
    if held_out is None:
        total = min(num_train + num_test, dataset.num_examples)
        num_train = num_train * total // (num_train + num_test)
        draws, means, labels = _codes(method, dataset, total, seed)
    else:
        num_train = min(num_train, dataset.num_examples)
        sets = (dataset, num_train), (held_out, min(num_test, held_out.num_examples))
        draws, means, labels = map(np.concatenate, zip(*(_codes(method, *some, seed) for some in sets), strict=True))
    without = int(np.sum(labels < 0))
    require_available(not without, f"{without:,} of {len(labels):,} images of {dataset.name} have no class")
    truth = labels[num_train:]
    values, first = {}, 0
    for part, size in getattr(method, "code_parts", {"c": draws.shape[1]}).items():
        for ending, codes in (("", draws), ("_mean", means)):
            codes = codes[:, first : first + size]
            values[f"{name}_{part}{ending}"] = accuracy(codes[:num_train], labels[:num_train], codes[num_train:], truth)
        first += size
    protocol = {"num_train": num_train, "num_test": len(truth), "held_out": held_out is not None}
    return Result(values, {**protocol, "largest_class": float(np.bincount(truth).max() / len(truth))})


def _codes(method, dataset, count, seed):
    """(draws from q(c|x) [N, D], means of it [N, D], labels [N]) of random images."""
    encode = tf.function(method.encode, reduce_retracing=True)
    draws, means, labels = [], [], []
    for number, batch in enumerate(generation.real(dataset, count, seed)):
        mean, logvar = encode(batch["image"])
        draws.append(sample_gaussian(mean, logvar, noise.fold([seed, generation.STREAM_NOISE], number)))
        means.append(mean)
        labels.append(batch["label"])
    return tuple(np.concatenate(parts) for parts in (draws, means, labels))
