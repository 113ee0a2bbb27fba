"""The command that a message prints for data that is not prepared prepares just these data."""

import shlex

import pytest

from idgan_tf.commands import prepare_data
from idgan_tf.data.cars import Cars
from idgan_tf.data.celeba import CelebA, CelebAHQ
from idgan_tf.data.chairs import Chairs
from idgan_tf.data.cub import CUB
from idgan_tf.data.facescrub import FaceScrubCasia
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture, write_folder

DATASETS = [
    ImageFolder("lab", (32, 32, 3), labels=True),
    ImageFolder("lab", (32, 48, 1), labels=False, crop="none", resize="box"),
    ImageFolder("celeba64", (64, 64, 3), labels=True, labels_file="meta/it's.csv"),
    ImageFolder("cifar10_images", (32, 32, 3), labels=True, crop="none"),
    ImageFolder("cifar10_images", (64, 64, 3), labels=False, crop="none"),
    CelebA((64, 64, 3)),
    CelebA((96, 96, 3)),
    CelebA((128, 128, 3), attributes=("Male", "Smiling")),
    CelebAHQ((256, 256, 3)),
    Cars((64, 64, 3), min_side=32),
    CUB((128, 128, 3)),
    Chairs((64, 64, 1)),
    Chairs((32, 32, 3)),
    FaceScrubCasia((64, 64, 3), identities=50, seed=3, crop_side=160),
]


def described(command):
    """The dataset that a printed command prepares."""
    program, *flags = shlex.split(command)
    given = [flag.removeprefix("--").split("=", 1) for flag in flags]
    (name,) = [value for flag, value in given if flag == "dataset"]
    assert program == "bin/prepare_data" and {flag for flag, _ in given} <= {"dataset", "source", "gin_param"}
    return prepare_data.dataset_of(name, [value for flag, value in given if flag == "gin_param"])


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.command.removeprefix("bin/prepare_data "))
def test_the_printed_command_makes_the_dataset_that_was_asked_for(dataset):
    found = described(dataset.command)
    assert type(found) is type(dataset) and (found.name, found.rule) == (dataset.name, dataset.rule)


def test_what_its_gin_file_says_already_is_not_repeated():
    assert CelebA((64, 64, 3)).command == "bin/prepare_data --dataset=celeba64 --source=PATH"
    assert "labels" not in ImageFolder("mine", (64, 64, 3), labels=False).command


def test_who_follows_the_messages_gets_there(tmp_path):
    """Prepared as it is not wanted: the message says what to run, and that ends it."""
    source = write_folder(tmp_path / "in", {f"{kind}/1.png": encoded(picture(1, 32, 32)) for kind in "ab"})
    prepare(ImageFolder("lab", (16, 16, 3), labels=False, data_dir=str(tmp_path / "out")), source)
    asked = ImageFolder("lab", (32, 32, 3), labels=True, data_dir=str(tmp_path / "out"))
    with pytest.raises(DataError, match="was prepared with image_shape .* --replace, or choose") as error:
        asked.arrays  # noqa: B018
    command = str(error.value).split("; run ")[1].split(" --data_dir")[0]
    answer = described(command)
    answer.data_dir = str(tmp_path / "out")
    prepare(answer, source, replace=True)
    assert asked.arrays["image"].shape == (2, 32, 32, 3) and asked.class_names == ("a", "b")
