"""Figures register themselves, those of a user's module, too."""

import numpy as np
import pytest
from PIL import Image

from idgan_tf.commands import visualize
from idgan_tf.errors import ConfigError
from idgan_tf.training import build, checks
from idgan_tf.visualize import registry
from idgan_tf.visualize.figures import training_pictures
from tests.helpers import TINY, build_tiny, command, example

MINE = '''
import numpy as np

from idgan_tf.visualize.registry import OF_LOGS, figure


@figure(needs=("encode", "decode"), while_training=True)
def mine(method, dataset):
    """A grey square."""
    return np.full([8, 8, 3], 128, np.uint8)


@figure(kind=OF_LOGS)
def lines(logs):
    """A row for every run."""
    return np.zeros([len(logs), 8, 3], np.uint8)


@figure(needs=("generate",))
def of_generators(method, dataset):
    """What this method cannot have."""
'''


@pytest.mark.parametrize("gin_file", ["factor_classifier", "label_classifier"])
def test_a_classifier_trains_on_its_data_and_has_no_pictures(gin_file, tmp_path):
    settings, classifier = build_tiny(f"tests/tiny/{gin_file}.gin", tmp_path)
    checks.check(classifier, settings, build.strategy())
    assert training_pictures(classifier, settings.dataset) == {}


def test_every_figure_says_in_a_line_what_it_shows():
    known = registry.known()
    assert len(known) > 25 and all(figure.shows.endswith((".", ":")) for figure in known.values()), known
    assert list(registry.known(registry.OF_LOGS)) == ["mi_bounds", "beta", "fvm_fid", "fid_lambda"]
    assert {name for name in known if name.startswith("compare_")} == registry.known(registry.OF_RUNS).keys()


@pytest.mark.parametrize(
    "options", [{"while_trainning": True}, {"join": None}, {"kind": registry.OF_RUNS, "jion": None}]
)
def test_a_misspelt_option_of_a_figure_is_refused(options, monkeypatch):
    monkeypatch.setattr(registry, "FIGURES", dict(registry.FIGURES))

    def mine(method, dataset):
        """Mine."""

    with pytest.raises(ConfigError, match=f"mine: @figure has no '{list(options)[-1]}'; it has name, kind, needs"):
        registry.figure(**options)(mine)


def test_the_figure_that_the_docs_show_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "FIGURES", dict(registry.FIGURES))
    exec(example("my_figures.py"), {"__name__": "my_figures"})
    settings, method = build_tiny("tests/tiny/betavae.gin", tmp_path)
    made = registry.available(method, settings.dataset)["difference"]
    assert made.while_training and made.draw(method, settings.dataset).ndim == 3


def test_a_figure_of_ones_own_is_listed_and_takes_no_name_of_another(tmp_path, monkeypatch, capsys):
    registry.known()
    monkeypatch.setattr(registry, "FIGURES", dict(registry.FIGURES))
    monkeypatch.syspath_prepend(tmp_path)

    def listed(module, source):
        (tmp_path / f"{module}.py").write_text(source)
        (tmp_path / f"{module}.gin").write_text(f"import {module}\n")
        visualize.FLAGS.unparse_flags()
        flags = ["--list", f"--gin_file={tmp_path / module}.gin", f"--gin_allow_import={module}"]
        visualize.FLAGS(["visualize", *flags])
        visualize.main()
        return capsys.readouterr().out

    assert "  mine                A grey square.\n" in listed("listed_figures", MINE)
    with pytest.raises(ConfigError, match="others_figures has a figure mine, and listed_figures has one already"):
        listed("others_figures", MINE)
    with pytest.raises(ConfigError, match="has a figure samples, and idgan_tf.visualize.figures has one already"):
        listed("replaced_figures", MINE.replace("mine", "samples"))


def test_a_figure_of_ones_own_is_a_function_in_a_module(tmp_path):
    """It is drawn while a run trains and at its end, and asked for by its name, whether the run knows it or not."""
    (tmp_path / "my_figures.py").write_text(MINE)
    (tmp_path / "mine.gin").write_text("import my_figures\n")
    allow = [f"--gin_allow_import={name}" for name in ("tests", "my_figures")]
    env, run = {"PYTHONPATH": str(tmp_path)}, tmp_path / "run"
    bindings = [f"--gin_param={binding}" for binding in (*TINY, "train.picture_every = 4")]
    files = ["--gin_file=tests/tiny/betavae.gin", f"--gin_file={tmp_path / 'mine.gin'}"]
    command("train", *files, *bindings, f"--run_dir={run}", *allow, env=env, check=0)
    with Image.open(run / "figures" / "mine.png") as picture:
        assert picture.text["shows"] == "A grey square." and (np.asarray(picture) == 128).all()
    assert (run / "samples" / "mine-00000004.png").exists() and not (run / "figures" / "of_generators.png").exists()
    (run / "config.gin").write_text((run / "config.gin").read_text().replace("import my_figures\n", ""))
    asked = [f"--run_dir={run}", "--figures=lines,mine,samples", f"--gin_file={tmp_path / 'mine.gin'}"]
    shown = command("visualize", *asked, *allow, env=env, check=0).stdout
    assert shown.split("wrote ")[1:] == [f"{run}/figures/{name}.png\n" for name in ("lines", "mine", "samples")]
    refused = command("visualize", f"--run_dir={run}", "--figures=mine", *allow, env=env, check=2).stderr
    assert "no figure 'mine'; there are" in refused


def test_a_figure_that_does_not_say_what_it_shows_is_refused():
    def silent(method, dataset):
        return None

    with pytest.raises(ConfigError, match="silent: the first line of a figure's docstring says what it shows"):
        registry.figure()(silent)
