"""A trained method as a SavedModel that needs nothing but TensorFlow, in TensorFlow Serving's layout.

<folder>/<version>/ saved_model.pb  variables/  README.md  MODEL_CARD.md  SHA256SUMS  networks/*.keras
"""

import contextlib
import pathlib
import shutil
import tempfile

import keras
import tensorflow as tf
from absl import logging

from idgan_tf.export.card import readme
from idgan_tf.files import cannot_write, is_pattern, publishing, sha256


def export(method, folder, card=""):
    """Writes `folder/<version>/` with one named signature for each entry of `method.signatures()`.

    Versions count up, as TensorFlow Serving has it: the first is 1, the next one above the highest there.

    Args:
        method: a trained method; averaged weights are exported where it keeps them.
        folder: what is written there is whole or not there at all.
        card: the text of MODEL_CARD.md (`card.model_card`).

    Returns:
        The path of the SavedModel.

    Raises:
        DataError: the folder cannot be written, or the disk is full.
    """
    folder = pathlib.Path(folder)
    target = folder / str(1 + max((int(path.name) for path in folder.glob("*") if path.name.isdecimal()), default=0))
    archive = keras.export.ExportArchive()
    for network in method.networks.values():
        archive.track(network)
    for name, signature in method.signatures().items():
        archive.add_endpoint(name, signature.checked, [each.spec for each in signature.inputs])
    try:
        with publishing(target) as temporary, tempfile.TemporaryDirectory() as elsewhere, _quiet():
            archive.write_out(elsewhere, verbose=False)  # TensorFlow takes brackets in a path for a pattern
            _write_extras(method, pathlib.Path(elsewhere), card)
            shutil.copytree(elsewhere, temporary, dirs_exist_ok=True)
    except (OSError, tf.errors.OpError) as error:
        raise cannot_write(folder, error) from error
    if is_pattern(target):
        logging.warning("tf.saved_model.load takes [ and \\ in %s for a pattern; load it from a copy elsewhere", target)
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
    (folder / "README.md").write_text(readme(method, outputs), "utf-8")
    if card:
        (folder / "MODEL_CARD.md").write_text(card, "utf-8")
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = "".join(f"{sha256(path)}  {path.relative_to(folder)}\n" for path in files)
    (folder / "SHA256SUMS").write_text(sums, "utf-8")
