"""States of the explorer: names, what training saw, the address, the way between two, and several runs."""

import io
import json
from urllib.parse import parse_qsl

import numpy as np
import pytest
from PIL import Image

from idgan_tf import dimension_names
from idgan_tf.errors import ConfigError, DataError
from idgan_tf.explorer import pictures
from idgan_tf.explorer.state import State, to_query
from idgan_tf.export.card import model_card
from idgan_tf.methods.gan import GAN
from idgan_tf.run_directory import Run
from idgan_tf.visualize import rendering
from tests.explorer import helpers
from tests.explorer.helpers import Labelled, Missing, Speckles
from tests.methods.tiny import make


@pytest.fixture(scope="module")
def idgan():
    return helpers.idgan()


@pytest.fixture
def explored(idgan, tmp_path):
    idgan.dimension_names = ()
    (tmp_path / "a run").mkdir()
    return helpers.explorer(idgan, folder=str(tmp_path / "a run"))


def query_of(state):
    return dict(parse_qsl(to_query(state).removeprefix("?")))


def test_a_name_stays_beside_the_run_and_is_what_figures_and_cards_say(explored, idgan):
    run = explored.first.run
    explored.rename(1, "  its   width ")
    assert explored.called(1) == "c1 its width" and explored.name(0) == "" and explored.called(0) == "c0"
    assert json.loads(run.dimensions.read_text()) == {"1": "its width"}
    assert dimension_names.read(run, 3) == ("", "its width", "")
    run.config.write_text("")
    assert "as a person named them**: c1 its width." in model_card(run, idgan, Speckles())
    state = explored.start()
    assert json.loads(pictures.as_json(explored, state))["names"] == {"c1": "its width"}
    _, order, _ = rendering.traversed(idgan, Speckles(), np.array([0.0]), 1)
    assert [idgan.called(d) for d in order][0] == "c1 its width"
    explored.rename(1, "")
    assert not run.dimensions.exists() and explored.called(1) == "c1"


@pytest.mark.parametrize("name", ["x" * 41, "bell\a", 3])
def test_what_is_no_name_changes_nothing(explored, name):
    with pytest.raises(ConfigError, match="a name"):
        explored.rename(0, name)
    assert explored.name(0) == "" and not explored.first.run.dimensions.exists()


@pytest.mark.parametrize(
    "text", ['{"3": "x"}', '{"-1": "x"}', '{"a": "x"}', "[1]", '{"0": 5}', "{", '{"0": "' + "x" * 41 + '"}']
)
def test_a_file_of_names_that_is_none_is_said_in_a_line(tmp_path, text):
    run = Run(tmp_path)
    run.dimensions.write_text(text)
    with pytest.raises(DataError, match=r"dimensions.json must be like .* mend or delete it$"):
        dimension_names.read(run, 3)


def test_what_is_outside_is_where_hardly_a_code_of_the_training_was(explored, idgan):
    codes = np.asarray(idgan.sample_code(explored.reader.images, [2001, 4]))
    inside = (codes >= explored.seen_low) & (codes <= explored.seen_high)
    assert 0.9 < inside.mean() < 1.0
    state = explored.start()
    state.c = ((explored.seen_low + explored.seen_high) / 2).astype(np.float32)
    assert explored.outside(state) == []
    explored.move(state, 2, explored.seen_high[2] + 0.1)
    explored.move(state, 0, explored.seen_low[0] - 0.1)
    assert explored.outside(state) == [0, 2]


def test_without_images_three_deviations_of_the_prior_count_as_seen(idgan):
    explored = helpers.explorer(idgan, dataset=Missing())
    state = State(np.array([3.0, -3.1, 0.0], np.float32))
    assert explored.outside(state) == [1]


def test_an_address_brings_the_state_back(explored):
    state = explored.start()
    explored.choose_image(state, 5)
    explored.draw_nuisance(state)
    explored.move(state, 2, -1.23456)
    again = explored.state_of(query_of(state))
    np.testing.assert_allclose(again.c, state.c, rtol=1e-3, atol=1e-9)
    assert (again.draws, again.label, again.image) == (2, None, 5)
    np.testing.assert_array_equal(again.seen, state.seen)
    fresh = explored.state_of({})
    np.testing.assert_array_equal(fresh.c, explored.start().c)


