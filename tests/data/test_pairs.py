import types

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.constraints import Constrained
from idgan_tf.data.digits import Digits
from idgan_tf.data.dsprites import DSprites
from idgan_tf.data.dsprites_variants import ColorDSprites
from idgan_tf.data.pairs import Pairs
from idgan_tf.errors import ConfigError
from idgan_tf.training.call import TrainingCall
from tests.helpers import TinySprites


def drawn(most, seed=(0, 0)):
    """Factors of 50,000 images of dSprites and of their partners."""
    dataset = Pairs(DSprites("rendered"), most)
    numbers = tf.constant(np.random.default_rng(0).integers(0, dataset.num_examples, 50_000))
    index = np.array(dataset.index_of(numbers, tf.constant(seed)))
    np.testing.assert_array_equal(index[:50_000], numbers)
    return dataset.factors(index[:50_000]), dataset.factors(index[50_000:])


@pytest.mark.parametrize("most", [1, 4])
def test_one_factor_is_drawn_again_in_half_of_the_pairs_and_up_to_most_in_the_others(most):
    """The chance that k factors differ, from that of each to be drawn the same: 1 / its size."""
    ours, theirs = drawn(most)
    sizes, expected = np.array([3, 6, 40, 32, 32]), np.zeros(6)
    differ = 1.0 - 1.0 / sizes
    for count in range(1, most + 1):
        weight = 0.5 * (count == 1) + 0.5 / most
        subsets = [s for s in np.ndindex(2, 2, 2, 2, 2) if sum(s) == count]
        for subset in subsets:
            for outcome in np.ndindex(2, 2, 2, 2, 2):
                p = np.prod(
                    [(differ[k] if outcome[k] else 1 - differ[k]) if subset[k] else 1 - outcome[k] for k in range(5)]
                )
                expected[sum(outcome)] += weight * p / len(subsets)
    found = np.bincount(np.sum(ours != theirs, axis=1), minlength=6) / len(ours)
    np.testing.assert_allclose(found, expected, atol=0.01)
    assert expected.sum() == pytest.approx(1.0)


def test_every_factor_changes_as_often_and_takes_every_class():
    ours, theirs = drawn(1)
    sizes = np.array([3, 6, 40, 32, 32])
    np.testing.assert_allclose((ours != theirs).mean(axis=0), (1 - 1 / sizes) / 5, atol=0.01)
    for k, size in enumerate(sizes):
        share = np.bincount(theirs[ours[:, k] != theirs[:, k], k], minlength=size)
        assert share.max() < 1.5 * share.mean() and share.min() > 0.5 * share.mean()


def test_another_visit_draws_another_partner_and_the_same_one_the_same():
    (_, first), (_, again), (_, other) = drawn(4), drawn(4), drawn(4, (1, 0))
    np.testing.assert_array_equal(first, again)
    assert np.mean(np.any(first != other, axis=1)) > 0.9


def test_an_example_is_an_image_its_factors_and_a_partner():
    dataset, plain = Pairs(TinySprites(), 1), TinySprites()
    batch = dataset.take([5, 47], seed=(1, 2))
    np.testing.assert_array_equal(batch["image"], plain.take([5, 47])["image"])
    np.testing.assert_array_equal(batch["factors"], plain.factors([5, 47]))
    partner = dataset.index_of(tf.constant([5, 47], tf.int64), tf.constant([1, 2]))[2:]
    np.testing.assert_array_equal(batch["partner"], plain.take(partner)["image"])
    assert np.sum(plain.factors(np.array(partner)) != plain.factors([5, 47]), axis=1).max() <= 1
    assert dataset.num_examples == 48 and dataset.name == "tiny_sprites_pairs" and dataset.looks == plain.looks
    assert dataset.source == "drawn; pairs that differ in at most 1 factor"
    np.testing.assert_array_equal(dataset.images([[2, 3, 3]]), plain.images([[2, 3, 3]]))


@pytest.mark.parametrize("resident_bytes", [1 << 30, 0], ids=["resident", "streamed"])
def test_a_training_meets_pairs_resident_or_streamed(resident_bytes):
    """Each step's batch, with the partners that its seed draws."""
    seen = {"image": [], "partner": []}

    def train_step(batch, seed):
        del seed
        for name, images in seen.items():
            tf.py_function(lambda x, images=images: images.extend(x.numpy()), [batch[name]], [])
        return {"loss": tf.zeros([])}

    dataset = Pairs(TinySprites((16, 16, 1)))
    settings = types.SimpleNamespace(
        dataset=dataset, batch_size=4, seed=0, resident_bytes=resident_bytes, jit_compile=False, rollbacks=0
    )
    method = types.SimpleNamespace(step=tf.Variable(0, dtype=tf.int64), players={}, train_step=train_step)
    call = TrainingCall(method, settings, tf.distribute.get_strategy())
    for _ in range(24):
        call(1)
    images, rows = dataset.arrays["pixels"].astype(np.float32), {}
    for name, found in seen.items():
        rows[name] = [int(np.flatnonzero(np.all(images == image, axis=(1, 2, 3)))[0]) for image in found]
    assert sorted(rows["image"]) == sorted([*range(48)] * 2)  # two epochs
    first, second = (dict(zip(half, other, strict=True)) for half, other in zip(
        (rows["image"][:48], rows["image"][48:]), (rows["partner"][:48], rows["partner"][48:]), strict=True
    ))  # fmt: skip
    assert sum(first[row] != second[row] for row in range(48)) > 24  # another visit, another partner
    shares = [np.sum(dataset.factors(a) == dataset.factors(b)) for a, b in zip(*rows.values(), strict=True)]
    assert min(shares) >= 1


@pytest.mark.parametrize(
    "dataset, most, message",
    [
        (Digits(360), None, "Pairs.dataset must have an image for every combination of known factors, got digits"),
        (Constrained(TinySprites(), "some", (("scale", "position_x", 0.3),)), None, "every combination .* got some"),
        (ColorDSprites("rendered", 8, True), None, "every combination .* got color_dsprites"),
        (None, None, "every combination .* got None"),
        (TinySprites(), 0, "Pairs.most must be >= 1"),
        (TinySprites(), 3, "Pairs.most must leave one of the 3 factors of tiny_sprites alone, got 3"),
    ],
)
def test_what_gives_no_pairs_is_one_line(dataset, most, message):
    with pytest.raises(ConfigError, match=message):
        Pairs(dataset, most)


def test_partners_may_not_show_what_is_left_out():
    with pytest.raises(ConfigError, match="Constrained of Pairs"):
        Constrained(Pairs(TinySprites()), "some", left_out=((("scale", 2, 2),),))
