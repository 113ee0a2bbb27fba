import numpy as np
import pytest

from idgan_tf.data.celeba import CelebA, CelebAHQ
from idgan_tf.errors import ConfigError, DataError
from tests.data.files import encoded, picture, prepared, write_folder, write_zip


def celeba_files(lines):
    """Three images of CelebA, and their attributes."""
    images = {f"img_align_celeba/{i:06d}.jpg": encoded(picture(i, 178, 218), "JPEG") for i in (1, 2, 3)}
    return images, "\n".join(lines).encode()


TEXT = [
    "3",
    "Bald Male Smiling",
    *(f"00000{i}.jpg {bits}" for i, bits in enumerate([" 1 -1  1", "-1 -1 -1", "-1 1 1"], 1)),
]
CSV = [",".join(line.split()) for line in ["image_id Bald Male Smiling", *TEXT[2:]]]


@pytest.mark.parametrize("lines, name", [(TEXT, "list_attr_celeba.txt"), (CSV, "list_attr_celeba.csv")])
@pytest.mark.parametrize("layout", ["beside the zip", "in the zip", "folder"])
def test_attributes_of_celeba_are_labels(tmp_path, lines, name, layout):
    images, table = celeba_files(lines)
    source = tmp_path / "in"
    source.mkdir()
    if layout == "folder":
        write_folder(source, {**images, f"Anno/{name}": table})
    else:
        write_folder(source, {name: table} if layout == "beside the zip" else {})
        inside = {} if layout == "beside the zip" else {name: table}
        zipped = write_zip(source / "img_align_celeba.zip", {**images, **inside})
        source = source if layout == "beside the zip" else zipped
    one = prepared(CelebA((64, 64, 3), attributes=("Smiling",)), source, tmp_path / "out")
    assert one.name == "celeba64_Smiling" and one.class_names == ("not_Smiling", "Smiling")
    np.testing.assert_array_equal(one.arrays["label"], [1, 0, 1])
    two = prepared(CelebA((64, 64, 3), attributes=("Smiling", "Male")), source, tmp_path / "out")
    assert two.class_names == ("not_Smiling not_Male", "not_Smiling Male", "Smiling not_Male", "Smiling Male")
    np.testing.assert_array_equal(two.arrays["label"], [2, 0, 3])


@pytest.mark.parametrize(
    "lines, attributes, message",
    [
        (None, ("Male",), "has no list_attr_celeba.txt.*pass the folder in which it lies beside img_align_celeba.zip"),
        (TEXT, ("Mail",), "no attribute 'Mail'; there are Bald, Male, Smiling"),
        (TEXT[:-1], ("Male",), "the list of attributes has no img_align_celeba/000003.jpg"),
        ([*TEXT[:-1], "000003.jpg -1 1"], ("Male",), "is cut or damaged at 000003.jpg"),
        ([*TEXT[:-1], "000003.jpg -1 7 1"], ("Male",), "is cut or damaged at 000003.jpg"),
        ([], ("Male",), "no attribute 'Male'"),
    ],
)
def test_lists_of_attributes_that_say_nothing_of_an_image_are_named(tmp_path, lines, attributes, message):
    images, table = celeba_files(lines or [])
    source = write_folder(tmp_path / "in", images if lines is None else {**images, "list_attr_celeba.txt": table})
    with pytest.raises(DataError, match=message):
        prepared(CelebA((64, 64, 3), attributes=attributes), source, tmp_path / "out")
    with pytest.raises(ConfigError, match="CelebA.attributes must be up to 8 names"):
        CelebA((64, 64, 3), attributes="Male")


@pytest.mark.parametrize(
    "name, what", [("celebahq-r10.tfrecords", "a TFRecord file"), ("celeba_hq.h5", "an HDF5 file")]
)
def test_containers_of_celebahq_that_are_not_read_are_called_by_their_kind(tmp_path, caplog, name, what):
    folder = write_folder(tmp_path / "in", {name: (b"\x89HDF\r\n\x1a\n" if ".h5" in name else b"") + bytes(range(99))})
    with pytest.raises(DataError, match=f"{name} is {what}, which is not read here; pass data1024x1024.zip or .tar"):
        prepared(CelebAHQ((1024, 1024, 3)), folder / name, tmp_path / "out")
    with pytest.raises(DataError, match="holds no images"):
        prepared(CelebAHQ((1024, 1024, 3)), folder, tmp_path / "out")
    assert f"{name} ({what})" in caplog.text
