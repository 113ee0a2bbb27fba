import errno
import json
import os

import numpy as np
import pytest

from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import writing
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, tree, write_folder, write_zip

IMAGES = {f"train/{kind}/{i}.png": encoded(picture(i, 8, 8)) for i, kind in enumerate("bbbaaa")}
IMAGES["test/c/9.png"] = encoded(picture(9, 8, 8))


def folder_dataset(data_dir, **options):
    return ImageFolder("mine", (8, 8, 3), **{"labels": True, "data_dir": str(data_dir / "out"), **options})


def test_rows_labels_and_manifest(tmp_path):
    source = write_zip(tmp_path / "in.zip", IMAGES)
    manifest = prepare(folder_dataset(tmp_path), source)
    dataset = folder_dataset(tmp_path)
    assert (dataset.num_examples, dataset.class_names, dataset.num_classes) == (7, ("a", "b", "c"), 3)
    names = sorted(IMAGES)
    np.testing.assert_array_equal(dataset.arrays["label"], ["abc".index(name.split("/")[1]) for name in names])
    for row, name in zip(dataset.arrays["image"], names, strict=True):
        np.testing.assert_array_equal(row, picture(int(name[-5]), 8, 8))
    assert manifest["source"]["bytes"] == source.stat().st_size and len(manifest["source"]["sha256"]) == 64
    assert manifest["rule"] == {
        "image_shape": [8, 8, 3],
        "crop": "square",
        "resize": "lanczos",
        "labels": True,
    }
    batch = dataset.take(np.array([0, 6]))
    np.testing.assert_allclose(batch["image"][1] * 255, dataset.arrays["image"][6], atol=1e-4)
    np.testing.assert_array_equal(batch["label"], dataset.arrays["label"][[0, 6]])
    assert not [name for name in os.listdir(tmp_path / "out") if name != "mine"]


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK_BYTES", 1)  # one row a chunk
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    source = write_folder(tmp_path / "in", IMAGES)
    reads = []

    class Stopping(ImageFolder):
        def read(self, source, item):
            reads.append(item.name)
            if len(reads) == 4:
                raise KeyboardInterrupt
            return super().read(source, item)

    options = {"name": "mine", "image_shape": (8, 8, 3), "labels": True, "data_dir": str(tmp_path / "out")}
    with pytest.raises(KeyboardInterrupt):
        prepare(Stopping(**options), source)
    assert not (tmp_path / "out" / "mine").exists()
    with open(tmp_path / "out" / ".mine.preparing" / "chunks.jsonl", "a") as file:
        file.write("[3, [")  # a line that the kill cut
    with pytest.raises(DataError, match="no folder or file .*/typo"):
        prepare(Stopping(**options), tmp_path / "typo")
    prepare(Stopping(**options), source)
    assert sorted(reads) == sorted([*sorted(IMAGES), sorted(IMAGES)[3]])
    np.testing.assert_array_equal(folder_dataset(tmp_path).arrays["image"][0], picture(9, 8, 8))
    once = folder_dataset(tmp_path / "other")
    prepare(once, source)
    np.testing.assert_array_equal(folder_dataset(tmp_path).arrays["image"], once.arrays["image"])


class _Bad(ImageFolder):
    """Cannot use one image of seven."""

    def read(self, source, item):
        if item.name == "train/a/3.png":
            raise DataError("train/a/3.png is bad")
        return super().read(source, item)


def test_an_end_after_rows_were_left_out_mixes_none_of_the_others(tmp_path, monkeypatch):
    source = write_folder(tmp_path / "in", IMAGES)
    options = {"name": "mine", "image_shape": (8, 8, 3), "labels": True, "data_dir": str(tmp_path / "out")}

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(np, "save", interrupted)  # the labels, after the rows moved together
        prepare(_Bad(**options), source, "skip")
    assert prepare(_Bad(**options), source, "skip")["count"] == 6
    dataset = folder_dataset(tmp_path)
    names = [name for name in sorted(IMAGES) if name != "train/a/3.png"]
    np.testing.assert_array_equal(dataset.arrays["image"], [picture(int(name[-5]), 8, 8) for name in names])
    np.testing.assert_array_equal(dataset.arrays["label"], ["abc".index(name.split("/")[1]) for name in names])


