import numpy as np
import pytest
from sklearn.datasets import load_digits

from idgan_tf.data.digits import Digits
from idgan_tf.errors import ConfigError


def test_no_image_is_both_trained_on_and_held_out():
    dataset = Digits(360)
    assert dataset.num_examples == 1437 and dataset.held_out.num_examples == 360 and dataset.held_out.held_out is None
    ours = np.concatenate([d.arrays["image"].reshape(-1, 64) for d in (dataset, dataset.held_out)])
    theirs = load_digits().data
    np.testing.assert_array_equal(np.sort(ours @ np.arange(1, 65)), np.sort(theirs @ np.arange(1, 65)))
    assert all(np.bincount(d.arrays["label"]).min() > 0.07 * d.num_examples for d in (dataset, dataset.held_out))


def test_images_lie_between_0_and_1_beside_their_labels():
    dataset, digits = Digits(360), load_digits()
    batch = dataset.take(np.arange(50))
    assert batch["image"].shape == (50, 8, 8, 1) and np.min(batch["image"]) == 0.0 and np.max(batch["image"]) == 1.0
    for image, label in zip(batch["image"], batch["label"], strict=True):
        (found,) = np.flatnonzero(np.all(digits.images == 16 * image.numpy()[..., 0], axis=(1, 2)))
        assert digits.target[found] == label


def test_what_cannot_be_held_out_is_refused():
    with pytest.raises(ConfigError, match="leave some of 1797"):
        Digits(1797)
    with pytest.raises(ConfigError, match="num_test"):
        Digits(0.2)
