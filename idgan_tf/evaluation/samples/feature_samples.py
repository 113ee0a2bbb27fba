"""Features of real and of generated images of a run, shared by the metrics that compare two sets of features."""

from typing import NamedTuple

import numpy as np

from idgan_tf.errors import require
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.evaluation.feature_networks.factor_features import FactorFeatures
from idgan_tf.evaluation.features import pairs
from idgan_tf.evaluation.metric import Result
from idgan_tf.evaluation.samples import generation, inception_samples
from idgan_tf.evaluation.samples.kept import Kept

NETWORKS = ("factors", "inception")
_kept = Kept()


class FeatureSamples(NamedTuple):
    """Features of real [M, F] and generated [N, F] images of one method at one step, and how they were made."""

    real: np.ndarray
    generated: np.ndarray
    protocol: dict


def of(method, dataset, seed, count, features=None):
    """The `FeatureSamples` of `count` generated images, and of as many real ones as there are, up to `count`.

    Args:
        method, dataset, seed, count: what is measured.
        features: "factors" for the 256 hidden units of the factor classifier that comes with the package, those of
            `fid_dsprites`; "inception" for `pool_3` of TF-GAN's Inception, those of `fid`; None for the first where
            there is one for the dataset, else for the second.

    Raises:
        ConfigError: `features` is something else.
        Unavailable: the method generates nothing, or there is no such network for the dataset.
    """
    if features is None:
        features = "factors" if shipped.find("factor_classifier", dataset) else "inception"
    require(features in NETWORKS, f"features are those of {' or '.join(map(repr, NETWORKS))}, got {features!r}")
    if features == "inception":
        samples = inception_samples.of(method, dataset, seed, count)
        return FeatureSamples(samples.real, samples.generated["pool_3"], samples.protocol)
    question = dataset, seed, count, generation.describe(method)
    return _kept(method, question, lambda: _of_factors(method, dataset, seed, count))


def _of_factors(method, dataset, seed, count):
    made_by = generation.describe(method)
    classifier = FactorFeatures(None, dataset)
    num_real = min(count, dataset.num_examples)  # none of them twice: its neighbour would be itself
    real = [classifier(batch["image"], batch["factors"])[0] for batch in generation.real(dataset, num_real, seed)]
    generated = [classifier(images)[0] for images in generation.generated(method, dataset, count, seed)]
    return FeatureSamples(
        np.concatenate(real), np.concatenate(generated), {"generated": made_by, **classifier.protocol}
    )


def measured(of_features, method, dataset, seed, count, features, **settings):
    """`pairs.measured` of the `FeatureSamples` of a run."""
    samples = of(method, dataset, seed, count, features)
    result = pairs.measured(of_features, samples.real, samples.generated, seed, **settings)
    return Result(result.values, {**samples.protocol, **result.protocol})
