"""A folder of models with one in it."""

import pathlib
import shutil

import pytest

from idgan_tf import pretrained
from tests.pretrained.packed import TINY, pack, trained


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(a folder of models in which "tiny" lies, the run that it was packed from)."""
    folder, run = tmp_path_factory.mktemp("models"), trained(TINY, tmp_path_factory.mktemp("runs") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "FOLDER", folder)
        pack(run, "tiny")
    return folder, run


@pytest.fixture
def models(made, tmp_path, monkeypatch):
    """A folder of models of the test's own, in the place of that of the package; the current folder is another."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(pretrained, "FOLDER", pathlib.Path(shutil.copytree(made[0], tmp_path / "models")))
    return pretrained.FOLDER
