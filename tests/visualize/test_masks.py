"""Masks have their places; one of one's own is read, or refused with its path."""

import numpy as np
import pytest
from PIL import Image

from idgan_tf.errors import ConfigError, DataError
from idgan_tf.visualize.masks import BOXES, mask, read


def test_masks_have_their_places():
    right, bottom = mask("right_half", 64, 64)[..., 0], mask("bottom_half", 64, 64)[..., 0]
    assert right[:, 32:].all() and not right[:, :32].any()
    assert bottom[32:].all() and not bottom[:32].any()
    eyes, mouth = mask("eyes", 64, 64)[..., 0], mask("nose_and_mouth", 64, 64)[..., 0]
    assert eyes.sum() == 16 * 48 and eyes[16:32, 8:56].all()
    assert mouth.sum() == 24 * 32 and mouth[32:56, 16:48].all()
    assert not np.any(eyes * mouth) and len(BOXES) == 4
    with pytest.raises(ConfigError, match="no mask"):
        mask("ears", 64, 64)


def test_a_mask_that_is_none_is_refused(tmp_path):
    with pytest.raises(DataError, match="cannot read the mask"):
        read(tmp_path / "none.png", 8, 8)
    Image.new("L", (8, 8)).save(tmp_path / "black.png")
    with pytest.raises(DataError, match="no white pixel"):
        read(tmp_path / "black.png", 8, 8)
