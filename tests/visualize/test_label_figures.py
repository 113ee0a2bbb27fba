import numpy as np
import tensorflow as tf
from PIL import Image

from idgan_tf.data.half_circles import HalfCircles
from idgan_tf.methods.cvae import CVAE
from idgan_tf.methods.label_faces import LabelFaces
from idgan_tf.visualize import figures, label_figures, masks

SIDE, ZS, ZU = 32, 3, 4


class Faces(LabelFaces):
    """Codes of pixels: an image's first row holds zs and then zu, and no class has a spread."""

    image_shape, num_classes, zs_dim, zu_dim, code_dim = (SIDE, SIDE, 1), 5, ZS, ZU, ZS + ZU

    class mixture:
        @staticmethod
        def sample(label, noise):
            return tf.repeat(tf.cast(label, tf.float32)[:, None] / 5.0, ZS, axis=1)

    def encoder_s(self, image):
        return image[:, 0, :ZS, 0]

    def encoder_u(self, image):
        mean = image[:, 0, ZS : ZS + ZU, 0]
        return mean, tf.zeros_like(mean)

    def decoder(self, c):
        row = tf.pad(c, [[0, 0], [0, SIDE - ZS - ZU]])
        return tf.repeat(row[:, None, :, None], SIDE, axis=1)


class Pictures:
    num_examples, class_names = 40, tuple("abcde")

    def take(self, rows, seed=(0, 0)):
        rng = np.random.default_rng(0)
        images = rng.random((40, SIDE, SIDE, 1))[rows]
        return {"image": tf.constant(images, tf.float32), "label": tf.constant(rows % 5, tf.int32)}

    def describe(self):
        return "pictures"


def cell(picture, row, column, columns):
    """The pixels [SIDE, SIDE] of a cell of a grid, which has the title above."""
    height = picture.shape[0] - 2 - (columns) * (SIDE + 2)
    top, left = height + 2 + row * (SIDE + 2), 2 + column * (SIDE + 2)
    return picture[top : top + SIDE, left : left + SIDE, 0] / 255.0


def test_every_figure_of_the_paper_is_drawn():
    found = figures.available(Faces(), Pictures())
    assert list(found) == [
        "classes", "vary_zs", "vary_zu", "zu_dimensions", "swap", "inpainting",
        "reconstructions", "traversal", "traversal_movie", "traversal_added", "row",
    ]  # fmt: skip
    for name in list(found)[:6]:
        picture = found[name].draw(Faces(), Pictures())
        assert picture.dtype == np.uint8 and picture.ndim == 3
    assert [name for name, figure in found.items() if figure.while_training] == [
        "classes", "swap", "reconstructions", "traversal",
    ]  # fmt: skip


def test_a_swap_takes_zs_from_the_left_and_zu_from_above():
    count = 3
    picture = label_figures.swap(Faces(), Pictures(), count)
    image = 2.0 * np.asarray(label_figures.examples(Pictures(), 2 * count)) - 1.0
    mixed = 2.0 * cell(picture, 2, 3, count + 1)[0] - 1.0
    np.testing.assert_allclose(mixed[:ZS], image[1, 0, :ZS, 0], atol=0.01)
    np.testing.assert_allclose(mixed[ZS : ZS + ZU], image[count + 2, 0, ZS : ZS + ZU, 0], atol=0.01)
    np.testing.assert_allclose(2.0 * cell(picture, 2, 0, count + 1) - 1.0, image[1, ..., 0], atol=0.01)


def test_the_figure_of_zu_calls_a_dimension_what_a_person_calls_it(monkeypatch):
    titles = []
    monkeypatch.setattr(label_figures, "label", lambda picture, title, rows: titles.append(title) or picture)
    method = Faces()
    method.dimension_names = tuple(f"name of {d}" for d in range(ZS + ZU))
    label_figures.zu_dimensions(method, Pictures())
    assert len(titles) == 3
    assert all(title.startswith(f"zu{title[2]} name of {ZS + int(title[2])}  ") for title in titles)


def test_a_mask_of_ones_own_is_white_where_pixels_miss(tmp_path):
    pixels = np.zeros((2 * SIDE, 2 * SIDE), np.uint8)
    pixels[: 2 * SIDE // 4] = 255
    Image.fromarray(pixels).save(tmp_path / "mask.png")
    values = masks.read(tmp_path / "mask.png", SIDE, SIDE)
    assert values.shape == (SIDE, SIDE, 1) and values[: SIDE // 4].all() and not values[SIDE // 4 :].any()
    four = label_figures.inpainting(Faces(), Pictures())
    one = label_figures.inpainting(Faces(), Pictures(), mask=str(tmp_path / "mask.png"))
    assert four.shape[0] == 2 + 9 * (SIDE + 2) and one.shape[0] == 2 + 3 * (SIDE + 2)


def test_a_cvae_completes_images_of_the_class_that_it_is_told():
    class Teller(CVAE):
        image_shape, num_classes = (SIDE, SIDE, 1), 5

        def __init__(self):
            pass

        def reconstruct(self, image, label):
            return tf.ones_like(image) * tf.cast(label, tf.float32)[:, None, None, None] / 10.0

    picture = label_figures.inpainting(Teller(), Pictures())
    labels = label_figures.labelled_examples(Pictures(), label_figures.IMAGES)["label"].numpy()
    completed = picture[-SIDE // 2 - 2, -label_figures.IMAGES * (SIDE + 2) + SIDE // 2 :: SIDE + 2, 0] / 255.0
    np.testing.assert_allclose(completed, labels / 10.0, atol=0.01)  # the last row, in the missing half


def test_toy_points_are_drawn_beside_the_real_ones():
    class Points:
        image_shape, num_classes = (1, 1, 2), 3

        def generate_class(self, label, seed):
            return np.full((len(label), 1, 1, 2), 0.5, np.float32)

    (figure,) = figures.available(Points(), None).values()
    picture = figure.draw(Points(), HalfCircles(per_class=100))
    half = picture.shape[1] // 2
    colours = [np.array(colour) for colour in label_figures.COLOURS]
    for colour in colours:
        left, right = (np.sum(np.all(part == colour, axis=2)) for part in (picture[:, :half], picture[:, half:]))
        assert left > 300 and right <= 16, "generated points all lie at the origin"
