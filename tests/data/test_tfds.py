"""--source=tfds, run through TFDS: small builders with the names and features of the real ones, and archives beside
them that must give the same rows."""

import logging

import numpy as np
import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets import features as f

from idgan_tf.data import preparing, tfds_source
from idgan_tf.data.cars import Cars
from idgan_tf.data.celeba import CelebA, CelebAHQ
from idgan_tf.data.chairs import Chairs
from idgan_tf.data.cifar import Cifar
from idgan_tf.data.cub import CUB
from idgan_tf.data.preparing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, write_folder, write_tar, write_zip
from tests.data.test_layouts import cars_files, cifar_files, resized

CELEB_A = {
    "image": f.Image(shape=(218, 178, 3), encoding_format="jpeg"),
    "landmarks": {"lefteye_x": np.int64},
    "attributes": {"Smiling": np.bool_},
    "identity": {"Identity_No": np.int64},
}
CARS = {"image": f.Image(), "label": f.ClassLabel(num_classes=196), "bbox": f.BBoxFeature(), "id": f.Text()}
BIRDS = {
    "image": f.Image(),
    "image/filename": f.Text(),
    "label": f.ClassLabel(num_classes=200),
    "label_name": f.Text(),
    "bbox": f.BBoxFeature(),
    "segmentation_mask": f.Image(shape=(None, None, 1)),
}


def write_tfds(data_dir, name, features, splits, version="3.0.2", file_format="tfrecord"):
    """Prepares a builder.

    Args:
        splits: {split: {key: example}}; TFDS shuffles by key.
    """
    name, _, config = name.partition("/")

    class Builder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
        VERSION = tfds.core.Version(version)
        url_infos = {}  # nothing to download
        BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=config)] if config else []

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
    examples = {
        f"{i:06d}.jpg": {
            "image": image,
            "landmarks": {"lefteye_x": 1},
            "attributes": {"Smiling": True},
            "identity": {"Identity_No": 1},
        }
        for i, image in enumerate(images)
    }
    keys = sorted(examples)
    splits = {"train": keys[:num_train], "validation": keys[num_train:-1], "test": keys[-1:]}
    splits = {split: {key: examples[key] for key in keys} for split, keys in splits.items()}
    return write_tfds(data_dir, "celeb_a", CELEB_A, splits, "2.1.0")


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
    with caplog.at_level(logging.INFO):
        again = prepare(CelebA((64, 64, 3), data_dir=str(tmp_path / "out")), "tfds:/gone")
    assert again == dataset.manifest and "already prepared" in caplog.text
    celeb_a(tmp_path / "other", jpegs(5)[1:], num_train=2)
    other = prepared(CelebA((64, 64, 3)), f"tfds:{tmp_path / 'other'}", tmp_path / "out2")
    assert other.manifest["source"]["records_sha256"] != record["records_sha256"]


def test_celebahq_is_in_the_order_of_file_names(tmp_path):
    images = {f"data1024x1024/{i:05d}.png": encoded(picture(i, 8, 8).resize((1024, 1024), 0)) for i in range(3)}
    features = {"image": f.Image(shape=(1024, 1024, 3), encoding_format="png"), "image/filename": f.Text()}
    examples = {name: {"image": data, "image/filename": name} for name, data in images.items()}
    write_tfds(tmp_path / "tfds", "celeb_a_hq/1024", features, {"train": examples}, "2.0.0")
    from_tfds = prepared(CelebAHQ((256, 256, 3)), f"tfds:{tmp_path / 'tfds'}", tmp_path / "a")
    archive = write_tar(tmp_path / "data1024x1024.tar", images)
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
    splits = {
        split: {
            row[5][:-4]: {
                "image": files[f"cars_{split}.tgz"][f"cars_{split}/{row[5]}"],
                "label": row[4] - 1,
                "bbox": tfds_box(*row[:4], 100, 90),
                "id": row[5][:-4],
            }
            for row in rows
        }
        for split, rows in [("train", train), ("test", test)]
    }
    write_tfds(tmp_path / "tfds", "cars196", CARS, splits, "2.1.0")
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
        "bounding_boxes": [f"{i} {x}.0 {y}.0 {w}.0 {h}.0" for i, (x, y, w, h) in enumerate(boxes.values(), 1)],
    }
    tables = {f"{root}/{name}.txt": "\n".join(lines).encode() for name, lines in tables.items()}
    archive = write_tar(tmp_path / f"{root}.tgz", {**files, **tables})

    def example(path):
        x, y, width, height = boxes[path]
        box = (y / 80, x / 100, min((y + height) / 80, 1.0), min((x + width) / 100, 1.0))
        return {
            "image": files[f"{root}/images/{path}"],
            "image/filename": f"{root}/images/{path}",
            "label": int(path[:3]) - 1,
            "label_name": path[4].lower(),
            "bbox": f.BBox(*box),
            "segmentation_mask": np.zeros((80, 100, 1), np.uint8),
        }

    keys = list(boxes)
    splits = {"train": {key: example(key) for key in keys[:2]}, "test": {keys[2]: example(keys[2])}}
    write_tfds(tmp_path / "tfds", "caltech_birds2011", BIRDS, splits, "0.2.0")
    from_tfds = prepared(CUB((64, 64, 3)), f"tfds:{tmp_path / 'tfds'}", tmp_path / "a")
    same(from_tfds, prepared(CUB((64, 64, 3)), archive, tmp_path / "b"))
    assert from_tfds.num_classes == 200


