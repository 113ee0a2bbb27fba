"""A trained method as a SavedModel that needs nothing but TensorFlow, in TensorFlow Serving's layout.

<folder>/<version>/ saved_model.pb  variables/  README.md  MODEL_CARD.md  SHA256SUMS  networks/*.keras
"""

import contextlib
import pathlib

import keras
import tensorflow as tf
from absl import logging

from idgan_tf.errors import ConfigError
from idgan_tf.export.card import readme
from idgan_tf.files import publishing, sha256


def export(method, folder, version=1, card=""):
    """Writes `folder/<version>/` with one named signature for each entry of `method.signatures()`.

    Args:
        method: a trained method; averaged weights are exported where it keeps them.
        folder: written whole or not at all; an older export of the same version is replaced.
        card: the text of MODEL_CARD.md (`card.model_card`).

    Returns:
        The path of the SavedModel.

    Raises:
        ConfigError: the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    target = folder / str(version)
    archive = keras.export.ExportArchive()
    for network in method.networks.values():
        archive.track(network)
    for name, signature in method.signatures().items():
        archive.add_endpoint(name, signature.function, [each.spec for each in signature.inputs])
    try:
        with publishing(target) as temporary, _quiet():
            archive.write_out(str(temporary), verbose=False)
            _write_extras(method, temporary, card)
    except OSError as error:
        raise ConfigError(f"cannot write the export {folder}: {error.strerror}") from error
    return target


@contextlib.contextmanager
def _quiet():
    """Keeps what TensorFlow says of a SavedModel off the terminal; none of it needs an answer."""
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _write_extras(method, folder, card):
    """What stands beside the SavedModel in its folder; TensorFlow and TensorFlow Serving read past it."""
    (folder / "networks").mkdir()
    for name, network in method.networks.items():
        network.save(folder / "networks" / f"{name}.keras")
    written = tf.saved_model.load(str(folder)).signatures
    outputs = {name: written[name].structured_outputs for name in method.signatures()}
    (folder / "README.md").write_text(readme(method, outputs))
    if card:
        (folder / "MODEL_CARD.md").write_text(card)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = "".join(f"{sha256(path)}  {path.relative_to(folder)}\n" for path in files)
    (folder / "SHA256SUMS").write_text(sums)
