"""Tiny ImageNet: train by folders, val by its table, test left out."""

import numpy as np
import pytest

from idgan_tf.data.tiny_imagenet import TinyImageNet
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, prepared, write_folder, write_zip

ROOT = "tiny-imagenet-200"


def published(**changed):
    """{name: bytes} of two classes, three images of train, two of val, one of test."""
    images = ["train/n02/images/n02_0.JPEG", "train/n02/images/n02_1.JPEG", "train/n01/images/n01_0.JPEG"]
    images += ["val/images/val_0.JPEG", "val/images/val_1.JPEG", "test/images/test_0.JPEG"]
    tables = {
        "wnids.txt": b"n02\nn01\n",
        "words.txt": b"n01\tgoldfish\nn02\ttailed frog\n",
        "train/n01/n01_boxes.txt": b"n01_0.JPEG\t0\t10\t63\t58\n",
        "val/val_annotations.txt": b"val_0.JPEG\tn02\t0\t32\t44\t62\nval_1.JPEG\tn01\t52\t55\t57\t59\n",
        **changed,
    }
    files = {name: encoded(picture(number, 64, 64)) for number, name in enumerate(images)}
    return {f"{ROOT}/{name}": data for name, data in {**files, **tables}.items()}


@pytest.mark.parametrize("layout", ["zip", "folder", "val by class"])
def test_labels_of_train_and_val(tmp_path, layout):
    files = published()
    if layout == "val by class":
        files[f"{ROOT}/val/n02/val_0.JPEG"] = files.pop(f"{ROOT}/val/images/val_0.JPEG")
        files[f"{ROOT}/val/n01/val_1.JPEG"] = files.pop(f"{ROOT}/val/images/val_1.JPEG")
    source = write_zip(tmp_path / "in.zip", files) if layout == "zip" else write_folder(tmp_path / "in", files)
    dataset = prepared(TinyImageNet((64, 64, 3)), source, tmp_path / "out")
    assert dataset.class_names == ("n01", "n02")
    order, labels = (
        ([2, 0, 1, 3, 4], [0, 1, 1, 1, 0]) if layout != "val by class" else ([2, 0, 1, 4, 3], [0, 1, 1, 0, 1])
    )
    np.testing.assert_array_equal(dataset.arrays["label"], labels)
    np.testing.assert_array_equal(dataset.arrays["image"], [picture(number, 64, 64) for number in order])


@pytest.mark.parametrize(
    "changed, reason",
    [
        ({"val/val_annotations.txt": b"val_0.JPEG\tn02\t0\t32\t44\t62\n"}, "no folder of .*val_1.JPEG is a class"),
        ({"val/val_annotations.txt": b"val_0.JPEG\tn02\t0\n"}, "val_annotations.txt says 'val_0.JPEG n02 0'"),
        ({"val/val_annotations.txt": b"val_0.JPEG\tn02\t0\t0\t1\t1\n" * 2}, "val_annotations.txt holds .* twice"),
        ({"wnids.txt": b"n02\n"}, "no folder of .*n01_0.JPEG is a class of wnids.txt"),
    ],
)
def test_tables_that_do_not_fit_are_named(tmp_path, changed, reason):
    with pytest.raises(DataError, match=reason):
        prepared(TinyImageNet((64, 64, 3)), write_folder(tmp_path / "in", published(**changed)), tmp_path / "out")
