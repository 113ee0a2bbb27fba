"""What a run says of where it was trained."""

import subprocess

from idgan_tf.training import environment
from tests.helpers import PROJECT


def test_the_commit_is_that_of_the_checkout_and_none_is_made_up_elsewhere(monkeypatch, tmp_path):
    asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=PROJECT, capture_output=True, text=True)
    assert environment.commit().removesuffix("-dirty") == asked.stdout.strip()
    copy = tmp_path / "site-packages" / "environment.py"
    copy.parent.mkdir()
    copy.touch()
    monkeypatch.setattr(environment, "__file__", str(copy))
    assert environment.commit() == "", "in no repository"
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert environment.commit() == "", "in the repository of somebody's project, which does not hold it"
