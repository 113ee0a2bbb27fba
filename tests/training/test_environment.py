"""What a run says of where it was trained."""

import subprocess

from idgan_tf.run_directory import read_pieces
from idgan_tf.training import environment
from tests.helpers import PROJECT
from tests.training.test_loop import trained


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


def test_every_piece_of_a_training_stays_known_and_what_trains_nothing_is_none(tmp_path, monkeypatch):
    def commits(commit, steps):
        monkeypatch.setattr(environment, "commit", lambda: commit)
        run = trained(tmp_path / "run", num_steps=steps)
        return [piece["commit"] for piece in read_pieces(run.environment)]

    assert commits("a", 2) == ["a"]
    assert commits("b", 2) == ["a"], "there was nothing to train"
    assert commits("b", 3) == ["a", "b"]
    assert commits("b", 4) == ["a", "b"]
