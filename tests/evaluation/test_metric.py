"""What is known of a metric stands at it."""

import re

import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation import metric
from idgan_tf.experiments import evaluate
from tests.helpers import PROJECT

DOCS = (PROJECT / "docs" / "metrics.md").read_text()


def described(text="What it is."):
    def nothing(method, dataset, seed): ...

    nothing.__doc__ = text
    return nothing


def test_metrics_of_the_package_are_found_cheap_ones_first():
    known = metric.metrics()
    costs = [metric.COSTS.index(one.cost) for one in known.values()]
    assert costs == sorted(costs) and {"fvm", "fid", "fid_dsprites", "label_inception_score", "dci"} <= known.keys()
    assert all(name == one.name == one.face.__name__ for name, one in known.items())


def test_of_distances_less_is_better_and_of_all_else_more():
    lower = {name for name in metric.metrics() if metric.lower_is_better(name)}
    assert lower == {"fid", "fid_dsprites", "kid"} and not metric.lower_is_better("mi_upper")


@pytest.mark.parametrize(
    ("face", "words", "says"),
    [
        (described(), ("more", "seconds"), 'nothing: better is "higher" or "lower", got \'more\''),
        (described(), ("lower", "2 s"), "nothing: cost is one of seconds, minutes, hours, got '2 s'"),
        (described("\n    Below."), ("lower", "hours"), "nothing: the first line of a metric's docstring is its text"),
        (described(None), ("lower", "hours"), "nothing: the first line of a metric's docstring is its text"),
    ],
)
def test_a_metric_that_does_not_say_what_it_is_is_refused(face, words, says):
    with pytest.raises(ConfigError, match=says):
        metric.metric(*words)(face)
    assert "nothing" not in metric.metrics()


def test_two_metrics_of_one_name_are_refused():
    face = described()
    face.__name__ = "mig"
    metric.metrics()
    with pytest.raises(ConfigError, match=f"{__name__} has a metric mig, and there is one already"):
        metric.metric("higher", "seconds")(face)


def test_the_docs_list_every_metric_with_its_cost():
    rows = re.findall(
        r"^\| (`.*?) \| .* \| (\w+).* \|$", DOCS.split("| metric | needs | cost |")[1].split("\n\n")[0], re.M
    )
    listed = {name: cost for names, cost in rows for name in re.findall(r"`(\w+)`", names)}
    assert listed == {name: one.cost for name, one in metric.metrics().items()}


def test_the_docs_say_what_codes_and_images_of_others_are_measured_by():
    of_codes, of_images = re.search(r"--codes=.*?;\s*([\w,\s]+)\).*?--images=.*?\(([\w,\s]+)\)", DOCS, re.S).groups()
    for text, side in ((of_codes, "of_codes"), (of_images, "of_images")):
        known = {name for name, one in metric.metrics().items() if getattr(one, side)}
        assert set(re.split(r",\s*", text)) == known


@pytest.mark.parametrize(
    ("values", "protocol", "says"),
    [
        (0.5, {}, "a metric gives {name: number}, got 0.5"),
        ({}, {}, "a metric gives {name: number}, got {}"),
        ({"mine": 0.5}, None, "a metric's protocol is a dict, got None"),
        ({"mine": "good"}, {}, "a metric gives {name: number}, and mine is 'good'"),
        ({"mine": np.ones(2)}, {}, "a metric gives {name: number}, and mine is array"),
        ({"mine": 1 + 2j}, {}, "a metric gives {name: number}, and mine is"),
        ({"mine": None}, {}, "a metric gives {name: number}, and mine is None"),
        ({"step": 3.0}, {}, "a metric cannot call a value 'step': a line of metrics.jsonl has that itself"),
        ({"protocol": 3.0}, {}, "a metric cannot call a value 'protocol'"),
        ({"best_mine": 3.0}, {}, "a metric cannot call a value 'best_mine'"),
        ({3: 3.0}, {}, "a metric cannot call a value 3"),
    ],
)
def test_a_result_that_is_no_dict_of_numbers_is_one_line(values, protocol, says):
    with pytest.raises(ConfigError, match=re.escape(says)) as error:
        metric.Result(values, protocol)
    assert "\n" not in str(error.value)


def test_a_metric_that_gives_no_result_is_one_line(monkeypatch, pixels):
    face = described()
    face.__name__ = "half_done"
    monkeypatch.setattr(metric, "_known", dict(metric.metrics()))
    metric.metric("higher", "seconds")(face)
    with pytest.raises(ConfigError, match="the metric half_done must give a Result, it gives None"):
        list(evaluate.evaluate(None, pixels, 0, ["half_done"]))
