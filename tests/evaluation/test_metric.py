"""What is known of a metric stands at it."""

import re

import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation import metric
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
