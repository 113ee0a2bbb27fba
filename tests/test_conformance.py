"""Promises that every method keeps: with tiny networks (tests/tiny/), and some with those that its gin file ships."""

import functools
import re
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.export.saved_model import export
from idgan_tf.training import build, checkpoint
from idgan_tf.training.call import TrainingCall
from tests.helpers import TINY_METHODS, build_tiny

# One of each kind runs always, every method and some shipped experiments with -m slow; all at least parse
# (test_gin_files.py).
ALWAYS = ("betavae", "factorvae", "idgan", "ibgan", "label_relevant_vae")
GIN_FILES = [f"tests/tiny/{name}.gin" for name in (*ALWAYS, *(name for name in TINY_METHODS if name not in ALWAYS))]
SHIPPED = [
    f"gin/{name}_dsprites.gin"
    for name in ("betavae", "factorvae", "gan", "idgan", "idgan_end2end", "vaegan", "factor_classifier")
    + ("betatcvae", "infogan", "ibgan")
]

FINE_TUNING = "tests/tiny/unlabelled_label_vae.gin"
AT_REST = {FINE_TUNING: "embedding/kernel"}  # of labels, where no image has one


def parameters(gin_files, always):
    """`gin_files` for pytest, of which all but those `always` are slow."""
    return [name if name in always else pytest.param(name, marks=pytest.mark.slow) for name in gin_files]


of_every_method = pytest.mark.parametrize("gin_file", parameters([*GIN_FILES, *SHIPPED], GIN_FILES[: len(ALWAYS)]))


