"""Promises that every shipped experiment keeps, at tiny size: each gin/*.gin goes through the same tests."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.export import export
from idgan_tf.training import checkpoint
from idgan_tf.training.call import TrainingCall
from tests.helpers import GIN_FILES, build_tiny

pytestmark = pytest.mark.parametrize("gin_file", GIN_FILES)


def arrays(method):
    return {key: np.array(variable) for key, variable in checkpoint.state(method).items()}


def train(gin_file, folder, *counts, devices=1, **settings_changes):
    """Arrays and means after calls of `counts` steps."""
    strategy = tf.distribute.get_strategy()
    if devices > 1:
        strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(devices)])
    settings, method = build_tiny(gin_file, folder, strategy=strategy)
    for name, value in settings_changes.items():
        setattr(settings, name, value)
    call = TrainingCall(method, settings, strategy)
    for count in counts:
        assert call(count), "a value became non-finite"
    return method, arrays(method), call


def assert_same(a, b, rtol=0.0, atol=0.0):
    assert a.keys() == b.keys()
    for key in a:
        np.testing.assert_allclose(a[key], b[key], rtol=rtol, atol=atol, err_msg=key)


def test_a_step_moves_every_variable_of_a_player_and_nothing_else(gin_file, tmp_path):
    settings, method = build_tiny(gin_file, tmp_path)
    call = TrainingCall(method, settings, tf.distribute.get_strategy())
    moving = {id(variable.value) for player in method.players.values() for variable in player.variables}
    averages = {id(v.value) for name, network in method.networks.items() if "average" in name for v in network.variables}
    before = {
        (name, i): (variable, np.array(variable))
        for name, network in method.networks.items()
        for i, variable in enumerate(network.variables)
    }
    assert call(1)
    for key, (variable, old) in before.items():
        moved = not np.array_equal(old, variable)
        if id(variable.value) in moving:
            assert moved, f"{key} {variable.path} did not move"
        elif id(variable.value) not in averages:
            assert not moved, f"{key} {variable.path} moved and belongs to no player"
    assert all(np.isfinite(value) for value in call.means().values())


def test_a_checkpoint_restores_every_array_into_a_fresh_method(gin_file, tmp_path):
    method, trained, _ = train(gin_file, tmp_path / "a", 2)
    checkpoint.save(tmp_path / "a" / "checkpoints", checkpoint.state(method))
    _, fresh = build_tiny(gin_file, tmp_path / "b", "train.seed = 7")
    assert checkpoint.restore(tmp_path / "a" / "checkpoints", checkpoint.state(fresh)) == 2
    assert_same(trained, arrays(fresh))


def test_two_and_two_steps_are_four(gin_file, tmp_path):
    assert_same(train(gin_file, tmp_path / "a", 2, 2)[1], train(gin_file, tmp_path / "b", 4)[1])


def test_two_replicas_compute_what_one_does(gin_file, tmp_path):
    _, one, call_one = train(gin_file, tmp_path / "a", 2)
    _, two, call_two = train(gin_file, tmp_path / "b", 2, devices=2)
    assert_close(one, two)
    means_one, means_two = call_one.means(), call_two.means()
    for name in means_one:
        if name != "fake_spread":  # a statistic of the replica's own batch
            assert means_two[name] == pytest.approx(means_one[name], rel=1e-3, abs=1e-4), name


def test_xla_compiles_the_training_call_to_the_same_numbers(gin_file, tmp_path):
    _, plain, _ = train(gin_file, tmp_path / "a", 2)
    _, compiled, _ = train(gin_file, tmp_path / "b", 2, jit_compile=True)
    assert_close(plain, compiled)


def assert_close(a, b):
    """Equal but for rounding.

    Adam and RMSprop divide by the root of tiny squares in their first steps, which turns rounding of a
    near-zero gradient into a whole step. So nearly all weights must agree, and the mean must agree well.
    """
    assert a.keys() == b.keys()
    for key in a:
        if key.startswith("networks/"):
            wrong = ~np.isclose(a[key], b[key], rtol=1e-3, atol=1e-5)
            assert wrong.mean() < 0.01, f"{key}: {wrong.mean():.2%} differ"


def test_the_export_gives_what_the_method_gives(gin_file, tmp_path):
    _, method = build_tiny(gin_file, tmp_path)
    loaded = tf.saved_model.load(str(export(method, tmp_path / "export")))
    rng = np.random.default_rng(0)
    for name, (function, inputs) in method.signatures().items():
        values = [
            tf.constant(2, spec.dtype)
            if spec.dtype == tf.int32
            else tf.constant(rng.random([3 if size is None else size for size in spec.shape]), tf.float32)
            for spec in inputs
        ]
        ours = tf.nest.flatten(function(*values))
        theirs = tf.nest.flatten(getattr(loaded, name)(*values))
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=name)


def test_keras_files_hold_the_networks(gin_file, tmp_path):
    import keras

    _, method = build_tiny(gin_file, tmp_path)
    for name, network in method.networks.items():
        network.save(tmp_path / f"{name}.keras")
        loaded = keras.saving.load_model(tmp_path / f"{name}.keras", compile=False)
        for a, b in zip(network.variables, loaded.variables, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_same_seed_builds_the_same_weights(gin_file, tmp_path):
    one, two = (arrays(build_tiny(gin_file, tmp_path / name)[1]) for name in "ab")
    assert_same(one, two)
