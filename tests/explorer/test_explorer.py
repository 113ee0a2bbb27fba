"""The explorer without a page: one code, and what models draw of it."""

import io
import json
import logging
import struct
import threading
import types
import zlib

import numpy as np
import pytest
from PIL import Image

from idgan_tf.errors import ConfigError, DataError
from idgan_tf.explorer import explorer, pictures
from idgan_tf.explorer.state import State
from idgan_tf.methods.factor_classifier import FactorClassifier
from idgan_tf.methods.gan import GAN
from tests.explorer import helpers
from tests.explorer.helpers import Labelled, Missing, uint8
from tests.methods.tiny import make


@pytest.fixture(scope="module")
def idgan():
    return helpers.idgan()


@pytest.fixture
def explored(idgan):
    idgan.dimension_names = ()
    return helpers.explorer(idgan)


def test_the_first_pictures_of_a_page_come_without_a_warning_of_tensorflow(explored, caplog):
    model, tensorflow = explored.first, logging.getLogger("tensorflow")

    def draw(count):
        model.draw(
            "generator", np.zeros([count, explored.count], np.float32), np.zeros([count, model.nuisance_dim], "f")
        )

    tensorflow.addHandler(caplog.handler)
    try:
        strips = [threading.Thread(target=draw, args=(count,)) for count in range(1, 9)]  # as the page draws them
        for strip in strips:
            strip.start()
        for strip in strips:
            strip.join()
    finally:
        tensorflow.removeHandler(caplog.handler)
    assert not caplog.records


def test_sliders_stand_in_the_order_of_information(explored, idgan):
    kl = explored.kl[explored.order].tolist()
    assert explored.order[0] == 1 and kl == sorted(kl, reverse=True)
    assert explored.called(1) == "c1" and explored.title == "a run, step 0"
    codes = np.asarray(idgan.encode(explored.gallery)[0])
    assert np.all(explored.low <= codes.min(axis=0)) and np.all(explored.high >= codes.max(axis=0))


def test_a_slider_moves_one_dimension_of_both_pictures(explored, idgan):
    state = explored.start()
    before, c = pictures.now(explored, state), state.c
    explored.move(state, 1, -2.5)
    after, s = pictures.now(explored, state), explored.first.nuisance(state.draws)
    assert state.c[1] == -2.5 and c[1] != -2.5 and np.array_equal(np.delete(state.c, 1), np.delete(c, 1))
    np.testing.assert_array_equal(after["decoder"], uint8(idgan.decode(state.c[None]))[0])
    np.testing.assert_array_equal(after["generator"], uint8(idgan.generate(s[None], state.c[None]))[0])
    assert not np.array_equal(after["decoder"], before["decoder"])


def test_a_new_nuisance_changes_what_the_generator_draws_and_nothing_else(explored):
    state, other = explored.start(), explored.start()
    before, s = pictures.now(explored, state), explored.first.nuisance(state.draws)
    explored.draw_nuisance(state)
    assert explored.nuisance == "s" and s.shape == (2,)
    assert not np.array_equal(explored.first.nuisance(state.draws), s)
    after = pictures.now(explored, state)
    np.testing.assert_array_equal(after["decoder"], before["decoder"])
    assert not np.array_equal(after["generator"], before["generator"])
    explored.draw_nuisance(other)
    again = pictures.now(explored, other)["generator"]
    np.testing.assert_array_equal(again, after["generator"], "every page draws the same sequence")


def test_a_strip_runs_from_low_to_high_with_the_nuisance_of_now(explored):
    state = explored.start()
    strip = pictures.strip(explored, state, 2)
    for position, value in enumerate(np.linspace(explored.low[2], explored.high[2], pictures.STEPS)):
        explored.move(state, 2, value)
        left = 1 + 5 * position
        np.testing.assert_array_equal(strip[1:5, left : left + 4], pictures.now(explored, state)["generator"])


def test_a_strip_of_a_quantised_code_is_of_its_levels():
    method = types.SimpleNamespace(levels=12, traversal_range=(-1.0, 1.0))
    explorer = types.SimpleNamespace(first=types.SimpleNamespace(method=method), low=[-1.0], high=[1.0])
    c, values = pictures.along(explorer, State(np.zeros(1, np.float32)), 0)
    levels = np.linspace(-1, 1, 12)
    assert len(values) == pictures.STEPS and np.abs(values[:, None] - levels).min(axis=1).max() == 0.0
    method.levels = 3
    c, values = pictures.along(explorer, State(np.zeros(1, np.float32)), 0)
    assert values.tolist() == [-1.0, 0.0, 1.0] and c.shape == (3, 1)


