import types

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from idgan_tf.config import Configuration
from idgan_tf.data.constraints import Constrained
from idgan_tf.data.digits import Digits
from idgan_tf.data.dsprites import DSprites
from idgan_tf.errors import ConfigError
from idgan_tf.training import build
from idgan_tf.training.call import TrainingCall
from tests.helpers import TinySprites

LARGE = (("scale", 2, 2), ("position_x", 2, 3))  # 8 of the 48 tiny sprites


def probabilities(sizes, sigma):
    """p(f1, f2) of Träuble et al. 2021, a number at a time."""
    p = np.array(
        [
            [np.exp(-((i / (sizes[0] - 1) - j / (sizes[1] - 1)) ** 2) / (2 * sigma**2)) for j in range(sizes[1])]
            for i in range(sizes[0])
        ]
    )
    return p / p.sum()


@pytest.mark.parametrize("sigma", [0.1, 0.4, 10.0])
def test_pairs_come_as_often_as_the_paper_says_and_other_factors_evenly(sigma):
    dataset = Constrained(DSprites("rendered"), "d", correlated=(("scale", "position_x", sigma),))
    assert dataset.num_examples == 737_280
    factors = dataset.factors(np.arange(dataset.num_examples))
    counts = np.histogram2d(factors[:, 1], factors[:, 3], (range(7), range(33)))[0]
    np.testing.assert_allclose(counts / len(factors), probabilities((6, 32), sigma), atol=2 / 737_280)
    for k, size in ((0, 3), (2, 40), (4, 32)):
        assert np.abs(np.bincount(factors[:, k], minlength=size) * size / len(factors) - 1).max() < 0.03
    _, repeats = np.unique(dataset.rows, return_counts=True)
    assert repeats.max() <= np.ceil(6 * 32 * probabilities((6, 32), sigma).max())


def test_of_a_rare_pair_no_class_of_another_factor_is_always_taken():
    """Every 32nd row of a pair, where the factor that runs fastest has 32 classes."""
    sigma = scipy.optimize.brentq(lambda sigma: 6 * 32 * probabilities((6, 32), sigma)[0, 12] - 1 / 32, 0.05, 0.3)
    dataset = Constrained(DSprites("rendered"), "d", correlated=(("scale", "position_x", sigma),))
    factors = dataset.factors(np.arange(dataset.num_examples))
    rare = factors[(factors[:, 1] == 0) & (factors[:, 3] == 12)]
    assert len(rare) in (119, 120, 121) and len(np.unique(rare[:, 4])) > 25


def test_several_correlations_multiply():
    pairs = (("scale", "position_x", 0.3), ("scale", "position_y", 0.5))
    dataset = Constrained(DSprites("rendered"), "d", correlated=pairs)
    factors = dataset.factors(np.arange(dataset.num_examples))
    counts = np.histogramdd(factors[:, [1, 3, 4]], (range(7), range(33), range(33)))[0]
    expected = probabilities((6, 32), 0.3)[:, :, None] * probabilities((6, 32), 0.5)[:, None, :]
    np.testing.assert_allclose(counts / len(factors), expected / expected.sum(), atol=2 / 737_280)


def test_the_seed_draws_other_rows_and_the_same_again():
    one, same, other = (
        Constrained(TinySprites(), "d", (("scale", "position_x", 0.3),), seed=seed).rows for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)


def test_what_is_left_out_is_held_out_and_both_are_everything():
    dataset = Constrained(TinySprites(), "some", left_out=(LARGE, (("position_y", 0, 0),)))
    scale, x, y = TinySprites().factors(np.arange(48)).T
    out = ((scale == 2) & (x >= 2)) | (y == 0)
    np.testing.assert_array_equal(dataset.rows, np.flatnonzero(~out))
    np.testing.assert_array_equal(dataset.held_out.rows, np.flatnonzero(out))
    assert dataset.num_examples + dataset.held_out.num_examples == 48 and dataset.held_out.held_out is None
    part = Constrained(TinySprites(), "some", (("scale", "position_x", 0.2),), dataset.left_out, "left_out")
    np.testing.assert_array_equal(part.rows, dataset.held_out.rows)
    assert part.source == dataset.held_out.source
    both = Constrained(TinySprites(), "some", (("scale", "position_x", 0.2),), (LARGE,))
    assert not set(both.rows) & set(both.held_out.rows) and both.num_examples == 40


def test_examples_are_images_of_the_other_dataset_with_their_factors():
    plain, dataset = TinySprites(), Constrained(TinySprites(), "some", left_out=(LARGE,))
    batch = dataset.take(np.arange(40))
    np.testing.assert_array_equal(batch["image"], plain.images(batch["factors"]))
    np.testing.assert_array_equal(batch["factors"], dataset.factors(np.arange(40)))
    np.testing.assert_array_equal(dataset.held_out.take([0])["factors"], [[2, 2, 0]])
    everything = np.array(list(np.ndindex(3, 4, 4)))
    np.testing.assert_array_equal(dataset.images(everything), plain.images(everything))


