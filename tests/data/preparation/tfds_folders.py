"""Folders of TFDS, made by its own builders from small local files in place of downloads."""

from unittest import mock

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets import features as f

from tests.data.files import encoded, picture, write_folder, write_zip

CARS = {"image": f.Image(), "label": f.ClassLabel(num_classes=196), "bbox": f.BBoxFeature(), "id": f.Text()}


def build(name, data_dir, files=(), folders=()):
    """Prepares one of the builders of TFDS.

    Args:
        files, folders: {its name for what it downloads, and for what it unpacks; or the end of their URL: path}.
    """

    def local(paths):
        def give(self, urls):
            if isinstance(urls, dict):
                return {key: str(paths[key]) for key in urls}
            if isinstance(urls, list):
                return [give(self, url) for url in urls]
            return str(paths[urls.split("/")[-1]])

        return give

    manager = tfds.download.DownloadManager
    with (
        mock.patch.object(manager, "download", local(files)),
        mock.patch.object(manager, "download_and_extract", local(folders)),
    ):
        builder = tfds.builder(name, data_dir=str(data_dir))
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return data_dir


def write_tfds(data_dir, name, features, splits, version="3.0.2", file_format="tfrecord"):
    """Prepares a builder of another version or format than the installed one.

    Args:
        splits: {split: {key: example}}; TFDS shuffles by key.
    """

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version(version)
        url_infos = {}  # nothing to download

        def _info(self):
            return tfds.core.DatasetInfo(builder=self, features=f.FeaturesDict(features))

        def _split_generators(self, dl_manager):
            del dl_manager
            return {split: list(examples.items()) for split, examples in splits.items()}

        def _generate_examples(self):
            raise NotImplementedError

    Builder.name = name
    builder = Builder(data_dir=data_dir, file_format=file_format)
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return data_dir


def same(one, other):
    assert one.arrays.keys() == other.arrays.keys() and one.class_names == other.class_names
    for name in one.arrays:
        np.testing.assert_array_equal(one.arrays[name], other.arrays[name])


def jpegs(count, width=178, height=218):
    return [encoded(picture(i, width, height), "JPEG") for i in range(count)]


def celeb_a(data_dir, images, num_train=4):
    """celeb_a, of which one image is for test and those between it and `num_train` for validation."""
    names = [f"{i:06d}.jpg" for i in range(len(images))]
    parts = [0] * num_train + [1] * (len(images) - num_train - 1) + [2]
    table = "".join(f"{name} 1 -1\n" for name in names)
    files = {
        "list_eval_partition": "".join(f"{name} {part}\n" for name, part in zip(names, parts, strict=True)),
        "list_attr_celeba": f"{len(names)}\nSmiling Young\n{table}",
        "landmarks_celeba": f"{len(names)}\nlefteye_x lefteye_y\n{table}",
        "identity_celeba": "".join(f"{name} 7\n" for name in names),
    }
    folder = write_folder(data_dir / "published", {name: text.encode() for name, text in files.items()})
    archive = {f"img_align_celeba/{name}": image for name, image in zip(names, images, strict=True)}
    write_zip(folder / "img_align_celeba.zip", archive)
    files = {**{name: folder / name for name in files}, "img_align_celeba": folder / "img_align_celeba.zip"}
    headings = "tensorflow_datasets.datasets.celeb_a.celeb_a_dataset_builder"
    with (
        mock.patch(f"{headings}.ATTR_HEADINGS", ["Smiling", "Young"]),
        mock.patch(f"{headings}.LANDMARK_HEADINGS", ["lefteye_x", "lefteye_y"]),
    ):
        return build("celeb_a", data_dir, files)
