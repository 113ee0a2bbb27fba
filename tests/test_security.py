"""What others give us is data: none of it runs. Archives and images: tests/data; the report: tests/visualize."""

import ast
import configparser
import pathlib

import keras
import pytest

from idgan_tf.config import Configuration
from idgan_tf.errors import CheckpointError, ConfigError
from idgan_tf.run_directory import Run
from idgan_tf.training import build
from tests.helpers import PROJECT, build_tiny, load_tiny

SOURCES = sorted(path for folder in ("idgan_tf", "bin") for path in (PROJECT / folder).rglob("*") if path.is_file())
SOURCES = [path for path in SOURCES if path.suffix == ".py" or path.parent.name == "bin"]
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "yaml"}


def nodes(kind):
    """(file, node) of every syntax node of a kind in the product."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kind):
                yield path.relative_to(PROJECT), node


def test_nothing_unpickles_or_reads_yaml():
    for path, node in nodes((ast.Import, ast.ImportFrom)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        assert not MODULES & {name.split(".")[0] for name in names}, f"{path}:{node.lineno}"


@pytest.mark.parametrize(
    ("argument", "allowed"), [("allow_pickle", False), ("safe_mode", True), ("skip_unknown", False), ("share", False)]
)
def test_no_argument_opens_a_door(argument, allowed):
    for path, node in nodes(ast.keyword):
        if node.arg == argument:
            assert isinstance(node.value, ast.Constant) and node.value.value is allowed, f"{path}:{node.value.lineno}"


def test_arrays_are_never_read_by_default_rules():
    """numpy's default would do today; it was another once."""
    for path, node in nodes(ast.Call):
        if ast.unparse(node.func) in ("np.load", "numpy.load"):
            assert "allow_pickle" in [keyword.arg for keyword in node.keywords], f"{path}:{node.lineno}"


def test_nothing_runs_text_extracts_archives_or_trusts_the_network_blindly():
    for path, node in nodes(ast.Call):
        called = ast.unparse(node.func)
        assert called not in ("eval", "exec", "os.system"), f"{path}:{node.lineno}"
        assert not called.endswith((".extractall", ".extract", ".unpack_archive")), f"{path}:{node.lineno}"
        assert not any(keyword.arg == "shell" for keyword in node.keywords), f"{path}:{node.lineno}"
    for path, node in nodes(ast.Constant):
        if isinstance(node.value, str):
            assert "DISABLE_CERT_VALIDATION" not in node.value, f"{path}:{node.lineno}"
            assert "0.0.0.0" not in node.value, f"{path}:{node.lineno}"
            here = path.name == "explore.py" and node.value == "http://"  # followed by 127.0.0.1
            assert not node.value.startswith("http://") or "w3.org" in node.value or here, f"{path}:{node.lineno}"


def test_keras_is_new_enough_for_its_safe_mode_to_be_safe():
    """CVE-2025-1550 and CVE-2025-9905 are mended in 3.12."""
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    assert "keras>=3.12" in setup["options"]["install_requires"]


def test_a_network_file_with_code_in_it_is_refused(tmp_path):
    trap = str(tmp_path / "sprung")
    build_tiny("tests/tiny/idgan.gin", tmp_path / "run")
    file = tmp_path / "run" / "networks" / "teacher_encoder.keras"
    code = keras.layers.Lambda(lambda x: (open(trap, "w").close(), x)[1])  # noqa: SIM115
    keras.Sequential([keras.Input((2,)), code]).save(file)
    pathlib.Path(trap).unlink()  # the trap works
    settings = load_tiny("tests/tiny/idgan.gin")
    with pytest.raises(CheckpointError, match="teacher_encoder.keras cannot be read"):
        build.method(settings, Run(tmp_path / "run"))
    assert not pathlib.Path(trap).exists()


@pytest.mark.parametrize("content", [b"", b"<html>quota exceeded</html>"])
def test_a_damaged_network_file_is_named(content, tmp_path):
    build_tiny("tests/tiny/idgan.gin", tmp_path / "run")
    (tmp_path / "run" / "networks" / "teacher_decoder.keras").write_bytes(content)
    settings = load_tiny("tests/tiny/idgan.gin")
    with pytest.raises(CheckpointError, match="teacher_decoder.keras cannot be read"):
        build.method(settings, Run(tmp_path / "run"))


def write(path, text):
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    "text", ["import os.path", "import idgan_tf_evil", "import tests.helpers", "import a as keras"]
)
def test_gin_files_import_this_project_and_keras_alone(tmp_path, text):
    with pytest.raises(ConfigError, match="--gin_allow_import"):
        Configuration([write(tmp_path / "x.gin", text)])
    with pytest.raises(ConfigError, match="--gin_allow_import"):
        inner = write(tmp_path / "inner.gin", text)
        Configuration([write(tmp_path / "outer.gin", f'include "{inner}"')])


def test_gin_files_import_what_they_may(tmp_path):
    Configuration([write(tmp_path / "x.gin", "import idgan_tf.methods.betavae\nimport keras.optimizers")])
    Configuration([write(tmp_path / "x.gin", "import tests.helpers")], allow_imports=["tests"])


@pytest.mark.parametrize("value", ["__import__('os').getpid()", "open('x')", "(lambda: 1)()", "1 + 1"])
def test_values_in_gin_files_are_literals(tmp_path, value):
    with pytest.raises(ConfigError):
        Configuration([write(tmp_path / "x.gin", f"import idgan_tf.training.build\ntrain.seed = {value}")])


def test_a_binding_twice_in_one_file_is_refused_and_in_two_files_the_later_wins(tmp_path):
    first = write(tmp_path / "first.gin", "import idgan_tf.training.build\ntrain.seed = 1\n")
    with pytest.raises(ConfigError, match=r"twice.gin:3 binds train.seed again"):
        Configuration([write(tmp_path / "twice.gin", "train.seed = 1\ntrain.batch_size = 4\ntrain.seed = 2\n")])
    second = Configuration([first, write(tmp_path / "second.gin", "train.seed = 2\n")])
    assert second.bindings_of("train")["seed"] == 2
    third = Configuration([write(tmp_path / "third.gin", f'include "{first}"\ntrain.seed = 3\n')])
    assert third.bindings_of("train")["seed"] == 3
