"""--source=tfds: the rows are those of the archives beside the folders of TFDS, whose order and boxes are kept."""

import io
import logging
import sys
from unittest import mock

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image
from tensorflow_datasets import features as f

from idgan_tf.data.cars import Cars
from idgan_tf.data.celeba import CelebA, CelebAHQ
from idgan_tf.data.cifar import Cifar
from idgan_tf.data.cub import CUB
from idgan_tf.data.preparation import tfds_source, writing
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import (
    cars_files,
    cifar_files,
    devkit,
    encoded,
    picture,
    prepared,
    resized,
    write_folder,
    write_tar,
    write_zip,
)
from tests.data.preparation.tfds_folders import build, celeb_a, jpegs, same

pytestmark = pytest.mark.usefixtures("no_network")


def test_celeba_has_the_pixels_of_the_archive_and_the_order_of_tfds(tmp_path):
    images = jpegs(7)
    source = f"tfds:{celeb_a(tmp_path / 'tfds', images)}"
    from_tfds = prepared(CelebA((64, 64, 3)), source, tmp_path / "a")
    files = {f"img_align_celeba/{i:06d}.jpg": image for i, image in enumerate(images)}
    archive = prepared(CelebA((64, 64, 3)), write_zip(tmp_path / "img_align_celeba.zip", files), tmp_path / "b")
    rows = [row.tobytes() for row in from_tfds.arrays["image"]]
    expected = [row.tobytes() for row in archive.arrays["image"]]
    assert sorted(rows) == sorted(expected)
    assert set(rows[:4]) == set(expected[:4]) and rows[-1] == expected[-1]  # train, validation, test
    builder = tfds.builder_from_directory(str(tmp_path / "tfds" / "celeb_a" / "2.1.0"))
    stored = builder.as_dataset(split="train", decoders={"image": tfds.decode.SkipDecoding()}, shuffle_files=False)
    keys = [images.index(example["image"]) for example in tfds.as_numpy(stored)]
    assert rows[:4] == [expected[key] for key in keys]


def test_celeba_has_the_attributes_of_tfds(tmp_path):
    source = f"tfds:{celeb_a(tmp_path / 'tfds', jpegs(4), num_train=2)}"  # all smile, none is young
    dataset = prepared(CelebA((64, 64, 3), attributes=("Young", "Smiling")), source, tmp_path / "out")
    assert dataset.class_names[1] == "not_Young Smiling"
    np.testing.assert_array_equal(dataset.arrays["label"], [1, 1, 1, 1])


def test_the_manifest_names_builder_and_version_and_is_recognised(tmp_path, caplog):
    source = f"tfds:{celeb_a(tmp_path / 'tfds', jpegs(4), num_train=2)}"
    dataset = prepared(CelebA((64, 64, 3)), source, tmp_path / "out")
    record = dataset.manifest["source"]
    assert record["tfds"] == "celeb_a/2.1.0" and record["path"].endswith("celeb_a/2.1.0")
    assert len(record["records_sha256"]) == 64
    with caplog.at_level(logging.INFO, logger="absl"):
        again = prepare(CelebA((64, 64, 3), data_dir=str(tmp_path / "out")), source)
    assert again == dataset.manifest and "already prepared" in caplog.text
    with pytest.raises(DataError, match="which is kept; tfds:/gone was not read"):
        prepare(CelebA((64, 64, 3), data_dir=str(tmp_path / "out")), "tfds:/gone")
    celeb_a(tmp_path / "other", jpegs(5)[1:], num_train=2)
    other = prepared(CelebA((64, 64, 3)), f"tfds:{tmp_path / 'other'}", tmp_path / "out2")
    assert other.manifest["source"]["records_sha256"] != record["records_sha256"]


def test_celebahq_is_prepared_from_the_tar_that_lies_ready_and_in_the_order_of_file_names(tmp_path):
    images = {f"data1024x1024/{i:05d}.png": encoded(picture(i, 8, 8).resize((1024, 1024), 0)) for i in (2, 0, 1)}
    manual = tmp_path / "tfds" / "downloads" / "manual"
    manual.mkdir(parents=True)
    archive = write_tar(manual / "data1024x1024.tar", images)
    from_tfds = prepared(CelebAHQ((256, 256, 3)), f"tfds:{tmp_path / 'tfds'}", tmp_path / "a")
    same(from_tfds, prepared(CelebAHQ((256, 256, 3)), archive, tmp_path / "b"))
    assert from_tfds.manifest["source"]["tfds"] == "celeb_a_hq/1024/2.0.0"


def tfds_box(x1, y1, x2, y2, width, height):
    """As the builder cars196 divides the corners of the devkit, which count from 1."""
    return f.BBox(ymin=y1 / height, xmin=x1 / width, ymax=y2 / height, xmax=x2 / width)


