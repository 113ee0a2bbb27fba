"""The trained factor classifier as a feature network."""

import numpy as np

from idgan_tf.data.factors import FactorDataset
from idgan_tf.evaluation.feature_networks import own_network
from idgan_tf.evaluation.metric import require_available


class FactorFeatures:
    """Images [B, H, W, C] in [0, 1] -> (hidden units [B, 256], pooled units of convolutions [B, 160]).

    Args:
        network: a file `networks/classifier.keras`, or one of `shipped`; None takes the one of `shipped`.
        dataset: the `FactorDataset` it was trained on.

    Raises:
        Unavailable: the dataset has no factors, or the network is not trained yet.
        ConfigError: the file is no such network, or one for other images.
    """

    def __init__(self, network, dataset):
        from idgan_tf.networks.classifier import FactorHeads

        require_available(isinstance(dataset, FactorDataset), f"the factors of {dataset.name} are not known")
        gin_file = own_network.gin_file_of("factor_classifier", dataset.whole.name)
        network = network or own_network.find("factor_classifier", dataset)
        self._network = own_network.load(network, FactorHeads, dataset, gin_file)
        self._names, self._right, self._count = dataset.factor_names, np.zeros([]), 0
        self._protocol = own_network.describe(network)

    def __call__(self, images, factors=None):
        """Units of images; with their true factors [B, K] the accuracies of the first K heads are counted too."""
        from idgan_tf.methods.factor_classifier import hits, labels_of

        pooled, features, logits = self._network.look(images)
        if factors is not None:
            logits = logits[: factors.shape[1]]  # the network may know more, such as the colour
            self._right = self._right + np.array([np.sum(hit) for hit in hits(labels_of(factors, logits), logits)])
            self._count += len(images)
        return np.asarray(features), np.asarray(pooled)

    def classes(self, images):
        """The likeliest class of every factor that the network knows, int64 [B, heads]."""
        return np.stack([np.argmax(logits, axis=-1) for logits in self._network(images)[1]], axis=1)

    @property
    def protocol(self):
        """Which network it is, its checksum, and its accuracy for each factor, where true factors were given."""
        if not self._count:
            return self._protocol
        accuracy = {
            f"accuracy_{name}": float(a) for name, a in zip(self._names, self._right / self._count, strict=True)
        }
        return {**self._protocol, **accuracy}
