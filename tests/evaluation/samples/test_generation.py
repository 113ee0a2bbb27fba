"""Where generated images come from, for methods with and without an encoder."""

import types

import gin
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.metric import Result, Unavailable
from idgan_tf.evaluation.samples import generation
from idgan_tf.experiments import evaluate
from idgan_tf.methods.idgan import IDGAN
from tests.helpers import build_tiny
from tests.methods.tiny import batch, make, teacher


@pytest.mark.parametrize("codes, images_matter", [("training", True), ("prior", False)])
def test_codes_come_from_the_prior_when_told(codes, images_matter):
    """The sample writers of ID-GAN's and IB-GAN's codes do that."""
    gin.bind_parameter("generation.codes", codes)
    method = make(IDGAN, teacher=teacher(), lambda_id=0.0)
    one, other = (generation.images(method, batch(i), tf.constant([0, 1])) for i in range(2))
    assert np.allclose(one, other) != images_matter
    assert generation.describe(method).endswith("c ~ q(c)" if images_matter else "c ~ N(0, I)")


@pytest.mark.parametrize("codes, source", [(None, "c ~ N(0, I)"), ("prior", "c ~ N(0, I)"), ("training", "c ~ q(c)")])
def test_a_decoders_codes_come_from_its_own_posterior_when_told(codes, source, tmp_path):
    _, method = build_tiny("gin/betavae_dsprites.gin", tmp_path)
    method.encode = lambda image: (tf.tile(tf.reduce_mean(image, [1, 2]), [1, 10]), tf.zeros([len(image), 10]))
    method.decode = lambda c: tf.sigmoid(c)[:, None, None]
    gin.bind_parameter("generation.codes", codes)
    one, other = (generation.images(method, batch(i, shape=(64, 64, 1)), tf.constant([0, 1])) for i in range(2))
    assert np.allclose(one, other) == (source == "c ~ N(0, I)")
    assert generation.describe(method) == f"decoder mean, {source}"


def test_asked_again_with_other_codes_a_method_draws_of_those(pixels, codes_method):
    method = make(IDGAN, teacher=teacher(), lambda_id=0.0)
    method.generate = lambda s, c: method.decode(c)
    drawn = []
    for codes in ("training", "prior", "training"):
        gin.bind_parameter("generation.codes", codes)
        drawn.append(next(iter(generation._images_of(method)(batch(), tf.constant([0, 1])))))
    assert np.allclose(drawn[0], drawn[2]) and not np.allclose(drawn[0], drawn[1])


@pytest.mark.parametrize("codes, name", [(None, "fd30"), ("prior", "fd30_prior"), ("training", "fd30_training")])
def test_the_name_and_the_protocol_of_a_score_tell_the_codes_that_were_asked_for(codes, name, monkeypatch):
    def face(method, dataset, seed):
        return Result({"fd30": 1.0}, {"generated": generation.describe(method)})

    monkeypatch.setattr(evaluate, "find", lambda name: types.SimpleNamespace(face=face))
    gin.bind_parameter("generation.codes", codes)
    dataset = types.SimpleNamespace(name="pixels", source="made up")
    ((_, result),) = evaluate.evaluate(make(IDGAN, teacher=teacher(), lambda_id=0.0), dataset, 0, ["fd"])
    assert result.values == {name: 1.0} and result.protocol.get("generation.codes") == codes


@pytest.mark.parametrize("codes", ["training", "prior"])
def test_a_teachers_decoder_draws_the_codes_that_the_generator_draws(codes):
    gin.bind_parameter("generation.codes", codes)
    method = make(IDGAN, teacher=teacher(), lambda_id=0.0)
    method.generate = lambda s, c: method.decode(c)
    same = generation.images_of_each(method, batch(), tf.constant([0, 1]))
    assert same.keys() == {"", "_decoder"}
    np.testing.assert_array_equal(*same.values())


def test_a_decoder_of_other_images_is_left_out_and_never_takes_the_name_of_the_generator():
    method = types.SimpleNamespace(nuisance_dim=1, generate=lambda s, c: tf.ones([len(c), 2, 2, 1]))
    for size, names in ((2, {"", "_decoder"}), (4, {""})):
        method.decode = lambda c, size=size: tf.zeros([len(c), size, size, 1])
        found = generation.drawings(method, tf.zeros([3, 5]), tf.constant([0, 1]))
        assert found.keys() == names and np.all(found[""] == 1.0)
    del method.generate
    assert generation.drawings(method, tf.zeros([3, 5]), tf.constant([0, 1])).keys() == {""}


def test_what_draws_nothing_or_encodes_nothing_says_so(pixels, codes_method):
    with pytest.raises(Unavailable, match="Codes generates no images"):
        generation.describe(codes_method(lambda x: x))
    for faces in ({"encode": lambda x: x}, {"decode": lambda c: c}, {"generate": lambda s, c: c}):
        with pytest.raises(Unavailable, match="draws no code that it also encodes"):
            next(iter(generation.redrawn(types.SimpleNamespace(**faces), pixels, 4, 0)))


def test_other_sources_of_codes_are_refused():
    gin.bind_parameter("generation.codes", "posterior")
    with pytest.raises(ConfigError, match="generation.codes"):
        generation.describe(make(IDGAN, teacher=teacher(), lambda_id=0.0))


def test_generated_images_do_not_come_from_the_real_ones_they_are_compared_with(pixels, codes_method):
    method = codes_method(lambda x: x)
    method.sample = lambda batch, seed: batch["image"]  # a perfect copier
    (real,), (made,) = generation.real(pixels, 30, 0), generation.generated(method, pixels, 30, 0)
    real, made = ({image.tobytes() for image in np.asarray(images)} for images in (real["image"], made))
    assert len(real) == len(made) == 30 and 5 < len(real & made) < 25  # of 60: 15 by chance


@pytest.mark.parametrize(
    ("gin_file", "source"),
    [
        ("gin/gan_dsprites.gin", "c ~ N(0, I)"),
        ("gin/infogan_dsprites.gin", "c ~ N(0, I)"),
        ("gin/idgan_dsprites.gin", "c ~ q(c)"),
        pytest.param("gin/ibgan_dsprites.gin", "c = r ~ e(r|z), z ~ N(0, I)", marks=pytest.mark.slow),
    ],
)
def test_images_are_generated_from_codes_as_in_training(gin_file, source, tmp_path):
    """A GAN without an encoder generates too, and an InfoGAN does not copy real images through its encoder."""
    settings, method = build_tiny(gin_file, tmp_path)
    assert generation.describe(method) == f"G(s, c), s ~ N(0, I), {source}"
    (images,) = generation.generated(method, settings.dataset, 10, seed=0)
    assert images.shape == (10, 64, 64, 1) and images.min() >= 0.0 and images.max() <= 1.0
    if source == "c ~ N(0, I)":  # then it does not depend on the images
        batch = {"image": tf.zeros([generation.BATCH, 64, 64, 1])}
        seed = generation.noise.fold([0, generation.STREAM_NOISE], 0)
        np.testing.assert_allclose(generation.images(method, batch, seed)[:10], images, atol=1e-5)


def test_every_batch_of_a_generation_has_noise_of_its_own(pixels, codes_method, monkeypatch):
    monkeypatch.setattr(generation, "BATCH", 8)
    method = codes_method(lambda x: x)
    method.sample = lambda batch, seed: generation.noise.uniform(batch["image"].shape, seed)
    made = np.concatenate(list(generation.generated(method, pixels, 20, 0)))
    assert len({image.tobytes() for image in made}) == 20
