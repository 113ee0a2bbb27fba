"""A SavedModel is written whole or not at all; that it gives what its method gives is a promise of every method."""

import errno

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import DataError
from idgan_tf.export import saved_model
from tests.data.files import tree
from tests.helpers import build_tiny


def test_a_disk_that_fills_during_an_export_leaves_the_older_export(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    _, method = build_tiny("tests/tiny/betavae.gin", tmp_path / "run")
    saved_model.export(method, tmp_path / "export")
    before = tree(tmp_path / "export")
    monkeypatch.setattr(saved_model, "readme", fail)
    with pytest.raises(DataError, match="cannot write to .*export: No space left on device; make room"):
        saved_model.export(method, tmp_path / "export")
    assert tree(tmp_path / "export") == before and "1/saved_model.pb" in before


def test_versions_count_up_and_the_older_ones_stay(tmp_path):
    _, method = build_tiny("tests/tiny/betavae.gin", tmp_path / "run")
    (tmp_path / "export" / "8").mkdir(parents=True)
    (tmp_path / "export" / "notes").mkdir()
    assert [saved_model.export(method, tmp_path / "export").name for _ in range(2)] == ["9", "10"]
    assert (tmp_path / "export" / "9" / "saved_model.pb").exists()


def test_a_path_that_tensorflow_cannot_load_from_is_warned_of(tmp_path, caplog):
    _, method = build_tiny("tests/tiny/betavae.gin", tmp_path / "run")
    for name in ("plain", "half[1e-4"):
        tf.saved_model.load(str(saved_model.export(method, tmp_path / name)))
    assert not caplog.text
    written = saved_model.export(method, tmp_path / "lr[1e-4]")
    assert f"takes [ and \\ in {written} for a pattern; load it from a copy elsewhere" in caplog.text
    with pytest.raises(FileNotFoundError):
        tf.saved_model.load(str(written))


def test_an_export_refuses_what_a_face_refuses(tmp_path):
    _, method = build_tiny("tests/tiny/betavae.gin", tmp_path / "run")
    loaded = tf.saved_model.load(str(saved_model.export(method, tmp_path / "export")))
    c, image, values = tf.zeros([1, 10]), tf.zeros([1, 8, 8, 1]), tf.zeros([2])
    assert loaded.traverse(c, tf.constant(9), values).shape == (1, 2, 8, 8, 1)
    for wrong, said in {
        lambda: loaded.traverse(c, tf.constant(10), values): "dimension must be 0 to 9",
        lambda: loaded.traverse(c, tf.constant(-1), values): "dimension must be 0 to 9",
        lambda: loaded.traverse(c, tf.constant(0), values + np.inf): "values must be finite",
        lambda: loaded.decode(c + np.nan): "c must be finite",
        lambda: loaded.encode(image + 255.0): r"image must be in \[0, 1\]",
        lambda: loaded.encode(image + np.nan): r"image must be in \[0, 1\]",
    }.items():
        with pytest.raises(tf.errors.InvalidArgumentError, match=said):
            wrong()
