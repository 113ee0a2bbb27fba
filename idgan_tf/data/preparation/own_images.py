"""Images of one's own that a training prepares, since a binding says where they are."""

import numpy as np
from absl import logging

from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import writing
from idgan_tf.errors import DataError, message

LOOKED_AT = 256  # images, to see whether all are grey


def prepare(dataset):
    """Prepares an `ImageFolder` that has a source, where that is not done; any other dataset is left alone.

    Raises:
        DataError: an image cannot be used, or the source is not what was prepared under its name.
    """
    if not isinstance(dataset, ImageFolder) or not dataset.files:
        return
    is_new = dataset.read_manifest() is None
    try:
        writing.prepare(dataset, dataset.files)
    except DataError as error:
        raise DataError(f"{message(error)} (to {dataset.command})") from error
    if is_new and dataset.image_shape[2] == 3 and _is_grey(dataset.arrays["image"][:LOOKED_AT]):
        logging.warning("all images of %s are grey: --gin_param='CHANNELS = 1' draws them so", dataset.files)


def _is_grey(images):
    """Whether the three channels of images uint8 [N, H, W, 3] are the same."""
    return bool(np.all(images == images[..., :1]))