def test_what_an_interrupted_run_left_out_is_an_error_where_nothing_may_be(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK_BYTES", 1)  # one row a chunk
    source = write_folder(tmp_path / "in", IMAGES)
    options = {"name": "mine", "image_shape": (8, 8, 3), "labels": True, "data_dir": str(tmp_path / "out")}

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(writing._Work, "_commit", interrupted)
        prepare(_Bad(**options), source, "skip")
    with pytest.raises(DataError, match="3.png is bad"):
        prepare(_Bad(**options), source, "error")


def test_a_source_that_cannot_be_read_is_not_taken_for_a_full_disk(tmp_path, monkeypatch):
    def denied(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(writing, "open_source", denied)
    with pytest.raises(DataError, match="cannot read .*in.zip: Permission denied; mend it, or get it again"):
        prepare(folder_dataset(tmp_path), tmp_path / "in.zip")
    assert os.listdir(tmp_path / "out") == []


def test_a_changed_source_is_not_mixed_with_the_interrupted_one(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK_BYTES", 1)
    work = tmp_path / "out" / ".mine.preparing"
    work.mkdir(parents=True)
    (work / "plan.json").write_text("{}")
    (work / "chunks.jsonl").write_text("[0, []]\n")
    prepare(folder_dataset(tmp_path), write_folder(tmp_path / "in", IMAGES))
    np.testing.assert_array_equal(folder_dataset(tmp_path).arrays["image"][0], picture(9, 8, 8))


def test_a_bad_image_stops_and_leaves_nothing(tmp_path):
    source = write_folder(tmp_path / "in", {**IMAGES, "train/a/bad.png": b"no"})
    before = tree(tmp_path)
    with pytest.raises(DataError, match="train/a/bad.png is damaged .*; get it again, or pass --on_error=skip$"):
        prepare(folder_dataset(tmp_path), source)
    assert tree(tmp_path) == before and os.listdir(tmp_path / "out") == []


def test_skipping_counts_names_and_has_a_cap(tmp_path):
    bad = {f"train/a/bad{i}.png": b"" for i in range(3)}
    source = write_folder(tmp_path / "in", {**IMAGES, **bad})
    with pytest.raises(DataError, match="more than 2 bad images.*--max_skipped"):
        prepare(folder_dataset(tmp_path), source, "skip", 2)
    manifest = prepare(folder_dataset(tmp_path), source, "skip", 3)
    assert [entry.split()[0] for entry in manifest["skipped"]] == sorted(bad)
    dataset = folder_dataset(tmp_path)
    assert dataset.num_examples == len(dataset.arrays["image"]) == len(dataset.arrays["label"]) == 7
    np.testing.assert_array_equal(dataset.arrays["image"][-1], picture(2, 8, 8))


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataError, match="No space left.*make room"):
        prepare(folder_dataset(tmp_path), write_folder(tmp_path / "in", IMAGES))
    assert os.listdir(tmp_path / "out") == []


@pytest.mark.parametrize(
    "files, message",
    [
        ({}, "no images"),
        ({"notes.txt": b"x"}, "no images"),
        ({"1.png": IMAGES["test/c/9.png"]}, "1.png lies in no class folder"),
        ({"train/cat/1.png": b"", "test/Cat/1.png": b""}, "'Cat' and 'cat'"),
        ({"cat/1.png": encoded(picture(0, 8, 7))}, "cat/1.png gives only 7x7 pixels"),
    ],
)
def test_folders_that_make_no_dataset(tmp_path, files, message):
    (tmp_path / "in").mkdir()
    with pytest.raises(DataError, match=message):
        prepare(folder_dataset(tmp_path), write_folder(tmp_path / "in", files))
    assert os.listdir(tmp_path / "out") == []


def test_missing_data_say_what_to_run(tmp_path):
    with pytest.raises(DataError, match="run bin/prepare_data --dataset=image_folder .*--data_dir"):
        folder_dataset(tmp_path).arrays  # noqa: B018


def test_other_settings_and_cut_files_are_noticed(tmp_path):
    prepare(folder_dataset(tmp_path), write_folder(tmp_path / "in", IMAGES))
    with pytest.raises(DataError, match="prepared with crop 'square', not 'none'"):
        folder_dataset(tmp_path, crop="none").arrays  # noqa: B018
    images = tmp_path / "out" / "mine" / "images.npy"
    images.write_bytes(images.read_bytes()[:-1])
    with pytest.raises(DataError, match="images.npy is missing or cut; run .* --replace"):
        folder_dataset(tmp_path).arrays  # noqa: B018
    (tmp_path / "out" / "mine" / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="manifest.json is damaged"):
        folder_dataset(tmp_path).arrays  # noqa: B018


def test_files_of_others_are_not_touched(tmp_path):
    write_folder(tmp_path / "out" / "mine", {"thesis.txt": b"precious"})
    with pytest.raises(DataError, match="holds no prepared dataset; move it away"):
        prepare(folder_dataset(tmp_path), write_folder(tmp_path / "in", IMAGES))
    assert (tmp_path / "out" / "mine" / "thesis.txt").read_bytes() == b"precious"


def test_without_labels_and_in_grey(tmp_path):
    dataset = folder_dataset(tmp_path, labels=False)
    dataset.image_shape = (4, 4, 1)
    prepare(dataset, write_folder(tmp_path / "in", IMAGES))
    assert json.loads((dataset.folder / "manifest.json").read_text())["class_names"] == []
    assert dataset.num_classes == 0 and list(dataset.arrays) == ["image"]
    assert dataset.arrays["image"].shape == (7, 4, 4, 1)
