"""What every dataset promises: tried on all of gin/data/ that need no download, and on one of a user's own."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import cache, runs
from idgan_tf.commands.prepare_data import dataset_of, names
from idgan_tf.config import gin_files
from idgan_tf.data import dsprites
from idgan_tf.data.factors import FactorDataset
from idgan_tf.data.prepared import PreparedDataset
from idgan_tf.explorer import pictures
from idgan_tf.explorer.explorer import Explorer
from idgan_tf.explorer.model import Model
from idgan_tf.run_directory import Run
from tests.helpers import command, example, metrics

BINDINGS = {"scream_dsprites": ['ScreamDSprites.painting = "stand-in"']}
DRAWN = [name for name in names() if not isinstance(dataset_of(name, BINDINGS.get(name, ())), PreparedDataset)]


class DrawnWhenAsked:
    """The rows of dSprites' cache, of which only those that a test takes are drawn."""

    shape, dtype = (737_280, 512), np.dtype(np.uint8)

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        images = dsprites.render(np.stack(np.unravel_index(rows, dsprites.FACTOR_SIZES), axis=-1))
        return np.packbits(images.reshape(len(images), -1), axis=-1)


@pytest.fixture(params=DRAWN)
def dataset(request, monkeypatch):
    made = cache.array
    monkeypatch.setattr(
        cache, "array", lambda name, make: DrawnWhenAsked() if name.startswith("dsprites") else made(name, make)
    )
    return dataset_of(request.param, BINDINGS.get(request.param, ()))


def test_those_that_are_drawn_are_known():
    assert set(DRAWN) >= {
        "dsprites",
        "color_dsprites",
        "noisy_dsprites",
        "scream_dsprites",
        "sprites64",
        "toy",
        "digits",
    }


def test_a_batch_is_what_the_dataset_says_of_it(dataset, rng):
    rows = rng.integers(0, dataset.num_examples, 6)
    batch = dataset.take(rows, seed=(1, 2))
    image = batch["image"].numpy()
    assert image.shape == (6, *dataset.image_shape) and image.dtype == np.float32
    assert 0.0 <= image.min() < image.max() <= 1.0
    assert set(np.unique(image)) == {0.0, 1.0} if dataset.binary else len(np.unique(image)) > 2
    assert {"image", "label", "factors", "partner"} >= batch.keys()
    assert ("label" in batch) == bool(dataset.num_classes) and ("factors" in batch) == isinstance(
        dataset, FactorDataset
    )
    if "label" in batch:
        assert batch["label"].dtype == tf.int32 and batch["label"].shape == (6,)
        assert len(dataset.class_names) == dataset.num_classes > int(tf.reduce_max(batch["label"]))
    if "factors" in batch:
        assert batch["factors"].dtype == tf.int32 and batch["factors"].shape == (6, len(dataset.factor_names))
        assert (batch["factors"].numpy() < dataset.factor_sizes).all()
    assert dataset.home and dataset.licence and f"{dataset.num_examples:,} images of" in dataset.describe()


def test_take_is_what_a_training_decodes_in_its_graph(dataset, rng):
    rows = rng.integers(0, dataset.num_examples, 6)
    index = np.asarray(dataset.index_of(tf.constant(rows), tf.constant([1, 2])))
    stored = {name: tf.constant(array[np.asarray(dataset.row_of(index))]) for name, array in dataset.arrays.items()}

    @tf.function
    def decoded(stored, seed):
        return dataset.batch({**stored, "index": tf.constant(index)}, seed)

    ours, theirs = dataset.take(rows, seed=(1, 2)), decoded(stored, tf.constant([1, 2]))
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_allclose(theirs[name], value, atol=1e-6, err_msg=name)


def test_a_dataset_of_ones_own_is_a_class_and_a_gin_file(tmp_path, monkeypatch):
    """It is trained on, measured by its factors, reported on and explored; nothing else knows of it."""
    (tmp_path / "my_data.py").write_text(example("my_data.py"))
    (tmp_path / "my_data.gin").write_text(example("my_data.gin"))
    allow = [f"--gin_allow_import={name}" for name in ("tests", "my_data")]
    env, run = {"PYTHONPATH": str(tmp_path)}, tmp_path / "run"
    files = ["--gin_file=tests/tiny/betavae.gin", f"--gin_file={tmp_path / 'my_data.gin'}"]
    command("train", *files, f"--run_dir={run}", *allow, env=env, check=0)
    votes = [f"--gin_param=fvm.{name} = 40" for name in ("num_votes", "num_evaluation_votes", "num_variance_samples")]
    command("evaluate", f"--run_dir={run}", "--metrics=fvm,mig", *votes, *allow, env=env, check=0)
    scored = [record["protocol"]["dataset"] for record in metrics(run) if "fvm" in record or "mig" in record]
    assert scored == ["bars", "bars"]
    command("report", f"--run_dir={run}", *allow, env=env, check=0)
    assert "bars (drawn): 96 images of 8x8x1; my_data.py; licence: mine" in (run / "report.html").read_text()
    monkeypatch.syspath_prepend(tmp_path)
    method, dataset = runs.load_with_data(run, allow_imports=("tests", "my_data"))
    explored = Explorer([Model(Run(run), method, dataset)])
    assert np.asarray(explored.gallery[0]).shape == (8, 8, 1)
    assert pictures.now(explored, explored.start())["decoder"].shape == (8, 8, 3)
    assert gin_files.literals(run / "config.gin")["train.dataset"].startswith("Bars")
