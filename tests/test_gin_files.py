"""Every shipped experiment: it parses, and so does the earlier stage it names."""

import re

import pytest

from idgan_tf.config import Configuration
from idgan_tf.training import build  # noqa: F401 - `train` becomes known to gin
from tests.helpers import GIN_FILES, PROJECT

FLIPPED = re.compile(r"gin/(gan|infogan|idgan|idgan_nodistill|cgan)_(celeba|cars|chairs)")

YOURS = {"gin/label_relevant_vae_images.gin": ["NUM_CLASSES = 5"]}  # what a file asks of whoever trains it


@pytest.mark.parametrize("gin_file", GIN_FILES)
def test_it_parses_and_its_teacher_exists(gin_file):
    configuration = Configuration([gin_file], YOURS.get(gin_file, ()))
    bindings = configuration.bindings_of("train")
    assert {"method", "dataset", "num_steps", "batch_size"} <= bindings.keys()
    for ends in re.findall(r"^[\w/]+PiecewiseLinear\.steps = \(.*, (\d+)\)", configuration.text, re.MULTILINE):
        assert int(ends) <= bindings["num_steps"], "a schedule does not end with the training"
    stage = configuration.bindings_of("teacher")
    if stage:
        Configuration([stage["gin_file"]], stage.get("gin_params", ()))


def test_the_released_side_of_the_label_relevant_vae_goes_after_an_experiment():
    gin_files = ["gin/label_relevant_vae_digits.gin", "gin/methods/label_relevant_vae_released.gin"]
    bindings = Configuration(gin_files).bindings_of("LabelRelevantVAE")
    assert "hinge_game" in str(bindings["game"]) and bindings["random_labels"] is True and bindings["n_gm"] == 3
    assert bindings["lambda_lkd_joint"] == 1.0, "of the digits 10"


@pytest.mark.parametrize("gin_file", [name for name in GIN_FILES if re.search("celeba|cars|chairs", name)])
def test_photographs_are_mirrored_in_stage_2_of_idgan_alone(gin_file):
    text = Configuration([gin_file]).text
    flips = [line for line in text.splitlines() if re.match(r"\w+\.augment = \(@\w*\.?flip,\)", line)]
    assert len(flips) == bool(FLIPPED.match(gin_file))


@pytest.mark.parametrize("data", ["cifar10", "cifar10_images", "cifar100", "facescrub", "facescrub_casia", "cub"])
def test_photographs_are_mirrored_for_the_label_relevant_vae(data):
    """The released code does so; digits, which are not themselves in a mirror, stay as they are."""
    assert ".augment = (@flip,)" in (PROJECT / f"gin/data/{data}.gin").read_text()
    assert "flip" not in (PROJECT / "gin/data/digits.gin").read_text()


@pytest.mark.parametrize("gin_file", [name for name in GIN_FILES if "factor_classifier" not in name])
def test_the_optimizers_have_the_epsilons_of_the_codes(gin_file):
    """1e-8 of PyTorch and TensorFlow 1, where Keras has 1e-7; in RMSprop, which has it inside the root, its square."""
    found = Configuration([gin_file], YOURS.get(gin_file, ()))
    used = set(re.findall(r"@(?:\w+/)?(?:keras\.optimizers\.)?(Adam|RMSprop)\b(?!\.)", found.text))
    assert used
    for name in used:
        assert found.bindings_of(f"keras.optimizers.{name}")["epsilon"] == {"Adam": 1e-8, "RMSprop": 1e-16}[name]


@pytest.mark.parametrize("path", sorted((PROJECT / "gin").rglob("*.gin")), ids=lambda path: path.stem)
def test_every_number_says_where_it_comes_from(path):
    """In a comment behind it, or in one on the line above."""
    lines = ["", *path.read_text().splitlines()]
    numbers = [i for i, line in enumerate(lines) if re.match(r"[\w./]+ = (?!@)[^#\"]*\b\d[^#]*$", line)]
    assert not [lines[i] for i in numbers if not lines[i - 1].startswith("#")]