def arrays(method):
    return {key: np.array(variable) for key, variable in checkpoint.state(method).items()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """gin file -> what plain steps, in two calls, did: made once for all tests of a file."""

    @functools.cache
    def run(gin_file):
        folder = tmp_path_factory.mktemp("plain")
        settings, method = build_tiny(gin_file, folder)
        start = arrays(method)
        call, state = prepare(method, settings)
        assert call(steps(gin_file) // 2), "a value became non-finite"
        checkpoint.save(folder / "checkpoints", state)
        assert call(steps(gin_file) // 2), "a value became non-finite"
        return types.SimpleNamespace(
            folder=folder,
            method=method,
            start=start,
            end=arrays(method),
            sums=call.sums.numpy(),
            names=call.names,
        )

    return run


def steps(gin_file):
    """How many steps its tests take: with tiny networks they cost nothing."""
    return 20 if gin_file in GIN_FILES else 4


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
            if variable.path.endswith(AT_REST.get(gin_file, "-")):
                assert not moved, f"{key} {variable.path} moved"
            elif id(variable.value) in moving:
                assert moved, f"{key} {variable.path} did not move"
            elif variable.trainable and not name.startswith("average_"):  # statistics of normalisations may move
                assert not moved, f"{key} {variable.path} moved and belongs to no player"
    assert np.all(np.isfinite(run.sums))
    steps = int(run.method.step)
    updates = {name: int(player.optimizer.iterations) / steps for name, player in run.method.players.items()}
    assert updates == {name: player.updates for name, player in run.method.players.items()}


@pytest.mark.parametrize("gin_file", parameters(GIN_FILES, GIN_FILES[: len(ALWAYS)]))
def test_a_step_trains_in_training_mode_and_only_looks_through_what_is_frozen(gin_file, tmp_path, monkeypatch):
    settings, method = build_tiny(gin_file, tmp_path)
    seen, honest = [], keras.Sequential.call

    @functools.wraps(honest)
    def spy(self, inputs, training=None, **settings):
        seen.append((id(self), bool(training)))
        return honest(self, inputs, training=training, **settings)

    monkeypatch.setattr(keras.Sequential, "call", spy)  # every tiny network has one
    method.train_step(settings.dataset.take(np.arange(settings.batch_size)), tf.constant([3, 5]))
    networks = [network for player in method.players.values() for network in player.networks]
    moving = {id(part) for each in networks for part in each._flatten_layers() if isinstance(part, keras.Sequential)}
    assert moving <= {part for part, _ in seen}, "a network that learns was not asked"
    assert all(training == (part in moving) for part, training in seen)
    frozen = [each for name, each in method.networks.items() if name.startswith("teacher_") and each not in networks]
    assert not any(each.trainable_variables for each in frozen)


@of_every_method
def test_a_fresh_method_continues_from_a_checkpoint_to_the_same_arrays(gin_file, plain):
    run = plain(gin_file)
    settings, fresh = build_tiny(gin_file, run.folder)
    call, state = prepare(fresh, settings)
    spoil(state)
    assert checkpoint.restore(run.folder / "checkpoints", state) == steps(gin_file) // 2
    assert call(steps(gin_file) // 2)
    for key, value in arrays(fresh).items():
        np.testing.assert_array_equal(value, run.end[key], err_msg=key)
    np.testing.assert_array_equal(call.sums.numpy(), run.sums)


def spoil(state):
    """Overwrites every variable, so that what a checkpoint leaves out cannot be right by chance."""
    for variable in state.values():
        variable.assign(tf.fill(variable.shape, tf.cast(77, variable.dtype)))


@of_every_method
def test_everything_that_a_method_holds_is_in_its_checkpoint(gin_file, plain):
    """By looking at every object that can be reached from it, not by knowing what to look for."""
    method = plain(gin_file).method
    saved = {id(each) for variable in checkpoint.state(method).values() for each in (variable, raw(variable))}
    missing = [getattr(v, "path", v.name) for v in reachable(method) if not {id(v), id(raw(v))} & saved]
    assert not missing
    saved.discard(id(method.step))
    assert [v for v in reachable(method) if not {id(v), id(raw(v))} & saved] == [method.step]  # it would be missed


def raw(variable):
    """The TensorFlow variable under a Keras one."""
    return getattr(variable, "value", variable) if isinstance(variable, keras.Variable) else variable


def reachable(method):
    """All variables that attributes, lists and dicts lead to from a method, optimizers and their slots included."""
    found, seen, stack = [], set(), [method]
    while stack:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, (str, bytes, int, float, np.ndarray, type, types.ModuleType)):
            continue
        seen.add(id(thing))
        if isinstance(thing, (keras.Variable, tf.Variable)):
            found.append(thing)
        elif isinstance(thing, dict):
            stack += [*thing.values()]
        elif isinstance(thing, (list, tuple, set)):
            stack += [*thing]
        elif type(thing).__module__.split(".")[0] in ("keras", "idgan_tf", "tests") and hasattr(thing, "__dict__"):
            stack += [*vars(thing).values()]
    return found


@of_every_method
def test_what_it_explains_is_what_it_reports(gin_file, plain):
    run = plain(gin_file)
    assert run.method.meanings.keys() <= set(run.names)


@of_every_method
def test_tensorboard_shows_every_value_in_the_group_of_a_player(gin_file, plain):
    run = plain(gin_file)
    tags = [run.method.tag(name) for name in run.names]
    assert len(set(tags)) == len(tags) and {tag.split("/")[0] for tag in tags} <= run.method.players.keys()
    assert run.method.owners.keys() <= {re.sub(r"_[0-9]+$", "", name) for name in run.names}, "nobody reports that"
    assert set(run.method.owners.values()) <= run.method.players.keys()


@of_every_method
def test_two_replicas_compute_what_one_does(gin_file, plain, tmp_path):
    """Synchronised statistics included: the tiny networks have batch normalisation, and epochs end within steps."""
    run = plain(gin_file)
    settings, method = build_tiny(gin_file, run.folder, strategy=build.strategy())
    if gin_file in SHIPPED:
        assert_same_training(run, settings, method, build.strategy())
        return
    call, _ = prepare(method, settings, build.strategy())
    assert call(steps(gin_file))
    end = arrays(method)
    for name, network in method.networks.items():
        found, expected = (joined(x, name, network) for x in (end, run.end))
        difference = np.linalg.norm(found - expected) / np.linalg.norm(expected)
        assert difference <= 1e-5, f"{name}: {difference}"
    for name, ours, theirs in zip(run.names, call.sums.numpy(), run.sums, strict=False):
        if name != "fake_spread":  # a statistic of the replica's own batch
            assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-5), name


def joined(state, name, network):
    """All weights of a network in {key: array}, as one vector."""
    return np.concatenate([state[f"networks/{name}/{i:03d}"].ravel() for i in range(len(network.variables))])


@pytest.mark.parametrize("gin_file", parameters(["tests/tiny/idgan.gin", *SHIPPED[:7]], ["tests/tiny/idgan.gin"]))
def test_xla_compiles_the_training_call_to_the_same_numbers(gin_file, plain, tmp_path):
    settings, method = build_tiny(gin_file, tmp_path)
    settings.jit_compile = True
    assert_same_training(plain(gin_file), settings, method, None)


def assert_same_training(run, settings, method, strategy):
    """The steps of `method` move every weight as in the plain run, to rounding, and report the same values."""
    call, _ = prepare(method, settings, strategy)
    assert call(int(run.method.step.numpy()))
    end = arrays(method)
    for name, network in method.networks.items():
        start, expected, found = (joined(x, name, network) for x in (run.start, run.end, end))
        expected, found = expected - start, found - start
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
    for name, (function, inputs, _) in method.signatures().items():
        for count, length in ((3, 5), (1, 1), (5, 0)):  # any batch, and any number of values
            values = [
                tf.constant(2, tf.int32, shape)
                if each.dtype == tf.int32
                else tf.constant(rng.random(shape), tf.float32)
                for each in inputs
                for any_number in [length if each.name == "values" else count]
                for shape in [[any_number if size is None else size for size in each.shape]]
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
    if gin_file != FINE_TUNING:  # which has all its weights from the first stage
        assert not np.array_equal(arrays(other)[trained], run.start[trained])
