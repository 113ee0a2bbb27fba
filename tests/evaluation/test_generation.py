"""Where generated images come from, for methods with and without an encoder."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.evaluation import generation
from tests.helpers import build_tiny


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
