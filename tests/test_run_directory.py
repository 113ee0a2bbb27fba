"""A run directory: one writer, and files that a kill or a full disk leaves readable."""

import concurrent.futures
import contextlib
import errno
import os
import threading
import types

import pytest

from idgan_tf import files, run_directory
from idgan_tf.errors import ConfigError
from idgan_tf.files import write_text
from idgan_tf.run_directory import Run
from idgan_tf.run_log import append_metrics, read_metrics


def test_of_many_that_start_at_once_one_may_write(tmp_path):
    run, count = Run(tmp_path), 8
    everyone = threading.Barrier(count)

    def start(number):
        everyone.wait()
        try:
            with run.lock():
                everyone.wait()
                return True
        except ConfigError as error:
            assert "is being written by" in str(error)
            everyone.wait()
            return False

    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        for _ in range(50):
            assert sum(pool.map(start, range(count))) == 1


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    (tmp_path / ".lock").write_text("process 1 on a machine that is gone, with a name that is long")
    with Run(tmp_path).lock():
        assert (tmp_path / ".lock").read_text().startswith(f"process {os.getpid()} on ")
        with pytest.raises(ConfigError, match=f"process {os.getpid()} on "), Run(tmp_path).lock():
            pass


def test_whoever_waits_for_a_run_says_so_and_gets_it(tmp_path, caplog):
    caplog.set_level("INFO", logger="absl")
    with concurrent.futures.ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as first:
        first.enter_context(Run(tmp_path).lock())

        def second():
            with Run(tmp_path).lock(wait=True):
                return "mine"

        waits = pool.submit(second)
        while not caplog.records:
            assert not waits.done()
        first.close()
        assert waits.result() == "mine"
    assert f"is being written by process {os.getpid()}" in caplog.text and "waiting until it is done" in caplog.text


@pytest.mark.parametrize("why", ["Windows", "a file system"])
def test_where_nothing_can_be_locked_a_run_goes_on_with_a_warning(why, tmp_path, monkeypatch, caplog):
    def flock(file, how):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(
        files, "fcntl", None if why == "Windows" else types.SimpleNamespace(flock=flock, LOCK_EX=2, LOCK_NB=4)
    )
    with Run(tmp_path).lock(), files.alone(tmp_path / "x"):
        pass
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 2 and all("see to it that no second process writes there" in text for text in warnings)
    with open(tmp_path / "y", "w") as file, pytest.raises(ConfigError, match="cannot lock"):
        files.take_lock(file)


class Said:
    """Stands in for a `Configuration`."""

    def __init__(self, text):
        self.text = text

    def differences(self, old):
        return [f"-{old}"] if old != self.text else []


def test_a_configuration_that_led_to_no_checkpoint_blocks_nobody(tmp_path):
    run = Run(tmp_path)
    run.remember_config(Said("wrong"))
    for folder in (run.networks, run.samples, run.tensorboard, run.checkpoints / ".tmp-step-00000001"):
        folder.mkdir(parents=True)
    (run.networks / "teacher_encoder.keras").touch()  # of another teacher
    run.remember_config(Said("right"))
    assert run.config.read_text() == "right" and not run.networks.exists()
    (run.checkpoints / "step-00000001").mkdir()
    with pytest.raises(ConfigError, match="belongs to another configuration"):
        run.remember_config(Said("third"))
    assert run.config.read_text() == "right"


def test_a_run_of_which_only_the_best_checkpoint_is_left_keeps_its_configuration(tmp_path):
    run = Run(tmp_path)
    run.remember_config(Said("right"))
    (run.best / "step-00000001").mkdir(parents=True)
    with pytest.raises(ConfigError, match="belongs to another configuration"):
        run.remember_config(Said("other"))


def test_a_start_that_was_killed_before_its_configuration_had_a_name_leaves_a_directory_to_start_in(tmp_path):
    for name in (".lock", ".tmp-config.gin"):
        (tmp_path / name).touch()
    Run(tmp_path).create()
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ConfigError, match="is not empty and holds no run"):
        Run(tmp_path).create()


def test_a_line_that_a_full_disk_cut_does_not_swallow_the_next(tmp_path):
    path = tmp_path / "metrics.jsonl"
    append_metrics(path, {"step": 1})
    with open(path, "a") as file:
        file.write('{"step": 2, "n')
    append_metrics(path, {"step": 3})
    append_metrics(path, {"step": 4})
    assert [record["step"] for record in read_metrics(path)] == [1, 3, 4]
    assert path.read_text().count("\n") == 4


@pytest.mark.parametrize(
    ("paths", "titles"),
    [
        (["a/x", "a/y"], ["x", "y"]),
        (["a/x", "b/x"], ["x, a", "x, b"]),
        (["a/seed0/x", "b/seed0/x", "a/seed0/y"], ["x, seed0, a", "x, seed0, b", "y, seed0, a"]),
        (["a/x", "a/x"], ["x", "x"]),
    ],
)
def test_titles_hold_as_many_folders_as_tell_the_runs_apart(paths, titles, tmp_path):
    assert run_directory.titles([Run(tmp_path / path) for path in paths]) == titles


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(files, "sync", lambda path: synced.append((path.read_text(), (tmp_path / "x").exists())))
    write_text(tmp_path / "x", "all of it")
    assert synced == [("all of it", False)] and os.listdir(tmp_path) == ["x"]


def test_a_run_knows_its_last_pictures_and_whether_it_is_done(tmp_path):
    run = Run(tmp_path)
    assert run.steps_done() is None and run.newest_pictures() == {}
    run.samples.mkdir()
    for name in ("same_code-00000010.png", "same_code-00000200.png", "samples-00000010.png", "movie-00000010.gif"):
        (run.samples / name).touch()
    newest = {"same_code": run.samples / "same_code-00000200.png", "samples": run.samples / "samples-00000010.png"}
    assert run.newest_pictures() == newest
    for text, steps in (("{", None), ("{}", None), ('{"step": 7}', 7)):
        run.done.write_text(text)
        assert run.steps_done() == steps
