"""What the loop does around the steps: evaluation, best and kept checkpoints, rolling back."""

import concurrent.futures
import contextlib
import dataclasses
import json
import shutil
import signal
import types

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.files import write_text
from idgan_tf.run_directory import Run
from idgan_tf.run_log import read_metrics
from idgan_tf.training import checkpoint, loop
from idgan_tf.training.signals import Signals
from tests.helpers import build_tiny, load_tiny


def trained(folder, evaluate=None, draw=None, **changes):
    """The run that a tiny beta-VAE leaves, with other settings."""
    run = Run(folder)
    run.path.mkdir(parents=True, exist_ok=True)
    changes = {"picture_every": 0, "save_every": 1000, **changes}
    settings = dataclasses.replace(load_tiny("tests/tiny/betavae.gin"), **changes)
    loop.train(run, settings, draw, evaluate)
    return run


def scores(*values):
    """An evaluation that gives these scores one after another."""
    remaining = list(values)

    def evaluate(method, dataset, names, seed, best):
        score = remaining.pop(0)
        return [{"fvm": score, "protocol": {"names": list(names)}}], ("fvm", max(score, best[1]))

    return evaluate


def test_the_best_checkpoint_is_kept_beside_the_newest_and_every_score_is_written(tmp_path):
    run = trained(tmp_path / "run", scores(0.1, 0.6, 0.3), num_steps=6, evaluate_every=2, metrics=("fvm",))
    assert checkpoint.steps(run.best) == [4]
    assert checkpoint.steps(run.checkpoints) == [6]
    lines = [record for record in read_metrics(run.metrics) if "fvm" in record]
    assert [(line["step"], line["fvm"]) for line in lines] == [(2, 0.1), (4, 0.6), (6, 0.3)]
    assert lines[0]["protocol"] == {"names": ["fvm"]}


def test_a_continued_run_remembers_its_best_score(tmp_path):
    trained(tmp_path / "run", scores(0.5, 0.9), num_steps=4, evaluate_every=2)
    run = trained(tmp_path / "run", scores(0.7, 0.8), num_steps=8, evaluate_every=2)
    assert checkpoint.steps(run.best) == [4]


def test_pictures_and_metrics_that_fail_cost_a_warning_and_the_best_score_stays_exact(tmp_path, caplog):
    told, left = [], [0.5, None, 0.4, None]

    def evaluate(method, dataset, names, seed, best):
        told.append(best[1])
        score = left.pop(0)
        return [{"fvm": score, "protocol": {}}], ("fvm", max(best[1], 1 / score - 2 + score))  # fails without a score

    def draw(method, dataset):
        raise RuntimeError("no such colour")

    how = {"evaluate_every": 2, "save_every": 2, "picture_every": 4}
    trained(tmp_path / "run", evaluate, draw, num_steps=4, **how)
    run = trained(tmp_path / "run", evaluate, draw, num_steps=8, **how)
    assert checkpoint.steps(run.checkpoints) == [4, 6, 8] and run.steps_done() == 8
    assert [(line["step"], line["fvm"]) for line in read_metrics(run.metrics) if "fvm" in line] == [(2, 0.5), (6, 0.4)]
    assert told == [float("-inf"), 0.5, 0.5, pytest.approx(0.9)] and checkpoint.steps(run.best) == [6]
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings[0] == "warning: the pictures of step 4 failed: RuntimeError: no such colour"
    assert warnings[1].startswith("warning: the metrics of step 4 failed: TypeError: unsupported operand")
    assert warnings[2] == f"pictures or metrics failed 2 times; the first: {warnings[0].removeprefix('warning: ')}"


def test_a_kill_shows_neither_in_tensorboard_nor_in_the_lines(tmp_path):
    """The line of step 4 is the mean over steps on both sides of it."""
    run = trained(tmp_path / "run", num_steps=6, save_every=3, log_every=2)
    before = read_metrics(run.metrics)
    shutil.rmtree(run.checkpoints / "step-00000006")  # as if it had been killed before its last save
    trained(tmp_path / "run", num_steps=6, save_every=3, log_every=2)
    shown = EventAccumulator(str(run.tensorboard)).Reload()
    assert [event.step for event in shown.Tensors("vae/nll")] == [2, 4, 6] == [record["step"] for record in before]
    assert read_metrics(run.metrics) == before


def test_sums_of_what_an_earlier_version_logged_are_forgotten(tmp_path):
    run = trained(tmp_path / "run", num_steps=6, log_every=4, save_every=3)
    shutil.rmtree(run.checkpoints / "step-00000006")  # step 3 is in the midst of a line
    lines = read_metrics(run.metrics)
    write_text(run.metrics, json.dumps({"step": 1, **dict.fromkeys(list(lines[0])[:0:-1], 0.0)}) + "\n")
    trained(tmp_path / "run", num_steps=6, log_every=4, save_every=3)
    (_, fresh, last), (of_four, of_two) = read_metrics(run.metrics), lines
    assert last == of_two and fresh["step"] == 4 and fresh["nll"] != of_four["nll"], "of step 4 alone"


