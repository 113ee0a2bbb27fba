import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data import dsprites
from idgan_tf.data.sprites import Sprites
from idgan_tf.errors import ConfigError


@pytest.mark.parametrize("resolution, count", [(64, 300), (128, 60), (1024, 6)])
def test_the_graph_draws_what_render_draws(resolution, count, rng):
    dataset = Sprites(resolution)
    factors = dataset.sample_factors(count, rng)
    factors[:3, 0] = [0, 1, 2]
    images = dataset.images(factors).numpy()[..., 0]
    expected = dsprites.render(factors, resolution)
    assert images.shape == expected.shape
    wrong = (images != expected).sum((1, 2))
    assert wrong.sum() <= 1e-4 * expected.sum()  # float32 decides pixels whose centre is on an edge


def test_decode_runs_in_a_graph_under_xla(rng):
    dataset = Sprites(64)
    rows = rng.integers(0, dataset.num_examples, 16)
    decode = tf.function(lambda r: dataset.decode({"row": r}, None)["image"], jit_compile=True)
    expected = dsprites.render(dataset.factors(rows))
    assert (decode(tf.constant(rows, tf.int32))[..., 0].numpy() != expected).sum() <= 3


def test_every_row_is_its_factors(rng):
    dataset = Sprites(32)
    rows = rng.integers(0, dataset.num_examples, 16)
    np.testing.assert_array_equal(dataset.take(rows)["factors"], dataset.factors(rows))
    assert dataset.num_examples == 737_280 and dataset.image_shape == (32, 32, 1) and dataset.name == "sprites32"
    assert dataset.arrays["row"].nbytes < 3 << 20
    with pytest.raises(ConfigError, match="Sprites.resolution must be >= 8"):
        Sprites(4)