def test_cars_boxes_of_tfds_are_those_of_the_devkit(tmp_path):
    train = [(1, 1, 70, 90, 5, "00001.jpg"), (1, 11, 70, 73, 5, "00002.jpg"), (7, 2, 93, 88, 5, "00003.jpg")]
    test = [(31, 11, 100, 74, 6, "00001.jpg")]  # 00002 of train is 63 high: left out
    files = cars_files(train, [(*row[:4], row[5]) for row in test])
    for name, members in files.items():
        write_tar(tmp_path / name, members)
    published = tmp_path / "published"
    for name in ("cars_train.tgz", "cars_test.tgz", "car_devkit.tgz"):
        write_folder(published, files[name])
    write_folder(published, {"test_annos": devkit(test)})
    folders = dict.fromkeys(("train", "test", "extra"), published)
    build("cars196", tmp_path / "tfds", folders={**folders, "test_annos": published / "test_annos"})
    from_tfds = prepared(Cars((64, 64, 3)), f"tfds:{tmp_path / 'tfds'}", tmp_path / "a")
    image = np.asarray(picture(0, 100, 90))
    boxes = [(30, 10, 100, 74), (0, 0, 70, 90), (6, 1, 93, 88)]
    np.testing.assert_array_equal(from_tfds.arrays["image"], [resized(image, box, 64) for box in boxes])
    same(from_tfds, prepared(Cars((64, 64, 3)), tmp_path, tmp_path / "b"))


def test_boxes_survive_the_float32_of_tfds(rng):
    for width, height in [(7800, 5400), (640, 480), (333, 101)]:
        for _ in range(200):
            (x1, x2), (y1, y2) = (sorted(rng.integers(1, side + 1, 2)) for side in (width, height))
            stored = np.float32(tfds_box(x1, y1, x2, y2, width, height))
            assert tfds_source.pixels(stored.tolist(), (width, height)) == (x1, y1, x2, y2)


def test_birds_equal_those_of_the_archive(tmp_path):
    root = "CUB_200_2011"
    boxes = {"010.B/b_1.jpg": (60, 10, 41, 30), "002.A/a_1.jpg": (10, 20, 50, 40), "002.A/A_2.jpg": (1, 2, 70, 71)}
    files = {f"{root}/images/{path}": encoded(picture(i, 100, 80)) for i, path in enumerate(boxes)}
    names = {2: "002.A", 10: "010.B"}
    tables = {
        "images": [f"{i} {path}" for i, path in enumerate(boxes, 1)],
        "classes": [f"{i} {names.get(i, i - 1)}" for i in range(1, 201)],
        "image_class_labels": [f"{i} {int(path[:3])}" for i, path in enumerate(boxes, 1)],
        "train_test_split": [f"{i} {i % 2}" for i in range(1, 4)],
        "bounding_boxes": [f"{i} {x}.0 {y}.0 {w}.0 {h}.0" for i, (x, y, w, h) in enumerate(boxes.values(), 1)],
    }
    tables = {f"{root}/{name}.txt": "\n".join(lines).encode() for name, lines in tables.items()}
    archive = write_tar(tmp_path / f"{root}.tgz", {**files, **tables})

    masks = {f"segmentations/{path[:-4]}.png": encoded(picture(0, 100, 80, "L")) for path in boxes}
    published = write_folder(tmp_path / "published", {**tables, **masks})
    archives = {"CUB_200_2011.tgz?download=1": archive}
    folders = {"CUB_200_2011.tgz?download=1": published, "segmentations.tgz?download=1": published / "segmentations"}
    opencv = mock.Mock(imdecode=lambda data, flags: np.asarray(Image.open(io.BytesIO(data))))  # is not installed
    with mock.patch.dict(sys.modules, cv2=opencv):
        build("caltech_birds2011", tmp_path / "tfds", archives, folders)
    from_tfds = prepared(CUB((64, 64, 3)), f"tfds:{tmp_path / 'tfds'}", tmp_path / "a")
    same(from_tfds, prepared(CUB((64, 64, 3)), archive, tmp_path / "b"))
    assert from_tfds.num_classes == 200


@pytest.mark.parametrize("classes", [10, 100])
def test_cifar_equals_that_of_the_archive(tmp_path, classes, rng):
    images, labels, files = cifar_files(classes, rng)
    published = write_folder(tmp_path / "published", files)
    build(f"cifar{classes}", tmp_path / "tfds", folders={f"cifar-{classes}-binary.tar.gz": published})
    from_tfds = prepared(Cifar(classes, (32, 32, 3)), f"tfds:{tmp_path / 'tfds'}", tmp_path / "a")
    archive = write_tar(tmp_path / f"cifar-{classes}-binary.tar.gz", files)
    same(from_tfds, prepared(Cifar(classes, (32, 32, 3)), archive, tmp_path / "b"))


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "CHUNK_BYTES", 1)  # one row a chunk
    monkeypatch.setattr(writing.os, "cpu_count", lambda: 1)
    source = f"tfds:{celeb_a(tmp_path / 'tfds', jpegs(6))}"
    reads = []

    class Stopping(CelebA):
        def read(self, source, item):
            reads.append(item.name)
            if len(reads) == 4:
                raise KeyboardInterrupt
            return super().read(source, item)

    with pytest.raises(KeyboardInterrupt):
        prepared(Stopping((64, 64, 3)), source, tmp_path / "a")
    assert not (tmp_path / "a" / "celeba64").exists()
    resumed = prepared(Stopping((64, 64, 3)), source, tmp_path / "a")
    assert len(reads) == 7 and reads[3] == reads[4]
    same(resumed, prepared(CelebA((64, 64, 3)), source, tmp_path / "b"))
