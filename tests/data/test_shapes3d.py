import hashlib
import tracemalloc

import h5py
import numpy as np
import pytest
from tensorflow_datasets import features as f

from idgan_tf.data import shapes3d
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.data.shapes3d import Shapes3D
from idgan_tf.errors import DataError
from tests.data.factor_checks import check, checksum, prepared
from tests.data.files import tree
from tests.data.preparation.tfds_folders import write_tfds

SIZES = (2, 1, 2, 3, 1, 2)


@pytest.fixture
def images(monkeypatch):
    monkeypatch.setattr(Shapes3D, "factor_sizes", SIZES)
    return np.random.default_rng(0).integers(0, 256, (*SIZES, 64, 64, 3), np.uint8)


def write(path, images, order=None, chunks=(5, 64, 64, 3), instead=()):
    """A file such as the published one, whose labels are values, not classes."""
    rows = images.reshape(-1, 64, 64, 3)
    labels = np.stack(np.unravel_index(np.arange(len(rows)), SIZES), axis=-1) * 0.1 - 0.3
    with h5py.File(path, "w") as file:
        for name, array in {
            "images": rows,
            "labels": labels if order is None else labels[order],
            **dict(instead),
        }.items():
            if array is not None:
                options = {"chunks": chunks, "compression": "gzip"} if name == "images" and chunks else {}
                file.create_dataset(name, data=array, **options)
    return path


def test_factors_have_their_published_sizes_and_order():
    dataset = Shapes3D()
    assert dataset.num_examples == 480_000 and dataset.image_shape == (64, 64, 3)
    assert dataset.factor_names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    np.testing.assert_array_equal(dataset.factors([1, 15, 60, 480, 4800, 48_000]), np.eye(6, dtype=int)[::-1])


@pytest.mark.parametrize("chunks, limit", [((5, 64, 64, 3), 12_288 * 7), ((1, 64, 64, 3), 1), (None, 1 << 29)])
def test_the_published_file_becomes_rows_in_the_order_of_the_factors(images, tmp_path, monkeypatch, chunks, limit):
    monkeypatch.setattr(shapes3d, "BLOCK_BYTES", limit)
    path = write(tmp_path / "3dshapes.h5", images, chunks=chunks)
    dataset = prepared(Shapes3D(), path if chunks else tmp_path, tmp_path)
    check(dataset, images)
    assert dataset.source.startswith("3dshapes.h5, sha256 ")
    assert checksum(dataset) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_is_never_all_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(Shapes3D, "factor_sizes", (1, 1, 1, 8, 8, 64))
    monkeypatch.setattr(shapes3d, "BLOCK_BYTES", 4 << 20)
    path, count = tmp_path / "3dshapes.h5", 8 * 8 * 64  # 50 MB
    with h5py.File(path, "w") as file:
        file.create_dataset("images", (count, 64, 64, 3), np.uint8, chunks=(64, 64, 64, 3), compression="gzip")
        file["labels"] = np.stack(np.unravel_index(np.arange(count), (1, 1, 1, 8, 8, 64)), axis=-1).astype(float)
    tracemalloc.start()
    try:
        assert len(prepared(Shapes3D(), path, tmp_path).arrays["image"]) == count
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


def test_tfds_rows_are_placed_by_their_labels(images, tmp_path):
    features = {"image": f.Image(shape=(64, 64, 3))}
    features |= {f"label_{name}": f.ClassLabel(num_classes=15) for name in Shapes3D.factor_names}
    examples = {
        i: {"image": images[cell], **{f"label_{n}": c for n, c in zip(Shapes3D.factor_names, cell, strict=True)}}
        for i, cell in enumerate(np.ndindex(SIZES))
    }
    write_tfds(tmp_path / "tfds", "shapes3d", features, {"train": examples}, "2.0.0")
    dataset = prepared(Shapes3D(), f"tfds:{tmp_path / 'tfds'}", tmp_path)
    check(dataset, images)
    assert dataset.source.startswith("TFDS shapes3d/2.0.0, sha256 ")
    examples[0] = examples[1]
    write_tfds(tmp_path / "twice", "shapes3d", features, {"train": examples}, "2.0.0")
    with pytest.raises(DataError, match="holds two images of the same factors"):
        prepare(Shapes3D(str(tmp_path / "x")), f"tfds:{tmp_path / 'twice'}")
    del examples[0]
    write_tfds(tmp_path / "few", "shapes3d", features, {"train": examples}, "2.0.0")
    with pytest.raises(DataError, match="lacks 1 of the 24 images of shapes3d"):
        prepare(Shapes3D(str(tmp_path / "x")), f"tfds:{tmp_path / 'few'}")


def test_bad_files_are_one_line_and_leave_nothing(images, tmp_path):
    def refused(source, message):
        with pytest.raises(DataError, match=message) as error:
            prepare(Shapes3D(str(tmp_path / "out")), source)
        assert "\n" not in str(error.value) and not tree(tmp_path / "out")

    whole = write(tmp_path / "whole.h5", images).read_bytes()
    for name, data, message in [
        ("cut.h5", whole[: len(whole) // 2], "cut.h5 is damaged or no HDF5 file .*truncated"),
        ("text.h5", b"hello", "text.h5 is damaged or no HDF5 file"),
        ("empty.h5", b"", "empty.h5 is empty"),
        ("pointer.h5", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is a pointer of Git LFS"),
        ("page.h5", b"<!doctype html>", "is a web page"),
    ]:
        (tmp_path / name).write_bytes(data)
        refused(tmp_path / name, message)
    refused(tmp_path / "none.h5", "no folder or file .*none.h5")
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "folder holds no 3dshapes.h5")
    labels = np.zeros((24, 6))
    for changes, message in [
        ({"images": None}, "has no array 'images'"),
        ({"labels": None}, "has no array 'labels'"),
        ({"images": images.reshape(-1, 64, 64, 3)[:20]}, r"images is \(20, 64, 64, 3\), not the \(24, 64, 64, 3\)"),
        ({"images": images.reshape(-1, 64, 64, 3) / 255.0}, "images is float64, not the uint8"),
        ({"labels": labels}, "the labels of floor_hue are not in the order"),
    ]:
        refused(write(tmp_path / "wrong.h5", images, instead=changes), f"wrong.h5.*{message}")
    shuffled = write(tmp_path / "shuffled.h5", images, order=np.arange(24) ^ 1)
    refused(shuffled, "shuffled.h5: the labels of orientation are not in the order")


def test_missing_data_say_what_to_run(tmp_path):
    with pytest.raises(DataError, match="run bin/prepare_data --dataset=shapes3d --source=PATH.*3d-shapes/3dshapes.h5"):
        Shapes3D(str(tmp_path)).arrays  # noqa: B018
    assert Shapes3D(str(tmp_path)).source == "prepared"
