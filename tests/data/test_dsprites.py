import pathlib

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import cache
from idgan_tf.data.dsprites import FACTOR_SIZES, DSprites, _draw, render, unpack_bits
from idgan_tf.errors import ConfigError

FRAMES = pathlib.Path(__file__).parent / "published_frames.npz"


@pytest.fixture(scope="module")
def frames():
    """24 frames of the published animation, eight of each shape, and the row number fitted to each."""
    with np.load(FRAMES) as file:
        return np.unpackbits(file["bits"], axis=-1).reshape(-1, 64, 64), file["rows"]


def test_rendered_sprites_are_the_published_ones(frames):
    published, rows = frames
    drawn = render(DSprites("rendered").factors(rows))
    wrong = np.sum(drawn != published, axis=(1, 2))
    assert np.mean(wrong == 0) >= 0.9 and np.max(wrong) <= 4


def test_the_last_factor_runs_fastest():
    dataset = DSprites("rendered")
    assert dataset.num_examples == 737_280
    assert dataset.index([[2, 1, 5, 7, 30]])[0] == 2 * 245_760 + 1 * 40_960 + 5 * 1024 + 7 * 32 + 30
    rows = np.array([0, 31, 32, 1024, 40_960, 737_279])
    np.testing.assert_array_equal(dataset.index(dataset.factors(rows)), rows)


@pytest.mark.parametrize("shape, areas", enumerate([(100, 144, 196, 256, 324, 400), (76, 104, 144, 184, 228, 288)]))
def test_areas_of_upright_sprites(shape, areas):
    sprites = render([[shape, scale, 0, 0, 0] for scale in range(6)])
    np.testing.assert_allclose(sprites.sum(axis=(1, 2)), areas, atol=4)


def test_the_first_and_last_orientation_are_the_same_angle():
    first, last, other = render([[2, 5, 0, 3, 9], [2, 5, 39, 3, 9], [2, 5, 20, 3, 9]])
    np.testing.assert_array_equal(first, last)
    assert not np.array_equal(first, other)


def test_position_moves_right_and_down():
    (left, right), (top, bottom) = (
        render([[0, 0, 0, 0, 9], [0, 0, 0, 31, 9]]),
        render([[0, 0, 0, 9, 0], [0, 0, 0, 9, 31]]),
    )
    assert np.mean(np.nonzero(right)[1]) - np.mean(np.nonzero(left)[1]) == pytest.approx(32, abs=1)
    assert np.mean(np.nonzero(bottom)[0]) - np.mean(np.nonzero(top)[0]) == pytest.approx(32, abs=1)


def test_other_resolutions_show_the_same_sprite():
    factors = [[2, 4, 7, 10, 20]]
    coarse = render(factors, 256).reshape(1, 64, 4, 64, 4).mean(axis=(2, 4)) > 0.5
    assert np.sum(coarse != render(factors)) <= 12


def test_sprites_of_a_block_equal_sprites_one_by_one():
    block = _draw(2, 3, 11, [0, 17, 31], [5, 31], 64)
    single = render([[2, 3, 11, x, y] for x in (0, 17, 31) for y in (5, 31)])
    np.testing.assert_array_equal(block.reshape(6, 64, 64), single)


def test_packed_bits_unpack_to_the_same_pixels(rng):
    images = rng.integers(0, 2, (5, 64, 64), np.uint8)
    unpacked = unpack_bits(tf.constant(np.packbits(images.reshape(5, -1), axis=-1)))
    np.testing.assert_array_equal(unpacked, images.reshape(5, -1))


def test_factors_outside_their_range_are_refused():
    for factors in ([[3, 0, 0, 0, 0]], [[0, 0, 0, 0]], [[0, 0, -1, 0, 0]]):
        with pytest.raises(ConfigError):
            render(factors)
    with pytest.raises(ConfigError, match="source"):
        DSprites("guessed")


def test_factors_are_sampled_over_their_whole_range(rng):
    factors = DSprites("rendered").sample_factors(2000, rng)
    np.testing.assert_array_equal(factors.min(axis=0), 0)
    np.testing.assert_array_equal(factors.max(axis=0), np.array(FACTOR_SIZES) - 1)


def test_a_few_images_need_no_cache_of_all(rng, monkeypatch, tmp_path):
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path))
    dataset, numbers = DSprites("rendered"), rng.integers(0, 737_280, 5)
    expected = render(np.stack(np.unravel_index(numbers, FACTOR_SIZES), axis=-1))
    np.testing.assert_array_equal(dataset.take(numbers)["image"][..., 0], expected)
    assert not any(tmp_path.iterdir()), "half a minute for 737,280 images would have been spent"


@pytest.mark.slow
def test_the_cache_holds_what_render_draws(rng):
    dataset = DSprites("rendered")
    rows = rng.integers(0, dataset.num_examples, 200)
    np.testing.assert_array_equal(dataset.take(rows)["image"][..., 0], render(dataset.factors(rows)))


class TestCache:
    @pytest.fixture(autouse=True)
    def private_folder(self, tmp_path, monkeypatch):
        monkeypatch.setenv("IDGAN_CACHE", str(tmp_path))
        self.made = 0

    def make(self, progress):
        self.made += 1
        yield from progress([np.array([[0, 1, 2]], np.uint8), np.array([[3, 4, 5]], np.uint8)])

    def test_an_array_is_made_once(self):
        for _ in range(2):
            np.testing.assert_array_equal(cache.array("x", self.make), [[0, 1, 2], [3, 4, 5]])
        assert self.made == 1

    @pytest.mark.parametrize("damage", ["cut", "no commit"])
    def test_a_half_written_array_is_made_again(self, tmp_path, damage):
        cache.array("x", self.make)
        if damage == "cut":
            (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-2])
        else:
            (tmp_path / "x.json").unlink()
        np.testing.assert_array_equal(cache.array("x", self.make), [[0, 1, 2], [3, 4, 5]])
        assert self.made == 2
        assert not list(tmp_path.glob(".*"))
