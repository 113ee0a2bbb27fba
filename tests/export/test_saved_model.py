"""A SavedModel is written whole or not at all; that it gives what its method gives is a promise of every method."""

import errno

import pytest

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
