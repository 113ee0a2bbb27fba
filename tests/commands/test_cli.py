"""What all commands share, where no command shows it better."""

import importlib
import os
import pkgutil
import subprocess
import sys

import pytest

from idgan_tf import commands
from idgan_tf.commands import cli
from tests.helpers import PROJECT

TALKS = """
import sys, unittest.mock
sys.modules["tensorflow"] = unittest.mock.MagicMock()  # takes seconds, and is not what this is about
from idgan_tf.commands import cli
cli.run(lambda: print("x" * 100_000), "usage", cli.flags_of())
"""


@pytest.mark.parametrize("arguments", [("bin/evaluate", "--help"), ("-c", TALKS)], ids=["help", "output"])
def test_a_command_whose_reader_has_gone_ends_quietly_like_others(arguments):
    """As `| head` ends once it has seen enough."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.run(
            [sys.executable, *arguments], cwd=PROJECT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=240
        )
    finally:
        os.close(writer)
    assert (process.returncode, process.stderr) == (141, "")


ENDS = """
import errno, os, sys, types
sys.modules["tensorflow"] = types.SimpleNamespace(config=types.SimpleNamespace(list_physical_devices=list))
from idgan_tf.commands import cli

class ResourceExhaustedError(Exception):  # as TensorFlow's
    pass

def main():
    raise {error}

cli.run(main, "usage", cli.flags_of("run_dir"))
"""


@pytest.mark.parametrize(
    "error, code, line",
    [
        ("RuntimeError('x' * 5000)", 1, "(--debug shows where)"),
        (
            "OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'runs/x')",
            3,
            "cannot write to runs/x: No space left on device; make room, or choose a folder that has it, and start",
        ),
        ("ResourceExhaustedError('events; ' + os.strerror(errno.ENOSPC))", 3, "cannot write: No space left on device"),
        (
            "OSError(errno.EROFS, os.strerror(errno.EROFS))",
            3,
            "cannot write: Read-only file system; choose a folder that can be written, and start again",
        ),
        (
            "ResourceExhaustedError('events; ' + os.strerror(errno.EROFS))",
            3,
            "cannot write: Read-only file system; choose",
        ),
        ("OSError(errno.EIO, os.strerror(errno.EIO))", 1, "OSError: [Errno 5] Input/output error"),
    ],
)
def test_what_nobody_expected_ends_with_a_line_and_the_way_to_more(error, code, line):
    process = subprocess.run(
        [sys.executable, "-c", ENDS.format(error=error)], cwd=PROJECT, capture_output=True, text=True
    )
    (said,) = process.stderr.splitlines()
    assert process.returncode == code and line in said and len(said) < 800, process.stderr


MINE = """
import importlib.util, json, sys, types
sys.modules["tensorflow"] = types.SimpleNamespace(config=types.SimpleNamespace(list_physical_devices=list))
from idgan_tf.commands import cli

cli.run(lambda: print(bool(importlib.util.find_spec("mine")), bool(json.__doc__)), "usage", cli.flags_of())
"""


@pytest.mark.parametrize("allow, found", [(["--gin_allow_import=mine"], True), ([], False)])
def test_a_module_of_this_folder_can_be_imported_where_that_is_allowed_and_hides_no_other(allow, found, tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "command.py").write_text(MINE)
    for name in ("mine.py", "json.py"):
        (tmp_path / name).touch()
    said = subprocess.check_output([sys.executable, "bin/command.py", *allow], cwd=tmp_path, text=True)
    assert said == f"{found} True\n"


def test_a_tilde_after_the_equals_sign_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    known = cli.flags_of("run_dir", "gin_file", "seed")
    known(["x", "--run_dir=~/runs/a", "--gin_file=~/b.gin", "--gin_file=gin/c~.gin"])
    cli._expand_home(known)
    assert (known.run_dir, known.gin_file, known.seed) == ("/home/me/runs/a", ["/home/me/b.gin", "gin/c~.gin"], 0)


@pytest.mark.parametrize("name", sorted(path.name for path in (PROJECT / "bin").iterdir()))
def test_a_command_without_the_package_says_how_to_install_it(name):
    process = subprocess.run(
        [sys.executable, "-I", "-S", str(PROJECT / "bin" / name), "--help"], capture_output=True, text=True, cwd="/"
    )
    (said,) = process.stderr.splitlines()
    assert process.returncode == 2 and said.startswith(f"{name}: No module named 'idgan_tf': install the package")


def test_all_commands_can_be_imported_together_and_each_has_flags_of_its_own():
    modules = [importlib.import_module(f"idgan_tf.commands.{m.name}") for m in pkgutil.iter_modules(commands.__path__)]
    flags = {module.__name__.split(".")[-1]: module.FLAGS for module in modules if hasattr(module, "FLAGS")}
    assert flags.keys() == {"pack", *(path.name for path in (PROJECT / "bin").iterdir())}
    for name, known in flags.items():
        assert {*cli.COMMON} <= set(known) and all(known[flag].help for flag in known), name
        help_of_module = known.module_help(f"idgan_tf.commands.{name}")
        assert [flag for flag in known if f"{flag}: " not in help_of_module] == []
    assert flags["train"]["run_dir"].default is None and flags["visualize"]["run_dir"].default == []
    assert "port" in flags["explore"] and "port" not in flags["train"]
    for known in flags.values():
        known.unparse_flags()  # what a command gave them that another test ran in this process
    flags["train"](["train", "--run_dir=a"])
    flags["visualize"](["visualize", "--run_dir=b", "--run_dir=c"])
    assert flags["train"].run_dir == "a" and flags["visualize"].run_dir == ["b", "c"]
    for known in flags.values():
        known.unparse_flags()


SAYS = """
import sys, types, warnings
sys.modules["tensorflow"] = types.SimpleNamespace(config=types.SimpleNamespace(list_physical_devices=list))
from idgan_tf.commands import cli

def main():
    warnings.warn_explicit("Corrupt EXIF data", UserWarning, "TiffImagePlugin.py", 1, "PIL.TiffImagePlugin")
    print("K\\u00e4fer")

cli.run(main, "usage", cli.flags_of())
"""


def test_letters_that_a_terminal_lacks_end_no_command_and_pillow_keeps_to_itself_what_it_thinks_of_a_file():
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    process = subprocess.run([sys.executable, "-c", SAYS], cwd=PROJECT, capture_output=True, text=True, env=environment)
    assert (process.returncode, process.stdout.strip(), process.stderr) == (0, r"K\xe4fer", "")


IMPORTS = """
import sys
from idgan_tf.commands import cli
from idgan_tf.evaluation.metric import metrics

def main():
    metrics()
    print(sorted({"matplotlib", "sklearn", "keras"} & set(sys.modules)))
    import matplotlib.pyplot, sklearn.linear_model  # who needs them has them

cli.run(main, "usage", cli.flags_of())
"""


def test_a_command_starts_without_the_packages_that_keras_imports_for_nothing():
    process = subprocess.run([sys.executable, "-c", IMPORTS], cwd=PROJECT, capture_output=True, text=True, timeout=240)
    assert (process.returncode, process.stdout) == (0, "['keras']\n"), process.stderr