def cifar(data_dir, classes, images, labels, names):
    features = {"id": f.Text(), "image": f.Image(shape=(32, 32, 3)), "label": f.ClassLabel(names=names)}
    if classes == 100:
        features["coarse_label"] = f.ClassLabel(num_classes=20)
    splits, num_train = {"train": {}, "test": {}}, len(images) - 10
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        split, number = ("train", i) if i < num_train else ("test", i - num_train)
        example = {"id": f"{split}_{number:05d}", "image": image, "label": int(label)}
        splits[split][number] = {**example, **({"coarse_label": 3} if classes == 100 else {})}
    return write_tfds(data_dir, f"cifar{classes}", features, splits)


@pytest.mark.parametrize("classes", [10, 100])
def test_cifar_equals_that_of_the_archive(tmp_path, classes, rng):
    images, labels, files = cifar_files(classes, rng)
    cifar(tmp_path / "tfds", classes, images, labels, [f"class{i}" for i in range(classes)])
    from_tfds = prepared(Cifar(classes, (32, 32, 3)), f"tfds:{tmp_path / 'tfds'}", tmp_path / "a")
    archive = write_tar(tmp_path / f"cifar-{classes}-binary.tar.gz", files)
    same(from_tfds, prepared(Cifar(classes, (32, 32, 3)), archive, tmp_path / "b"))


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(preparing, "CHUNK_BYTES", 1)  # one row a chunk
    monkeypatch.setattr(preparing.os, "cpu_count", lambda: 1)
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


def test_what_is_not_prepared_says_what_to_run(tmp_path, monkeypatch):
    refused(
        CelebA((64, 64, 3)),
        f"tfds:{tmp_path}",
        tmp_path / "out",
        f"nothing in {tmp_path}/celeb_a/<version>; run: tfds build celeb_a --data_dir={tmp_path}$",
    )
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "default"))
    match = f"nothing in {tmp_path}/default/celeb_a_hq/1024/<version>; run: tfds build celeb_a_hq/1024$"
    refused(CelebAHQ((1024, 1024, 3)), "tfds", tmp_path / "out", match)
    refused(
        Chairs((64, 64, 3)), "tfds", tmp_path / "out", "TFDS has no chairs; pass --source=PATH.*rendered_chairs.tar"
    )


def test_wrong_cut_and_unfinished_folders_are_refused(tmp_path):
    root, out = tmp_path / "tfds", tmp_path / "out"
    celeb_a(root, jpegs(4), num_train=2)
    folder = root / "celeb_a" / "2.1.0"
    write_folder(root / "cars196" / "2.1.0", {path.name: path.read_bytes() for path in folder.iterdir()})
    refused(
        Cars((64, 64, 3)), f"tfds:{root}", out, "cars196/2.1.0 holds celeb_a/2.1.0, not cars196.*tfds build cars196"
    )
    (root / "cars196" / "2.1.0" / "dataset_info.json").write_text("{")
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "TFDS cannot read .*cars196/2.1.0.*tfds build cars196")
    (root / "cars196" / "2.1.0").rename(root / "cars196" / "incomplete.1_2.1.0")
    refused(Cars((64, 64, 3)), f"tfds:{root}", out, "prepared nothing in .*cars196")
    shard = next(folder.glob("*train*"))
    whole = shard.read_bytes()
    for data, message in [
        (whole[:-1], "is cut"),
        (whole[:5], "is cut"),
        (b"", "train has 0 of 2 examples"),
    ]:
        shard.write_bytes(data)
        refused(CelebA((64, 64, 3)), f"tfds:{root}", out, f"{message}.*tfds build")
    shard.write_bytes(whole[:12] + b"\xff" * 40 + whole[52:])
    with pytest.raises(DataError, match="train/000000 is damaged.*tfds build"):
        prepared(CelebA((64, 64, 3)), f"tfds:{root}", out)
    shard.unlink()
    refused(CelebA((64, 64, 3)), f"tfds:{root}", out, "cannot read .*train.*tfds build")


def test_other_file_formats_and_old_versions_say_the_remedy(tmp_path):
    example = {"image": jpegs(1)[0], "label": 0, "bbox": f.BBox(0.1, 0.1, 0.9, 0.9)}
    old = {name: feature for name, feature in CARS.items() if name != "id"}
    write_tfds(tmp_path, "cars196", old, {"train": {"1": example}}, "2.0.0")
    refused(Cars((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", "cars196/2.0.0 has no 'id'; run tfds build")
    examples = {"train": {"1": {**example, "id": "1"}}}
    write_tfds(tmp_path, "cars196", CARS, examples, "2.10.0", "array_record")
    refused(Cars((64, 64, 3)), f"tfds:{tmp_path}", tmp_path / "out", "stored as array_record.*--file_format=tfrecord")


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
