"""Inception's activations of real and of generated images, shared by FID, KID and Inception Score."""

import dataclasses

import numpy as np

from idgan_tf.evaluation.feature_networks.inception import CHANNELS, InceptionFeatures, activations, cached_pool
from idgan_tf.evaluation.metric import require_available
from idgan_tf.evaluation.samples import generation
from idgan_tf.evaluation.samples.kept import Kept

_kept = Kept()


@dataclasses.dataclass
class InceptionSamples:
    """Activations of one method at one step.

    Attributes:
        real: `pool_3` [M, 2048] of real images.
        generated: {"pool_3": [N, 2048], "logits": [N, 1008]}.
        protocol: of how they were made.
    """

    real: np.ndarray
    generated: dict
    protocol: dict


def of(method, dataset, seed, count):
    """The activations of `count` generated images, and of as many real ones as there are, up to `count`.

    Raises:
        Unavailable: the method generates nothing, the images are neither grey nor in colour, or there is no Inception
            network.
    """
    made_by = generation.describe(method)
    require_available(
        dataset.image_shape[-1] in CHANNELS, f"Inception looks at grey or colour, not at {dataset.name}'s images"
    )
    network = InceptionFeatures()
    question = dataset, seed, count, made_by, network.path, network.resize
    return _kept(method, question, lambda: _looked_at(network, method, dataset, seed, count, made_by))


def _looked_at(network, method, dataset, seed, count, made_by):
    num_real = min(count, dataset.num_examples)
    real = cached_pool(
        network,
        f"{dataset.describe()}, {dataset.looks}, seed {seed}",
        lambda: (np.asarray(batch["image"]) for batch in generation.real(dataset, num_real, seed)),
        num_real,
    )
    fake = activations(network, generation.generated(method, dataset, count, seed), count)
    protocol = {"num_samples": count, "num_real": num_real, "generated": made_by, **network.protocol}
    return InceptionSamples(real, fake, protocol)
