import base64
import hashlib
import html
import html.parser
import json
import re
import shlex
import shutil

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import run_log
from idgan_tf.errors import ConfigError
from idgan_tf.image_files import save
from idgan_tf.reports import charts, of_run
from idgan_tf.reports.page import picture
from idgan_tf.run_directory import Run

HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def run(tmp_path):
    run = Run(tmp_path / "a run & <b>more")
    run.tensorboard.mkdir(parents=True)
    run.config.write_text(f"train.num_steps = 3  # {HOSTILE}\n")
    lines = [{"step": step, "loss": value, HOSTILE: 1.0} for step, value in ((1, 3.0), (2, float("nan")), (3, 1.0))]
    lines.append({"step": 3, "fvm": 0.625, "protocol": {"num_votes": 800, "source": HOSTILE}})
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    save(run.figures / "traversal", np.zeros([4, 4, 3], np.uint8))
    save(run.figures / "movie", [np.full([4, 4, 3], i, np.uint8) for i in range(3)])
    return run


class Parser(html.parser.HTMLParser):
    """Tags, what is loaded, the scripts that run, and the JSON that they draw."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.sources, self.scripts, self.drawn = [], [], [], []
        self._into = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        self._into = (self.drawn if dict(attrs).get("type") else self.scripts) if tag == "script" else None

    def handle_endtag(self, tag):
        self._into = None

    def handle_data(self, data):
        if self._into is not None:
            self._into.append(data)


def test_a_picture_says_itself_what_it_shows_since_two_figures_may_share_a_name(run):
    save(
        run.figures / "reconstructions",
        np.zeros([4, 4, 3], np.uint8),
        {"shows": "Images of classes, rebuilt.", "step": 3},
    )
    (caption,) = (picture(path)["caption"] for path in run.figures.glob("reconstructions.png"))
    assert caption == "Reconstructions. Images of classes, rebuilt. Drawn at step 3."


def test_the_page_shows_all_and_loads_nothing(run):
    page = of_run.of_run(run)
    parser = Parser(page)
    assert parser.tags.count("img") == 2 and len(parser.drawn) == 2, "two pictures and two curves"
    assert all(source.startswith("data:image/") for source in parser.sources)
    addresses = {*re.findall(r"https?://\S+|@import|url\(", page)}
    assert addresses == {"https://github.com/leeoniya/uPlot"}, "the comment that names the library"
    for text in ("0.625", "num_votes 800", "train.num_steps = 3", "At step 3 it is 1, after values from 1 to 3"):
        assert text in page, text
    assert "It was not finite 1 times." in page and "One row per code dimension" in page, "captions are sentences"


def test_what_others_wrote_is_shown_and_not_run(run):
    page = of_run.of_run(run)
    parser = Parser(page)
    assert page.count("alert(") == 5, "the configuration, the protocol; the curve's label, name and JSON"
    assert HOSTILE not in page and not any("alert" in text for text in parser.scripts) and parser.tags.count("b") == 2
    allowed = re.search(r"script-src ([^;\"]*)", page)[1].split()
    checksums = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in parser.scripts]
    assert allowed == [f"'sha256-{checksum}'" for checksum in checksums], "a browser runs these two, and no other"
    assert "default-src 'none'; img-src data:;" in page


def test_a_curve_has_every_value_and_of_very_many_some(run):
    drawn = [json.loads(text) for text in Parser(of_run.of_run(run)).drawn]
    assert drawn[0] == {**drawn[0], "name": "loss", "steps": [1, 2, 3], "values": [3.0, None, 1.0]}
    log = run_log.read(run)
    (chart,) = charts.of_training(log._replace(training=[{"step": i, "x": 1 / 3} for i in range(100_000)]), {})
    assert len(chart["steps"]) == charts.MAX_POINTS and chart["values"][0] == 0.33333
    assert "one of 25 values" in chart["caption"]


def test_a_curve_says_what_it_is_of(run):
    run.config.write_text("import idgan_tf.methods.betavae as m\ntrain.method = @BetaVAE\n")
    run.metrics.write_text(json.dumps({"step": 1, "kl": 2.0}) + "\n")
    assert "Nats of information in the code. At step 1 it is 2" in of_run.of_run(run)


def test_the_newest_value_stands_and_those_before_are_its_history(run):
    def line(step, value, **protocol):
        return json.dumps({"step": step, "fvm": value, "best_fvm": 0.9, "protocol": {"seed": 0, **protocol}}) + "\n"

    run.metrics.write_text(line(2000, 0.25) + line(3000, 0.75) + line(2000, 0.5) + line(3000, 0.7, seed=1))
    page = of_run.of_run(run)
    assert page.count("<td>fvm</td>") == 1 and "<td>fvm</td><td>0.7</td>" in page
    assert "2 earlier</summary>0.75 at step 3,000 (seed 0); 0.5 at step 2,000 (seed 0).<" in page, "0.25 came again"
    measured = [json.loads(text) for text in Parser(page).drawn]
    assert [(one["name"], one["steps"], one["values"]) for one in measured] == [("fvm", [2000, 3000], [0.5, 0.7])]


def test_time_and_cost_are_those_of_all_pieces_of_the_training(run):
    assert "took" not in of_run.of_run(run), "nobody wrote it down"
    run.environment.write_text(json.dumps({"packages": "keras 0", "machine": "Linux x86_64, 2 CPU cores"}))
    for number, minutes in enumerate((90, 30)):
        with tf.io.TFRecordWriter(str(run.tensorboard / f"events.out.tfevents.{number}")) as file:
            for time in (1000.0, 1000.0 + 60 * minutes):
                file.write(tf.compat.v1.Event(wall_time=time).SerializeToString())
    page = of_run.of_run(run)
    assert "The training has taken so far 2 h 00 min on 2 cores, which is 4 core hours." in page
    run.done.write_text('{"step": 3}')
    assert "The training took 2 h 00 min" in of_run.of_run(run)


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
    assert "<td>sap</td><td>0.1</td><td></td>" in page and "After less than 0.1 % of the paper" in page
    run.metrics.write_text(json.dumps({"step": 10**6, "fvm": 0.625, "protocol": protocol}) + "\n")
    assert "of the paper&#39;s steps" not in of_run.of_run(run), "as long as the paper's"
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
