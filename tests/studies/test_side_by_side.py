"""Jobs side by side: on cores of their own, none waiting for another, ended by signals, their errors told."""

import json
import os
import pathlib
import signal
import sys
import threading
import time

import numpy as np
import pytest

from idgan_tf.errors import ConfigError, Interrupted
from idgan_tf.studies import jobs, side_by_side
from tests.helpers import command

# Stands in for bin/reproduce: trains for a while, or until it is told to end, and says so.
STUB = """
import json, os, pathlib, signal, sys, time

folder, seconds, share = pathlib.Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3][7:].replace("/", "of")

def save(number, frame):
    (folder / share).write_text("{}")
    sys.exit(143)

signal.signal(signal.SIGTERM, save)
began = time.time()
print("begun", file=sys.stderr, flush=True)
(folder / f"{share}.begun").touch()
time.sleep(seconds)
if (folder / f"{share}.fail").exists():
    print("reproduce: no room", file=sys.stderr)
    sys.exit(3)
cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
about = {"from": began, "to": time.time(), "cores": cores, "threads": os.environ["TF_NUM_INTRAOP_THREADS"]}
(folder / share).write_text(json.dumps(about))
"""


@pytest.fixture
def run(table2, tmp_path, monkeypatch):
    """(the jobs of a study by their shares, (seconds of each) -> what `side_by_side.run` gives)."""
    monkeypatch.setattr(side_by_side, "places", lambda count: [[0]] * count)
    monkeypatch.setattr(side_by_side, "SECONDS", 0.01)
    (tmp_path / "stub.py").write_text(STUB)
    planned = jobs.plan(table2, tmp_path / "runs")
    shares = {f"{number}/8": job for number, job in enumerate(planned, 1)}
    stub = [sys.executable, "-S", "-E", str(tmp_path / "stub.py"), str(tmp_path)]
    return shares, lambda seconds: side_by_side.run(shares, [*stub, str(seconds)], 2)


def told(folder):
    return {path.name: json.loads(path.read_text()) for path in pathlib.Path(folder).glob("?of8")}


def test_all_cores_are_given_out_and_none_twice(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {7, 2, 3, 5, 11}, raising=False)
    assert side_by_side.places(2) == [[2, 3], [5, 7, 11]] and side_by_side.places(5) == [[2], [3], [5], [7], [11]]
    with pytest.raises(ConfigError, match="--jobs=6: there are 5 cores"):
        side_by_side.places(6)


def test_two_run_at_a_time_each_on_its_cores_and_none_beside_its_teacher(run, tmp_path, capfd):
    shares, begin = run
    assert begin(0.3) == []
    done = told(tmp_path)
    assert len(done) == 8 and all(one["threads"] == "1" for one in done.values())
    assert all(one["cores"] in ([0], []) for one in done.values())
    moments = sorted((one[end], 1 if end == "from" else -1) for one in done.values() for end in ("from", "to"))
    at_once = [sum(step for _, step in moments[: i + 1]) for i in range(len(moments))]
    assert max(at_once) == 2
    assert [shares[share].row.id for share in ("1/8", "4/8")] == ["betavae_dsprites", "idgan_dsprites"]
    assert done["4of8"]["from"] > done["1of8"]["to"] and done["8of8"]["from"] > done["5of8"]["to"]
    said = capfd.readouterr().err
    assert "betavae_dsprites, seed 0: begun" in said and "idgan_dsprites, seed 1: begun" in said


def test_a_job_does_not_begin_while_its_teacher_trains_and_others_go_first(run):
    shares, _ = run
    waiting = {share: shares[share] for share in ("4/8", "2/8")}
    teacher = side_by_side._Running(shares["1/8"], None, None, [0])
    assert side_by_side._next(waiting, [teacher]) == "2/8" and side_by_side._next(waiting, []) == "4/8"
    del waiting["2/8"]
    assert side_by_side._next(waiting, [teacher]) is None
    done = shares["1/8"].run
    done.path.mkdir(parents=True)
    done.config.write_text(jobs.configuration(shares["1/8"]).text)
    done.done.write_text(json.dumps({"step": 24000}))
    assert side_by_side._next(waiting, [teacher]) == "4/8", "it is only measured any more"


def test_a_feature_network_that_another_trains_holds_up_no_training(made, table2, tmp_path):
    first, second, *_ = jobs.plan(table2, tmp_path)
    assert first.network_jobs == second.network_jobs != []
    assert side_by_side._next({"2/8": second}, [side_by_side._Running(first, None, None, [0])]) == "2/8"


def test_an_error_ends_one_job_and_is_told(run, tmp_path):
    shares, begin = run
    (tmp_path / "2of8.fail").touch()
    ((job, code, last),) = begin(0.0)
    assert (job, code, last) == (shares["2/8"], 3, "reproduce: no room") and len(told(tmp_path)) == 7


def test_a_signal_lets_all_save_and_end(run, tmp_path):
    _, begin = run

    def send():
        while len([*tmp_path.glob("*.begun")]) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=send).start()
    with pytest.raises(Interrupted, match="stopped with 0 of 8 jobs done") as caught:
        begin(60.0)
    assert caught.value.exit_code == 143 and len(told(tmp_path)) == 2, "both have saved, no other has begun"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_study_side_by_side_gives_what_it_gives_in_turn(tmp_path):
    flags = ["--study=label_toy", "--scale=smoke"]
    command("reproduce", *flags, f"--runs={tmp_path / 'one'}", timeout=600, check=0)
    process = command("reproduce", *flags, f"--runs={tmp_path / 'two'}", "--jobs=2", timeout=600, check=0)
    assert "cgan_toy, seed 0: " in process.stderr and "NOT DECIDABLE" in process.stdout
    one, two = (
        json.loads((tmp_path / name / "label_toy-smoke" / "results" / "results.json").read_text())
        for name in ("one", "two")
    )
    for row, other in zip(one["rows"], two["rows"], strict=True):
        for column, cell in row["cells"].items():  # sums of one thread and of two are rounded differently
            np.testing.assert_allclose(other["cells"][column]["0"], cell["0"], rtol=1e-3, err_msg=column)
