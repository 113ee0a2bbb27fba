"""Figures of several runs in one picture."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from idgan_tf.data.base import Dataset
from idgan_tf.errors import CheckpointError, ConfigError
from idgan_tf.methods.base import Method
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.run_directory import Run
from idgan_tf.visualize import comparisons, registry
from idgan_tf.visualize.comparisons import COLUMNS, DRAWS, NUISANCES, Part
from idgan_tf.visualize.examples import examples
from tests.helpers import TinyLabelled, TinySprites
from tests.methods.tiny import LinearDecoder, LinearEncoder

DATA, SIDE = TinySprites((16, 16, 1)), 16


class Sprites(CodeFaces, Method):
    """c is (nothing, scale, x, y) of a square, s its brightness; the generator draws both in the first four pixels."""

    image_shape, code_dim, nuisance_dim, codes = (SIDE, SIDE, 1), 4, 1, "c ~ q(c)"

    def encode(self, image):
        mass = tf.reduce_sum(image, axis=[1, 2, 3])
        x, y = (tf.reduce_sum(image * grid, axis=[1, 2, 3]) / mass for grid in self.grids())
        mean = tf.stack([tf.zeros_like(mass), tf.sqrt(mass), x, y], axis=1)
        return mean, tf.zeros_like(mean)

    @staticmethod
    def grids():
        line = tf.range(SIDE, dtype=tf.float32)
        return line[None, None, :, None], line[None, :, None, None]

    def sample_code(self, image, seed):
        return self.encode(image)[0]

    def generate(self, s, c):
        numbers = tf.concat([c, s], axis=1) / SIDE
        return tf.reshape(tf.pad(numbers, [[0, 0], [0, SIDE * SIDE - 5]]), [-1, SIDE, SIDE, 1])


def shape_of(part):
    return part.images.shape[:2]


def codes_in(part):
    """The codes that `Sprites` has drawn, [R, C, 4]."""
    return part.images[:, :, 0, :4, 0] * SIDE


def test_columns_of_renderings_share_the_image_and_rows_the_nuisance():
    part = comparisons.renderings(Sprites(), DATA)
    assert shape_of(part) == (NUISANCES, COLUMNS) and part.rows == ("s 1", "s 2", "s 3")
    mean, _ = Sprites().encode(examples(DATA, COLUMNS))
    np.testing.assert_allclose(codes_in(part), np.repeat(np.asarray(mean)[None], NUISANCES, axis=0), rtol=1e-5)
    brightness = part.images[:, :, 0, 4, 0]
    assert np.ptp(brightness, axis=1).max() == 0.0 and np.ptp(brightness[:, 0]) > 0.01
    real = comparisons.real_examples(Sprites(), DATA)
    np.testing.assert_array_equal(real.images[0], examples(DATA, COLUMNS))


def test_rows_of_factors_traverse_the_dimension_that_tells_most_of_the_factor():
    part = comparisons.factors(Sprites(), DATA)
    assert [name.split("  ")[0] for name in part.rows] == ["scale: c1", "position_x: c2", "position_y: c3"]
    assert part.columns[0] == "real" and shape_of(part) == (3, 8)
    middle = np.asarray(DATA.images([[1, 2, 2]]))
    np.testing.assert_array_equal(part.images[:, 0], np.repeat(middle, 3, axis=0))
    drawn = codes_in(part)[:, 1:]
    for row, dimension in enumerate((1, 2, 3)):
        np.testing.assert_allclose(drawn[row, :, dimension], np.linspace(-3, 3, 7), atol=1e-5)
    np.testing.assert_allclose(drawn[0, :, 2], np.full(7, np.asarray(Sprites().encode(middle)[0])[0, 2]), rtol=1e-5)


def test_every_shape_has_its_rows_where_the_shape_is_a_factor():
    class Shapes(TinySprites):
        factor_names = ("shape", "position_x", "position_y")

    assert comparisons._middles(Shapes()).tolist() == [[0, 2, 2], [1, 2, 2], [2, 2, 2]]
    assert comparisons._middles(TinySprites()).tolist() == [[1, 2, 2]]


def test_a_column_of_samples_is_a_class_where_there_are_classes():
    class Classes(Method):
        image_shape, num_classes = (SIDE, SIDE, 3), 3

        def generate_class(self, label, seed):
            return tf.ones([len(label), SIDE, SIDE, 3]) * (np.float32(label)[:, None, None, None] / 4)

    class Labelled(TinyLabelled):
        @property
        def arrays(self):
            return {**super().arrays, "label": self.labels}

        labels = np.arange(48, dtype=np.int32) // 16

    data = Labelled((SIDE, SIDE, 3))
    part, real = comparisons.samples(Classes(), data), comparisons.real_samples(Classes(), data)
    assert part.columns[:4] == ["small", "middle", "large", "small"] and shape_of(part) == (DRAWS, COLUMNS)
    assert real.columns == part.columns and not comparisons.real_samples(Sprites(), data).columns
    np.testing.assert_array_equal(part.images[:, :, 0, 0, 0] * 4, np.tile(np.arange(COLUMNS) % 3, [DRAWS, 1]))
    areas = np.sum(real.images[..., 0], axis=(2, 3))
    assert np.all(areas[:, :3] == [4, 9, 16]), "squares of 2, 3 and 4 pixels are the classes"
    Labelled.labels = np.where(Labelled.labels == 1, -1, Labelled.labels)
    images = comparisons.real_samples(Classes(), data).images[:, :3]
    assert np.all(images[:, 1] == 1.0) and np.all(images[:, [0, 2]].min(axis=(2, 3, 4)) == 0.0), "nothing is medium"


def test_names_of_columns_stand_above_the_bands_that_have_them_alone(monkeypatch):
    above = []
    monkeypatch.setattr(
        comparisons, "label", lambda picture, title, rows=(), columns=(), size=0: above.append(columns) or picture
    )
    images, names = np.zeros((1, 2, 64, 64, 1)), ["cat", "dog"]
    with_names, without = Part(images, columns=names), Part(images)
    for parts, expected in (
        ([without, with_names, with_names], [(), names, names]),
        ([with_names, with_names], [names, ()]),
        ([without, without], [(), ()]),
    ):
        above.clear()
        comparisons.under_each_other("title", [(f"run {i}", part) for i, part in enumerate(parts)])
        assert above[:-1] == expected


class Plain(Dataset):
    """White images whose factors nobody knows."""

    name, source, image_shape = "plain", "made", (4, 4, 1)
    arrays = {"image": np.ones((8, 4, 4, 1), np.float32)}

    def decode(self, rows, seed):
        return {"image": rows["image"]}


def vae():
    return BetaVAE(LinearEncoder(), LinearDecoder(), keras.optimizers.SGD(0.1), bernoulli_nll, beta=1.0)


def test_runs_stand_in_one_picture_with_their_names_and_those_that_cannot_are_left_out_aloud(
    tmp_path, monkeypatch, caplog
):
    seen = {}
    small = TinySprites((4, 4, 1))
    loaded = {"a": (vae(), small), "b": (Sprites(), DATA), "c": None, "d": (Method(), small)}
    found = [Run(tmp_path / name) for name in loaded]

    def load(run):
        if loaded[run.name] is None:
            raise CheckpointError("no checkpoint in c")
        return loaded[run.name]

    figures = registry.known(registry.OF_RUNS)
    for name, figure in figures.items():
        join = figure.options["join"]
        monkeypatch.setitem(
            figure.options, "join", lambda t, parts, n=name, join=join: seen.update({n: parts}) or join(t, parts)
        )
    paths = comparisons.write(found, list(figures), load)
    assert paths[0] == tmp_path / "figures" / "compare_samples.png"
    names = {name: [title for title, _ in parts] for name, parts in seen.items()}
    assert names["compare_samples"] == ["real (tiny_sprites)", "a", "real (tiny_sprites)", "b"], "4 and 16 pixels"
    assert names["compare_traversals"] == names["compare_factors"] == ["a", "b"]
    assert "c is left out: no checkpoint in c" in caplog.text
    assert "d is left out of compare_samples, which needs pictures" in caplog.text
    with Image.open(paths[0]) as picture:
        assert picture.text["runs"].count("at step 0") == 2 and picture.text["data"].count("tiny_sprites") == 2
        assert picture.width > COLUMNS * 66, "all images are enlarged to 64 pixels"


def test_runs_of_the_same_data_stand_together_under_one_row_of_real_images(tmp_path, monkeypatch):
    seen = []
    options = registry.known()["compare_renderings"].options
    join = options["join"]
    monkeypatch.setitem(options, "join", lambda title, parts: seen.extend(parts) or join(title, parts))
    small, method = TinySprites((4, 4, 1)), vae()
    loaded = {"a": (method, small), "b": (Sprites(), DATA), "c": (method, small)}
    comparisons.write([Run(tmp_path / n) for n in loaded], ["compare_renderings"], lambda r: loaded[r.name])
    assert [title for title, _ in seen] == ["real (tiny_sprites)", "a", "c", "real (tiny_sprites)", "b"]


def test_runs_of_one_name_in_folders_of_one_name_are_told_apart(tmp_path):
    found = [Run(tmp_path / folder / "seed0" / "x") for folder in "ab"]
    (path,) = comparisons.write(found, ["compare_samples"], lambda run: (vae(), TinySprites((4, 4, 1))))
    with Image.open(path) as picture:
        assert picture.text["runs"] == "; ".join(f"{run.path} at step 0" for run in found)


def test_a_figure_that_no_run_can_have_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="compare_samples needs pictures: none of these runs has it"):
        comparisons.write([Run(tmp_path / "a")], ["compare_samples"], lambda run: (Method(), DATA))
    names = ["compare_factors", "compare_samples"]
    (path,) = comparisons.write([Run(tmp_path / "a")], names, lambda run: (vae(), Plain()))
    assert path.name == "compare_samples.png", "the other is left out, since the factors are not known"

    def fail(run):
        raise CheckpointError("there is no checkpoint")

    with pytest.raises(CheckpointError, match="no checkpoint"):
        comparisons.write([Run(tmp_path / "a")], ["compare_samples"], fail)


def test_bands_of_runs_stand_under_each_other_whatever_the_length_of_their_names():
    parts = [(name, Part(np.full([2, 3, SIDE, SIDE, 1], value))) for name, value in (("a", 0.0), ("a long name", 0.6))]
    picture = comparisons.under_each_other("title", parts)
    side = comparisons.SMALLEST  # to which their 16 pixels are enlarged
    band = 2 * (side + 2) + 2
    np.testing.assert_array_equal(picture[-band:][:, -side - 2 : -2][2 : side + 2], 153)
    np.testing.assert_array_equal(picture[-2 * band - 12 :][:, -side - 2 : -2][2 : side + 2], 0)
