"""Tables that come with images: damaged ones are named, none gives a wrong label, box or class."""

import os
import random

import pytest

from idgan_tf.data.cars import Cars
from idgan_tf.data.celeba import CelebAHQ
from idgan_tf.data.cifar import Cifar
from idgan_tf.data.cub import CUB
from idgan_tf.data.facescrub import FaceScrubCasia
from idgan_tf.data.preparation.opening import open_source
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.data.prepared import Found, Item, PreparedDataset
from idgan_tf.errors import DataError
from tests.data.files import cars_files, cifar_files, encoded, picture, prepared, write_folder

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n"
CAR_TABLE = "devkit/cars_train_annos.mat"
IMAGE = encoded(picture(0, 100, 90))


def refused(dataset, folder, match, *policy):
    """The one line, and nothing left beside the source."""
    dataset.data_dir = str(folder.parent / "out")
    with pytest.raises(DataError, match=match) as caught:
        prepare(dataset, folder, *policy)
    assert "\n" not in str(caught.value) and os.listdir(folder.parent / "out") == []


def cars(compressed=False):
    """{name: bytes} of two cars in folders."""
    rows = [(1, 1, 70, 90, 5, "00001.jpg"), (1, 11, 70, 83, 5, "00002.jpg")]
    return {name: data for files in cars_files(rows, [], compressed).values() for name, data in files.items()}


