import io

import numpy as np
from PIL import Image, ImageFont

from idgan_tf import image_files
from idgan_tf.visualize import grids

W = 255  # white, between the images


def test_a_grid_is_filled_row_by_row_with_white_lines_around():
    images = np.arange(1, 4, dtype=np.float32).reshape(3, 1, 1, 1) / 255.0
    expected = [[W, W, W, W, W], [W, 1, W, 2, W], [W, W, W, W, W], [W, 3, W, W, W], [W, W, W, W, W]]
    picture = grids.grid(images, columns=2, padding=1, smallest=1)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(picture, np.repeat(np.array(expected)[..., None], 3, axis=-1))


def test_images_keep_their_layout_and_colours_and_values_are_rounded_into_range():
    image = np.zeros((1, 2, 3, 3))
    image[0, 0, 2] = [1.0, 0.5, 2.0]
    image[0, 1, 0] = -1.0
    picture = grids.grid(image, columns=1, padding=0, smallest=1)
    assert picture.shape == (2, 3, 3)
    np.testing.assert_array_equal(picture[0, 2], [255, 128, 255])
    assert picture[1].sum() == 0 and picture[0, :2].sum() == 0


def test_small_images_are_enlarged_by_a_whole_number_without_a_blur():
    image = np.random.default_rng(0).integers(0, 256, (1, 20, 14, 1)) / 255.0
    picture = grids.grid(image, columns=1, padding=0)
    np.testing.assert_array_equal(picture[..., 0], np.kron(np.rint(255 * image[0, ..., 0]), np.ones((2, 2))))
    assert grids.grid(np.zeros((1, 8, 8, 1)), columns=1, padding=0).shape == (48, 48, 3)
    assert grids.grid(np.zeros((1, 32, 32, 1)), columns=1, padding=0).shape == (32, 32, 3)


def test_pictures_beside_each_other_stand_on_one_line():
    low, high = np.full((1, 2, 3), 7, np.uint8), np.full((3, 1, 3), 9, np.uint8)
    expected = [[W, W, W, 9], [W, W, W, 9], [7, 7, W, 9]]
    np.testing.assert_array_equal(grids.beside([low, high], gap=1)[..., 0], expected)


def test_a_label_makes_room_and_leaves_the_picture_as_it_is():
    picture = np.zeros((40, 60, 3), np.uint8)
    labelled = grids.label(picture, "title", ["a", "b"], ["1", "2", "3"], size=12)
    assert labelled.shape[0] == 40 + 4 * 12
    np.testing.assert_array_equal(labelled[-40:, -60:], picture)
    assert labelled[:24].min() < 128 and labelled[24:48].min() < 128 and labelled[48:, :-60].min() < 128


def test_names_of_columns_do_not_run_into_each_other():
    font = ImageFont.load_default(12)
    assert grids._cut("truck", 64, font) == "truck"
    cut = grids._cut("001.Black_footed_Albatross", 64, font)
    assert cut.startswith("001.B") and cut.endswith("..") and font.getlength(cut) <= 64
    picture = np.zeros((4, 40, 3), np.uint8)
    wide = grids.label(picture, columns=["automobile", "automobile"], size=12)
    assert wide.shape[1] == 40 and wide[:24, 19:21].min() > 200, "a gap between them"


def test_a_movie_has_every_frame_and_never_ends():
    frames = [np.full((2, 2, 3), 40 * i, np.uint8) for i in range(5)]
    with Image.open(io.BytesIO(image_files.gif(frames, {"seed": 1}))) as movie:
        assert movie.n_frames == 5 and movie.info["loop"] == 0 and movie.info["comment"] == b"seed: 1"
