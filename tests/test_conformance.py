"""Promises that every method keeps, at tiny size: its gin file, as shipped, goes through the same tests."""

import functools
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.export import export
from idgan_tf.training import build, checkpoint
from idgan_tf.training.call import TrainingCall
from tests.helpers import build_tiny

# One experiment of these methods goes through all of it; all others at least parse (test_gin_files.py).
GIN_FILES = [
    f"gin/{method}_dsprites.gin"
    for method in ("betavae", "factorvae", "gan", "idgan", "idgan_end2end", "vaegan", "factor_classifier")
]
SLOW_GIN_FILES = [
    f"gin/{stem}.gin"
    for stem in ("betatcvae_dsprites", "infogan_dsprites", "ibgan_dsprites", "label_relevant_vae_cifar10")
]
of_every_method = pytest.mark.parametrize(
    "gin_file", [*GIN_FILES, *(pytest.param(gin_file, marks=pytest.mark.slow) for gin_file in SLOW_GIN_FILES)]
)


def arrays(method):
    return {key: np.array(variable) for key, variable in checkpoint.state(method).items()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """gin file -> what four plain steps, in two calls, did: made once for all tests of a file."""

    @functools.cache
    def run(gin_file):
        folder = tmp_path_factory.mktemp("plain")
        settings, method = build_tiny(gin_file, folder)
        start = arrays(method)
        call, state = prepare(method, settings)
        assert call(2), "a value became non-finite"
        checkpoint.save(folder / "checkpoints", state)
        assert call(2), "a value became non-finite"
        return types.SimpleNamespace(
            folder=folder,
            method=method,
            start=start,
            end=arrays(method),
            sums=call.sums.numpy(),
            names=call.names,
        )

    return run


def prepare(method, settings, strategy=None):
    """(training call, state) with an epsilon that makes small updates proportional to their gradients.

    Adam and RMSprop divide by the root of tiny squares in their first steps, which turns the rounding of a gradient
    near zero into a whole step: no two ways of computing the same thing would agree.
    """
    for player in method.players.values():
        player.optimizer.epsilon = 1e-5
    call = TrainingCall(method, settings, strategy or tf.distribute.get_strategy())
    return call, checkpoint.state(method, sums=call.sums)


@of_every_method
def test_steps_move_every_variable_of_a_player_and_nothing_else(gin_file, plain):
    run = plain(gin_file)
    moving = {id(variable.value) for player in run.method.players.values() for variable in player.variables}
    for name, network in run.method.networks.items():
        for i, variable in enumerate(network.variables):
            key = f"networks/{name}/{i:03d}"
            moved = not np.array_equal(run.start[key], run.end[key])
            if id(variable.value) in moving:
                assert moved, f"{key} {variable.path} did not move"
            elif variable.trainable and not name.startswith("average_"):  # statistics of normalisations may move
                assert not moved, f"{key} {variable.path} moved and belongs to no player"
    assert np.all(np.isfinite(run.sums))


@of_every_method
def test_a_fresh_method_continues_from_a_checkpoint_to_the_same_arrays(gin_file, plain):
    run = plain(gin_file)
    settings, fresh = build_tiny(gin_file, run.folder, "train.seed = 0")
    fresh.step.assign(99)
    call, state = prepare(fresh, settings)
    assert checkpoint.restore(run.folder / "checkpoints", state) == 2
    assert call(2)
    for key, value in arrays(fresh).items():
        np.testing.assert_array_equal(value, run.end[key], err_msg=key)
    np.testing.assert_array_equal(call.sums.numpy(), run.sums)


@of_every_method
def test_two_replicas_compute_what_one_does(gin_file, plain, tmp_path):
    assert_same_training(plain(gin_file), *build_tiny(gin_file, tmp_path, strategy=build.strategy()), build.strategy())


@pytest.mark.parametrize(  # compiling takes half a minute for each method
    "gin_file",
    [
        gin_file if "/idgan_dsprites" in gin_file else pytest.param(gin_file, marks=pytest.mark.slow)
        for gin_file in GIN_FILES
    ],
)
def test_xla_compiles_the_training_call_to_the_same_numbers(gin_file, plain, tmp_path):
    settings, method = build_tiny(gin_file, tmp_path)
    settings.jit_compile = True
    assert_same_training(plain(gin_file), settings, method, None)


def assert_same_training(run, settings, method, strategy):
    """Four steps of `method` move every weight as in the plain run, to rounding, and report the same values."""
    call, _ = prepare(method, settings, strategy)
    assert call(4)
    end = arrays(method)
    for name, network in method.networks.items():
        keys = [f"networks/{name}/{i:03d}" for i in range(len(network.variables))]
        expected, found = (np.concatenate([(x[k] - run.start[k]).ravel() for k in keys]) for x in (run.end, end))
        difference = np.linalg.norm(found - expected)
        assert difference <= 0.02 * np.linalg.norm(expected) + 1e-6, f"{name}: {difference}"
    for name, ours, theirs in zip(run.names, call.sums.numpy(), run.sums, strict=False):
        if name != "fake_spread":  # a statistic of the replica's own batch
            assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-4), name


@of_every_method
def test_the_export_gives_what_the_method_gives(gin_file, plain, tmp_path):
    method = plain(gin_file).method
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


@of_every_method
def test_keras_files_hold_the_networks(gin_file, plain, tmp_path):
    method = plain(gin_file).method
    for name, network in method.networks.items():
        network.save(tmp_path / f"{name}.keras")
        loaded = keras.saving.load_model(tmp_path / f"{name}.keras", compile=False)
        for a, b in zip(network.variables, loaded.variables, strict=True):
            np.testing.assert_array_equal(a, b)


@of_every_method
def test_the_same_seed_builds_the_same_weights_and_another_does_not(gin_file, plain, tmp_path):
    run = plain(gin_file)
    _, same = build_tiny(gin_file, run.folder)
    _, other = build_tiny(gin_file, run.folder, "train.seed = 7")
    trained = f"networks/{next(iter(same.players.values())).networks[0].name}/000"
    np.testing.assert_array_equal(arrays(same)[trained], run.start[trained])
    assert not np.array_equal(arrays(other)[trained], run.start[trained])
