"""Every prepared dataset, run on small data in the layout people download."""

import io

import numpy as np
import pytest
from PIL import Image

from idgan_tf.data.cars import Cars
from idgan_tf.data.celeba import CelebA, CelebAHQ
from idgan_tf.data.chairs import Chairs
from idgan_tf.data.cifar import Cifar
from idgan_tf.data.cub import CUB
from idgan_tf.data.facescrub import FaceScrub, FaceScrubCasia
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import ConfigError, DataError
from tests.data.files import (
    cars_files,
    cifar_files,
    encoded,
    picture,
    prepared,
    resized,
    write_folder,
    write_tar,
    write_zip,
)


@pytest.mark.parametrize("layout", ["zip", "folder", "folder with zip", "images"])
@pytest.mark.parametrize("size", [64, 128])
def test_celeba_crops_160_then_resizes_with_lanczos(tmp_path, layout, size):
    files = {f"img_align_celeba/{i:06d}.jpg": encoded(picture(i, 178, 218), "JPEG") for i in (2, 1)}
    if layout in ("zip", "folder with zip"):
        source = write_zip(tmp_path / "img_align_celeba.zip", files)
        source = tmp_path if layout == "folder with zip" else source
    else:
        source = write_folder(tmp_path / "in", {**files, "list_attr_celeba.txt": b"2\n"})
        source = source / "img_align_celeba" if layout == "images" else source
    dataset = prepared(CelebA((size, size, 3)), source, tmp_path / "out")
    decoded = Image.open(io.BytesIO(files["img_align_celeba/000001.jpg"]))
    assert dataset.name == f"celeba{size}" and dataset.num_examples == 2 and dataset.num_classes == 0
    np.testing.assert_array_equal(dataset.arrays["image"][0], resized(decoded, (9, 29, 169, 189), size))


def test_celeba_in_the_wild_is_refused(tmp_path):
    source = write_folder(tmp_path / "in", {"img_align_celeba/000001.jpg": encoded(picture(0, 400, 300), "JPEG")})
    with pytest.raises(DataError, match="000001.jpg is 400x300, but aligned CelebA images are 178x218"):
        prepared(CelebA((64, 64, 3)), source, tmp_path / "out")
    with pytest.raises(DataError, match="holds no folder img_align_celeba.*--list"):
        prepared(CelebA((64, 64, 3)), write_folder(tmp_path / "no", {"x.jpg": b""}), tmp_path / "out")


@pytest.mark.parametrize("name, write", [("data1024x1024.zip", write_zip), ("data1024x1024.tar", write_tar)])
def test_celebahq_keeps_whole_images(tmp_path, name, write):
    image = Image.new("RGB", (1024, 1024), (1, 2, 3))
    image.putpixel((5, 7), (200, 100, 50))
    source = write(tmp_path / name, {"data1024x1024/00000.png": encoded(image)})
    dataset = prepared(CelebAHQ((1024, 1024, 3)), source, tmp_path / "out")
    np.testing.assert_array_equal(dataset.arrays["image"][0], image)


def test_a_big_dataset_that_is_missing_names_its_stand_in(tmp_path):
    with pytest.raises(
        DataError,
        match="bin/prepare_data --dataset=celebahq --source=PATH.*data1024x1024.zip.*from github.com/tkarras"
        ".*train on gin/idgan_sprites1024.gin",
    ):
        CelebAHQ((1024, 1024, 3), data_dir=str(tmp_path)).arrays  # noqa: B018


@pytest.mark.parametrize("channels", [3, 1])
def test_chairs_crop_450_in_colour_and_grey(tmp_path, channels):
    image = picture(0, 600, 600)
    files = {"rendered_chairs/abc/renders/image_001_p020_t011_r096.png": encoded(image)}
    source = write_tar(tmp_path / "rendered_chairs.tar", {**files, "rendered_chairs/all_chair_names.mat": b"x"})
    dataset = prepared(Chairs((64, 64, channels)), source, tmp_path / "out")
    expected = resized(image if channels == 3 else image.convert("L"), (75, 75, 525, 525), 64)
    np.testing.assert_array_equal(dataset.arrays["image"][0], expected.reshape(64, 64, channels))
    assert dataset.name == ("chairs" if channels == 3 else "chairs_grey")


