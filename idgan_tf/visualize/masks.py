"""The inpainting masks of the label-relevant / irrelevant VAE (section 4.5): 1 where pixels are missing."""

import numpy as np
from PIL import Image

from idgan_tf import image_files
from idgan_tf.errors import DataError, require

# (top, bottom, left, right) as fractions of the height and width. The paper shows all four without
# numbers: the two inner boxes are chosen here.
BOXES = {
    "right_half": (0.0, 1.0, 0.5, 1.0),
    "eyes": (0.25, 0.5, 0.125, 0.875),
    "nose_and_mouth": (0.5, 0.875, 0.25, 0.75),
    "bottom_half": (0.5, 1.0, 0.0, 1.0),
}


def mask(name, height, width):
    """float32 [height, width, 1] of one of `BOXES`.

    Raises:
        ConfigError: there is no such mask.
    """
    require(name in BOXES, f"no mask {name!r}; there are {', '.join(BOXES)}")
    top, bottom, left, right = (
        round(part * size) for part, size in zip(BOXES[name], (height, height, width, width), strict=True)
    )
    values = np.zeros((height, width, 1), np.float32)
    values[top:bottom, left:right] = 1.0
    return values


def read(path, height, width):
    """float32 [height, width, 1] of a picture that is white (or transparent) where pixels are missing, black elsewhere.

    Raises:
        DataError: it is no picture, or nothing is missing in it.
    """
    picture = image_files.read(path, 1, f"the mask {path}")
    values = np.asarray(picture.resize((width, height), Image.Resampling.NEAREST))
    if not np.any(values >= 128):
        raise DataError(f"the mask {path} has no white pixel: white is what is missing")
    return (values >= 128).astype(np.float32)[..., None]
