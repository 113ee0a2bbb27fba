import numpy as np
import tensorflow as tf

from idgan_tf.data import augment
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation.writing import prepare
from tests.data.files import encoded, picture, write_folder


def test_flip_mirrors_half_of_the_images(rng):
    image = rng.random((400, 4, 5, 3)).astype(np.float32)
    flipped = augment.flip(tf.constant(image), [1, 2]).numpy()
    mirrored = (flipped == image[:, :, ::-1]).all((1, 2, 3))
    assert (mirrored | (flipped == image).all((1, 2, 3))).all()
    assert 160 < mirrored.sum() < 240


def test_dequantise_adds_less_than_a_grey_level():
    noise = augment.dequantise(tf.zeros([8, 32, 32, 3]), [1, 2]).numpy() * 256
    assert noise.min() >= 0 and noise.max() < 1 and abs(noise.mean() - 0.5) < 0.01


def test_training_sees_augmented_images_and_take_does_not(tmp_path):
    source = write_folder(tmp_path / "in", {f"{i}.png": encoded(picture(i, 8, 8)) for i in range(8)})
    plain, changed = (
        ImageFolder("mine", (8, 8, 3), False, data_dir=str(tmp_path), augment=functions)
        for functions in ((), (augment.flip, augment.dequantise))
    )
    prepare(plain, source)
    rows = {"image": tf.constant(np.asarray(plain.arrays["image"]))}
    raw = np.asarray(plain.arrays["image"]) / np.float32(255)
    np.testing.assert_allclose(plain.decode(rows, [1, 2])["image"], raw, atol=1e-6)
    np.testing.assert_allclose(changed.take(np.arange(8))["image"], raw, atol=1e-6)
    first, again, other = (changed.decode(rows, seed)["image"].numpy() for seed in ([1, 2], [1, 2], [1, 3]))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (first != raw).any()
    inverse = np.where((np.abs(first - raw) < 1 / 200).all((1, 2, 3))[:, None, None, None], first, first[:, :, ::-1])
    assert (inverse - raw).min() >= -1e-6 and (inverse - raw).max() <= 1 / 256 + 1e-6