def test_the_codes_that_are_downloaded_give_the_picture_again(explored):
    state = explored.start()
    explored.move(state, 0, 1.25)
    record = json.loads(pictures.as_json(explored, state))
    assert record["run"] == "a run" and record["step"] == 0 and record["label"] is None
    np.testing.assert_allclose(record["s"], explored.first.nuisance(1), rtol=1e-6)
    again = State(np.array(record["c"], np.float32), draws=1)
    with Image.open(io.BytesIO(pictures.now_as_png(explored, state))) as picture:
        assert json.loads(picture.text["codes"]) == record
        np.testing.assert_array_equal(np.asarray(picture)[:, -4:], pictures.now(explored, again)["generator"])


def test_an_image_is_cut_to_its_middle_and_encoded(explored, idgan):
    photo = np.zeros((40, 80, 3), np.uint8)
    photo[:, 20:60] = 255  # the middle square
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "PNG")
    image = explored.read(file.getvalue(), "photo.png")
    assert image.shape == (4, 4, 1) and image.min() > 0.9, "nothing of the black sides but what the filter sees"
    state = explored.start()
    explored.encode(state, image)
    np.testing.assert_allclose(state.c, idgan.encode(image[None])[0][0], rtol=1e-6)
    np.testing.assert_array_equal(state.seen, uint8(image))


def bomb():
    """The beginning of a PNG file of 50,000 x 50,000 pixels."""
    chunks = [b"IHDR" + struct.pack(">IIBBBBB", 50_000, 50_000, 1, 0, 0, 0, 0), b"IDAT" + zlib.compress(bytes(99))]
    sized = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(sized)


def movie():
    file = io.BytesIO()
    frames = [Image.new("L", (4, 4), shade) for shade in (0, 99, 200)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


@pytest.mark.parametrize(
    ("make_data", "why"),
    [
        (bomb, "pixels"),
        (movie, "animated"),
        (lambda: b"<svg onload=alert(1)>", "not an image"),
        (lambda: b"", "empty"),
        (lambda: bytes(explorer.MAX_UPLOAD + 1), "more than 64 MB"),
    ],
)
def test_bombs_and_what_is_no_image_are_refused(explored, make_data, why):
    with pytest.raises(DataError, match=f"^upload .*{why}"):
        explored.read(make_data(), "upload")


def test_a_class_gives_zs_its_mean_and_keeps_zu():
    method = Labelled()
    explored = helpers.explorer(method)
    assert explored.classes == ("0", "1", "2") and explored.nuisance == "zu"
    assert [explored.symbol(d) for d in explored.order[:3]] == ["zu1", "zu2", "zu0"]
    state = explored.start()
    zu = state.c[2:]
    explored.choose(state, 1)
    np.testing.assert_allclose(state.c[:2], method.mixture.means.rows[1], rtol=1e-6)
    np.testing.assert_array_equal(state.c[2:], zu)
    assert json.loads(pictures.as_json(explored, state))["label"] == "1"
    explored.draw_nuisance(state)
    np.testing.assert_allclose(state.c[:2], method.mixture.means.rows[1], rtol=1e-6)
    assert not np.array_equal(state.c[2:], zu)
    assert pictures.now(explored, state).keys() == {"decoder"}
    explored.move(state, 2, 1.0)
    assert state.label == 1, "zu has no class"
    explored.move(state, 0, 1.0)
    assert json.loads(pictures.as_json(explored, state))["label"] is None


def test_without_the_data_there_is_no_gallery_and_all_else_works(idgan):
    explored = helpers.explorer(idgan, dataset=Missing())
    state = explored.start()
    assert len(explored.gallery) == 0 and explored.first.without_images and explored.order == [0, 1, 2]
    assert (
        pictures.now(explored, state)["generator"].shape == pictures.now(explored, state)["decoder"].shape == (4, 4, 3)
    )
    assert pictures.strip(explored, state, 0).shape == (6, 36, 3)


def test_a_gan_without_an_encoder_starts_at_zero_and_shows_its_generator():
    explored = helpers.explorer(make(GAN))
    state = explored.start()
    assert pictures.now(explored, state).keys() == {"generator"} and np.all(state.c == 0) and state.seen is None


def test_a_method_without_a_code_is_refused():
    with pytest.raises(ConfigError, match="nothing to explore"):
        helpers.explorer(FactorClassifier.__new__(FactorClassifier))
