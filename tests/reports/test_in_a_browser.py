"""The pages as people meet them: in a headless Chromium, wide and narrow, dark and printed."""

import json

import numpy as np
import pytest

from idgan_tf.image_files import save
from idgan_tf.reports import of_run, of_study
from idgan_tf.run_directory import Run
from idgan_tf.studies import results
from tests.helpers import PROJECT

pytestmark = pytest.mark.slow
NAME = "<img src=x onerror=alert(1)>"  # of the run, and of one of its values


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The address of the page of a run, with a picture as wide as a traversal of two networks."""
    run = Run(tmp_path_factory.mktemp("runs") / NAME)
    run.path.mkdir()
    run.config.write_text("train.num_steps = 2\n")
    lines = [{"step": step, "loss": 3.0 - step, NAME: 1.0} for step in (1, 2)]
    lines += [{"step": step, "fvm": 0.5 * step, "protocol": {"seed": 0}} for step in (1, 2)]
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    save(run.figures / "traversal", np.zeros([710, 996, 3], np.uint8))
    return written(run.path / "report.html", of_run.of_run(run))


def written(path, page):
    path.write_text(page)
    return path.as_uri()


def opened(browser, address, width, **options):
    page = browser.new_page(viewport={"width": width, "height": 900}, **options)
    page.said = []
    page.on("console", lambda message: page.said.append(message.text))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("request", lambda request: page.said.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    return page


@pytest.mark.parametrize("width", [400, 1280, 2560])
def test_a_run_is_whole_at_every_width(browser, report, width):
    page = opened(browser, report, width)
    assert page.locator("h1").inner_text() == NAME and page.locator("canvas").count() == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture = page.locator(".pictures img")
    assert picture.evaluate("image => image.parentElement.scrollWidth <= image.parentElement.clientWidth")
    assert picture.bounding_box()["width"] == min(996, page.locator(".pictures").bounding_box()["width"])
    assert page.said == []


def test_a_curve_is_read_where_the_pointer_is_and_a_part_of_all_seen_where_it_drags(browser, report):
    page = opened(browser, report, 1280)
    over, other = page.locator(".u-over").last, page.locator(".u-legend").nth(1)
    over.hover(position={"x": over.bounding_box()["width"] - 2, "y": 20})
    assert other.locator(".u-value").all_inner_texts() == ["2", "1"], "step 2 of the loss, two curves before"
    drawn = "document.querySelectorAll('canvas')[1].toDataURL()"
    whole, box = page.evaluate(drawn), over.bounding_box()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=3)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert page.evaluate(drawn) != whole
    over.dblclick(position={"x": 20, "y": 20})
    page.wait_for_timeout(100)
    assert page.evaluate(drawn) == whole and page.said == []


def test_dark_is_dark_and_print_is_light(browser, report):
    page = opened(browser, report, 1280, color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(24, 24, 24)"
    page.emulate_media(media="print")
    assert page.evaluate(paper) == "rgb(255, 255, 255)"
    assert page.pdf().startswith(b"%PDF")


def test_the_runs_of_a_study_stand_by_any_two_values(browser, tmp_path):
    folder = PROJECT / "docs" / "results" / "idgan_table2"
    result = results.read(folder)
    page = opened(browser, written(tmp_path / "study.html", of_study.of_study(result, folder / "pictures")), 400)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    assert page.locator(".compare .u-label").all_inner_texts()[0] == "fvm"
    page.locator(".compare select").first.select_option("fid_dsprites")
    labels = page.locator(".compare .u-label").all_inner_texts()
    assert labels == ["fid_dsprites10k", *(row["name"] for row in result["rows"])] and page.said == []
