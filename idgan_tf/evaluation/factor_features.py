"""The trained factor classifier as a feature network."""

import numpy as np

from idgan_tf.data.factors import FactorDataset
from idgan_tf.evaluation import own_network
from idgan_tf.evaluation.result import available
from idgan_tf.files import sha256

GIN_FILE = "gin/factor_classifier_{}.gin"


class FactorFeatures:
    """Images [B, H, W, C] in [0, 1] -> features [B, 256].

    Args:
        network: a file `networks/classifier.keras`.
        dataset: the `FactorDataset` it was trained on.

    Raises:
        Unavailable: the dataset has no factors, or the network is not trained yet.
        ConfigError: the file is no such network, or one for other images.
    """

    def __init__(self, network, dataset):
        from idgan_tf.networks.classifier import FactorHeads

        available(isinstance(dataset, FactorDataset), f"the factors of {dataset.name} are not known")
        self._network = own_network.load(network, FactorHeads, dataset, GIN_FILE.format(dataset.name))
        self._names, self._right, self._count = dataset.factor_names, 0.0, 0
        self._sha256 = sha256(network)

    def __call__(self, images, factors=None):
        """Features of images; with their true factors [B, K] the accuracies are counted too."""
        from idgan_tf.methods.factor_classifier import hits, labels_of

        features, logits = self._network(images)
        if factors is not None:
            self._right = self._right + np.array([np.sum(hit) for hit in hits(labels_of(factors, logits), logits)])
            self._count += len(images)
        return np.asarray(features)

    @property
    def protocol(self):
        """Checksum of the network, and its accuracy for each factor."""
        accuracy = {
            f"accuracy_{name}": float(a) for name, a in zip(self._names, self._right / self._count, strict=True)
        }
        return {"feature_network": "factor_classifier", "feature_sha256": self._sha256, **accuracy}
