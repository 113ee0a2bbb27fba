"""Commands and people read a model as any run; a damaged, misplaced or unknown one is refused."""

import json
import pathlib
import shutil

import pytest

from idgan_tf import pretrained, run_directory, runs
from idgan_tf.errors import CheckpointError, ConfigError
from idgan_tf.experiments.scores import configuration_of, evaluate_run
from idgan_tf.export.card import model_card
from idgan_tf.export.saved_model import export
from idgan_tf.reports import of_run
from idgan_tf.run_directory import Run
from idgan_tf.visualize import figures
from tests.helpers import metrics
from tests.pretrained.packed import MADE, READ, TINY, files, load


def test_python_reads_a_model_where_it_lies(models):
    before = files(models)
    load("pretrained:tiny")
    assert files(models) == before and not list(pathlib.Path().iterdir())


def test_what_commands_write_goes_to_a_run_directory_of_the_model(models):
    before = files(models)
    path = pretrained.place("pretrained:tiny")
    assert path == pathlib.Path("runs/pretrained/tiny") and files(path) == files(models / "tiny")
    run = Run(path)
    configuration = configuration_of(path, allow_imports=["tests"])
    assert len(dict(evaluate_run(path, configuration, ["mig"], True, 1))) == 1
    assert [sorted(line.keys() & {"fvm", "mig"}) for line in metrics(path)] == [["fvm"], ["mig"]]
    method, dataset = runs.load_with_data(path, allow_imports=["tests"])
    figures.write(run, method, dataset, ["traversal"])
    exported = export(method, run.export, card=model_card(run, method, dataset))
    assert {file.stem for file in exported.glob("networks/*")} == READ[TINY]
    page, card = of_run.of_run(run), (exported / "MODEL_CARD.md").read_text()
    assert "12 steps trained" in page and "data:image/png" in page
    for text in (MADE["commit"], *MADE["commands"]):
        assert text in page and text in card
    assert [found.path for found in run_directory.within("runs")] == [path], "it is found among other runs"
    assert files(models) == before
    assert pretrained.place("pretrained:tiny") == path, "and is used again"
    assert len(metrics(path)) == 2


def test_other_run_directories_are_left_alone(models, tmp_path):
    for other in ("runs/a", tmp_path, "pretrained", "./pretrained:tiny"):
        assert pretrained.folder(other) is other and pretrained.place(other) is other
    assert not list(pathlib.Path().iterdir())


def test_a_name_that_there_is_not_lists_those_that_there_are(models):
    shutil.copytree(models / "tiny", models / "another")
    for name in ("tinny", "", "../models/tiny"):
        with pytest.raises(ConfigError, match="there are another, tiny"):
            pretrained.place(f"pretrained:{name}")
    with pytest.raises(ConfigError, match="no pretrained model 'tinny'"):
        load("pretrained:tinny")


@pytest.mark.parametrize("damage", ["one bit", "half", "gone", "no description", "another network"])
def test_a_damaged_model_is_refused_and_nothing_is_made_of_it(damage, models):
    weights, description = models / "tiny" / "weights.npz", models / "tiny" / "model.json"
    data = weights.read_bytes()
    if damage == "one bit":
        weights.write_bytes(data[:999] + bytes([data[999] ^ 1]) + data[1000:])
    elif damage == "half":
        weights.write_bytes(data[: len(data) // 2])
    elif damage == "gone":
        weights.unlink()
    elif damage == "no description":
        description.write_text("[]")
    else:
        (models / "tiny" / "networks" / "teacher_encoder.json").write_text('{"class_name": "Encoder"}')
    with pytest.raises(CheckpointError) as error:
        load("pretrained:tiny")
    assert error.value.exit_code == 5 and str(models / "tiny") in str(error.value)
    if damage != "another network":  # whose weights are whole; it is refused whenever it is read
        with pytest.raises(CheckpointError):
            pretrained.place("pretrained:tiny")
        assert [path.name for path in pretrained.PLACE.iterdir()] == [".tiny.lock"]


def test_a_damaged_copy_is_refused_too(models):
    path = pretrained.place("pretrained:tiny")
    (path / "weights.npz").write_bytes(b"")
    with pytest.raises(CheckpointError, match="its checksum is wrong"):
        load(path)


@pytest.mark.parametrize("other", ["a model of another version", "a run", "a folder"])
def test_what_lies_in_the_place_of_a_model_is_not_taken_for_it(other, models):
    path = pretrained.PLACE / "tiny"
    path.mkdir(parents=True)
    if other == "a model of another version":
        shutil.copytree(models / "tiny", path, dirs_exist_ok=True)
        described = json.loads((path / "model.json").read_text())
        (path / "model.json").write_text(json.dumps({**described, "commit": "7654321"}))
    elif other == "a run":
        (path / "config.gin").write_text("train.num_steps = 3\n")
    before = files(path)
    with pytest.raises(ConfigError, match="rename or delete it"):
        pretrained.place("pretrained:tiny")
    assert files(path) == before


def test_a_model_is_not_trained_on(models):
    for path in ("pretrained:tiny", pretrained.place("pretrained:tiny")):
        with pytest.raises(ConfigError, match="cannot be trained on"):
            Run(path).create()
    with pytest.raises(CheckpointError, match="it is a pretrained model"):
        runs.load(path, allow_imports=["tests"], best=True)