def test_an_address_keeps_the_class():
    explored = helpers.explorer(Labelled())
    state = explored.start()
    explored.choose(state, 2)
    assert explored.state_of(query_of(state)).label == 2


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"c": "1,2"}, "a code of 2 dimensions, not 3"),
        ({"c": "1,2,nan"}, "no finite"),
        ({"c": "1,2,<script>"}, "no finite"),
        ({"c": "1,2,1e30"}, "no finite"),
        ({"c": "1,2,3", "image": "12"}, "image=12, which there is not"),
        ({"c": "1,2,3", "label": "0"}, "label=0, which there is not"),
        ({"c": "1,2,3", "draws": "-1"}, "draws=-1"),
        ({"c": "1,2,3", "draws": "9" * 5000}, "draws=9"),
        ({"c": "1,2,3", "draws": "²"}, "draws="),
    ],
)
def test_an_address_of_another_code_is_refused(explored, query, why):
    with pytest.raises(ConfigError, match=f"^the address has .*{why}"):
        explored.state_of(query)


def test_a_random_code_is_of_the_prior_and_of_no_image(explored):
    state, codes = explored.start(), []
    for seed in range(200):
        explored.draw_code(state, np.random.default_rng(seed))
        codes.append(state.c)
    assert state.image is None and state.seen is None
    assert abs(np.mean(codes)) < 0.15 and abs(np.std(codes) - 1.0) < 0.1


def test_the_way_between_two_states_begins_and_ends_at_them(explored):
    first, last = explored.start(), explored.start()
    explored.choose_image(last, 3)
    explored.draw_nuisance(last)
    frames = pictures.movie(explored, first, last)
    assert len(frames) == 2 * pictures.FRAMES - 2 and frames[0].shape == (256, 256 + 12 + 256, 3)
    for frame, state in ((frames[0], first), (frames[pictures.FRAMES - 1], last)):
        now = pictures.now(explored, state)
        np.testing.assert_array_equal(frame[::64, :256:64], now["decoder"])
        np.testing.assert_array_equal(frame[::64, 268::64], now["generator"])
    np.testing.assert_array_equal(frames[1], frames[-1], "there and back")
    middle = pictures.now(explored, State((first.c + last.c) / 2))["decoder"]
    np.testing.assert_allclose(frames[pictures.FRAMES // 2][::64, :256:64].astype(int), middle, atol=1)
    with Image.open(io.BytesIO(pictures.movie_as_gif(explored, first, last))) as movie:
        assert movie.n_frames >= pictures.FRAMES and movie.info["loop"] == 0
    with Image.open(io.BytesIO(pictures.between_as_png(explored, first, last))) as strip:
        both = json.loads(strip.text["codes"])
        np.testing.assert_allclose([record["c"] for record in both], [first.c, last.c], rtol=1e-6)
        assert strip.width > 7 * 128


def test_an_image_is_edited_along_one_dimension_of_its_code(explored):
    state = explored.start()
    with_image = pictures.edited(explored, state, 1)
    state.seen = None
    alone = pictures.edited(explored, state, 1)
    np.testing.assert_array_equal(with_image[-alone.shape[0] :, -alone.shape[1] :], alone)
    assert with_image.shape[1] > alone.shape[1] + 256, "the image stands left of it"


def test_two_runs_draw_one_code_side_by_side(idgan):
    gan = make(GAN, nuisance_dim=4)
    explored = helpers.explorer(idgan, gan)
    state = explored.start()
    found = pictures.now(explored, state)
    assert list(found) == ["a run: decoder", "a run: generator", "a run 2: generator"]
    s = explored.models[1].nuisance(state.draws)
    assert s.shape == (4,)
    np.testing.assert_array_equal(found["a run 2: generator"], helpers.uint8(gan.generate(s[None], state.c[None]))[0])
    assert pictures.strip(explored, state, 0).shape == (6 + 1 + 6, 36, 3)
    record = json.loads(pictures.as_json(explored, state))
    assert record["run"] == "a run" and [other["run"] for other in record["beside"]] == ["a run 2"]
    reader_second = helpers.explorer(make(GAN), idgan)
    assert len(reader_second.gallery) == 12 and reader_second.start().seen is not None


def test_runs_of_codes_of_other_sizes_are_refused_in_a_line(idgan):
    with pytest.raises(ConfigError, match="a run has one of 3 dimensions, a run 2 one of 5"):
        helpers.explorer(idgan, Labelled())
