import numpy as np
import pytest

from idgan_tf.data import mpi3d
from idgan_tf.data.mpi3d import MPI3D
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import ConfigError, DataError
from tests.data.factor_checks import check, checksum, prepared
from tests.data.files import tree

SIZES = (2, 3, 1, 2, 1, 2, 2)
NAMES = [(variant, f"mpi3d_{variant}.npz") for variant in ("toy", "realistic", "real")]
NAMES.append(("complex", "real3d_complicated_shapes_ordered.npz"))


@pytest.fixture
def images(monkeypatch):
    monkeypatch.setattr(mpi3d, "BLOCK", 7)
    return np.random.default_rng(0).integers(0, 256, (*SIZES, 64, 64, 3), np.uint8)


def small(variant, data_dir=None):
    dataset = MPI3D(variant, data_dir)
    dataset.factor_sizes = SIZES
    return dataset


def test_factors_have_their_published_sizes_and_order():
    for variant, _ in NAMES:
        dataset, things = MPI3D(variant), 4 if variant == "complex" else 6
        assert dataset.factor_sizes == (things, things, 2, 3, 3, 40, 40) and dataset.name == f"mpi3d_{variant}"
        assert dataset.num_examples == (460_800 if variant == "complex" else 1_036_800)
    strides = [115_200, 28_800, 14_400, 4800, 1600, 40, 1]  # of README, for four things
    np.testing.assert_array_equal(MPI3D("complex").index(np.eye(7, dtype=int)), strides)


@pytest.mark.parametrize("variant, name", NAMES)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_the_published_file_becomes_rows_in_the_order_of_the_factors(images, tmp_path, variant, name, save):
    save(tmp_path / name, images=images.reshape(-1, 64, 64, 3))
    dataset = prepared(small(variant), tmp_path / name if variant == "toy" else tmp_path, tmp_path)
    check(dataset, images)
    checksum(dataset)
    assert dataset.name == f"mpi3d_{variant}" and dataset.source.startswith(name)
    assert dataset.looks.startswith(f"mpi3d_{variant} ") and dataset.describe().startswith(f"mpi3d_{variant} ")


def test_the_variant_is_never_implied():
    with pytest.raises(TypeError, match="variant"):
        MPI3D()
    for wrong in ("sim", None, ["toy"]):
        with pytest.raises(ConfigError, match="MPI3D.variant must be one of .*'complex'"):
            MPI3D(wrong)


def test_bad_files_are_one_line_and_leave_nothing(images, tmp_path, caplog):
    def refused(source, message):
        with pytest.raises(DataError, match=message) as error:
            prepare(small("toy", str(tmp_path / "out")), source)
        assert "\n" not in str(error.value) and not tree(tmp_path / "out")

    rows = images.reshape(-1, 64, 64, 3)
    for arrays, message in [
        ({"images": rows[:40]}, r"images is uint8 \(40, 64, 64, 3\), not the uint8 \(48, 64, 64, 3\) of mpi3d_toy"),
        ({"images": images}, "images is uint8"),
        ({"images": rows / 255.0}, "images is float64"),
        ({"images": np.array([{}], object)}, "images is object"),
        ({"imgs": rows}, "no mpi3d_toy file .*images.npy.*get it again from huggingface"),
    ]:
        np.savez(tmp_path / "mpi3d_toy.npz", **arrays)
        refused(tmp_path, f"mpi3d_toy.npz.*{message}")
    np.savez_compressed(tmp_path / "mpi3d_toy.npz", images=rows)
    whole = (tmp_path / "mpi3d_toy.npz").read_bytes()
    (tmp_path / "mpi3d_toy.npz").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "mpi3d_toy.npz", "mpi3d_toy.npz is damaged")
    (tmp_path / "mpi3d_toy.npz").write_bytes(whole[:3000] + bytes(3000) + whole[6000:])
    refused(tmp_path / "mpi3d_toy.npz", "mpi3d_toy.npz is damaged")
    (tmp_path / "mpi3d_toy.npz").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    refused(tmp_path / "mpi3d_toy.npz", "is a pointer of Git LFS")
    (tmp_path / "mpi3d_real.npz").write_bytes(whole)
    refused(tmp_path / "mpi3d_real.npz", "is the variant 'real'; mpi3d_toy is made of mpi3d_toy.npz")
    (tmp_path / "renamed.npz").write_bytes(whole)
    prepare(small("toy", str(tmp_path / "out")), tmp_path / "renamed.npz")
    assert "renamed.npz is taken for mpi3d_toy" in caplog.text
