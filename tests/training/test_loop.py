"""What the loop does around the steps: evaluation, best and kept checkpoints, rolling back."""

import dataclasses
import signal
import types

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import NonFiniteError
from idgan_tf.run_directory import Run
from idgan_tf.run_log import read_metrics
from idgan_tf.training import checkpoint, loop
from idgan_tf.training.signals import Signals
from tests.helpers import build_tiny, load_tiny


def trained(folder, evaluate=None, **changes):
    """The run that a tiny beta-VAE leaves, with other settings."""
    run = Run(folder)
    run.path.mkdir(parents=True, exist_ok=True)
    changes = {"picture_every": 0, "save_every": 1000, **changes}
    settings = dataclasses.replace(load_tiny("tests/tiny/betavae.gin"), **changes)
    loop.train(run, settings, evaluate=evaluate)
    return run


def scores(*values):
    """An evaluation that gives these scores one after another."""
    remaining = list(values)

    def evaluate(method, dataset, names, seed, best_score):
        score = remaining.pop(0)
        return [{"fvm": score, "protocol": {"names": list(names)}}], score

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
    _, method = build_tiny("tests/tiny/betavae.gin", tmp_path)
    checkpoint.restore(run.checkpoints, checkpoint.state(method))
    np.testing.assert_allclose(rate(method), 0.5e-4)


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


def test_metrics_that_a_method_cannot_have_are_left_out(tmp_path):
    from idgan_tf.experiments import evaluate
    from tests.helpers import TinySprites

    _, method = build_tiny("tests/tiny/gan.gin", tmp_path)
    assert evaluate.during_training(method, TinySprites(), ["fvm", "mig"], 0, float("-inf")) == ([], float("-inf"))


@pytest.mark.parametrize(("name", "values", "best"), [("fvm", (0.5, 0.81, 0.75), 0.81), ("fid", (8.0, 4.1, 6.0), 4.1)])
def test_evaluations_name_the_best_value_so_far(monkeypatch, name, values, best):
    from idgan_tf.evaluation.metric import Result
    from idgan_tf.experiments import evaluate
    from tests.helpers import TinySprites

    remaining, best_score = list(values), float("-inf")
    metric = types.SimpleNamespace(face=lambda *_: Result({name: remaining.pop(0)}, {}))
    monkeypatch.setattr(evaluate, "find", lambda _: metric)
    for value in values:
        (record,), score = evaluate.during_training(None, TinySprites(), [name], 0, best_score)
        best_score = max(score, best_score)
        assert record[name] == value
    assert record[f"best_{name}"] == best
