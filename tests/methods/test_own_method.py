"""A method of one's own: a Python file and a gin file, and nothing of the package is touched."""

import numpy as np
import tensorflow as tf

from idgan_tf.commands import closing
from idgan_tf.config import Configuration
from idgan_tf.experiments import stages
from idgan_tf.experiments.scores import configuration_of, evaluate_run
from idgan_tf.explorer import pictures
from idgan_tf.explorer.explorer import Explorer
from idgan_tf.explorer.model import Model
from idgan_tf.export.card import model_card
from idgan_tf.export.saved_model import export
from idgan_tf.reports import of_run
from tests.helpers import example


def trained(name, folder, monkeypatch):
    """(run, settings, method) of four steps of the method that docs/contributing.md shows under a name."""
    for file in (f"{name}.py", f"{name}.gin"):
        (folder / file).write_text(example(file))
    monkeypatch.syspath_prepend(folder)
    configuration = Configuration([folder / f"{name}.gin"], ["train.num_steps = 4"], [name, "tests"])
    return stages.train(configuration, folder / "run")


def test_it_trains_is_explained_drawn_explored_reported_and_exported(tmp_path, monkeypatch, capsys):
    run, settings, method = trained("own_method", tmp_path, monkeypatch)

    closing.show(run, settings, method)
    screen = capsys.readouterr().out
    assert "mean squared error of rebuilt images" in screen and "bin/explore" in screen
    drawn = {path.stem for path in run.figures.iterdir()}
    assert drawn == {"samples", "reconstructions", "row", "traversal", "traversal_prior", "traversal_added",
                     "traversal_movie"}  # fmt: skip
    explored = Explorer([Model(run, method, settings.dataset)])
    assert pictures.now(explored, explored.start()).keys() == {"decoder"}
    page = of_run.of_run(run)
    assert "Autoencoder" in page and "<h2>Curves" in page and "error" in page

    folder = export(method, run.export, card=model_card(run, method, settings.dataset))
    loaded = tf.saved_model.load(str(folder)).signatures["brighten"](c=tf.zeros([1, 2]), brightness=tf.constant(0.5))
    np.testing.assert_allclose(loaded["output_0"], method.decode(tf.zeros([1, 2])) + 0.5, rtol=1e-5)
    text = (folder / "README.md").read_text()
    assert "`brightness` float32[]: what every pixel gets on top | `output_0` float32[None, 8, 8, 1]: brighter" in text
    assert "Autoencoder on tiny_sprites" in (folder / "MODEL_CARD.md").read_text()


def test_a_method_that_changes_another_is_a_class_of_a_few_lines(tmp_path, monkeypatch, capsys):
    run, settings, method = trained("capacity", tmp_path, monkeypatch)
    closing.show(run, settings, method)
    assert "nats between the code and its capacity" in capsys.readouterr().out
    scored = dict(
        evaluate_run(run.path, configuration_of(run.path, allow_imports=["capacity", "tests"]), ["mig"], False, 0)
    )
    assert 0.0 <= scored["mig"].values["mig"] <= 1.0