@pytest.mark.parametrize("layout", ["archives", "folders"])
def test_cars_boxes_count_from_one_and_small_ones_are_left_out(tmp_path, layout):
    # 1..70 is 70 pixels wide; 11..73 is 63 high, one too few; 11..74 is just enough
    files = cars_files(
        [(1, 1, 70, 90, 5, "00001.jpg"), (1, 11, 70, 73, 5, "00002.jpg")], [(31, 11, 100, 74, "00001.jpg")]
    )
    for name, members in files.items():
        if layout == "archives":
            write_tar(tmp_path / name, members)
        else:
            write_folder(tmp_path, members)
    dataset = prepared(Cars((64, 64, 3)), tmp_path, tmp_path / "out")
    image = np.asarray(picture(0, 100, 90))
    np.testing.assert_array_equal(
        dataset.arrays["image"], [resized(image, (30, 10, 100, 74), 64), resized(image, (0, 0, 70, 90), 64)]
    )


def test_a_car_box_outside_its_image_is_named(tmp_path):
    for name, members in cars_files([(1, 1, 101, 90, 5, "00007.jpg")], []).items():
        write_tar(tmp_path / name, members)
    with pytest.raises(DataError, match="box.*00007.jpg leaves its 100x90 pixels"):
        prepared(Cars((64, 64, 3)), tmp_path, tmp_path / "out")


def test_cub_crops_boxes_and_numbers_classes_from_zero(tmp_path):
    image = picture(0, 100, 80)
    root = "CUB_200_2011"
    source = write_tar(
        tmp_path / "CUB_200_2011.tgz",
        {
            f"{root}/images/010.B/b.jpg": encoded(image),
            f"{root}/images/002.A/a.jpg": encoded(image),
            f"{root}/images.txt": b"1 002.A/a.jpg\n2 010.B/b.jpg\n",
            f"{root}/classes.txt": b"2 010.B\n1 002.A\n",
            f"{root}/image_class_labels.txt": b"1 1\n2 2\n",
            f"{root}/bounding_boxes.txt": b"1 10.0 20.0 50.0 40.0\n2 60.0 10.0 41.0 30.0\n",
            f"{root}/train_test_split.txt": b"1 1\n2 0\n",
        },
    )
    dataset = prepared(CUB((64, 64, 3)), source, tmp_path / "out")
    assert dataset.class_names == ("002.A", "010.B")
    np.testing.assert_array_equal(dataset.arrays["label"], [0, 1])
    np.testing.assert_array_equal(
        dataset.arrays["image"], [resized(image, (10, 20, 60, 60), 64), resized(image, (60, 10, 100, 40), 64)]
    )


def test_facescrub_numbers_identities_in_sorted_order(tmp_path):
    names = ["Zoe_B/1.png", "Adam_A/2.png", "Adam_A/1.png"]
    files = {f"facescrub_aligned/{name}": encoded(picture(i, 64, 64)) for i, name in enumerate(names)}
    dataset = prepared(FaceScrub((64, 64, 3)), write_folder(tmp_path / "in", files), tmp_path / "out")
    assert dataset.class_names == ("Adam_A", "Zoe_B")
    np.testing.assert_array_equal(dataset.arrays["label"], [0, 0, 1])
    np.testing.assert_array_equal(dataset.arrays["image"][2], picture(0, 64, 64))


@pytest.mark.parametrize(
    "name, message",
    [
        (
            "A/face/crop.jpg",
            "A/face/crop.jpg lies in A/face, but images must lie at facescrub_aligned/<person>/<image>",
        ),
        ("stray.jpg", "stray.jpg lies in no folder of a person"),
    ],
)
@pytest.mark.parametrize("root", ["facescrub_aligned/", ""])
def test_a_face_that_lies_in_no_folder_of_a_person_is_named(tmp_path, name, message, root):
    files = {f"{root}{name}": encoded(picture(0, 64, 64)) for name in ("A/1.jpg", "B/1.jpg", name)}
    source = write_folder(tmp_path / ("in" if root else "facescrub_aligned"), files)
    with pytest.raises(DataError, match=message):
        prepared(FaceScrub((64, 64, 3)), source, tmp_path / "out")


