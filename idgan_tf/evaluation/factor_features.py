"""The trained factor classifier as a feature network."""

import pathlib

import numpy as np

from idgan_tf.data.factors import FactorDataset
from idgan_tf.errors import ConfigError, require
from idgan_tf.evaluation.result import Unavailable, available
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
        available(isinstance(dataset, FactorDataset), f"the factors of {dataset.name} are not known")
        path = pathlib.Path(network)
        if not path.exists():
            gin_file = GIN_FILE.format(dataset.name)
            raise Unavailable(f"its feature network {path} is not trained; run: bin/train --gin_file={gin_file}")
        self._network = _load(path)
        require(
            self._network.config["image_shape"] == dataset.image_shape,
            f"{path} is not for {dataset.name}: it takes images of {self._network.config['image_shape']}",
        )
        self._names, self._right, self._count = dataset.factor_names, 0.0, 0
        self._sha256 = sha256(path)

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


def _load(path):
    import keras

    from idgan_tf.networks.classifier import FactorHeads

    try:
        network = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"cannot load the feature network {path}: {error}") from error
    require(isinstance(network, FactorHeads), f"{path} is no factor classifier but a {type(network).__name__}")
    return network
