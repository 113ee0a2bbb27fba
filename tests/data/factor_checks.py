"""What holds of every downloaded dataset with known factors."""

import json

import numpy as np
import tensorflow as tf

from idgan_tf.data.preparation.writing import prepare


def prepared(dataset, source, tmp_path):
    """A dataset, prepared from a small file of its format; leaves nothing else behind."""
    dataset.data_dir = str(tmp_path / "out")
    prepare(dataset, source)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [dataset.name]
    return dataset


def check(dataset, images):
    """`dataset` holds `images` uint8 [*sizes, H, W, C] and knows the factors of each.

    Args:
        images: indexed by the classes of the factors.
    """
    rows = np.arange(dataset.num_examples)
    factors = dataset.factors(rows)
    expected = images[tuple(factors.T)]
    assert factors.shape == (len(rows), len(dataset.factor_names)) and len(np.unique(factors, axis=0)) == len(rows)
    np.testing.assert_array_equal(dataset.arrays["image"], expected)
    assert isinstance(dataset.arrays["image"], np.memmap)
    batch = dataset.take(rows)
    assert batch["image"].dtype == tf.float32 and batch["image"].shape[1:] == dataset.image_shape
    np.testing.assert_allclose(batch["image"], expected / 255.0, atol=1e-6)
    np.testing.assert_array_equal(batch["factors"], factors)
    stored = {"image": tf.constant(dataset.arrays["image"]), "index": tf.constant(rows)}
    decoded = tf.function(dataset.batch)(stored, tf.constant([0, 1]))
    for name in ("image", "factors"):
        np.testing.assert_allclose(decoded[name], batch[name], atol=1e-6)
    some = dataset.sample_factors(20, np.random.default_rng(0))
    np.testing.assert_allclose(dataset.images(some), images[tuple(some.T)] / 255.0, atol=1e-6)


def checksum(dataset):
    """The first letters of the source's, which stand in logs and results."""
    manifest = json.loads((dataset.folder / "manifest.json").read_text())
    assert manifest["source"]["sha256"][:12] in dataset.source and dataset.source in dataset.describe()
    return manifest["source"]["sha256"]
