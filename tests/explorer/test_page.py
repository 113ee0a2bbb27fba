"""The page as people meet it: bin/explore in a headless Chromium."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from idgan_tf.run_directory import Run
from idgan_tf.training import checkpoint
from tests.helpers import PROJECT, build_tiny, command

pytestmark = pytest.mark.slow
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NAME = "<img src=x onerror=alert(1)>"  # of the run


@pytest.fixture(scope="module")
def browser():
    """A Chromium of this machine, driven by Playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install -e '.[dev]'")
    if BROWSER is None:
        pytest.skip("needs a browser on the PATH: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """An untrained ID-GAN with a nuisance, in a run directory with a hostile name."""
    run = Run(tmp_path_factory.mktemp("runs") / NAME)
    settings, method = build_tiny("gin/idgan_dsprites.gin", run.path, "IDGAN.nuisance_dim = 3", "LATENT_DIM = 13")
    finish(run, settings, method, method.teacher_decoder)
    return run


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """An untrained label-relevant / irrelevant VAE of three classes, in a run directory."""
    run = Run(tmp_path_factory.mktemp("runs") / "labelled")
    settings, method = build_tiny("gin/label_relevant_vae_cifar10.gin", run.path, "ZS_DIM = 6", "ZU_DIM = 20")
    finish(run, settings, method, method.decoder)
    return run


def finish(run, settings, method, decoder):
    """Writes what bin/explore reads of a run."""
    for variable in decoder.trainable_variables:
        variable.assign(4.0 * variable)  # fresh weights draw grey, whatever the code
    run.config.write_text(f"import tests.helpers\n{settings.configuration.text}")
    checkpoint.save(run.checkpoints, checkpoint.state(method))


@pytest.fixture(scope="module")
def address(run):
    """Where bin/explore shows the run."""
    with served(run) as address:
        yield address


@contextlib.contextmanager
def served(run):
    """bin/explore while the block runs."""
    pytest.importorskip("nicegui", reason="needs NiceGUI: pip install -e '.[app]'")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    arguments = [f"--run_dir={run.path}", f"--port={port}", "--gin_allow_import=tests"]
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


@pytest.fixture
def page(browser):
    """An empty tab; what goes wrong in it ends the test."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    tab.set_default_timeout(120_000)
    problems, tab.asked = [], []
    tab.on("console", lambda line: line.type in ("error", "warning") and problems.append(line.text))
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("dialog", lambda dialog: (problems.append("a script ran"), dialog.dismiss()))
    tab.on("request", lambda request: tab.asked.append(request.url))
    yield tab
    tab.close()
    assert not problems


def source(page, name):
    return page.locator(f"img[alt={name}]").get_attribute("src")


def change(page, name, act):
    """The picture `name` after `act()` has changed it."""
    before = source(page, name)
    act()
    page.wait_for_function(
        "([name, before]) => document.querySelector(`img[alt=${name}]`).src !== before", arg=[name, before]
    )
    return source(page, name)


def test_sliders_nuisance_gallery_upload_and_downloads(page, address, tmp_path):
    page.goto(address)
    page.wait_for_function("() => [...document.querySelectorAll('.x-dimension img')].every(image => image.src)")
    assert page.locator(".x-dimension").count() == 10 and page.locator(".x-gallery img").count() == 12
    assert NAME in page.locator("h1").inner_text() and page.locator("h1 img").count() == 0
    decoder = source(page, "decoder")

    slider = page.locator(".x-dimension .q-slider").first
    change(page, "generator", lambda: slider.click(position={"x": 20, "y": 10}))
    assert source(page, "decoder") != decoder
    codes = codes_of(page)
    assert codes["run"] == NAME and len(codes["c"]) == 10 and len(codes["s"]) == 3
    assert f"{min(codes['c']):+.2f}" in page.locator(".x-dimension").first.inner_text()

    decoder = source(page, "decoder")
    change(page, "generator", lambda: page.get_by_text("New s").click())
    assert source(page, "decoder") == decoder
    change(page, "encoded", lambda: page.locator(".x-gallery button").nth(5).click())

    Image.fromarray(np.full((90, 50, 3), 200, np.uint8)).save(tmp_path / "mine.png")
    (tmp_path / "no.png").write_bytes(b"<script>alert(1)</script>")
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Encode an image").click()
    change(page, "encoded", lambda: chooser.value.set_files(tmp_path / "mine.png"))
    with page.expect_file_chooser() as chooser:
        page.get_by_text("Encode an image").click()
    chooser.value.set_files(tmp_path / "no.png")
    page.get_by_text("no.png is damaged (not an image)").wait_for()
    with page.expect_download() as download:
        page.get_by_text("Picture").click()
    with Image.open(download.value.path()) as picture:
        assert picture.size == (64 + 12 + 64, 64) and "codes" in picture.text
    assert all(url.startswith((address, "data:", "blob:")) for url in page.asked), page.asked


def test_a_class_is_chosen_by_name_and_forgotten_when_an_image_is_encoded(page, labelled):
    with served(labelled) as address:
        page.goto(address)
        page.wait_for_function("() => [...document.querySelectorAll('.x-dimension img')].every(image => image.src)")
        assert page.locator(".x-dimension").count() == 16
        page.locator(".q-select").click()
        names = page.locator(".q-item")
        names.first.wait_for()
        assert names.all_inner_texts() == ["small", "middle", "large"]
        change(page, "decoder", lambda: names.nth(1).click())
        middle = codes_of(page)
        change(page, "decoder", lambda: page.get_by_text("New zu").click())
        other = codes_of(page)
        assert middle["label"] == other["label"] == "middle"
        assert middle["c"][:6] == other["c"][:6] and not set(middle["c"][6:]) & set(other["c"][6:])
        change(page, "decoder", lambda: page.locator(".x-gallery button").nth(5).click())
        assert codes_of(page)["label"] is None and "middle" not in page.locator(".q-select").inner_text()
        page.goto("about:blank")  # strips may be under way: the end that follows must be a quiet one


def codes_of(page):
    """The codes as the page gives them away."""
    with page.expect_download() as download:
        page.get_by_text("Codes").click()
    return json.loads(download.value.path().read_text())


def test_on_a_phone_nothing_is_wider_than_the_screen(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(address)
    page.wait_for_function("() => [...document.querySelectorAll('.x-dimension img')].every(image => image.src)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.mouse.wheel(0, 400)
    page.wait_for_function("() => window.scrollY > 100")
    assert page.locator("img[alt=generator]").bounding_box()["y"] >= 0, "the pictures stay in sight"


def test_the_page_is_served_to_this_machine_under_its_own_name_alone(address):
    port = int(address.rsplit(":", 1)[1])
    lines = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()]
    listening = [line[1] for line in lines if line[3] == "0A"]
    assert f"0100007F:{port:04X}" in listening and f"00000000:{port:04X}" not in listening
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert re.match(rb"HTTP/1.1 400 ", caller.recv(100)), "another site's name would let its scripts in"


def test_a_port_in_use_is_said_in_one_line(run, address):
    refused = command("explore", f"--run_dir={run.path}", f"--port={address.rsplit(':', 1)[1]}")
    assert refused.returncode == 2 and "pass another --port" in refused.stderr.splitlines()[-1]
