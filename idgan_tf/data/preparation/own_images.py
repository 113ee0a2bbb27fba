"""Images of one's own that a training prepares, since a binding says where they are."""

import pathlib

import numpy as np
from absl import logging

from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import writing
from idgan_tf.data.preparation.sources import Folder
from idgan_tf.errors import DataError, message

LOOKED_AT = 256  # images, to see whether all are grey


def prepare(dataset):
    """Prepares an `ImageFolder` that has a source, where that is not done; any other dataset is left alone.

    Raises:
        DataError: an image cannot be used, or the source is not what was prepared under its name.
    """
    if not isinstance(dataset, ImageFolder) or not dataset.files:
        return
    manifest = dataset.read_manifest()
    if manifest is not None:
        _require_same(dataset, manifest["source"])
        return
    try:
        writing.prepare(dataset, dataset.files)
    except DataError as error:
        raise DataError(f"{message(error)} (to {dataset.command})") from error
    if dataset.image_shape[2] == 3 and _is_grey(dataset.arrays["image"][:LOOKED_AT]):
        logging.warning("all images of %s are grey: --gin_param='CHANNELS = 1' draws them so", dataset.files)


def _require_same(dataset, source):
    """Raises DataError when the files are still there, and others: by the size of an archive, the names in a folder."""
    path = pathlib.Path(dataset.files).expanduser()
    if path.is_dir():
        same = Folder(path).fingerprint()["listing_sha256"] == source.get("listing_sha256")
    else:
        same = not path.exists() or path.stat().st_size == source.get("bytes")
    if not same:
        raise DataError(
            f"{path} is not what {dataset.folder} was prepared from: delete that folder to prepare it again, "
            "or bind another ImageFolder.name"
        )


def _is_grey(images):
    """Whether the three channels of images uint8 [N, H, W, 3] are the same."""
    return bool(np.all(images == images[..., :1]))
