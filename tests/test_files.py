"""Folders that are published: the older one or the newer one is there, whole; and processes wait for one another."""

import errno
import os
import shutil
import signal
import threading
import time

import pytest

from idgan_tf import files
from idgan_tf.data.preparation.opening import open_source
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.run_directory import Run
from tests.data.files import tree

OLDER, NEWER = {"a/1": b"older", "of_the_older": b""}, {"a/1": b"newer", "2": b"two"}


def publish(path, content):
    with files.publishing(path) as temporary:
        for name, data in content.items():
            (temporary / name).parent.mkdir(exist_ok=True)
            (temporary / name).write_bytes(data)


def test_a_newer_folder_takes_the_place_of_an_older_one(tmp_path):
    for content in (OLDER, NEWER):
        publish(tmp_path / "deep" / "x", content)
        assert tree(tmp_path) == {f"deep/x/{name}": data for name, data in content.items()}


def test_all_files_are_on_the_disk_before_they_have_their_name(tmp_path, monkeypatch):
    synced, honest = [], files.sync
    monkeypatch.setattr(files, "sync", lambda path: (honest(path), synced.append(path.name)))
    monkeypatch.setattr(os, "replace", lambda source, target: synced.append("its name"))
    publish(tmp_path / "x", NEWER)
    assert set(synced[:-2]) == {"a", "1", "2", ".tmp-x"} and synced[-2:] == ["its name", tmp_path.name]


@pytest.mark.parametrize("failing", ["the block", "a sync", "the first rename", "the second rename"])
def test_what_fails_leaves_the_older_folder_and_nothing_else(failing, tmp_path, monkeypatch):
    publish(tmp_path / "x", OLDER)
    renames = []

    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def rename(source, target, honest=os.replace):
        renames.append(source)
        if len(renames) == {"the first rename": 1, "the second rename": 2}.get(failing):
            fail()
        honest(source, target)

    monkeypatch.setattr(os, "replace", rename)
    if failing == "a sync":
        monkeypatch.setattr(files, "sync", fail)
    with pytest.raises(OSError, match="No space left"), files.publishing(tmp_path / "x") as temporary:
        (temporary / "1").write_bytes(b"newer")
        if failing == "the block":
            fail()
    assert tree(tmp_path) == {f"x/{name}": data for name, data in OLDER.items()}
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("place", ["sync", "replace", "rmtree"])
def test_a_kill_at_any_moment_leaves_the_older_or_the_newer_one(place, tmp_path):
    whole = [{f"x/{name}": data for name, data in content.items()} for content in (OLDER, NEWER)]
    outcomes = set()
    for count in range(1, 9):
        folder = tmp_path / str(count)
        publish(folder / "x", OLDER)
        killed = publish_in_child(folder / "x", place, count)
        if place != "replace" or count != 2:  # between the two renames it has no name
            assert {name: data for name, data in tree(folder).items() if name.startswith("x/")} in whole
        files.sweep(folder)
        assert [path.name for path in folder.iterdir()] == ["x"] and tree(folder) in whole
        outcomes.add((killed, whole.index(tree(folder))))
    assert {(True, 0), (False, 1)} <= outcomes


def publish_in_child(path, place, count):
    """Publishes NEWER in a process that is killed at its `count`-th arrival at a function; whether it was."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    try:
        owner = {"sync": files, "replace": os, "rmtree": shutil}[place]
        honest, left = getattr(owner, place), [count]

        def deadly(*args, **kwargs):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return honest(*args, **kwargs)

        setattr(owner, place, deadly)
        publish(path, NEWER)
    finally:
        os._exit(0)


def test_two_processes_wait_for_each_other(tmp_path):
    order, path = [], tmp_path / "folder" / "run"

    def second():
        with files.alone(path):
            order.append("second")

    with files.alone(path):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join(timeout=10)
    assert order == ["first", "second"]
    (tmp_path / "file").touch()
    says = "cannot write to .*file: .*; choose a folder that can be written"
    with pytest.raises(DataError, match=says), files.alone(tmp_path / "file" / "run"):
        pass


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOTDIR, errno.ENOSPC])
def test_a_disk_that_takes_nothing_is_one_kind_of_error_whatever_the_reason(number):
    error = files.cannot_write("out", OSError(number, os.strerror(number)))
    help = "make room, or choose a folder that has it" if number == errno.ENOSPC else "choose a folder that can be"
    assert type(error) is DataError and f"cannot write to out: {os.strerror(number)}; {help}" in str(error)


def test_a_path_over_links_in_a_circle_is_told_as_such(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for path in (tmp_path / "a", tmp_path / "b" / "run"):
        for take in (files.at_home, Run, lambda path: open_source(path, tmp_path)):
            with pytest.raises(ConfigError, match=f"{path} leads over links in a circle; choose another path"):
                take(path)
