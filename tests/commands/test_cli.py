"""What all commands share, where no command shows it better."""

import errno
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


FAILS = """
import sys, unittest.mock
sys.modules["tensorflow"] = unittest.mock.MagicMock()
from idgan_tf.commands import cli
def main(): raise OSError({number}, "it says", "runs/a")
cli.run(main, "usage", cli.flags_of())
"""


@pytest.mark.parametrize(
    "number, remedy",
    [
        (errno.ENOSPC, "make room, or choose a folder that has it, and start again"),
        (errno.EROFS, "choose a folder that can be written, and start again"),
    ],
)
def test_a_disk_that_takes_nothing_ends_with_three_and_what_helps(number, remedy):
    command = [sys.executable, "-c", FAILS.format(number=number)]
    process = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=240)
    assert (process.returncode, process.stderr) == (3, f"-c: cannot write runs/a: it says; {remedy}\n")


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
