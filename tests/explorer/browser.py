"""bin/explore as a process, and what people do with its page."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from idgan_tf.training import checkpoint
from tests.helpers import PROJECT

NAME = "<img src=x onerror=alert(1)>"  # of the run


def finish(run, settings, method, decoder):
    """Writes what bin/explore reads of a run."""
    for variable in decoder.trainable_variables:
        variable.assign(4.0 * variable)  # fresh weights draw grey, whatever the code
    run.config.write_text(f"import tests.helpers\n{settings.configuration.text}")
    checkpoint.save(run.checkpoints, checkpoint.state(method))


@contextlib.contextmanager
def served(*runs):
    """bin/explore of runs, side by side, while the block runs."""
    pytest.importorskip("nicegui", reason="needs NiceGUI: pip install -e '.[app]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [*(f"--run_dir={run.path}" for run in runs), f"--port={port}", "--gin_allow_import=tests"]
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / "bin" / "explore"), *arguments],
        cwd=PROJECT,
        stderr=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},  # NiceGUI looks at it
    )
    wait_for(port, process)
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in errors, errors


def wait_for(port, process, seconds=300):
    for _ in range(seconds):
        assert process.poll() is None, process.stderr.read()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(1)
    raise AssertionError("no page")


def source(page, name):
    return page.locator(f"img[alt={name}]").get_attribute("src")


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def opened(page, address):
    """The page once all strips are there."""
    page.goto(address)
    drawn(page, ".x-dimension img")


def drawn(page, images):
    """Waits until all of these are more than the one pixel that they begin as."""
    page.wait_for_function(
        "images => [...document.querySelectorAll(images)].every(image => image.naturalWidth > 1)", arg=images
    )


def change(page, name, act):
    """The picture `name` after `act()` has changed it."""
    before = source(page, name)
    act()
    page.wait_for_function(
        "([name, before]) => document.querySelector(`img[alt=${name}]`).src !== before", arg=[name, before]
    )
    return source(page, name)


def codes_of(page):
    """The codes as the page gives them away."""
    with page.expect_download() as download:
        press(page, "Codes")
    return json.loads(download.value.path().read_text())
