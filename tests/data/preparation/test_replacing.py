"""What is prepared already: kept, refused, or replaced."""

import os
import shutil
import signal

import numpy as np
import pytest

from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import target
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, tree, write_folder, write_zip

A = {f"{kind}/{i}.png": encoded(picture(i, 8, 8)) for i, kind in enumerate("ab")}
B = {f"{kind}/{i}.png": encoded(picture(10 + i, 8, 8)) for i, kind in enumerate("bcd")}


def dataset(tmp_path, **options):
    return ImageFolder("mine", (8, 8, 3), **{"labels": True, "data_dir": str(tmp_path / "out"), **options})


@pytest.mark.parametrize("write, name", [(write_folder, "a"), (write_zip, "a.zip")])
def test_the_same_source_is_read_once(tmp_path, write, name):
    source = write(tmp_path / name, A)
    prepare(dataset(tmp_path), source)
    before = tree(tmp_path / "out")
    for again in (source, f"{tmp_path}/./{name}", shutil.move(source, tmp_path / f"moved_{name}"), source):
        assert prepare(dataset(tmp_path), again)["count"] == 2, "where nothing is, too, if the name is the same"
    assert tree(tmp_path / "out") == before


def test_another_source_is_not_taken_for_the_one_that_is_kept(tmp_path):
    source, other = write_folder(tmp_path / "a", A), write_folder(tmp_path / "b", B)
    prepare(dataset(tmp_path), source)
    before = tree(tmp_path / "out")
    says = f"mine is already prepared from {source}, which is kept; .* was not read: pass --replace"
    for path in (other, write_zip(tmp_path / "b.zip", B), tmp_path / "nothing", "tfds", "tfds:x"):
        with pytest.raises(DataError, match=says):
            prepare(dataset(tmp_path), path)
    write_folder(source, {"a/9.png": A["a/0.png"]})
    with pytest.raises(DataError, match="which has changed since; .* was not read again: pass --replace"):
        prepare(dataset(tmp_path), source)
    assert tree(tmp_path / "out") == before


def test_another_folder_of_the_same_names_and_sizes_is_noticed(tmp_path):
    source, other = (
        write_folder(tmp_path / name, {f"{i}.bmp": encoded(picture(first + i, 8, 8), "BMP") for i in range(2)})
        for name, first in (("a", 0), ("b", 10))
    )
    prepare(dataset(tmp_path, labels=False), source)
    with pytest.raises(DataError, match="is already prepared from .*a, which is kept; .*b was not read"):
        prepare(dataset(tmp_path, labels=False), other)


def test_another_archive_under_the_old_name_is_noticed(tmp_path):
    prepare(dataset(tmp_path), write_zip(tmp_path / "in.zip", A))
    write_zip(tmp_path / "in.zip", B)
    with pytest.raises(DataError, match="which has changed since"):
        prepare(dataset(tmp_path), tmp_path / "in.zip")