def test_a_training_may_run_in_a_thread(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        run = pool.submit(trained, tmp_path / "run", num_steps=2).result()
    assert run.steps_done() == 2


def test_a_run_that_went_beyond_the_steps_that_are_asked_is_refused(tmp_path):
    run, settings = Run(tmp_path), load_tiny("tests/tiny/betavae.gin")  # of 20 steps
    loop.require_no_more(run, settings)
    for step, allowed in ((20, True), (21, False)):
        write_text(run.done, f'{{"step": {step}}}')
        with (
            contextlib.nullcontext()
            if allowed
            else pytest.raises(ConfigError, match="for 21 steps, longer than the 20")
        ):
            loop.require_no_more(run, settings)


def test_multiples_of_keep_every_outlive_the_newest_three(tmp_path):
    run = trained(tmp_path / "run", num_steps=10, save_every=1, keep_every=3)
    assert checkpoint.steps(run.checkpoints) == [3, 6, 8, 9, 10]


def test_a_method_is_asked_once_what_it_foresees_for_so_many_steps(tmp_path, monkeypatch, caplog):
    from idgan_tf.methods.betavae import BetaVAE

    asked = []
    monkeypatch.setattr(BetaVAE, "foresee", lambda self, n: asked.append(n) or [f"{n} steps are too few"])
    trained(tmp_path / "run", num_steps=3, log_every=1)
    assert asked == [3]
    assert [r.getMessage() for r in caplog.records if r.levelname == "WARNING"] == ["3 steps are too few"]


@pytest.fixture
def poisoned(monkeypatch):
    """Makes the loss of a beta-VAE NaN at one step, once or always."""
    from idgan_tf.methods.betavae import BetaVAE

    def poison(step, when):
        honest = BetaVAE.train_step

        def train_step(self, batch, seed):
            values = honest(self, batch, seed)
            bad = tf.logical_and(tf.equal(self.step, step), when(self))
            return {**values, "nll": tf.where(bad, np.nan, values["nll"])}

        monkeypatch.setattr(BetaVAE, "train_step", train_step)

    return poison


def rate(method):
    return method.players["vae"].optimizer.learning_rate


def test_a_non_finite_value_goes_back_and_on_with_a_lower_rate(tmp_path, poisoned):
    poisoned(5, lambda method: rate(method) > 0.9e-4)  # heals once the rate is halved
    run = trained(tmp_path / "run", num_steps=8, save_every=3, log_every=1, rollbacks=2)
    assert [record["step"] for record in read_metrics(run.metrics)] == list(range(1, 9))
    shown = EventAccumulator(str(run.tensorboard)).Reload()
    assert [event.step for event in shown.Tensors("vae/nll")] == list(range(1, 9))
    _, method = build_tiny("tests/tiny/betavae.gin", tmp_path)
    checkpoint.restore(run.checkpoints, checkpoint.state(method))
    np.testing.assert_allclose(rate(method), 0.5e-4)


def test_going_back_keeps_the_best_checkpoint_and_its_score_until_one_is_better(tmp_path, poisoned):
    poisoned(5, lambda method: rate(method) > 0.9e-4)
    told, before, after = [], {2: 0.1, 3: 0.2, 4: 0.6, 5: 0.9}, {4: 0.5, 5: 0.8, 6: 0.7, 7: 1.0}

    def evaluate(method, dataset, names, seed, best):
        told.append(best[1])
        score = (before if rate(method) > 0.9e-4 else after)[int(method.step.numpy())]
        return [{"fvm": score, "protocol": {}}], ("fvm", max(score, best[1]))

    how = {"save_every": 3, "log_every": 1, "evaluate_every": 1, "rollbacks": 1}
    before[1] = 0.0
    run = trained(tmp_path / "run", evaluate, num_steps=6, **how)
    assert told == [float("-inf"), 0.0, 0.1, 0.2, 0.6, 0.9, 0.9, 0.9] and checkpoint.steps(run.best) == [5]
    trained(tmp_path / "run", evaluate, num_steps=7, **how)
    assert checkpoint.steps(run.best) == [7]


def test_another_metric_has_a_best_of_its_own(tmp_path, monkeypatch):
    from idgan_tf.evaluation.metric import Result, require_available
    from idgan_tf.experiments import evaluate
    from tests.helpers import TinySprites

    values = {"explicitness": 0.9, "mig": 0.1, "fid": 30.0}

    def metric(name):
        def face(*_):
            require_available(name in values, "not now")
            return Result({name: values[name]}, {})

        return types.SimpleNamespace(face=face)

    monkeypatch.setattr(evaluate, "find", metric)
    for step, name in ((2, "explicitness"), (4, "mig"), (6, "fid")):
        run = trained(tmp_path / "run", evaluate.during_training, num_steps=step, evaluate_every=2, metrics=(name,))
        assert checkpoint.steps(run.best) == [step]
        assert read_metrics(run.metrics)[-1][f"best_{name}"] == values[name]
    best = evaluate.during_training(None, TinySprites(), ["udr", "mig"], 0, ("udr", 0.7))[1]
    assert best == ("udr", 0.7), "one that cannot be had at this step begins nothing"


@pytest.mark.fault
def test_rolling_back_ends_after_the_allowed_number(tmp_path, poisoned, caplog):
    poisoned(5, lambda method: True)
    with pytest.raises(NonFiniteError, match="nll became non-finite by step 6; the checkpoint of step 3 is kept"):
        trained(tmp_path / "run", num_steps=8, save_every=3, log_every=1, rollbacks=2)
    assert checkpoint.steps(tmp_path / "run" / "checkpoints") == [3]


@pytest.mark.fault
def test_without_rollbacks_a_non_finite_value_ends_the_run(tmp_path, poisoned):
    poisoned(5, lambda method: True)
    with pytest.raises(NonFiniteError, match="nll became non-finite by step 6; the checkpoint of step 3 is kept"):
        trained(tmp_path / "run", num_steps=8, save_every=3, log_every=1)


@pytest.mark.fault
def test_each_rollback_lowers_the_rate_further(tmp_path, poisoned):
    poisoned(5, lambda method: rate(method) > 0.4e-4)  # heals at a quarter
    run = trained(tmp_path / "run", num_steps=8, save_every=3, log_every=1, rollbacks=2)
    _, method = build_tiny("tests/tiny/betavae.gin", tmp_path)
    checkpoint.restore(run.checkpoints, checkpoint.state(method))
    np.testing.assert_allclose(rate(method), 0.25e-4)


def test_weights_that_became_non_finite_are_never_saved(tmp_path, monkeypatch):
    from idgan_tf.methods.betavae import BetaVAE

    honest = BetaVAE.train_step

    def train_step(self, batch, seed):
        values = honest(self, batch, seed)
        bias = self.decoder.trainable_variables[-1]
        bias.assign(tf.where(tf.equal(self.step, 5), np.nan, bias))  # the values reported are from before
        return values

    monkeypatch.setattr(BetaVAE, "train_step", train_step)
    with pytest.raises(NonFiniteError, match="non-finite by step 6; the checkpoint of step 3 is kept"):
        trained(tmp_path / "run", num_steps=6, save_every=3, log_every=3)
    assert checkpoint.steps(tmp_path / "run" / "checkpoints") == [3]


def test_a_second_signal_ends_the_process_at_once(monkeypatch):
    codes = []
    monkeypatch.setattr("os._exit", codes.append)
    with Signals() as signals:
        signal.raise_signal(signal.SIGTERM)
        assert signals.received == signal.SIGTERM and not codes
        signal.raise_signal(signal.SIGINT)
    assert codes == [130]


def test_a_terminal_that_closes_ends_a_training_unless_it_is_told_not_to(monkeypatch):
    before = signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with Signals() as signals:
            signal.raise_signal(signal.SIGHUP)
            assert signals.received == signal.SIGHUP
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
        with Signals() as signals:
            signal.raise_signal(signal.SIGHUP)
            assert not signals.received
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_metrics_that_a_method_cannot_have_are_left_out(tmp_path):
    from idgan_tf.experiments import evaluate
    from tests.helpers import TinySprites

    _, method = build_tiny("tests/tiny/gan.gin", tmp_path)
    assert evaluate.during_training(method, TinySprites(), ["fvm", "mig"], 0, ("mig", 0.5)) == ([], ("mig", 0.5))


@pytest.mark.parametrize(("name", "values", "best"), [("fvm", (0.5, 0.81, 0.75), 0.81), ("fid", (8.0, 4.1, 6.0), 4.1)])
def test_evaluations_name_the_best_value_so_far(monkeypatch, name, values, best):
    from idgan_tf.evaluation.metric import Result
    from idgan_tf.experiments import evaluate
    from tests.helpers import TinySprites

    remaining, so_far = list(values), (None, float("-inf"))
    metric = types.SimpleNamespace(face=lambda *_: Result({name: remaining.pop(0)}, {}))
    monkeypatch.setattr(evaluate, "find", lambda _: metric)
    for value in values:
        (record,), so_far = evaluate.during_training(None, TinySprites(), [name], 0, so_far)
        assert record[name] == value
    assert record[f"best_{name}"] == best and so_far == (name, best if name == "fvm" else -best)
