import io
import os
import re

import numpy as np
import pytest
from PIL import Image

from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation.opening import open_source
from idgan_tf.data.preparation.pictures import looked_through, pictures
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from idgan_tf.experiments import outside
from tests.data.files import encoded, picture, write_folder, write_tar, write_zip

HEIC = bytes.fromhex("00000018") + b"ftypheic" + bytes(64)  # as a phone begins a file
IMAGES = {
    "0.jfif": encoded(picture(0), "JPEG"),
    "1.PNG": encoded(picture(1)),
    "2.avif": encoded(picture(2), "AVIF"),
    "3.pgm": encoded(picture(3, mode="L"), "PPM"),
    "4.jp2": encoded(picture(4), "JPEG2000"),
    "5.tga": encoded(picture(5), "TGA"),
    "6": encoded(picture(6), "WEBP"),
    "7.download": encoded(picture(7), "BMP"),
    "8.txt": encoded(picture(8), "PNG"),
    "9.jpg": encoded(picture(9), "AVIF"),
}
OTHERS = {"a.txt": b"BMW and other cars", "b": b"P3 is a paragraph", "c.csv": b"0,1", "d": b"", "e.heic": HEIC}


@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_files_are_images_by_what_is_in_them(tmp_path, kind):
    write = {"folder": write_folder, "zip": write_zip, "tar": write_tar}[kind]
    source = open_source(write(tmp_path / f"in.{kind}", {**IMAGES, **OTHERS}), tmp_path)
    names, others = looked_through(source)
    assert names == sorted(IMAGES) and sorted(others) == sorted(OTHERS)
    assert [name for name in others if others[name]] == ["e.heic"] and "pip install pillow-heif" in others["e.heic"]


def test_what_is_left_out_is_counted_and_named_first_what_a_package_would_read(tmp_path, caplog):
    source = open_source(write_folder(tmp_path / "in", {**IMAGES, **OTHERS}), tmp_path)
    assert pictures(source) == sorted(IMAGES)
    said = "left out 5 files of .* .no images here.: e.heic .HEIC.*pillow-heif., a.txt, b and 2 more"
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    assert re.search(said, caplog.text)


def test_every_kind_becomes_the_row_that_pillow_reads(tmp_path):
    dataset = ImageFolder("mine", (10, 12, 3), labels=False, crop="none", data_dir=str(tmp_path / "out"))
    prepare(dataset, write_folder(tmp_path / "in", IMAGES))
    expected = [np.asarray(Image.open(io.BytesIO(IMAGES[name])).convert("RGB")) for name in sorted(IMAGES)]
    np.testing.assert_array_equal(dataset.arrays["image"], expected)
    assert len(outside.images_of(tmp_path / "in")) == len(IMAGES), "bin/evaluate sees the same"


def test_a_pipe_among_images_is_not_waited_for(tmp_path):
    source = open_source(write_folder(tmp_path / "in", IMAGES), tmp_path)
    os.mkfifo(tmp_path / "in" / "pipe")
    source = open_source(tmp_path / "in", tmp_path)
    assert "pipe" in source.names and pictures(source) == sorted(IMAGES)


def test_a_class_does_not_vanish_with_the_last_image_that_can_be_read(tmp_path):
    files = {"bird/1.heic": HEIC, "cat/0.png": IMAGES["1.PNG"]}
    dataset = ImageFolder("mine", (8, 8, 3), labels=True, data_dir=str(tmp_path / "out"))
    with pytest.raises(DataError, match="no image of the class bird can be read; bird/1.heic is HEIC.*pillow-heif"):
        prepare(dataset, write_folder(tmp_path / "in", files))
    prepare(dataset, write_folder(tmp_path / "in", {"bird/0.avif": IMAGES["2.avif"]}))
    assert dataset.class_names == ("bird", "cat") and "left out 1 file of" in dataset.manifest["notes"][0]