@pytest.mark.parametrize(
    "damage, reason",
    [
        (lambda data: b"", r"is empty \(0 bytes\)"),
        (lambda data: bytes(1000), "is damaged or no devkit file of Stanford Cars"),
        (lambda data: data[: len(data) // 2], "is damaged or no devkit file of Stanford Cars"),
        (lambda data: data[:130], "is damaged or no devkit file of Stanford Cars"),
        (lambda data: data.replace(b"annotations", b"annotationz"), "has no 'annotations' and is no devkit file"),
        (lambda data: data.replace(b"bbox_x1", b"bbox_y9"), "is no devkit file of Stanford Cars"),
        (lambda data: data.replace(b"00002.jpg", b"00001.jpg"), "holds '00001.jpg' twice"),
        (lambda data: POINTER, "is a pointer of Git LFS"),
    ],
)
def test_a_matlab_file_that_is_no_good_is_named(tmp_path, damage, reason):
    files = cars()
    files[CAR_TABLE] = damage(files[CAR_TABLE])
    refused(Cars((64, 64, 3)), write_folder(tmp_path / "in", files), f"{CAR_TABLE} ?:? {reason}|{CAR_TABLE} {reason}")


@pytest.mark.parametrize("compressed", [False, True])
def test_flipped_bits_of_a_matlab_file_end_in_one_line(tmp_path, compressed):
    """Of a compressed one, as MATLAB writes it, all: it has a checksum. scipy's reader crashed on some."""
    files, draw = cars(compressed), random.Random(0)
    folder = write_folder(tmp_path / "in", files)
    refusals = 0
    for _ in range(200):
        data = bytearray(files[CAR_TABLE])
        data[draw.randrange(128, len(data))] ^= 1 << draw.randrange(8)
        (folder / CAR_TABLE).write_bytes(data)
        try:
            Cars((64, 64, 3)).find(open_source(folder, tmp_path))
        except DataError as error:
            refusals += 1
            assert CAR_TABLE in str(error)
    assert refusals == 200 if compressed else refusals > 50


def test_cars_that_are_missing_end_it_or_are_left_out(tmp_path):
    files = cars()
    del files["cars_train/00002.jpg"]
    folder = write_folder(tmp_path / "in", files)
    lacks = "has no cars_train/00002.jpg, of which its tables speak; get it again, or pass --on_error=skip"
    refused(Cars((64, 64, 3)), folder, lacks)
    assert prepared(Cars((64, 64, 3)), folder, tmp_path / "out", on_error="skip").num_examples == 1


def birds(**tables):
    """{name: bytes} of two birds of two classes."""
    tables = {
        "images": "1 001.A/a.jpg\n2 002.B/b.jpg\n",
        "classes": "1 001.A\n2 002.B\n",
        "image_class_labels": "1 1\n2 2\n",
        "bounding_boxes": "1 10.0 20.0 50.0 40.0\n2 10.0 20.0 50.0 40.0\n",
        **tables,
    }
    images = {f"CUB_200_2011/images/{name}.jpg": IMAGE for name in ("001.A/a", "002.B/b")}
    return {**images, **{f"CUB_200_2011/{name}.txt": text.encode() for name, text in tables.items()}}


@pytest.mark.parametrize(
    "tables, reason",
    [
        (
            {"image_class_labels": "1 77\n2 77\n"},
            "image_class_labels.txt gives image 1 class 77, no line of classes.txt",
        ),
        ({"image_class_labels": "1 0\n2 1\n"}, "image_class_labels.txt gives image 1 class 0"),
        ({"image_class_labels": "1 1.5\n2 1\n"}, "image_class_labels.txt gives image 1 class 1.5"),
        ({"image_class_labels": "1 1\n2 x\n"}, "image_class_labels.txt says 'x' of image 2"),
        ({"image_class_labels": "1\n2\n"}, "line 1 of image_class_labels.txt is '1'"),
        ({"image_class_labels": "1 1\n"}, "images.txt and image_class_labels.txt do not agree on image 2"),
        ({"images": "1 001.A/a.jpg\n"}, "images.txt and bounding_boxes.txt do not agree on image 2"),
        ({"images": "1 001.A/a.jpg\n1 002.B/b.jpg\n"}, "line 2 of images.txt is '1 002.B/b.jpg', not a new number"),
        ({"bounding_boxes": "1 1 1 9 9\n2 1 1 9\n"}, "line 2 of bounding_boxes.txt is '2 1 1 9'"),
        ({"bounding_boxes": "1 1 1 9 9\n2 1 1 inf 9\n"}, "bounding_boxes.txt says 'inf' of image 2"),
        ({"bounding_boxes": "1 1 1 nan 9\n2 1 1 9 9\n"}, "bounding_boxes.txt says 'nan' of image 1"),
        ({"bounding_boxes": "1 1 1 1e300 9\n2 1 1 9 0\n"}, "the box .*002.B/b.jpg leaves its|box"),
        ({"classes": "1 001.A\n2\n"}, "line 2 of classes.txt is '2'"),
        ({"classes": ""}, "image_class_labels.txt gives image 1 class 1, no line"),
        ({"images": POINTER.decode()}, "images.txt is a pointer of Git LFS"),
        ({"images": "\0" * 99}, "images.txt is no text"),
        ({"images": "1 001.A/a.jpg\n2 003.C/c.jpg\n"}, "has no CUB_200_2011/images/003.C/c.jpg"),
    ],
)
def test_tables_of_birds_that_do_not_fit_are_named(tmp_path, tables, reason):
    refused(CUB((64, 64, 3)), write_folder(tmp_path / "in", birds(**tables)), reason)


@pytest.mark.parametrize("root", ["in", "in/CUB_200_2011"])
def test_birds_that_are_missing_may_be_left_out(tmp_path, root):
    files = birds()
    del files["CUB_200_2011/images/002.B/b.jpg"]
    write_folder(tmp_path / "in", files)
    dataset = prepared(CUB((64, 64, 3)), tmp_path / root, tmp_path / "out", on_error="skip")
    assert dataset.arrays["label"].tolist() == [0] and dataset.class_names == ("001.A", "002.B")
    assert "images/002.B/b.jpg" in dataset.manifest["skipped"][0]


def test_more_missing_images_than_may_be_left_out_end_it_before_any_is_read(tmp_path):
    files = {name: data for name, data in birds().items() if not name.endswith(".jpg")}
    folder = write_folder(tmp_path / "in", files)
    refused(CUB((64, 64, 3)), folder, "a.jpg and 1 others, .*; get it again, or raise --max_skipped", "skip", 1)


def test_a_stray_image_among_the_people_of_casia_is_named(tmp_path):
    names = ("facescrub_aligned/A/1.png", "CASIA-WebFace/0000001/1.jpg", "CASIA-WebFace/x.jpg")
    folder = write_folder(tmp_path / "in", dict.fromkeys(names, IMAGE))
    refused(FaceScrubCasia((64, 64, 3), 1, 0, 80), folder, "CASIA-WebFace/x.jpg lies in no folder of a person")


def test_class_names_that_are_cut_are_noticed(tmp_path, rng):
    _, _, files = cifar_files(10, rng)
    files["cifar-10-batches-bin/batches.meta.txt"] = b"class0\nclass1\n"
    refused(Cifar(10, (32, 32, 3)), write_folder(tmp_path / "in", files), "batches.meta.txt names 2 of 10 classes")


def test_a_label_without_a_class_is_never_written(tmp_path):
    class Wrong(PreparedDataset):
        def find(self, source):
            return Found([Item(name, label) for label, name in enumerate(source.files())], ("a", "b"))

    folder = write_folder(tmp_path / "in", {f"{i}.png": IMAGE for i in range(3)})
    refused(Wrong("wrong", (8, 8, 3)), folder, "2.png has label 2, but there are 2 classes")


def test_celebamask_hq_is_read_without_its_masks_and_in_the_order_of_its_numbers(tmp_path):
    face = {i: encoded(picture(i, 8, 8).resize((1024, 1024), 0), "JPEG") for i in (0, 2, 10)}
    files = {f"CelebAMask-HQ/CelebA-HQ-img/{i}.jpg": data for i, data in face.items()}
    files |= {f"CelebAMask-HQ/CelebAMask-HQ-mask-anno/0/{i:05d}_hair.png": IMAGE for i in face}
    files["CelebAMask-HQ/CelebAMask-HQ-attribute-anno.txt"] = b"3\n"
    folder = write_folder(tmp_path / "in", files)
    items, classes, *_ = CelebAHQ((64, 64, 3)).find(open_source(folder, tmp_path))
    assert [item.name.rsplit("/", 1)[-1] for item in items] == ["0.jpg", "2.jpg", "10.jpg"] and classes == ()
    assert prepared(CelebAHQ((64, 64, 3)), folder, tmp_path / "out").num_examples == 3