def test_a_source_is_known_by_its_parts_its_file_in_a_folder_and_the_folder_of_tfds(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    one = write_zip(tmp_path / "in" / "1.zip", A)
    known = {"path": str(one), "bytes": one.stat().st_size, "sha256": target.sha256(one)}
    assert target.is_source(known, str(tmp_path / "in")), "its folder"
    together = {"path": str(tmp_path / "in"), "parts": [known]}
    assert target.is_source(together, str(tmp_path / "in")) and not target.is_source(together, str(tmp_path))
    tfds = {"path": "/data/celeb_a/2.1.0", "tfds": "celeb_a/2.1.0"}
    monkeypatch.setenv("TFDS_DATA_DIR", "/data")
    assert target.is_source(tfds, "tfds") and target.is_source(tfds, "tfds:/data")
    monkeypatch.setenv("TFDS_DATA_DIR", "/other")
    assert not target.is_source(tfds, "tfds") and not target.is_source(tfds, "tfds:/dat")
    assert not target.is_source(tfds, "tfds:/other") and not target.is_source(tfds, "/data/celeb_a/2.1.0")


@pytest.mark.parametrize("options", [{}, {"crop": "none"}, {"labels": False}])
def test_replacing_prepares_another_source_or_other_settings(tmp_path, options):
    prepare(dataset(tmp_path), write_folder(tmp_path / "a", A))
    prepare(dataset(tmp_path, **options), write_folder(tmp_path / "b", B), replace=True)
    new = dataset(tmp_path, **options)
    np.testing.assert_array_equal(new.arrays["image"], [picture(10 + i, 8, 8) for i in range(3)])
    assert os.listdir(tmp_path / "out") == ["mine"] and new.manifest["source"]["path"].endswith("/b")


def test_what_is_there_stays_until_the_new_one_is_whole(tmp_path):
    prepare(dataset(tmp_path), write_folder(tmp_path / "a", A))
    before = tree(tmp_path / "out")
    with pytest.raises(DataError, match="c/9.png is empty"):
        prepare(dataset(tmp_path), write_folder(tmp_path / "b", {**B, "c/9.png": b""}), replace=True)
    assert tree(tmp_path / "out") == before and os.listdir(tmp_path / "out") == ["mine"]
    (tmp_path / "out" / "mine" / "manifest.json").unlink()
    with pytest.raises(DataError, match="holds no prepared dataset"):
        prepare(dataset(tmp_path), tmp_path / "a", replace=True)


def test_a_damaged_one_is_replaced_as_its_message_says(tmp_path):
    prepare(dataset(tmp_path), write_folder(tmp_path / "a", A))
    (tmp_path / "out" / "mine" / "images.npy").write_bytes(b"")
    with pytest.raises(DataError, match="images.npy is missing or cut; run bin/prepare_data .* --replace$"):
        prepare(dataset(tmp_path), tmp_path / "a")
    assert prepare(dataset(tmp_path), tmp_path / "a", replace=True)["count"] == 2
    assert len(dataset(tmp_path).arrays["image"]) == 2


@pytest.mark.parametrize("rename", [1, 2, 3])  # of the manifest, of what was there, of the new one
def test_a_kill_between_the_renames_loses_nothing(tmp_path, rename):
    prepare(dataset(tmp_path), write_folder(tmp_path / "a", A))
    old = tree(tmp_path / "out" / "mine")
    write_folder(tmp_path / "b", B)
    if not os.fork():
        left, honest = [rename], os.replace

        def deadly(*args):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            honest(*args)

        os.replace = deadly
        prepare(dataset(tmp_path), tmp_path / "b", replace=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == -signal.SIGKILL
    assert prepare(dataset(tmp_path), tmp_path / "a")["count"] == 2, "what was there is there again"
    assert tree(tmp_path / "out" / "mine") == old
    assert prepare(dataset(tmp_path), tmp_path / "b", replace=True)["count"] == 3
    assert os.listdir(tmp_path / "out") == ["mine"]


def test_a_link_is_not_replaced(tmp_path):
    prepare(dataset(tmp_path), write_folder(tmp_path / "a", A))
    shutil.move(tmp_path / "out" / "mine", tmp_path / "elsewhere")
    (tmp_path / "out" / "mine").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="is a link or a disk and cannot be replaced"):
        prepare(dataset(tmp_path), tmp_path / "a", replace=True)
    assert (tmp_path / "elsewhere" / "manifest.json").exists()


def test_what_is_not_of_the_dataset_is_not_deleted_with_it(tmp_path):
    source = write_folder(tmp_path / "a", A)
    prepare(dataset(tmp_path), source)
    (tmp_path / "out" / "mine" / "notes.txt").write_text("mine")
    before = tree(tmp_path / "out")
    with pytest.raises(DataError, match="holds notes.txt, which --replace would delete; move it away first"):
        prepare(dataset(tmp_path), source, replace=True)
    assert tree(tmp_path / "out") == before