def test_casia_adds_people_without_labels_drawn_by_seed(tmp_path):
    files = {"facescrub_aligned/A/1.png": encoded(picture(0, 64, 64))}
    files.update({f"CASIA-WebFace/{i:07d}/001.jpg": encoded(picture(i, 250, 250)) for i in range(8)})
    source = write_folder(tmp_path / "in", files)
    chosen = []
    for seed in (0, 0, 1):
        dataset = FaceScrubCasia((64, 64, 3), identities=4, seed=seed, crop_side=144)
        chosen.append([item.name for item in dataset.find(_source(source)).items if item.label == -1])
    assert len(chosen[0]) == 4 and chosen[0] == chosen[1] != chosen[2]
    dataset = prepared(FaceScrubCasia((64, 64, 3), identities=4, seed=0, crop_side=144), source, tmp_path / "out")
    np.testing.assert_array_equal(dataset.arrays["label"], [0, -1, -1, -1, -1])
    first = picture(int(chosen[0][0].split("/")[-2]), 250, 250)
    decoded = Image.open(io.BytesIO(encoded(first)))
    np.testing.assert_array_equal(dataset.arrays["image"][1], resized(decoded, (53, 53, 197, 197), 64))
    alone = FaceScrubCasia((64, 64, 3), identities=4, seed=0, crop_side=144, labelled=False)
    prepared(alone, source, tmp_path / "alone")
    np.testing.assert_array_equal(alone.arrays["label"], [-1, -1, -1, -1])
    with pytest.raises(DataError, match="8 people in CASIA-WebFace, 9 are needed"):
        prepared(FaceScrubCasia((64, 64, 3), identities=9, seed=0, crop_side=144), source, tmp_path / "x")


def test_all_of_casia_is_counted_not_only_the_chosen(tmp_path, caplog):
    files = {"facescrub_aligned/A/1.png": encoded(picture(0, 64, 64))}
    files.update({f"CASIA-WebFace/{i:07d}/001.jpg": encoded(picture(i, 250, 250)) for i in range(3)})
    dataset = FaceScrubCasia((64, 64, 3), identities=1, seed=0, crop_side=144, data_dir=str(tmp_path / "out"))
    prepare(dataset, write_folder(tmp_path / "in", files))
    assert "holds 3 images; the full set has 494,414" in caplog.text


def _source(path):
    from idgan_tf.data.preparation.opening import open_source

    return open_source(path, path)


@pytest.mark.parametrize("classes", [10, 100])
def test_cifar_reads_the_binary_archive(tmp_path, classes, rng):
    images, labels, files = cifar_files(classes, rng)
    source = write_tar(tmp_path / f"cifar-{classes}-binary.tar.gz", files)
    dataset = prepared(Cifar(classes, (32, 32, 3)), source, tmp_path / "out")
    np.testing.assert_array_equal(dataset.arrays["image"], images)
    np.testing.assert_array_equal(dataset.arrays["label"], labels)
    assert dataset.num_classes == classes and dataset.class_names[3] == "class3"


def test_cifar_refuses_pickles_cut_files_and_the_other_cifar(tmp_path, rng):
    python = {
        10: {f"cifar-10-batches-py/{name}": b"\x80" for name in ("batches.meta", "data_batch_1", "test_batch")},
        100: {f"cifar-100-python/{name}": b"\x80" for name in ("meta", "train", "test", "file.txt~")},
    }
    for classes, files in python.items():
        with pytest.raises(DataError, match=f"pickles; get cifar-{classes}-binary.tar.gz"):
            source = write_tar(tmp_path / f"cifar-{classes}-python.tar.gz", files)
            prepared(Cifar(classes, (32, 32, 3)), source, tmp_path / "out")
    _, _, files = cifar_files(10, rng)
    with pytest.raises(DataError, match="test_batch.bin is cut"):
        cut = {**files, "cifar-10-batches-bin/test_batch.bin": bytes(100)}
        prepared(Cifar(10, (32, 32, 3)), write_folder(tmp_path / "cut", cut), tmp_path / "out")
    with pytest.raises(DataError, match="no CIFAR-10"):
        wrong = {**files, "cifar-10-batches-bin/test_batch.bin": b"\x63" + bytes(3072)}
        prepared(Cifar(10, (32, 32, 3)), write_folder(tmp_path / "wrong", wrong), tmp_path / "out")
    with pytest.raises(ConfigError, match="Cifar.classes must be 10 or 100"):
        Cifar(20, (32, 32, 3))
