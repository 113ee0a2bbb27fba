import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from idgan_tf.data import dsprites, dsprites_variants
from idgan_tf.data.dsprites_variants import ColorDSprites, NoisyDSprites, ScreamDSprites
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.noise import row_uniform

ROWS = np.array([5, 5 + 245_760, 5 + 2 * 245_760, 300_000, 737_279])
SPRITES = dsprites.render(np.stack(np.unravel_index(ROWS, dsprites.FACTOR_SIZES), -1))
BITS = tf.constant(np.packbits(SPRITES.reshape(len(ROWS), -1), axis=-1))
VARIANTS = [
    ColorDSprites("rendered", 8, False),
    ColorDSprites("rendered", 0, False),
    NoisyDSprites("rendered"),
    ScreamDSprites("rendered", "stand-in"),
]


def draw(dataset, seed=(1, 2), order=slice(None)):
    rows = {"bits": BITS[order], "index": tf.constant(ROWS)[order]}
    return dataset.decode(rows, tf.constant(seed, tf.int32))["image"].numpy()


def test_row_uniform_is_uniform_and_independent():
    values = row_uniform(tf.range(4000, dtype=tf.int64), (50,), [3, 4]).numpy()
    counts = np.histogram(values, 100, (0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 150  # chi-square with 99 degrees of freedom: 134.6 at 1 %
    correlations = [
        np.corrcoef(values[:, 0], values[:, 1])[0, 1],
        np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1],
        np.corrcoef(values.ravel(), row_uniform(tf.range(4000, dtype=tf.int64), (50,), [3, 5]).numpy().ravel())[0, 1],
    ]
    assert np.abs(correlations[1:]).max() < 0.01 and abs(correlations[0]) < 0.06


@pytest.mark.parametrize("dataset", VARIANTS, ids=lambda d: d.name)
def test_images_depend_on_seed_and_row_not_on_the_place_in_the_batch(dataset):
    images = draw(dataset)
    assert images.shape == (5, 64, 64, 3) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 1
    np.testing.assert_array_equal(draw(dataset, order=slice(None, None, -1))[::-1], images)
    np.testing.assert_array_equal(draw(dataset, order=slice(1, 2)), images[1:2])
    graph = tf.function(lambda seed: dataset.decode({"bits": BITS, "index": tf.constant(ROWS)}, seed)["image"])
    np.testing.assert_allclose(graph(tf.constant([1, 2])), images, atol=1e-6)
    other = draw(dataset, seed=(1, 3))
    assert all((a != b).any() for a, b in zip(images, other, strict=True))


def test_colours_are_eight_levels_on_black():
    seen = []
    for seed in range(200):
        images = draw(ColorDSprites("rendered", 8, False), (0, seed))
        for image, sprite in zip(images, SPRITES, strict=True):
            assert (image[sprite == 0] == 0).all() and (image[sprite == 1] == image[sprite == 1][0]).all()
            seen.append(image[sprite == 1][0])
    levels, counts = np.unique(np.round(np.array(seen) * 7, 4), return_counts=True)
    np.testing.assert_array_equal(levels, range(8))
    assert counts.min() > 0.8 * 3000 / 8


def test_disentanglement_lib_colours_are_bright():
    colours = np.concatenate([draw(ColorDSprites("rendered", 0, False), (0, s)).max((1, 2)) for s in range(50)])
    assert 0.5 <= colours.min() < 0.52 and 0.98 < colours.max() <= 1


def test_colour_as_a_sixth_factor(monkeypatch):
    dataset = ColorDSprites("rendered", 8, True)
    assert dataset.factor_sizes == (3, 6, 40, 32, 32, 512) and dataset.factor_names[-1] == "color"
    assert dataset.num_examples == 737_280
    dataset.__dict__["arrays"] = {"bits": np.zeros((737_280, 1), np.uint8)}
    full = np.full((2, 512), 255, np.uint8)
    dataset.__dict__["arrays"] = {"bits": _Rows({0: full[0], 737_279: full[1]})}
    images = dataset.images(np.array([[0, 0, 0, 0, 0, 0], [2, 5, 39, 31, 31, 1 * 64 + 7 * 8 + 3]]))
    np.testing.assert_allclose(images[:, 9, 9], [[0, 0, 0], [1 / 7, 1, 3 / 7]], rtol=1e-6)
    assert dataset.sample_factors(1000, np.random.default_rng(0))[:, 5].max() > 450
    with pytest.raises(ConfigError, match="changes with every draw"):
        dataset.factors([0])
    with pytest.raises(ConfigError, match="color_factor needs levels"):
        ColorDSprites("rendered", 0, True)


def test_batches_hold_the_factors_and_the_colour_where_it_is_one():
    rows = {"bits": tf.fill([2, 512], tf.constant(255, tf.uint8)), "index": tf.constant([0, 737_279], tf.int64)}
    seed = tf.constant((1, 2), tf.int32)
    last = [2, 5, 39, 31, 31]
    for dataset in (NoisyDSprites("rendered"), ColorDSprites("rendered", 8, False)):
        np.testing.assert_array_equal(dataset.batch(rows, seed)["factors"], [[0] * 5, last])
    batch = ColorDSprites("rendered", 8, True).batch(rows, seed)
    np.testing.assert_array_equal(batch["factors"][:, :5], [[0] * 5, last])
    level = np.round(7 * batch["image"].numpy()[:, 9, 9]).astype(int)
    np.testing.assert_array_equal(batch["factors"][:, 5], level @ [64, 8, 1])


class _Rows:
    """An array of which only some rows exist."""

    def __init__(self, rows):
        self._rows = rows

    def __getitem__(self, indices):
        return np.stack([self._rows[int(i)] for i in indices])


def test_noise_lies_round_a_white_sprite():
    images = draw(NoisyDSprites("rendered"))
    assert (images[SPRITES == 1] == 1).all()
    noise = images[SPRITES == 0]
    assert abs(noise.mean() - 0.5) < 0.01 and abs(noise.std() - 12**-0.5) < 0.01
    assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 0.03


def test_scream_inverts_a_piece_of_the_painting(tmp_path):
    y, x = np.mgrid[0:100, 0:80].astype(np.uint8)
    Image.fromarray(np.stack([y, x, 0 * x], -1)).save(tmp_path / "The_Scream.png")
    dataset = ScreamDSprites("rendered", str(tmp_path / "The_Scream.png"))
    for image, sprite in zip(draw(dataset), SPRITES, strict=True):
        background = np.where(sprite[..., None] == 1, 1 - image, image) * 2 * 255
        rows, columns = background[..., 0], background[..., 1]  # each is a ramp plus one tint for the image
        np.testing.assert_allclose(np.diff(rows, axis=0), 1, atol=1e-3)
        np.testing.assert_allclose(np.diff(columns, axis=1), 1, atol=1e-3)
        assert np.ptp(background[..., 2]) < 1e-3 and 0 <= background[0, 0, 2] <= 255


def test_a_portrait_scan_is_shrunk_to_274_rows(tmp_path):
    Image.new("RGB", (800, 1000)).save(tmp_path / "The_Scream.jpg")
    assert ScreamDSprites("rendered", str(tmp_path / "The_Scream.jpg")).pixels.shape == (274, 219, 3)


def test_the_stand_in_says_so_and_a_missing_painting_says_where_it_is(tmp_path):
    assert "stand-in painting" in ScreamDSprites("rendered", "stand-in").describe()
    with pytest.raises(DataError, match='commons.wikimedia.org.*"stand-in"'):
        ScreamDSprites("rendered", None).arrays  # noqa: B018
    with pytest.raises(DataError, match="cannot read the painting .*none.jpg"):
        ScreamDSprites("rendered", str(tmp_path / "none.jpg")).arrays  # noqa: B018
    Image.new("RGB", (64, 900)).save(tmp_path / "thin.png")
    with pytest.raises(DataError, match="thin.png is only"):
        ScreamDSprites("rendered", str(tmp_path / "thin.png")).arrays  # noqa: B018


def test_the_swirl_fills_the_range():
    swirl = dsprites_variants._swirl()
    assert swirl.shape == (274, 219, 3) and swirl.min() >= 0 and swirl.max() <= 1 and swirl.std() > 0.15
