"""The trained label classifier as the network of an Inception Score."""

import numpy as np
import tensorflow as tf

from idgan_tf.errors import require
from idgan_tf.evaluation.feature_networks import own_network
from idgan_tf.evaluation.metric import require_available
from idgan_tf.networks.ranges import signed


class LabelLogits:
    """Images [B, H, W, C] in [0, 1] -> logits [B, classes].

    Args:
        network: a file `networks/classifier.keras`; there is none in the package, so None is `Unavailable`.
        dataset: the labelled dataset it was trained on.

    Raises:
        Unavailable: the dataset has no labels, or the network is not trained yet.
        ConfigError: the file is no such network, or one for other images or classes.
    """

    def __init__(self, network, dataset):
        from idgan_tf.networks.labelvae import LabelEncoder

        require_available(dataset.num_classes > 0, f"{dataset.name} has no classes")
        gin_file = own_network.gin_file_of("label_classifier", dataset.whole.name)
        network = network or own_network.find("label_classifier", dataset)
        self._network = own_network.load(network, LabelEncoder, dataset, gin_file)
        classes = self._network.config["latent_dim"]
        require(
            classes == dataset.num_classes,
            f"{network} is not for {dataset.name}: it knows {classes} classes of {dataset.num_classes}",
        )
        self._call = tf.function(self._network, reduce_retracing=True)
        self._described = own_network.describe(network)

    def __call__(self, images):
        return self._call(signed(tf.convert_to_tensor(images))).numpy()

    def protocol(self, batches):
        """Checksum of the network, and its accuracy on batches {"image", "label"} of what it was trained on."""
        count = right = 0
        for batch in batches:
            label = np.asarray(batch["label"])
            right += int(np.sum(np.argmax(self(batch["image"]), axis=1) == label))
            count += len(label)
        return {
            **self._described,
            "training_accuracy": right / count,
            "num_real": count,
        }
