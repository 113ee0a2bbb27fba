"""Models that come with the package: what is in their files, and that commands and people read them as any run."""

import configparser
import json
import os
import pathlib
import shutil

import numpy as np
import pytest

from idgan_tf import pretrained, run_directory, runs
from idgan_tf.errors import CheckpointError, ConfigError, NonFiniteError
from idgan_tf.experiments import packing
from idgan_tf.experiments.scores import configuration_of, evaluate_run
from idgan_tf.export.card import model_card
from idgan_tf.export.saved_model import export
from idgan_tf.files import TEMPORARY, sha256
from idgan_tf.reports import of_run
from idgan_tf.run_directory import Run
from idgan_tf.training import checkpoint
from idgan_tf.visualize import figures
from tests.helpers import PROJECT, build_tiny, metrics

LARGEST = 5e6  # bytes of a model
PROMISED = {"idgan_dsprites", "idgan_color_dsprites", "label_digits"}
FEW = ["fvm.num_votes = 30", "fvm.num_variance_samples = 48"]
MADE = {"commit": "0123abc", "commands": ["bin/train --gin_file=a.gin", "bin/train --gin_file=b.gin"], "minutes": 90.0}
TINY = "tests/tiny/idgan.gin"
READ = {  # the networks that are shipped: no discriminator, no raw weights where there are averages
    TINY: {"teacher_encoder", "teacher_decoder", "average_generator"},
    "gin/ibgan_dsprites.gin": {"encoder", "generator", "front", "reconstructor"},
    "tests/tiny/label_relevant_vae.gin": {"encoder_s", "encoder_u", "decoder", "mixture"},
}


def trained(gin_file, folder):
    """A run at step 12, whose weights are others than those that it began with."""
    settings, method = build_tiny(gin_file, folder)
    for number, network in enumerate(method.networks.values(), 1):
        for variable in network.trainable_variables:
            variable.assign(variable * (1.0 + 0.03 * number))
    method.step.assign(12)
    run = Run(folder)
    run.config.write_text(settings.configuration.text)
    checkpoint.save(run.checkpoints, checkpoint.state(method))
    return run


def pack(run, name, **changes):
    configuration = configuration_of(run.path, bindings=FEW, allow_imports=["tests"])
    return packing.pack(run, configuration, name, **{**MADE, "metrics": "fvm", **changes})


def load(name):
    return runs.load(name, allow_imports=["tests"])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(a folder of models in which "tiny" lies, the run that it was packed from)."""
    folder, run = tmp_path_factory.mktemp("models"), trained(TINY, tmp_path_factory.mktemp("runs") / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "FOLDER", folder)
        pack(run, "tiny")
    return folder, run


@pytest.fixture
def models(made, tmp_path, monkeypatch):
    """A folder of models of the test's own, in the place of that of the package; the current folder is another."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(pretrained, "FOLDER", pathlib.Path(shutil.copytree(made[0], tmp_path / "models")))
    return pretrained.FOLDER


def files(folder):
    return {str(path.relative_to(folder)): sha256(path) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("gin_file", READ)
def test_networks_that_no_face_reads_are_not_shipped(gin_file, tmp_path):
    _, method = build_tiny(gin_file, tmp_path)
    assert set(packing.read_networks(method)) == READ[gin_file]


def test_a_model_is_the_trained_one_in_half_precision(models, made):
    method, original = load("pretrained:tiny"), load(made[1].path)
    assert method.networks.keys() == READ[TINY] and int(method.step.numpy()) == 12
    for network in READ[TINY]:
        for ours, theirs in zip(method.networks[network].variables, original.networks[network].variables, strict=True):
            np.testing.assert_array_equal(ours, np.asarray(theirs, np.float16).astype(np.float32), ours.path)
    with np.load(models / "tiny" / "weights.npz") as file:
        assert {file[key].dtype.name for key in file.files if key != "step"} == {"float16"}
    given, stored = pretrained.check(method), json.loads((models / "tiny" / "model.json").read_text())["check"]
    for key, value in pretrained.check(original).items():
        np.testing.assert_allclose(given[key], value, atol=0.02, err_msg=key)
        np.testing.assert_allclose(given[key], stored[key], atol=1e-4, err_msg=key)
    assert [path.name for path in made[1].path.parent.iterdir()] == ["run"], "packing leaves nothing behind"


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


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("../tiny", {}, "named in small letters"),
        ("tiny", {"commit": "main"}, "hexadecimal digits"),
        ("tiny", {"metrics": "fmv"}, "no metric"),
        ("tiny", {"metrics": "linear_probe"}, "left out linear_probe"),
    ],
)
def test_what_cannot_be_packed_leaves_the_model_of_that_name_as_it_was(name, changes, message, models, made):
    before, beside = files(models), sorted(made[1].path.parent.iterdir())
    with pytest.raises(ConfigError, match=message):
        pack(made[1], name, **changes)
    assert files(models) == before and sorted(made[1].path.parent.iterdir()) == beside


