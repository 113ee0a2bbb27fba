"""A trained method as a SavedModel that needs nothing but TensorFlow, in TensorFlow Serving's layout."""

import os
import pathlib
import shutil

import keras

from idgan_tf.errors import ConfigError


def export(method, folder, version=1):
    """Writes `folder/<version>/` with one named signature for each entry of `method.signatures()`.

    Args:
        method: a trained method; averaged weights are exported where it keeps them.
        folder: written whole or not at all; an older export of the same version is replaced.

    Returns:
        The path of the SavedModel.

    Raises:
        ConfigError: the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    target, temporary = folder / str(version), folder / f".{version}.writing"
    archive = keras.export.ExportArchive()
    for network in method.networks.values():
        archive.track(network)
    for name, (function, inputs) in method.signatures().items():
        archive.add_endpoint(name, function, inputs)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)
        archive.write_out(str(temporary), verbose=False)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(temporary, target)
    except OSError as error:
        raise ConfigError(f"cannot write the export {folder}: {error.strerror}") from error
    return target
