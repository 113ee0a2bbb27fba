"""--source=tfds, run through TFDS: its own builders over small local files in place of downloads, and archives beside
them that must give the same rows."""

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
from idgan_tf.data.chairs import Chairs
from idgan_tf.data.cifar import Cifar
from idgan_tf.data.cub import CUB
from idgan_tf.data.preparation import tfds_source, writing
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, write_folder, write_tar, write_zip
from tests.data.preparation.test_layouts import cars_files, cifar_files, devkit, resized

CARS = {"image": f.Image(), "label": f.ClassLabel(num_classes=196), "bbox": f.BBoxFeature(), "id": f.Text()}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def fail(self, urls):
        raise OSError("quota\nexceeded")

    monkeypatch.setattr(tfds.download.DownloadManager, "download", fail)
    monkeypatch.setattr(tfds.download.DownloadManager, "download_and_extract", fail)


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


def prepared(dataset, source, out, **options):
    dataset.data_dir = str(out)
    dataset.full_count = 0
    prepare(dataset, source, **options)
    return dataset


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


def test_the_manifest_names_builder_and_version_and_is_recognised(tmp_path, caplog):
    source = f"tfds:{celeb_a(tmp_path / 'tfds', jpegs(4), num_train=2)}"
    dataset = prepared(CelebA((64, 64, 3)), source, tmp_path / "out")
    record = dataset.manifest["source"]
    assert record["tfds"] == "celeb_a/2.1.0" and record["path"].endswith("celeb_a/2.1.0")
    assert len(record["records_sha256"]) == 64
    with caplog.at_level(logging.INFO, logger="absl"):
        again = prepare(CelebA((64, 64, 3), data_dir=str(tmp_path / "out")), "tfds:/gone")
    assert again == dataset.manifest and "already prepared" in caplog.text
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


def refused(dataset, source, out, match):
    dataset.data_dir = str(out)
    with pytest.raises(DataError, match=match) as caught:
        prepare(dataset, source)
    assert "\n" not in str(caught.value) and not list(out.glob("**/*"))


def test_what_tfds_cannot_prepare_is_one_line_with_the_other_way(tmp_path, monkeypatch):
    match = f"TFDS cannot prepare celeb_a in {tmp_path}: quota exceeded; .* pass their path as --source"
    refused(CelebA((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", match)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "default"))
    match = f"TFDS cannot prepare celeb_a_hq/1024 in {tmp_path}/default: .*{tmp_path}/default/downloads/manual"
    refused(CelebAHQ((1024, 1024, 3)), "tfds", tmp_path / "out", match)
    match = "TFDS has no chairs; pass --source=PATH.*rendered_chairs.tar"
    refused(Chairs((64, 64, 3)), "tfds", tmp_path / "out", match)


def test_wrong_cut_and_unfinished_folders_are_refused(tmp_path):
    root, out = tmp_path / "tfds", tmp_path / "out"
    celeb_a(root, jpegs(4), num_train=2)
    folder = root / "celeb_a" / "2.1.0"
    write_folder(root / "cars196" / "2.1.0", {path.name: path.read_bytes() for path in folder.iterdir()})
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "cars196/2.1.0 holds celeb_a/2.1.0, not cars196; move it away")
    (root / "cars196" / "2.1.0" / "dataset_info.json").write_text("{")
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "TFDS cannot read .*cars196/2.1.0.*delete the folder")
    (root / "cars196" / "2.1.0").rename(root / "cars196" / "incomplete.1_2.1.0")
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "TFDS cannot prepare cars196")
    shard = next(folder.glob("*train*"))
    whole = shard.read_bytes()
    for data, message in [
        (whole[:-1], "is cut"),
        (whole[:5], "is cut"),
        (b"", "train has 0 of 2 examples"),
    ]:
        shard.write_bytes(data)
        refused(CelebA((64, 64, 3)), f"tfds:{root}", out, f"{message}.*delete the folder")
    shard.write_bytes(whole[:12] + b"\xff" * 40 + whole[52:])
    with pytest.raises(DataError, match="train/000000 is damaged.*delete the folder"):
        prepared(CelebA((64, 64, 3)), f"tfds:{root}", out)
    shard.unlink()
    refused(CelebA((64, 64, 3)), f"tfds:{root}", out, "cannot read .*train.*delete the folder")


def test_other_file_formats_and_old_versions_say_the_remedy(tmp_path):
    example = {"image": jpegs(1)[0], "label": 0, "bbox": f.BBox(0.1, 0.1, 0.9, 0.9)}
    old = {name: feature for name, feature in CARS.items() if name != "id"}
    write_tfds(tmp_path, "cars196", old, {"train": {"1": example}}, "2.0.0")
    refused(Cars((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", "cars196/2.0.0 has no 'id'; delete the folder")
    examples = {"train": {"1": {**example, "id": "1"}}}
    write_tfds(tmp_path, "cars196", CARS, examples, "2.10.0", "array_record")
    refused(Cars((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", "stored as array_record.*only tfrecord")


def test_a_wrong_count_is_an_error_for_tfds_and_archives_and_a_warning_else(tmp_path, caplog):
    images = jpegs(4)
    celeb_a(tmp_path / "tfds", images, num_train=2)
    files = {f"img_align_celeba/{i:06d}.jpg": image for i, image in enumerate(images)}
    write_zip(tmp_path / "img_align_celeba.zip", files)
    write_folder(tmp_path / "in", files)
    full = "holds 4 images; the full set has 202,599"
    remedy = "; get it again, or pass --on_error=skip"
    for source in (f"tfds:{tmp_path / 'tfds'}", tmp_path / "img_align_celeba.zip", tmp_path):
        refused(CelebA((64, 64, 3)), source, tmp_path / "out", full + remedy)
    for number, (source, policy) in enumerate([(tmp_path / "in", "error"), (f"tfds:{tmp_path / 'tfds'}", "skip")]):
        caplog.clear()
        assert prepare(CelebA((64, 64, 3), data_dir=str(tmp_path / f"{number}")), source, policy)["count"] == 4
        assert full in caplog.text


def test_cars_are_counted_before_small_ones_are_left_out(tmp_path):
    rows = [(1, 1, 70, 90, 5, "00001.jpg"), (1, 11, 70, 73, 5, "00002.jpg")]
    for name, members in cars_files(rows, []).items():
        write_tar(tmp_path / name, members)
    dataset = Cars((64, 64, 3), data_dir=str(tmp_path / "a"))
    dataset.full_count = 2
    assert prepare(dataset, tmp_path)["count"] == 1
    refused(Cars((64, 64, 3)), tmp_path, tmp_path / "b", "holds 2 images; the full set has 16,185")
    with pytest.raises(DataError, match="holds no image that cars keeps .*below 200"):
        prepared(Cars((64, 64, 3), min_side=200), tmp_path, tmp_path / "b")
