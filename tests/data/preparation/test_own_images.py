"""Images of one's own in one command: prepared by the training that needs them, the same for both stages."""

import os

import numpy as np
import pytest

from idgan_tf.config import Configuration
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation import own_images
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.experiments import stages
from idgan_tf.training import build
from tests.data.files import encoded, picture, write_folder
from tests.helpers import command, metrics


def folder(tmp_path, source, shape=(8, 8, 3)):
    return ImageFolder(None, shape, False, source=str(source), data_dir=str(tmp_path / "data"))


def photos(tmp_path, count=3, size=8, name="photos"):
    return write_folder(tmp_path / name, {f"{i}.png": encoded(picture(i, size, size)) for i in range(count)})


@pytest.mark.parametrize(
    "source, shape, labels, more, name",
    [
        ("in/photos.zip", (64, 64, 3), False, {}, "photos_64"),
        ("in/My photos.tar.gz", (128, 128, 1), True, {"crop": "none"}, "My-photos_128_grey_labels_none"),
        ("in/photos/", (64, 32, 3), False, {}, "photos_64x32"),
        ("in/photos.zip", (64, 64, 3), False, {"name": "mine"}, "mine"),
    ],
)
def test_a_dataset_is_named_after_its_files_and_what_decides_its_pixels(source, shape, labels, more, name):
    assert ImageFolder(**{"name": None, **more}, image_shape=shape, labels=labels, source=source).name == name


def test_a_training_prepares_what_it_is_told_once_and_refuses_other_files(tmp_path):
    source = photos(tmp_path)
    own_images.prepare(folder(tmp_path, source))
    first = folder(tmp_path, source)
    assert first.num_examples == 3 and first.folder.name == "photos_8"
    written = (first.folder / "images.npy").stat().st_mtime_ns
    own_images.prepare(folder(tmp_path, source))
    assert (first.folder / "images.npy").stat().st_mtime_ns == written
    (source / "3.png").write_bytes(encoded(picture(3, 8, 8)))
    with pytest.raises(DataError, match="already prepared from .*photos, which has changed since.*--replace"):
        own_images.prepare(folder(tmp_path, source))
    own_images.prepare(folder(tmp_path, source, (4, 4, 3)))
    assert sorted(os.listdir(tmp_path / "data")) == ["photos_4", "photos_8"]


def test_a_bad_image_is_told_with_the_command_that_leaves_it_out(tmp_path):
    source = photos(tmp_path, size=7)
    with pytest.raises(DataError, match=r"--on_error=skip \(to bin/prepare_data --dataset=image_folder .*photos"):
        own_images.prepare(folder(tmp_path, source))
    assert os.listdir(tmp_path / "data") == []


@pytest.mark.parametrize("grey", [True, False])
def test_grey_images_in_colour_are_told(tmp_path, caplog, grey):
    image = picture(0, 8, 8)
    source = write_folder(tmp_path / "in", {"0.png": encoded(image.convert("L") if grey else image)})
    own_images.prepare(folder(tmp_path, source))
    assert ("CHANNELS = 1" in caplog.text) == grey


def test_without_a_source_the_message_names_the_binding(tmp_path):
    with pytest.raises(DataError, match='ImageFolder.source = "PATH"'):
        ImageFolder(None, (8, 8, 3), False, data_dir=str(tmp_path)).arrays  # noqa: B018


def test_one_list_of_bindings_reaches_both_stages_and_each_has_its_own_size():
    given = ["ImageFolder.source = 'a.zip'", "ImageFolder.crop = 'none'", "SIZE = 128", "CHANNELS = 1"]
    second = Configuration(["gin/idgan_images.gin"], given)
    first = stages.first_stage(second)
    datasets = [build.dataset(configuration) for configuration in (first, second)]
    assert [dataset.image_shape for dataset in datasets] == [(64, 64, 1), (128, 128, 1)]
    assert [dataset.name for dataset in datasets] == ["a_64_grey_none", "a_128_grey_none"]
    assert [len(dataset.augment) for dataset in datasets] == [0, 1]
    own = second.with_bindings("teacher.gin_params = ('ImageFolder.crop = \"square\"',)")
    assert build.dataset(stages.first_stage(own)).crop == "square", "its own bindings come last"


def test_another_number_of_classes_than_the_data_have_is_refused(tmp_path):
    source = write_folder(tmp_path / "in", {f"{kind}/1.png": encoded(picture(1, 64, 64)) for kind in "ab"})
    given = [f"ImageFolder.source = '{source}'", f"ImageFolder.data_dir = '{tmp_path}'", "NUM_CLASSES = 3"]
    given.append("train.batch_size = 2")
    settings = build.settings(Configuration(["gin/label_relevant_vae_images.gin"], given))
    own_images.prepare(settings.dataset)
    assert settings.dataset.class_names == ("a", "b")
    with pytest.raises(ConfigError, match="NUM_CLASSES is 3, and the data have 2 classes"):
        stages.rehearse(settings)


@pytest.mark.slow
@pytest.mark.parametrize("size", [64, 128])
def test_one_command_trains_both_stages_on_a_folder(tmp_path, size):
    source = photos(tmp_path, count=6, size=size)
    run = tmp_path / "runs" / "idgan"
    given = [
        f"ImageFolder.source = '{source}'",
        f"SIZE = {size}",
        "train.num_steps = 2",
        "train.batch_size = 2",
        "ResNetGenerator.filters = 4",
        "ResNetDiscriminator.filters = 4",
        "teacher.gin_params = ('train.num_steps = 2', 'train.batch_size = 2')",
    ]
    flags = [f"--gin_param={binding}" for binding in given]
    env = {"IDGAN_CACHE": str(tmp_path / "cache")}
    command("train", "--gin_file=gin/idgan_images.gin", f"--run_dir={run}", *flags, env=env, timeout=1500, check=0)
    assert [metrics(folder)[-1]["step"] for folder in (run, run.parent / "betavae_images")] == [2, 2]
    assert (run / "figures" / "samples.png").is_file()
    prepared = sorted(path.name for path in (tmp_path / "cache" / "data").iterdir() if path.name.startswith("photos"))
    assert prepared == sorted({"photos_64", f"photos_{size}"})
    assert np.load(tmp_path / "cache" / "data" / f"photos_{size}" / "images.npy").shape == (6, size, size, 3)
