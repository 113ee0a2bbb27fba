"""What faces take: looked at in eager calls, whatever the method, and never in a graph."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.faces import CodeFaces
from idgan_tf.methods.gan import GAN
from idgan_tf.methods.idgan import IDGAN
from tests.methods.test_base import vae
from tests.methods.tiny import CODE, SEED, SHAPE, batch, make, teacher
from tests.methods.tiny_label_vae import make as make_label_relevant_vae

IMAGE, C = batch()["image"], tf.zeros([2, CODE])


@pytest.fixture(scope="module")
def method():
    return vae()


@pytest.fixture(scope="module")
def label_vae():
    return make_label_relevant_vae()


@pytest.fixture(scope="module")
def idgan():
    return make(IDGAN, teacher=teacher(), lambda_id=1.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bytes_are_parts_of_the_largest_number_of_their_type(method, dtype):
    largest = np.iinfo(dtype).max
    stored = np.rint(IMAGE.numpy() * largest).astype(dtype)
    expected = method.encode(stored.astype(np.float64) / largest)[0]
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(method.encode(stored)[0], expected, atol=1e-5)
    np.testing.assert_allclose(method.encode(tf.constant(stored))[0], expected, atol=1e-5)
    np.testing.assert_allclose(tf.function(method.encode)(tf.constant(stored))[0], expected, atol=1e-5)
    np.testing.assert_allclose(method(stored), method.decode(expected), atol=1e-5)


@pytest.mark.parametrize(
    "as_given", [np.asarray, lambda x: np.asarray(x, np.float64), lambda x: tf.cast(x, tf.bfloat16), np.ndarray.tolist]
)
def test_images_may_be_any_kind_of_floats(method, as_given):
    exact = np.round(IMAGE.numpy() * 8) / 8
    np.testing.assert_array_equal(method.encode(as_given(exact))[0], method.encode(exact)[0])


def test_black_and_white_may_be_bools_or_whole_numbers_but_not_bytes(method):
    drawn = IMAGE.numpy() > 0.5
    expected = method.encode(drawn.astype(np.float32))[0]
    for dtype in (bool, np.int64):
        np.testing.assert_array_equal(method.encode(drawn.astype(dtype))[0], expected)
    with pytest.raises(ConfigError, match="holds 0 and 1 alone as uint8, of which 255 is white"):
        method.encode(drawn.astype(np.uint8))
    method.encode(np.zeros(IMAGE.shape, np.uint8))  # black is black


@pytest.mark.parametrize(
    "image, said",
    [
        (IMAGE * 255.0, r"image must be in \[0, 1\], got [0-9.]+ to 25"),
        (IMAGE * 2.0 - 1.0, r"image must be in \[0, 1\], got -0.9"),
        (IMAGE + np.nan, "got nan or infinity"),
        (IMAGE / 0.0, "got nan or infinity"),
        (np.full(IMAGE.shape, 255, np.int64), "got 255 to 255"),
        (IMAGE[0], r"image must have the shape \[any, 4, 4, 1\], got \[4, 4, 1\]"),
        (tf.repeat(IMAGE, 3, axis=-1), r"got \[4, 4, 4, 3\]"),
        ("picture.png", "image must be numbers, got string"),
        (IMAGE[:0], "image is empty"),
        (np.ma.masked_less(np.asarray(IMAGE), np.inf), "image has masked values, whose mask would be lost"),
        (list(np.ma.masked_less(np.asarray(IMAGE), np.inf)), "image has masked values, whose mask would be lost"),
        ([[0.0], [0.0, 1.0]], "image must be numbers"),
        (tf.cast(IMAGE, tf.complex64), "image must be numbers, got complex64"),
    ],
)
def test_images_that_are_none_are_refused_by_every_face_that_takes_them(method, image, said):
    for face in (method.encode, method.kl_per_dimension, method):
        converted = isinstance(image, (str, list, np.ma.MaskedArray))  # by Keras, where a model is called
        if face is not method or not converted:
            with pytest.raises(ConfigError, match=said):
                face(image)


def test_floats_may_leave_the_range_by_a_rounding(method):
    method.encode(IMAGE * 0.0 + 1.0005)
    with pytest.raises(ConfigError):
        method.encode(IMAGE * 0.0 + 1.01)


@pytest.mark.parametrize("dimension", [-1, CODE, 2**32, 0.0, 1.5, True, "0", None, [0], np.float64(1.0)])
def test_a_dimension_that_there_is_not_is_refused(method, dimension):
    with pytest.raises((ConfigError, ValueError), match="dimension"):
        method.traverse(C, dimension, [0.0])


@pytest.mark.parametrize("dimension", [0, np.int64(CODE - 1), tf.constant(1), np.uint8(2)])
def test_a_traversal_moves_that_dimension_and_no_other(method, dimension):
    c = np.arange(2 * CODE, dtype=np.float64).reshape(2, CODE)
    drawn = method.traverse(c, dimension, [-1, 2])
    for v, value in enumerate((-1.0, 2.0)):
        moved = c.copy()
        moved[:, int(dimension)] = value
        np.testing.assert_allclose(drawn[:, v], method.decode(moved), atol=1e-6)


@pytest.mark.parametrize("c", [C + np.inf, C.numpy().astype(np.float64) + 1e200, C[:, :2], C[0], "c"])
def test_codes_that_are_none_are_refused(method, idgan, c):
    for face in (
        method.decode,
        idgan.decode,
        idgan.render,
        functools.partial(method.traverse, dimension=0, values=[0.0]),
    ):
        with pytest.raises(ConfigError, match="c must"):
            face(c)


def test_a_generator_without_a_nuisance_needs_none_and_another_asks_for_it(idgan):
    plain = make(GAN, nuisance_dim=0)
    expected = plain.generate(tf.zeros([2, 0]), C)
    np.testing.assert_array_equal(plain.generate(c=C), expected)
    np.testing.assert_array_equal(plain.generate(None, C), expected)
    assert list(plain.signatures()["generate"].inputs)[0].name == "c"
    assert [each.name for each in idgan.signatures()["generate"].inputs] == ["s", "c"]
    with pytest.raises(ConfigError, match=r"generate needs s, \[B, 2\]; render\(c\)"):
        idgan.generate(c=C)
    with pytest.raises(ConfigError, match="as many, got 3 and 2"):
        idgan.generate(tf.zeros([3, 2]), C)


def test_classes_and_dimensions_of_zu_that_there_are_not_are_refused(label_vae):
    count, zu = label_vae.num_classes, label_vae.zu_dim
    assert len(label_vae.generate_class([-1, count - 1], SEED)) == 2, "-1 is an unknown class"
    for label in ([count], [-2], [0.5], 0):
        with pytest.raises(ConfigError, match="label must"):
            label_vae.generate_class(label, SEED)
    assert label_vae.vary_zu([0], zu - 1, [0.0], SEED).shape[:2] == (1, 1)
    for dimension in (-1, zu):
        with pytest.raises(ConfigError, match=f"zu_dimension must be 0 to {zu - 1}"):
            label_vae.vary_zu([0], dimension, [0.0], SEED)


def test_a_mask_is_1_where_something_is_missing_in_one_image_or_in_each(label_vae):
    image = np.zeros([2, *label_vae.image_shape], np.float32)
    missing = np.ones([*label_vae.image_shape[:2], 1])
    expected = label_vae.inpaint(image, missing)
    for mask in (missing > 0, (255 * missing).astype(np.uint8), np.stack([missing, missing])):
        np.testing.assert_array_equal(label_vae.inpaint(image, mask), expected)
    with pytest.raises(ConfigError, match=r"mask must be in \[0, 1\], got 255"):
        label_vae.inpaint(image, 255 * missing)


def test_a_face_of_a_users_own_method_is_looked_at_too():
    class Mine(CodeFaces):
        image_shape, code_dim = SHAPE, 1

        def encode(self, image):
            return image, image

    with pytest.raises(ConfigError, match="image must be in"):
        Mine().encode(np.full([1, *SHAPE], 2.0))


def test_in_a_graph_nothing_is_looked_at_and_nothing_added(method):
    """A training step has no operation more than its networks and losses have."""
    plain = type(method).encode.__wrapped__
    spec = tf.TensorSpec([None, *SHAPE])
    graphs = [
        tf.function(encode).get_concrete_function(spec).graph
        for encode in (method.encode, functools.partial(plain, method))
    ]
    ours, without = ([(o.type, o.name) for o in graph.get_operations()] for graph in graphs)
    assert ours == without and not any("Assert" in kind for kind, _ in ours)
