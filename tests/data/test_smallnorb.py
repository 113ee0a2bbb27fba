import gzip
import hashlib
import json
import struct

import numpy as np
import pytest
from PIL import Image
from tensorflow_datasets import features as f

from idgan_tf.data import smallnorb
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.data.smallnorb import SPLITS, SmallNORB
from idgan_tf.errors import ConfigError, DataError
from tests.data.factor_checks import prepared
from tests.data.files import tree, write_folder
from tests.data.preparation.tfds_folders import write_tfds

SIZES = (2, 2, 3, 1)
TRAINING = (4, 6, 7, 8, 9)  # the toys of the training set, as published


@pytest.fixture
def published(monkeypatch):
    """uint8 [category, elevation, azimuth, lighting, toy, camera, 96, 96]."""
    monkeypatch.setattr(SmallNORB, "factor_sizes", SIZES)
    monkeypatch.setattr(smallnorb, "BATCH", 7)
    return np.random.default_rng(0).integers(0, 256, (*SIZES, 10, 2, 96, 96), np.uint8)


def matrix(array, magic=None):
    """The bytes of a published file."""
    dims = [*array.shape, *[1] * (3 - array.ndim)]
    magic = magic or {"uint8": 507333717, "int32": 507333716}[array.dtype.name]
    return struct.pack(f"<{2 + len(dims)}i", magic, array.ndim, *dims) + array.tobytes()


def cells(toys):
    """Classes [N, 5] of the images of some toys, in an order that is nobody's."""
    every = np.array(list(np.ndindex(*SIZES, 10)))
    return np.random.default_rng(1).permutation(every[np.isin(every[:, 4], toys)])


def files(published):
    found = {}
    for split, toys in zip(SPLITS, (TRAINING, np.setdiff1d(np.arange(10), TRAINING)), strict=True):
        category, elevation, azimuth, lighting, toy = cells(toys).T.astype(np.int32)
        found[f"{split}-cat.mat"] = matrix(category)
        found[f"{split}-info.mat"] = matrix(np.stack([toy, elevation, 2 * azimuth, lighting], axis=-1))
        found[f"{split}-dat.mat"] = matrix(published[category, elevation, azimuth, lighting, toy])
    return found


def reduced(published):
    first = published[..., 0, :, :].reshape(-1, 96, 96)
    small = [np.asarray(Image.fromarray(image).resize((64, 64), Image.LANCZOS)) for image in first]
    return np.stack(small).reshape(*SIZES, 10, 64, 64, 1)


def check(dataset, images):
    np.testing.assert_array_equal(dataset.arrays["image"], images.reshape(-1, 64, 64, 1))
    rows = np.arange(120)
    factors = dataset.factors(rows)
    np.testing.assert_array_equal(factors, np.array(list(np.ndindex(*SIZES, 10)))[:, :4])
    batch = dataset.take(rows)
    np.testing.assert_array_equal(batch["factors"], factors)
    np.testing.assert_allclose(batch["image"], images.reshape(-1, 64, 64, 1) / 255.0, atol=1e-6)


def test_factors_have_their_published_sizes_and_toys_are_none():
    dataset = SmallNORB()
    assert dataset.num_examples == 48_600 and dataset.factor_names == ("category", "elevation", "azimuth", "lighting")
    np.testing.assert_array_equal(
        dataset.factors([10, 60, 6 * 18 * 10, 9 * 6 * 18 * 10, 9]), [*np.eye(4, dtype=int)[::-1], [0] * 4]
    )
    with pytest.raises(ConfigError, match="ten toys"):
        dataset.index([[0, 0, 0, 0]])


