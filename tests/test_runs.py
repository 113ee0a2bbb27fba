"""Loading runs changes nothing of its caller's, and runs that are loaded together do not disturb one another."""

import concurrent.futures
import random
import threading
import time

import gin
import keras
import numpy as np
import pytest
import tensorflow as tf
from gin import config as gin_config
from PIL import Image

from idgan_tf import runs
from idgan_tf.commands import visualize
from idgan_tf.config import Configuration, gin_state
from idgan_tf.run_directory import Run
from idgan_tf.training import checkpoint
from idgan_tf.visualize import rendering
from tests.helpers import build_tiny

MODULE = "import gin\n\n@gin.register\ndef nobodys(size=3):\n    return size\n"


def tiny_run(gin_file, folder, *bindings):
    settings, method = build_tiny(gin_file, folder, *bindings)
    run = Run(folder)
    run.config.write_text(settings.configuration.text)
    checkpoint.save(run.checkpoints, checkpoint.state(method))
    return run.path


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    return tiny_run("tests/tiny/betavae.gin", tmp_path_factory.mktemp("runs") / "vae", "LATENT_DIM = 5")


@pytest.fixture(scope="module")
def idgan(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "idgan"
    return tiny_run("tests/tiny/idgan.gin", folder, 'train.precision = "mixed_bfloat16"')


def load(path):
    return runs.load(path, allow_imports=["tests"])


def test_gin_is_as_before(vae):
    gin.bind_parameter("traversal.steps", 21)
    gin.bind_parameter("train.seed", 5)
    rendering.traversal_values(load(vae))  # the operative configuration has a line
    before, places = gin_state.now(), (gin_config._LOCATION_PREFIXES[:], gin_config._FILE_READERS[:])
    gin.finalize()
    with gin.config_scope("mine"):
        load(vae)
        assert gin.current_scope() == ["mine"]
    assert gin.config_is_locked()
    with gin.unlock_config():
        assert gin_state.now()[:4] == before[:4] and before[1]
        assert places == (gin_config._LOCATION_PREFIXES, gin_config._FILE_READERS)
        assert gin.query_parameter("traversal.steps") == 21
    gin.clear_config()


def draws():
    return random.random(), np.random.rand(), float(tf.random.normal([])), float(keras.random.normal([]))


def test_random_numbers_go_on_as_if_nothing_had_been_loaded(vae):
    keras.utils.set_random_seed(5)
    expected = [draws(), draws()]
    keras.utils.set_random_seed(5)
    assert draws() == expected[0]
    load(vae)
    assert draws() == expected[1] != expected[0]


def test_the_precision_of_new_layers_stays_that_of_the_caller_and_a_run_has_its_own(vae, idgan):
    before = keras.config.dtype_policy()
    try:
        for name in ("mixed_bfloat16", "float32"):
            keras.config.set_dtype_policy(name)
            methods = load(vae), load(idgan)
            assert keras.config.dtype_policy().name == name
            assert [
                m.networks[n].dtype_policy.name for m, n in zip(methods, ("decoder", "generator"), strict=True)
            ] == [
                "float32",
                "mixed_bfloat16",
            ]
    finally:
        keras.config.set_dtype_policy(before)


def registered():
    return set(gin_config._REGISTRY._selector_map)


def test_gin_knows_the_names_of_the_modules_that_a_run_imports_and_no_others(vae, tmp_path, monkeypatch):
    (tmp_path / "nobodys_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    load(vae)
    known = registered()
    config = (vae / "config.gin").read_text()
    (vae / "config.gin").write_text(f"import nobodys_module\nnobodys.size = 4\n{config}")
    for _ in range(2):
        runs.load(vae, allow_imports=["tests", "nobodys_module"])
        assert registered() - known == {"nobodys_module.nobodys"}
    (vae / "config.gin").write_text(config)
    assert gin.get_configurable("nobodys")() == 3, "what the run bound is bound no more"


def test_two_runs_are_used_in_turn_and_give_what_each_gives_alone(vae, idgan):
    def made(method):
        images = np.random.default_rng(0).random([6, *method.image_shape], np.float32)
        mean, logvar = method.encode(images)
        return [np.asarray(x, np.float32) for x in (mean, logvar, method.render(mean))]

    alone = [made(load(path)) for path in (vae, idgan)]
    assert alone[0][0].shape != alone[1][0].shape
    together = [load(path) for path in (vae, idgan)]
    for _ in range(2):
        for method, expected in zip(together, alone, strict=True):
            for ours, theirs in zip(made(method), expected, strict=True):
                np.testing.assert_array_equal(ours, theirs)


def test_figures_of_a_command_have_its_bindings_and_the_next_command_has_not(vae, idgan):
    widths = []
    for binding in (["--gin_param=traversal.steps = 21"], []):
        visualize.FLAGS.unparse_flags()
        runs_of_it = [f"--run_dir={path}" for path in (idgan, vae)]
        visualize.FLAGS(["visualize", *runs_of_it, "--figures=traversal", "--gin_allow_import=tests", *binding])
        visualize.main()
        pictures = [Image.open(path / "figures" / "traversal.png") for path in (idgan, vae)]
        widths.append([picture.width for picture in pictures])
    assert all(more > 2.5 * fewer for more, fewer in zip(*widths, strict=True)), widths
    assert gin_state.now() == gin_state.EMPTY


def test_a_callers_configuration_may_be_locked():
    """gin.parse_config_files_and_bindings locks it."""
    gin.parse_config("")
    gin.finalize()
    loaded = runs.load("pretrained:label_digits")
    assert loaded.image_shape == (8, 8, 1) and gin.config_is_locked()


def test_one_thread_has_gin_and_another_waits_and_says_so(monkeypatch, caplog):
    monkeypatch.setattr(gin_state, "PATIENCE", 0.01)
    first, second = (Configuration([], [f"traversal.steps = {steps}"]) for steps in (5, 9))
    seen, began = [], threading.Event()

    def other():
        began.set()
        with second.in_force():
            seen.append(gin.query_parameter("traversal.steps"))

    thread = threading.Thread(target=other)
    with first.in_force(), first.in_force():  # the same thread may come again
        thread.start()
        began.wait()
        time.sleep(0.2)
        assert gin.query_parameter("traversal.steps") == 5 and not seen
    thread.join()
    assert seen == [9] and "waiting for another thread" in caplog.text
    assert gin_state.now() == gin_state.EMPTY


def test_threads_load_runs_at_once_and_each_gets_its_own(vae, idgan):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        methods = list(pool.map(load, [vae, idgan] * 3))
    assert [(type(method).__name__, method.code_dim) for method in methods] == [("BetaVAE", 5), ("IDGAN", 10)] * 3
    assert gin_state.now() == gin_state.EMPTY
