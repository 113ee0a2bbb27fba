"""What all commands share, where no command shows it better."""

import os
import subprocess
import sys

import pytest

from tests.helpers import PROJECT

TALKS = """
import sys, unittest.mock
sys.modules["tensorflow"] = unittest.mock.MagicMock()  # takes seconds, and is not what this is about
from idgan_tf.commands import cli
cli.run(lambda: print("x" * 100_000), "usage")
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
