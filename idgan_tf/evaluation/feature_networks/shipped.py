"""The feature networks that come with the package, so that two users' values of fid_dsprites compare.

They are trained by gin/factor_classifier_*.gin and kept in half precision, 0.8 to 1.0 MB each. To make the file of one:

    python -m idgan_tf.evaluation.feature_networks.shipped runs/factor_classifier_dsprites
"""

import pathlib
import sys
from typing import Any

import numpy as np

from idgan_tf.errors import ConfigError, require
from idgan_tf.files import NOT_OURS, replacing, to_half, to_single

FOLDER = pathlib.Path(__file__).parent / "weights"
SHAPES = ("image_shape", "sizes", "filters")  # of a `FactorHeads`


def path_of(name):
    """Where the network of this name lies, if it comes with the package."""
    return FOLDER / f"{name}.npz"


def find(network, dataset):
    """The file of a network such as "factor_classifier" for the images of `dataset`, whatever that is called, or None.

    It is one that was trained on images of that shape and looks, and knows classes of each factor of the dataset; of an
    orientation one less than that, where the last is the first.

    Raises:
        ConfigError: a file is something else.
    """
    for path in of_kind(network):
        try:
            with np.load(path, allow_pickle=False) as file:
                image_shape, sizes, looks = tuple(file["image_shape"]), file["sizes"], str(file["looks"])
        except NOT_OURS as error:
            raise _cannot_load(path, error) from error
        if image_shape == tuple(dataset.image_shape) and _knows(sizes, dataset) and looks == dataset.looks:
            return path
    return None


def _knows(sizes, dataset):
    """Whether a network of heads of these sizes knows the classes of every factor of a dataset."""
    asked = np.array(getattr(dataset, "factor_sizes", ()), np.int64)
    missing = asked - sizes[: len(asked)] if len(asked) <= len(sizes) else None
    return missing is not None and bool(np.all((missing == 0) | (missing == 1)))


def of_kind(network):
    """Files of the networks such as "factor_classifier" that come with the package."""
    return sorted(FOLDER.glob(f"{network}_*.npz"))


def pack(network, looks, path):
    """Writes a `FactorHeads` trained on images that look like `looks` (`Dataset.looks`).

    Raises:
        NonFiniteError: a weight is too large for half precision.
    """
    named = {f"weight_{i:02d}": weight for i, weight in enumerate(network.get_weights())}
    weights: dict[str, Any] = {name: to_half(weight, name) for name, weight in named.items()}
    shapes = {name: np.array(network.config[name]) for name in SHAPES}
    with replacing(path) as temporary:
        np.savez_compressed(temporary, looks=np.array(looks), **shapes, **weights)


def unpack(path):
    """The `FactorHeads` of a file of `pack`, float32.

    Raises:
        ConfigError: the file is something else.
    """
    from idgan_tf.networks.classifier import FactorHeads

    try:
        with np.load(path, allow_pickle=False) as file:
            shapes: dict[str, Any] = {  # older ones have no filters
                name: tuple(file[name].tolist()) for name in SHAPES if name in file
            }
            weights = [to_single(file[name]) for name in sorted(file.files) if name.startswith("weight_")]
        network = FactorHeads(**shapes, init="torch")
        network.set_weights(weights)
    except NOT_OURS as error:
        raise _cannot_load(path, error) from error
    return network


def _cannot_load(path, error):
    return ConfigError(f"cannot load the feature network {path}: {error}")


def main(run_dir):
    """Packs the classifier of a finished run."""
    from idgan_tf import runs

    method, dataset = runs.load_with_data(run_dir)
    require("classifier" in method.networks, f"{run_dir} has no factor classifier")
    path = path_of(f"factor_classifier_{dataset.name}")
    FOLDER.mkdir(exist_ok=True)
    pack(method.networks["classifier"], dataset.looks, path)
    print(f"wrote {path}, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
