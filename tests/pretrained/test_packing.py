"""A packed model is the trained one in half precision, without what no face reads; it is made whole or not at all."""

import json
import os
import shutil

import numpy as np
import pytest

from idgan_tf import pretrained
from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.experiments import packing
from idgan_tf.files import TEMPORARY
from idgan_tf.run_directory import Run
from idgan_tf.training import checkpoint
from tests.helpers import build_tiny
from tests.pretrained.packed import READ, TINY, files, load, pack, trained


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
