"""Networks that we train ourselves to measure others with."""

import pathlib

from idgan_tf.config import gin_files
from idgan_tf.errors import ConfigError, require
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.evaluation.metric import Unavailable, require_available
from idgan_tf.files import NOT_OURS, sha256


def gin_file_of(network, dataset):
    """The gin file that trains a network, such as "factor_classifier", for the dataset of that name."""
    return f"gin/{network}_{dataset}.gin"


def find(network, dataset):
    """The file of a network, such as "factor_classifier", that comes with the package for the images of a dataset.

    Args:
        network: which.
        dataset: what it must know.

    Raises:
        Unavailable: there is none.
    """
    path = shipped.find(network, dataset)
    remedy = _remedy(gin_file_of(network, dataset.whole.name))
    require_available(path is not None, f"no feature network of {dataset.whole.name} comes with idgan_tf; {remedy}")
    return path


def load(path, kind, dataset, gin_file):
    """The network of a file `networks/classifier.keras`, or of one that comes with the package.

    Args:
        path: the file.
        kind: the class of the network.
        dataset: what it must have been trained on.
        gin_file: what trains it, for the message when it is missing.

    Raises:
        Unavailable: it is not trained yet.
        ConfigError: the file is no such network, or one for other images.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise Unavailable(f"its feature network {path} is not trained; {_remedy(gin_file)}")
    network = shipped.unpack(path) if path.suffix == ".npz" else _load(path)
    require(isinstance(network, kind), f"{path} is no {kind.__name__} but a {type(network).__name__}")
    require(
        network.config["image_shape"] == dataset.image_shape,
        f"{path} is not for {dataset.name}: it takes images of {network.config['image_shape']}",
    )
    return network


def describe(path):
    """What a result says of the network it was measured with: <run>/networks/<name>.keras, and its checksum."""
    path = pathlib.Path(path)
    name = f"{path.stem}, shipped with idgan_tf" if path.parent == shipped.FOLDER else "/".join(path.parts[-3:])
    return {"feature_network": name, "feature_sha256": sha256(path)}


def _remedy(gin_file):
    known = gin_files.located(gin_file)
    return f"run: bin/train --gin_file={gin_file}" if known else f"write {gin_file} after one of its kind, and train it"


def _load(path):
    import keras

    try:
        return keras.saving.load_model(path, compile=False)
    except NOT_OURS as error:
        raise ConfigError(f"cannot load the feature network {path}: {error}") from error