def test_metrics_draw_from_the_whole_grid_and_of_held_out_images_from_these(rng):
    dataset = Constrained(TinySprites(), "some", (("scale", "position_x", 0.1),), (LARGE,))
    assert len(np.unique(dataset.sample_factors(2000, rng), axis=0)) == 48
    scale, x, _ = dataset.held_out.sample_factors(200, rng).T
    assert set(scale) == {2} and set(x) == {2, 3}


@pytest.mark.parametrize("resident_bytes", [1 << 30, 0])
def test_an_epoch_of_training_is_every_example_once_resident_or_streamed(resident_bytes):
    dataset, plain = Constrained(TinySprites(), "some", (("scale", "position_x", 0.3),), (LARGE,)), TinySprites()
    factors, images = [], []

    def train_step(batch, seed):
        del seed
        for seen, name in ((factors, "factors"), (images, "image")):
            tf.py_function(lambda x, seen=seen: seen.extend(x.numpy()), [batch[name]], [])
        return {"loss": tf.zeros([])}

    settings = types.SimpleNamespace(
        dataset=dataset, batch_size=4, seed=0, resident_bytes=resident_bytes, jit_compile=False, rollbacks=0
    )
    method = types.SimpleNamespace(step=tf.Variable(0, dtype=tf.int64), players={}, train_step=train_step)
    call = TrainingCall(method, settings, tf.distribute.get_strategy())
    for _ in range(10):  # py_functions of one step may overtake those of another
        call(1)
    np.testing.assert_array_equal(np.sort(plain.index(np.array(factors))), np.sort(dataset.rows))
    np.testing.assert_array_equal(np.array(images), plain.images(np.array(factors)))


def test_name_source_and_line_say_what_is_constrained():
    dataset = Constrained(TinySprites(), "some", (("scale", "position_x", 0.1),), (LARGE, (("scale", 0, 0),)))
    told = "without scale 2 to 2 and position_x 2 to 3, scale 0 to 0"
    assert dataset.source == f"drawn; scale and position_x correlated with sigma 0.1; {told}"
    assert dataset.describe() == f"some ({dataset.source}): 24 images of 64x64x1"
    assert dataset.held_out.name == "some_held_out" and dataset.held_out.source.endswith(
        told.replace("without", "only")
    )
    assert dataset.looks == TinySprites().looks and dataset.binary


@pytest.mark.parametrize(
    "options, message",
    [
        ({}, "needs correlated or left_out"),
        ({"correlated": (("scale", "colour", 0.1),)}, "tiny_sprites has no factor 'colour', only"),
        ({"correlated": ("scale", "position_x", 0.1)}, "must hold \\(factor, another factor, sigma\\), got 'scale'"),
        ({"correlated": (("scale", "scale", 0.1),)}, "another factor"),
        ({"correlated": (("scale", "position_x", 0),)}, "sigma .* must be > 0"),
        ({"left_out": (("scale", 0, 1),)}, "must hold boxes such as"),
        ({"left_out": ((("scale", 1, 3),),)}, "scale has the classes 0 to 2, got 1 to 3"),
        ({"left_out": ((("scale", 2, 1),),)}, "scale has the classes"),
        ({"left_out": ((("scale", 0, 2),),)}, "leaves nothing of tiny_sprites"),
        ({"left_out": (LARGE,), "part": "test"}, "part must be one of"),
        ({"correlated": (("scale", "position_x", 1),), "part": "left_out"}, "needs left_out"),
    ],
)
def test_constraints_that_make_no_sense_are_one_line(options, message):
    with pytest.raises(ConfigError, match=message):
        Constrained(TinySprites(), "some", **options).rows  # noqa: B018


def test_a_dataset_without_factors_is_refused():
    with pytest.raises(ConfigError, match="must have known factors"):
        Constrained(Digits(360), "some", left_out=(LARGE,))


def test_the_examples_leave_out_what_they_say():
    dataset = build.dataset(Configuration(["gin/betavae_dsprites.gin", "gin/data/dsprites_left_out.gin"]))
    factors = dataset.factors(np.arange(dataset.num_examples))
    assert dataset.num_examples == 737_280 * 5 // 6 and not np.any((factors[:, 0] == 2) & (factors[:, 3] >= 16))
    dataset = build.dataset(Configuration(["gin/betavae_dsprites.gin", "gin/data/dsprites_correlated.gin"]))
    factors = dataset.factors(np.arange(dataset.num_examples))
    assert np.corrcoef(factors[:, 3], factors[:, 4])[0, 1] > 0.85
