import os

import numpy as np

from idgan_tf import cache
from idgan_tf.files import take_lock


def test_the_next_writer_sweeps_what_a_killed_one_left_and_nothing_that_is_being_written(tmp_path, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path))
    left, writing, other = (tmp_path / name for name in (".x.npy.1.tmp", ".x.npy.2.tmp", ".y.npy.1.tmp"))
    for path in (left, writing, other):
        path.write_bytes(b"half of it")
    with open(writing, "rb") as file:
        assert take_lock(file)
        assert cache.array("x", lambda progress: [np.ones((1, 3), np.uint8)]).sum() == 3
    assert {path.name for path in tmp_path.iterdir()} == {"x.npy", "x.json", writing.name, other.name}


def test_what_is_kept_as_evidence_names_nobodys_home(monkeypatch):
    for name in ("IDGAN_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, words in {
        "HOME": "~/.cache/idgan_tf",
        "XDG_CACHE_HOME": "$XDG_CACHE_HOME/idgan_tf",
        "IDGAN_CACHE": "$IDGAN_CACHE",
    }.items():
        monkeypatch.setenv(name, f"/somebody/{name}")
        assert cache.in_words() == words
        assert os.path.expandvars(os.path.expanduser(words)) == str(cache.folder())
