"""The page as people meet it: bin/explore in a headless Chromium."""

import pathlib
import re
import socket

import numpy as np
import pytest
from PIL import Image

from idgan_tf.run_directory import Run
from tests.explorer.browser import NAME, change, codes_of, finish, opened, press, served, source
from tests.helpers import build_tiny, command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """An untrained label-relevant / irrelevant VAE of three classes, in a run directory."""
    run = Run(tmp_path_factory.mktemp("runs") / "labelled")
    settings, method = build_tiny("gin/label_relevant_vae_cifar10.gin", run.path, "ZS_DIM = 6", "ZU_DIM = 20")
    finish(run, settings, method, method.decoder)
    return run


def test_sliders_nuisance_gallery_upload_and_downloads(page, address, tmp_path):
    opened(page, address)
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
    change(page, "generator", lambda: press(page, "New s"))
    assert source(page, "decoder") == decoder
    change(page, "encoded", lambda: page.locator(".x-gallery button").nth(5).click())

    Image.fromarray(np.full((90, 50, 3), 200, np.uint8)).save(tmp_path / "mine.png")
    (tmp_path / "no.png").write_bytes(b"<script>alert(1)</script>")
    with page.expect_file_chooser() as chooser:
        press(page, "Encode an image of yours")
    change(page, "encoded", lambda: chooser.value.set_files(tmp_path / "mine.png"))
    with page.expect_file_chooser() as chooser:
        press(page, "Encode an image of yours")
    chooser.value.set_files(tmp_path / "no.png")
    page.get_by_text("no.png is damaged (not an image)").wait_for()
    with page.expect_download() as download:
        press(page, "Picture")
    with Image.open(download.value.path()) as picture:
        assert picture.size == (64 + 12 + 64, 64) and "codes" in picture.text
    assert all(url.startswith((address, "data:", "blob:")) for url in page.asked), page.asked


def test_no_picture_is_broken_before_it_is_drawn(page, address):
    page.goto(address)
    assert page.evaluate("() => document.images.length && [...document.images].every(image => image.src)")


def test_a_class_is_chosen_by_name_and_forgotten_when_an_image_is_encoded(page, labelled):
    with served(labelled) as address:
        opened(page, address)
        assert page.locator(".x-dimension").count() == 16
        page.locator(".q-select").click()
        names = page.locator(".q-item")
        names.first.wait_for()
        assert names.all_inner_texts() == ["small", "middle", "large"]
        change(page, "decoder", lambda: names.nth(1).click())
        middle = codes_of(page)
        change(page, "decoder", lambda: press(page, "New zu"))
        other = codes_of(page)
        assert middle["label"] == other["label"] == "middle"
        assert middle["c"][:6] == other["c"][:6] and not set(middle["c"][6:]) & set(other["c"][6:])
        change(page, "decoder", lambda: page.locator(".x-gallery button").nth(5).click())
        assert codes_of(page)["label"] is None and "middle" not in page.locator(".q-select").inner_text()
        page.goto("about:blank")  # strips may be under way: the end that follows must be a quiet one


def test_on_a_phone_nothing_is_wider_than_the_screen(page, address):
    page.set_viewport_size({"width": 390, "height": 844})
    opened(page, address)
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
