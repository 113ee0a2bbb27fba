import json

import pytest

from idgan_tf.commands import prepare_data
from idgan_tf.data.base import Dataset
from idgan_tf.data.prepared import PreparedDataset
from idgan_tf.errors import ConfigError
from tests.data.files import encoded, picture, write_folder
from tests.helpers import PROJECT, command

OWN = """
import gin

from idgan_tf.data.preparation.pictures import pictures
from idgan_tf.data.prepared import Found, Item, PreparedDataset


@gin.register
class OwnPhotos(PreparedDataset):
    home, layout = "the garden", "any folder"

    def find(self, source):
        return Found([Item(name) for name in pictures(source)])
"""


@pytest.mark.parametrize("name", prepare_data.names())
def test_every_fragment_describes_its_dataset(name):
    dataset = prepare_data.dataset_of(name)
    assert isinstance(dataset, Dataset) and dataset.name == name
    entry = prepare_data.entry(dataset)
    assert entry.startswith(f"{name}: {'x'.join(map(str, dataset.image_shape))}")
    assert all(f"    {key}" in entry for key in ("from", "size", "licence", "files"))
    if isinstance(dataset, PreparedDataset):
        assert not dataset.stand_in or (PROJECT / dataset.stand_in).exists()


def test_the_documentation_names_every_dataset():
    text = (PROJECT / "docs" / "data.md").read_text()
    assert [name for name in prepare_data.names() if f"`{name}`" not in text] == [
        "sprites128", "sprites256", "sprites512"  # between the two that it names
    ]  # fmt: skip


def test_wrong_names_and_bindings_are_one_line():
    with pytest.raises(ConfigError, match="no dataset 'celeba65'; there are cars, cars3d, celeba128"):
        prepare_data.dataset_of("celeba65")
    with pytest.raises(ConfigError, match="corner"):
        prepare_data.dataset_of("image_folder", ["ImageFolder.crop = 'corner'"])


def test_the_command_prepares_once_and_ends_with_the_right_codes(tmp_path):
    source = write_folder(tmp_path / "in", {f"{kind}/1.png": encoded(picture(1, 8, 8)) for kind in "ab"})
    arguments = [
        "--dataset=image_folder",
        f"--source={source}",
        f"--data_dir={tmp_path / 'out'}",
        "--gin_param=ImageFolder.name = 'mine'",
        "--gin_param=IMAGE_SHAPE = (4, 4, 3)",
        "--gin_param=ImageFolder.labels = True",
    ]
    command("prepare_data", *arguments, check=0)
    manifest = json.loads((tmp_path / "out" / "mine" / "manifest.json").read_text())
    assert manifest["count"] == 2 and manifest["class_names"] == ["a", "b"]
    (source / "a" / "1.png").write_bytes(b"")
    bad = command("prepare_data", *arguments, "--gin_param=ImageFolder.name = 'other'", check=3)
    assert "a/1.png is empty" in bad.stderr.splitlines()[-1] and "Traceback" not in bad.stderr
    assert "--dataset and --source" in command("prepare_data", check=2).stderr


def test_a_dataset_of_ones_own_is_listed_and_prepared_by_its_gin_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "own_photos.py").write_text(OWN)
    gin_file = tmp_path / "own_photos.gin"
    gin_file.write_text("import own_photos\n\ntrain.dataset = @OwnPhotos()\nOwnPhotos.image_shape = (4, 4, 3)\n")
    monkeypatch.syspath_prepend(tmp_path)

    def run(*flags):
        prepare_data.FLAGS.unparse_flags()
        prepare_data.FLAGS(["prepare_data", f"--dataset={gin_file}", *flags])
        prepare_data.main()

    with pytest.raises(ConfigError, match="pass --gin_allow_import=own_photos to trust it"):
        run("--list")
    named = ["--gin_allow_import=own_photos", "--gin_param=OwnPhotos.name = 'trees'"]
    run("--list", *named)
    assert capsys.readouterr().out == "trees: 4x4x3\n    from    the garden\n    files   any folder\n"
    source = write_folder(tmp_path / "in", {"1.png": encoded(picture(1, 8, 8))})
    run(f"--source={source}", f"--data_dir={tmp_path / 'out'}", *named)
    assert json.loads((tmp_path / "out" / "trees" / "manifest.json").read_text())["count"] == 1
