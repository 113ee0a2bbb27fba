"""What all commands share, where no command shows it better."""

import os
import subprocess
import sys

import pytest

from tests.helpers import PROJECT

TALKS = "from idgan_tf.commands import cli; cli.run(lambda: print('x' * 100_000), 'usage')"


def without_a_reader(*arguments):
    """(exit code, stderr) of a Python process whose standard output nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.run(
            [sys.executable, *arguments], cwd=PROJECT, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120
        )
    finally:
        os.close(writer)
    return process.returncode, process.stderr


def test_help_into_head_ends_quietly():
    assert without_a_reader("bin/evaluate", "--help") == (141, "")


@pytest.mark.fault
@pytest.mark.parametrize("arguments", [("bin/evaluate", "--list"), ("-c", TALKS)])
def test_output_into_head_ends_quietly(arguments):
    assert without_a_reader(*arguments) == (141, "")
