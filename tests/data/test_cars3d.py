import io

import numpy as np
import pytest
import scipy.io
from PIL import Image

from idgan_tf.data.cars3d import Cars3D
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.factor_checks import check, checksum, prepared
from tests.data.files import tree, write_folder, write_tar

SIZES = (2, 3, 2)


@pytest.fixture
def published(monkeypatch):
    """uint8 [elevation, azimuth, car, 128, 128, 3]."""
    monkeypatch.setattr(Cars3D, "factor_sizes", SIZES)
    return np.random.default_rng(0).integers(0, 256, (*SIZES, 128, 128, 3), np.uint8)


def mat(**arrays):
    file = io.BytesIO()
    scipy.io.savemat(file, arrays, do_compression=True)
    return file.getvalue()


def files(published):
    """A file of every car, [H, W, 3, azimuth, elevation], as published."""
    return {
        f"data/cars/{car:03d}_mesh.mat": mat(im=published[:, :, car].transpose(2, 3, 4, 1, 0))
        for car in range(published.shape[2])
    }


def halved(published):
    small = [Image.fromarray(image).resize((64, 64), Image.LANCZOS) for image in published.reshape(-1, 128, 128, 3)]
    return np.stack([np.asarray(image) for image in small]).reshape(*published.shape[:3], 64, 64, 3)


def test_factors_have_their_published_sizes_and_order():
    dataset = Cars3D()
    assert dataset.num_examples == 17_568 and dataset.factor_names == ("elevation", "azimuth", "object")
    np.testing.assert_array_equal(dataset.index([(1, 0, 0), (0, 1, 0), (0, 0, 1)]), [24 * 183, 183, 1])


@pytest.mark.parametrize("layout", ["archive", "folder", "cars"])
def test_every_view_of_every_car_is_halved_and_stands_at_its_factors(published, tmp_path, layout):
    members = {**files(published), "data/sprites/x.mat": b"another set of the archive"}
    if layout == "archive":
        source = write_tar(tmp_path / "nips2015-analogy-data.tar.gz", members)
    else:
        source = write_folder(tmp_path / "in", members) / ("data/cars" if layout == "cars" else "")
    dataset = prepared(Cars3D(), source, tmp_path)
    check(dataset, halved(published))
    if layout == "archive":
        checksum(dataset)
    else:
        assert "sha256 of names and sizes" in dataset.source


def test_bad_files_are_one_line_and_leave_nothing(published, tmp_path):
    good = files(published)
    for number, (name, data, message) in enumerate(
        [
            ("data/cars/002_mesh.mat", good["data/cars/000_mesh.mat"], "holds 3 files cars/.*, not the 2 of Cars3D"),
            ("data/cars/001_mesh.mat", b"no", "001_mesh.mat is damaged or no file of Cars3D"),
            ("data/cars/001_mesh.mat", good["data/cars/001_mesh.mat"][:900], "001_mesh.mat is damaged"),
            ("data/cars/001_mesh.mat", mat(x=np.zeros(3)), "001_mesh.mat has no 'im' and is no file of Cars3D"),
            ("data/cars/001_mesh.mat", mat(im=np.zeros((64, 64, 3, 3, 2), np.uint8)), r"is uint8 \(64, 64, 3, 3, 2\)"),
        ]
    ):
        source = write_folder(tmp_path / f"in{number}", {**good, name: data})
        with pytest.raises(DataError, match=message) as error:
            prepare(Cars3D(str(tmp_path / "out")), source)
        assert "\n" not in str(error.value) and not tree(tmp_path / "out")
