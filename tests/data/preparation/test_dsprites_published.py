import os
import pickle
import tracemalloc

import numpy as np
import pytest

from idgan_tf.data import dsprites
from idgan_tf.data.dsprites import DSprites
from idgan_tf.data.preparation import dsprites_published
from idgan_tf.errors import ConfigError, DataError


@pytest.fixture
def small(tmp_path, monkeypatch):
    """dSprites of 40 images, and a cache of its own."""
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(dsprites_published, "SHAPE", (40, 64, 64))
    monkeypatch.setattr(dsprites_published, "BATCH", 16)
    return np.random.default_rng(0).integers(0, 2, (40, 64, 64), np.uint8)


def test_rows_are_in_the_published_order():
    dataset = DSprites("rendered")
    assert dataset.num_examples == 737_280
    factors = np.array([[2, 3, 17, 5, 30], [0, 0, 0, 0, 1], [0, 0, 0, 1, 0], [0, 0, 1, 0, 0], [0, 1, 0, 0, 0]])
    expected = [2 * 245_760 + 3 * 40_960 + 17 * 1024 + 5 * 32 + 30, 1, 32, 1024, 40_960]
    np.testing.assert_array_equal(dataset.index(factors), expected)
    np.testing.assert_array_equal(dataset.factors(expected), factors)


def test_npz_is_packed_and_never_unpickled(small, tmp_path):
    class Hostile:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    hostile = np.array([Hostile()], object)
    np.savez_compressed(tmp_path / "d.npz", imgs=small, metadata=hostile, latents_classes=np.zeros((40, 6)))
    dataset = DSprites("npz", str(tmp_path / "d.npz"))
    np.testing.assert_array_equal(dataset.take(np.arange(40))["image"][..., 0], small)
    np.savez(tmp_path / "evil.npz", imgs=hostile)
    with pytest.raises(DataError, match="evil.npz: imgs is object"):
        DSprites("npz", str(tmp_path / "evil.npz")).arrays  # noqa: B018
    assert not (tmp_path / "executed").exists()
    pickle.loads(pickle.dumps(Hostile()))  # the trap works
    assert (tmp_path / "executed").exists()


def test_npz_images_are_never_all_in_memory(small, tmp_path, monkeypatch):
    monkeypatch.setattr(dsprites_published, "SHAPE", (16_384, 64, 64))
    monkeypatch.setattr(dsprites_published, "BATCH", 1024)  # 4 MB of 67
    np.savez_compressed(tmp_path / "d.npz", imgs=np.tile(small[:32], (512, 1, 1)))
    tracemalloc.start()
    try:
        assert len(DSprites("npz", str(tmp_path / "d.npz")).arrays["bits"]) == 16_384
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


def test_another_npz_is_not_taken_from_the_cache(small, tmp_path):
    for images in (small, 1 - small):
        np.savez(tmp_path / "d.npz", imgs=images)
        dataset = DSprites("npz", str(tmp_path / "d.npz"))
        np.testing.assert_array_equal(dataset.take(np.arange(40))["image"][..., 0], images)


def test_bad_npz_files_are_named(small, tmp_path):
    path = tmp_path / "bad.npz"
    with pytest.raises(DataError, match="bad.npz: No such file.*dsprites-dataset"):
        DSprites("npz", str(path)).arrays  # noqa: B018
    with pytest.raises(DataError, match="needs DSprites.path"):
        DSprites("npz").arrays  # noqa: B018
    for arrays, message in [
        ({"imgs": small[:30]}, "imgs is uint8"),
        ({"imgs": small * 255}, "above 1"),
        ({"x": small}, "no dSprites file"),
    ]:
        np.savez(path, **arrays)
        with pytest.raises(DataError, match=f"bad.npz.*{message}"):
            DSprites("npz", str(path)).arrays  # noqa: B018
    np.savez(path, imgs=small)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match="bad.npz is damaged"):
        DSprites("npz", str(path)).arrays  # noqa: B018
    assert not list((tmp_path / "cache").glob("*"))
    with pytest.raises(ConfigError, match="DSprites.source must be one of"):
        DSprites("disk")


def test_tfds_rows_are_placed_by_their_labels(small, tmp_path, monkeypatch):
    import tensorflow as tf
    import tensorflow_datasets as tfds

    monkeypatch.setattr(
        dsprites_published,
        "GRID",
        {"shape": 1, "scale": 1, "orientation": 5, "x_position": 2, "y_position": 4},
    )
    order = np.random.default_rng(1).permutation(40)
    grid = np.stack(np.unravel_index(order, (1, 1, 5, 2, 4)), -1)

    def shuffled(rows, images=small):
        columns = {f"label_{name}": grid[:rows, i] for i, name in enumerate(dsprites_published.GRID)}
        data = tf.data.Dataset.from_tensor_slices({"image": images[order][:rows, ..., None], **columns})
        return lambda builder, *args, **kwargs: data

    def damaged(builder, *args, **kwargs):
        del builder, args, kwargs
        return shuffled(40)(None).map(lambda row: {**row, "image": tf.io.decode_png(b"no", dtype=tf.uint8)})

    with (
        tfds.testing.mock_data(as_dataset_fn=shuffled(39)),
        pytest.raises(DataError, match="lacks 1 of 40 images; check DSprites.path"),
    ):
        DSprites("tfds").arrays  # noqa: B018
    with tfds.testing.mock_data(as_dataset_fn=damaged), pytest.raises(DataError, match="TFDS cannot give .*delete"):
        DSprites("tfds").arrays  # noqa: B018
    with (
        tfds.testing.mock_data(as_dataset_fn=shuffled(40, 255 * small)),
        pytest.raises(DataError, match="TFDS dsprites: images hold values above 1"),
    ):
        DSprites("tfds").arrays  # noqa: B018
    assert not list((tmp_path / "cache").glob("*"))
    with tfds.testing.mock_data(as_dataset_fn=shuffled(40)):
        dataset = DSprites("tfds")
        np.testing.assert_array_equal(dataset.take(np.arange(40))["image"][..., 0], small)


def test_images_for_factors(monkeypatch):
    dataset = DSprites("rendered")
    factors = np.array([[1, 2, 3, 4, 5], [2, 5, 39, 31, 0]])
    bits = np.packbits(dsprites.render(factors).reshape(2, -1), axis=-1)
    rows = dict(zip(dataset.index(factors), bits, strict=True))
    monkeypatch.setitem(
        dataset.__dict__,
        "arrays",
        {"bits": type("Rows", (), {"__getitem__": lambda _, i: np.stack([rows[k] for k in i])})()},
    )
    np.testing.assert_array_equal(dataset.images(factors)[..., 0], dsprites.render(factors))
