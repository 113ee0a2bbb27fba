"""What is known of a metric stands at it."""

import contextlib
import functools
import re
import sys
import types

import numpy as np
import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation import metric
from idgan_tf.experiments import evaluate
from tests.evaluation.codes.made import sample
from tests.helpers import PROJECT

DOCS = (PROJECT / "docs" / "metrics.md").read_text()
QUOTED = functools.partial(re.findall, r"`(\w+)`")


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
    lower = {name for name in metric.metrics() if metric.better(name) == "lower"}
    assert lower == {"fid", "fid_dsprites", "kid", "mind", "mmd_rbf"}
    ways = {name: metric.better(name) for name in ("fid_dsprites_even", "best_fid_dsprites", "toy_distance")}
    assert set(ways.values()) == {"lower"}
    ways = {name: metric.better(name) for name in ("fvm_active_dims", "best_fvm", "hue_fidelity_decoder", "recall")}
    assert set(ways.values()) == {"higher"}
    assert metric.better("mi_upper") is metric.better("distillation") is None, "a training's values say nothing"


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
    of_images = re.search(r"--images=.*?\(([\w,\s]+)\)", DOCS, re.S)[1]
    possible = {name for name, one in metric.metrics().items() if one.of_images or one.of_features}
    assert set(re.split(r",\s*", of_images)) == possible
    told = DOCS.split("## Codes of a model of your own")[1].split("\n## ")[0]
    named = {name for line in re.findall(r"^- (`\w+` .*?)(?=^- |^What)", told, re.M | re.S) for name in QUOTED(line)}
    assert named & metric.metrics().keys() == metric.metrics_of("codes").keys()
    told = DOCS.split("## Features that others made")[1].split("\n## ")[0]
    named = {name for line in re.findall(r"^- (`\w+`[,:( ].*?)(?=^- |^\n)", told, re.M | re.S) for name in QUOTED(line)}
    assert named & metric.metrics().keys() == metric.metrics_of("features").keys()


@pytest.mark.parametrize("kind", metric.KINDS)
def test_metrics_of_arrays_are_in_their_folder(kind):
    metric.metrics()
    homes = {one.face.__module__.rpartition(".")[0] for one in metric.metrics_of(kind).values()}
    assert homes == {f"idgan_tf.evaluation.{kind}"}, "those elsewhere may need TensorFlow"


@pytest.fixture
def torch(monkeypatch):
    """As much of PyTorch as the page asks for."""

    class Tensor:
        def __init__(self, array):
            self.array = array

        def cpu(self):
            return self

        def numpy(self):
            return self.array

    module = types.ModuleType("torch")
    module.no_grad, module.Tensor = contextlib.nullcontext, Tensor
    monkeypatch.setitem(sys.modules, "torch", module)
    return module


def test_the_page_brings_codes_from_a_model_in_pytorch_to_scores(torch, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    codes, factors = sample("permuted", 1000)
    loader = [(i, torch.Tensor(some)) for i, some in enumerate(np.split(factors, 4))]
    names = {"loader": loader, "encoder": lambda i: (torch.Tensor(np.split(codes, 4)[i]), None)}
    for name in ("save_codes.py", "score_codes.py"):
        exec(re.search(rf"```python\n# {name}\n(.*?)```", DOCS, re.S)[1], names)  # noqa: S102 - what the page says
    fvm, mig, infom = map(float, capsys.readouterr().out.split())
    assert fvm == 1.0 and mig > 0.9 and infom > 0.9


def test_the_page_brings_images_through_a_network_in_pytorch_to_scores(torch, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    network = types.SimpleNamespace(eval=lambda: lambda image: torch.Tensor(image.reshape(-1, 12)[:, :4]))
    torch.hub = types.SimpleNamespace(load=lambda repository, name: network)
    images = np.random.default_rng(0).normal(size=(2, 8, 25, 3, 2, 2))
    names = {"real_images": list(images[0]), "generated_images": list(0.01 * images[1])}
    for name in ("save_features.py", "score_features.py"):
        exec(re.search(rf"```python\n# {name}\n(.*?)```", DOCS, re.S)[1], names)  # noqa: S102 - what the page says
    distance, precision, recall = map(float, capsys.readouterr().out.split())
    assert distance == pytest.approx(4.0, abs=0.5) and precision == 1.0 and recall < 0.1


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