@pytest.mark.parametrize("line", ["teacher.run_dir = 'stage1'", "TinySprites.path = \\\n    '/home/me/x'"])
def test_a_configuration_that_names_places_of_a_machine_is_no_model(line, models, made, tmp_path):
    run = Run(shutil.copytree(made[1].path, tmp_path / "run"))
    run.config.write_text(f"{run.config.read_text()}\n{line}\n")
    with pytest.raises(ConfigError, match=f"names places of this machine: {line.split(' = ')[0]};"):
        packing._require_no_places(run)


@pytest.mark.parametrize("failing", ["its card", "the copy", "the last name"])
def test_a_packing_that_fails_late_leaves_the_older_model_whole(failing, models, made, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError("the disk is full")

    def fail_at_last(source, target, replace=os.replace):
        if source.name == f"{TEMPORARY}tiny":
            fail()
        replace(source, target)

    if failing == "its card":
        monkeypatch.setattr(packing, "model_card", fail)
    elif failing == "the copy":
        monkeypatch.setattr(pretrained.shutil, "copyfile", fail)
    else:
        monkeypatch.setattr(os, "replace", fail_at_last)
    before = files(models)
    with pytest.raises(OSError, match="full"):
        if failing == "its card":
            pack(made[1], "tiny")
        else:
            pretrained.copy(models / "tiny", models / "tiny")
    assert files(models) == before and [path.name for path in models.iterdir()] == ["tiny"]


def test_a_newer_model_takes_the_place_of_an_older_one_with_its_card(models, tmp_path):
    shutil.copytree(models / "tiny", tmp_path / "newer")
    (models / "tiny" / "of_the_older.txt").touch()
    shutil.copytree(models / "tiny", models / f"{TEMPORARY}old-tiny")  # of a process that was killed
    pretrained.copy(tmp_path / "newer", models / "tiny")
    assert files(models / "tiny") == files(tmp_path / "newer") and [path.name for path in models.iterdir()] == ["tiny"]
    assert (models / "tiny" / "card.md").read_text().startswith("# tiny: IDGAN on")


def test_weights_beyond_half_precision_are_refused(models, tmp_path):
    settings, method = build_tiny("tests/tiny/betavae.gin", tmp_path / "run")
    method.networks["decoder"].variables[0].assign(method.networks["decoder"].variables[0] * 0.0 + 1e5)
    run = Run(tmp_path / "run")
    run.config.write_text(settings.configuration.text)
    checkpoint.save(run.checkpoints, checkpoint.state(method))
    with pytest.raises(NonFiniteError, match="networks/decoder/000 reaches 1e"):
        pack(run, "large")
    assert pretrained.names() == ["tiny"]


def test_a_method_without_a_code_is_refused(models, tmp_path):
    run = trained("tests/tiny/cvae.gin", tmp_path / "run")
    with pytest.raises(ConfigError, match="CVAE has no code c"):
        pack(run, "cvae")


def test_the_package_takes_all_files_of_a_model_along(models):
    setup = configparser.ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    patterns = setup["options.package_data"]["idgan_tf.pretrained"].split(", ")
    taken = {str(path.relative_to(models)) for pattern in patterns for path in models.glob(pattern)}
    assert taken == files(models).keys() and "tiny/networks/teacher_encoder.json" in taken


@pytest.mark.skipif(not pretrained.names(), reason="no model comes with this version")
def test_the_models_that_are_promised_come_with_the_package():
    assert not PROMISED - set(pretrained.names())


@pytest.mark.parametrize("name", pretrained.names())
def test_a_model_that_comes_with_the_package(name):
    """It is whole and small, gives what it gave when it was packed, and says what made it and how good it is."""
    folder = pretrained.FOLDER / name
    about = pretrained.read(Run(folder))
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) <= LARGEST
    assert sha256(folder / "weights.npz") == about["sha256"]
    method = runs.load(f"pretrained:{name}")
    assert method.networks.keys() == set(about["networks"]) == set(packing.read_networks(method))
    given = pretrained.check(method)
    assert given.keys() == about["check"].keys()
    for key, value in about["check"].items():
        np.testing.assert_allclose(given[key], value, atol=pretrained.CHECK_TOLERANCE, err_msg=key)
    card = (folder / "card.md").read_text()
    for text in (about["sha256"], about["commit"], *about["commands"]):
        assert text in card
    lines = metrics(folder)
    assert lines and all("protocol" in line for line in lines)
