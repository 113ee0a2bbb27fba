import base64
import html
import html.parser
import json
import re
import shlex
import shutil

import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.image_files import save
from idgan_tf.reports import of_run
from idgan_tf.run_directory import Run
from idgan_tf.visualize import curves
from idgan_tf.visualize.axes import svg

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "a run & <b>more")
    run.path.mkdir()
    run.config.write_text(f"train.num_steps = 3  # {HOSTILE}\n")
    lines = [{"step": step, "loss": value, HOSTILE: 1.0} for step, value in ((1, 3.0), (2, float("nan")), (3, 1.0))]
    lines.append({"step": 3, "fvm": 0.625, "protocol": {"num_votes": 800, "source": HOSTILE}})
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    save(run.figures / "traversal", np.zeros([4, 4, 3], np.uint8))
    save(run.figures / "movie", [np.full([4, 4, 3], i, np.uint8) for i in range(3)])
    return run


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.sources = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]


def test_the_page_shows_all_and_loads_nothing(run):
    page = of_run.of_run(run)
    parser = Parser()
    parser.feed(page)
    assert parser.tags.count("img") == 4, "two pictures and two curves"
    assert all(source.startswith("data:image/") for source in parser.sources)
    assert not re.search(r"https?://|@import|url\(", page)
    for text in ("0.625", "num_votes 800", "train.num_steps = 3", "loss: 1 (from 1 to 3", "config.gin"):
        assert text in page, text


def test_what_others_wrote_is_shown_and_not_run(run):
    page = of_run.of_run(run)
    parser = Parser()
    parser.feed(page)
    assert "script" not in parser.tags and "b" not in parser.tags
    assert page.count("&lt;script&gt;") == 4  # the configuration, the protocol, the curve's name twice


def test_a_curve_has_axes_and_few_points(run):
    source = re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", of_run.of_run(run))[0]
    drawn = base64.b64decode(source).decode()
    assert ">3.0</text>" in drawn and ">1.0</text>" in drawn and "script" not in drawn
    assert source == re.findall(r"svg\+xml;base64,([\w+/=]+)", of_run.of_run(run))[0], "the same every time"
    long = [(step, step % 7) for step in range(100_000)]
    assert len(svg(curves.curve(long))) < 20_000 and len(svg(curves.curve([]))) > 1000


def test_data_and_environment_are_those_of_the_training(run):
    assert "This page was made with idgan_tf" in of_run.of_run(run) and "Trained with" not in of_run.of_run(run)
    known = {
        "data": "dots (drawn): 9 images",
        "home": "here",
        "licence": HOSTILE,
        "packages": "keras 0",
        "machine": "x",
    }
    run.environment.write_text(json.dumps(known))
    page = of_run.of_run(run)
    assert "dots (drawn): 9 images; here; licence: &lt;script&gt;" in page and "Trained with keras 0 on x." in page


def test_the_command_to_repeat_a_run_is_one_that_a_shell_takes(run):
    command = html.unescape(re.search(r"<pre>(bin/train .*?)</pre>", of_run.of_run(run))[1])
    assert shlex.split(command)[1:] == [
        f"--gin_file={run.path}/config.gin",
        "--run_dir=runs/a run & <b>more_again",
    ]


def test_published_numbers_stand_beside_ours(run):
    asked = {"gin_files": ["gin/betavae_dsprites.gin"], "bindings": ["train.num_steps = 9", "train.seed = 1"]}
    known = {"packages": "keras 0", "machine": "x", "experiment": asked}
    run.environment.write_text(json.dumps(known))
    protocol = {"dataset": "dsprites", "num_votes": 800}
    run.metrics.write_text(json.dumps({"step": 3, "fvm": 0.625, "sap": 0.1, "protocol": protocol}) + "\n")
    page = of_run.of_run(run)
    assert "<td>0.625</td><td>0.65 ± 0.08 (ID-GAN, Table 2); 0.69 ± 0.09 (IB-GAN, Table 1)</td>" in page
    assert "<td>sap</td><td>0.1</td><td>-</td>" in page
    run.metrics.write_text(json.dumps({"step": 3, "fid_dsprites50k": 99.0, "protocol": protocol}) + "\n")
    assert "not values" in of_run.of_run(run), "the feature network is another one"
    for changed in ({"bindings": ["BetaVAE.beta = 1.0"]}, {"gin_files": [*asked["gin_files"], "x.gin"]}):
        run.environment.write_text(json.dumps({**known, "experiment": {**asked, **changed}}))
        assert "not values" not in of_run.of_run(run), "another experiment than the paper's"
    run.environment.unlink()
    assert "not values" not in of_run.of_run(run), "nobody knows what a run was that does not say"


def test_a_run_that_has_only_begun_and_was_moved_still_opens(run, tmp_path):
    run.metrics.unlink()
    shutil.rmtree(run.figures)
    moved = run.path.rename(tmp_path / "elsewhere")
    page = of_run.of_run(Run(moved))
    assert "0 steps trained" in page and "None was measured" in page and "elsewhere" in page
    assert "a run &amp;" not in page and "<h2>Pictures" not in page and "<h2>Curves" not in page


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no run directory"):
        of_run.of_run(Run(tmp_path))
