"""Studies whose trainings are made up."""

import pytest

from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.experiments import scores
from idgan_tf.studies import running, study
from tests.helpers import PROJECT
from tests.studies.made import Made


@pytest.fixture
def made(monkeypatch, tmp_path):
    made = Made()
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "weights")  # as if no network came with the package
    monkeypatch.setattr(running, "_train", made.train)
    monkeypatch.setattr(scores, "evaluate_run", made.evaluate_run)
    return made


@pytest.fixture
def table2():
    """In the manner of Table 2 of ID-GAN, with budgets that do not change with it."""
    return study.load(str(PROJECT / "tests" / "studies" / "joint.toml"), "cpu")