@pytest.mark.parametrize("packed", [False, True])
def test_both_published_sets_are_read_from_the_first_camera(published, tmp_path, packed):
    members = files(published)
    if packed:
        members = {f"{name}.gz": gzip.compress(data) for name, data in members.items()}
    source = write_folder(tmp_path / "in", {**members, "notes.txt": b"x"})
    dataset = prepared(SmallNORB(), source, tmp_path)
    check(dataset, reduced(published))
    parts = json.loads((dataset.folder / "manifest.json").read_text())["source"]["parts"]
    assert {part["sha256"] for part in parts} == {hashlib.sha256(data).hexdigest() for data in members.values()}
    assert dataset.source.startswith("in, sha256 ") and dataset.source in dataset.describe()


def test_images_show_any_of_the_toys_of_their_factors(published, tmp_path):
    dataset, images = (
        prepared(SmallNORB(), write_folder(tmp_path / "in", files(published)), tmp_path),
        reduced(published),
    )
    factors = dataset.sample_factors(60, np.random.default_rng(0))
    drawn = dataset.images(factors, (0, 1)).numpy()
    assert drawn.shape == (60, 64, 64, 1) and drawn.dtype == np.float32
    toys = []
    for image, cell in zip(drawn, factors, strict=True):
        (toy,) = [toy for toy in range(10) if np.allclose(image, images[(*cell, toy)] / 255.0, atol=1e-6)]
        toys.append(toy)
    assert len(set(toys)) > 4, "of the twelve cells"
    np.testing.assert_array_equal(dataset.images(factors, (0, 1)), drawn)
    assert np.any(dataset.images(factors, (0, 2)) != drawn)


def test_tfds_rows_are_placed_by_their_labels(published, tmp_path):
    features = {"image": f.Image(shape=(96, 96, 1)), "instance": f.ClassLabel(num_classes=10)}
    features |= {f"label_{name}": f.ClassLabel(num_classes=18) for name in SmallNORB.factor_names}
    examples = {
        i: {
            "image": published[(*cell, 0)][..., None],
            "instance": cell[4],
            **{f"label_{name}": c for name, c in zip(SmallNORB.factor_names, cell[:4], strict=True)},
        }
        for i, cell in enumerate(np.ndindex(*SIZES, 10))
    }
    write_tfds(tmp_path / "tfds", "smallnorb", features, {"train": examples}, "2.0.0")
    dataset = prepared(SmallNORB(), f"tfds:{tmp_path / 'tfds'}", tmp_path)
    check(dataset, reduced(published))
    assert dataset.source.startswith("TFDS smallnorb/2.0.0, sha256 ")


def test_bad_files_are_one_line_and_leave_nothing(published, tmp_path):
    good = files(published)
    dat, cat, info = (f"{SPLITS[1]}-{part}.mat" for part in ("dat", "cat", "info"))
    few = np.zeros((60, 4), np.int32)
    for number, (name, data, message) in enumerate(
        [
            (dat, good[dat][:-1], "testing-dat.mat is cut or no file of small NORB"),
            (dat, b"hello, world", "testing-dat.mat is cut or no file"),
            (dat, b"version https://git-lfs.github.com/spec/v1\n", "testing-dat.mat is a pointer of Git LFS"),
            (dat, matrix(published[0, 0, 0, 0, :1]), "lacks 59 of the 120 images"),
            (dat, matrix(np.zeros((60, 96, 96), np.uint8)), "testing-dat.mat is not the images"),
            (dat, matrix(np.zeros((61, 2, 96, 96), np.uint8)), "testing-dat.mat is not the images"),
            (dat, matrix(np.zeros((0, 2, 96, 96), np.uint8)), "testing-dat.mat is cut or no file"),
            (cat, matrix(np.full(60, 5, np.int32)), "not those of small NORB"),
            (info, matrix(few[:, :3]), "not those of small NORB"),
            (info, matrix(few), "holds two images of the same factors"),
            (info, None, "has no file named .*testing-info.mat"),
        ]
    ):
        members = {key: value for key, value in {**good, name: data}.items() if value is not None}
        with pytest.raises(DataError, match=message) as error:
            prepare(SmallNORB(str(tmp_path / "out")), write_folder(tmp_path / f"in{number}", members))
        assert "\n" not in str(error.value) and not tree(tmp_path / "out"), name
