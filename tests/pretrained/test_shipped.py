"""The models that come with the package: whole, small, and what they were when they were packed."""

import configparser

import numpy as np
import pytest

from idgan_tf import pretrained, runs
from idgan_tf.evaluation.codes import mig
from idgan_tf.experiments import packing
from idgan_tf.files import sha256
from idgan_tf.run_directory import Run
from tests.helpers import PROJECT, metrics
from tests.pretrained.packed import files

LARGEST = 5e6  # bytes of a model
PROMISED = {"idgan_dsprites", "ibgan_dsprites", "idgan_color_dsprites", "idgan_rooms", "label_digits"}


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
    for dimension, called in enumerate(method.dimension_names):
        assert not called or method.called(dimension) in card
    lines = metrics(folder)
    assert lines and all("protocol" in line for line in lines)


MEANT = {"x": "position_x", "y": "position_y", "size": "scale", "angle": "orientation"}
MEANT |= {f"{thing} hue": f"{thing}_hue" for thing in ("floor", "wall", "object")}


@pytest.mark.parametrize("name", sorted(PROMISED - {"label_digits"}))
def test_a_dimension_named_after_a_factor_knows_more_of_it_than_any_other_does(name):
    method, dataset = runs.load_with_data(f"pretrained:{name}")
    numbers = np.random.default_rng(0).choice(len(dataset), 1_000, replace=False)
    codes, factors = method.encode(dataset.take(numbers)["image"])[0].numpy(), dataset.factors(numbers)
    named = [(d, MEANT[called]) for d, called in enumerate(method.dimension_names) if called in MEANT]
    assert named
    for dimension, factor in named:
        values = factors[:, dataset.factor_names.index(factor)]
        information = mig.information_matrix(codes, values[:, None], bins=20)[:, 0]
        assert np.argmax(information) == dimension, factor


def test_the_dimensions_of_zu_named_x_and_slant_move_that_most_of_all_zu():
    method, dataset = runs.load_with_data("pretrained:label_digits")
    zs, codes = method.zs_dim, method.encode(dataset[:100]["image"])[0]
    moved = np.array([np.ptp(_x_and_slant(method.traverse(codes, d, [-1, 1])), axis=1) for d in range(zs, zs + 4)])
    largest = moved.mean(axis=1).argmax(axis=0)  # of what each dimension of zu moves of [x, slant], on average
    assert [method.called(zs + d) for d in largest] == ["zu0 x", "zu3 slant"]


def _x_and_slant(images):
    """[..., 2] of images [..., 8, 8, 1]: the middle of the ink from the left, and how x goes with y in it."""
    ink = np.asarray(images)[..., 0]
    ink = ink / ink.sum((-2, -1), keepdims=True)
    y, x = np.mgrid[:8, :8]
    middle = (ink * x).sum((-2, -1))
    slant = (ink * x * y).sum((-2, -1)) - middle * (ink * y).sum((-2, -1))
    return np.stack([middle, slant], axis=-1)
