"""QLAE: the objective against numpy, and a code of levels as the teacher of an ID-GAN, to the end."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import runs
from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.samples import generation
from idgan_tf.experiments import stages
from idgan_tf.methods.qlae import QLAE
from idgan_tf.networks.base import Network
from idgan_tf.networks.quantised import quantise
from idgan_tf.objectives.gaussian import gaussian_code_nll
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.visualize import figures, rendering
from tests.helpers import TinySprites, build_tiny
from tests.methods.tiny import CODE, SEED, SHAPE, LinearDecoder, LinearEncoder, arrays, batch

GRID = np.linspace(-1.0, 1.0, 12)


class LinearQuantised(Network):
    """The levels nearest to tanh(W x)."""

    def __init__(self, levels=12):
        super().__init__("encoder", image_shape=SHAPE, latent_dim=CODE, levels=levels)
        self.head = keras.layers.Dense(CODE, use_bias=False)
        self(keras.Input(SHAPE))

    def call(self, image, training=False):
        return quantise(self.head(keras.ops.reshape(image, (-1, 16))), self.config["levels"])


def make(optimizer=None, encoder=None):
    keras.utils.set_random_seed(0)
    method = QLAE(encoder or LinearQuantised(), LinearDecoder(), optimizer or keras.optimizers.SGD(0.0), bernoulli_nll)
    method.build_optimizers()
    return method


def test_the_objective_is_the_likelihood_of_the_image_given_its_levels():
    method, image = make(), np.reshape(batch()["image"], (4, 16))
    activation = np.tanh(image @ np.array(method.encoder.head.kernel))
    c = GRID[np.argmin(np.abs(activation[..., None] - GRID), axis=-1)]
    kernel, bias = (np.array(weight) for weight in method.decoder.head.weights)
    logits = c @ kernel + bias
    nll = np.mean(np.sum(np.logaddexp(0.0, logits) - image * logits, axis=-1))
    assert float(method.train_step(batch(), SEED)["nll"]) == pytest.approx(nll, rel=1e-5)
    np.testing.assert_allclose(method.encode(batch()["image"])[0], c, atol=1e-6)


def test_a_decoder_that_hears_nothing_costs_the_entropy_of_fair_coins():
    method = make()
    for weight in method.decoder.head.weights:
        weight.assign(np.zeros(weight.shape))
    assert float(method.train_step(batch(), SEED)["nll"]) == pytest.approx(16 * np.log(2.0), rel=1e-5)


def test_the_encoder_learns_through_its_levels():
    method = make(keras.optimizers.SGD(0.1))
    start = arrays(method.encoder)
    losses = [float(method.train_step(batch(), SEED)["nll"]) for _ in range(30)]
    assert losses[-1] < losses[0] and np.any(start[0] != arrays(method.encoder)[0])


def test_weights_decay_and_biases_do_not():
    method = make(keras.optimizers.Adam(0.1, weight_decay=0.5))
    kernel, bias = method.decoder.head.weights
    bias.assign(np.ones(bias.shape))
    method.nll = lambda image, logits: 0.0 * tf.reduce_sum(logits, axis=[1, 2, 3])  # decay alone moves
    before = np.array(kernel)
    method.train_step(batch(), SEED)
    np.testing.assert_allclose(kernel, (1.0 - 0.1 * 0.5) * before, rtol=1e-5)
    np.testing.assert_array_equal(bias, np.ones(bias.shape))


def test_an_encoder_without_levels_is_one_line():
    with pytest.raises(ConfigError, match="QLAE.encoder must be a QuantisedEncoder, got LinearEncoder"):
        make(encoder=LinearEncoder())


def test_its_prior_is_on_the_levels_and_its_information_the_entropy_of_a_level():
    method = make()
    c = np.array(method.sample_prior(20_000, SEED))
    np.testing.assert_allclose(np.unique(c), GRID, atol=1e-6)
    np.testing.assert_allclose(np.unique(c, return_counts=True)[1] / c.size, 1 / 12, atol=0.005)
    assert generation.describe(method) == "decoder mean, c uniform on 12 levels from -1 to 1"
    place = np.zeros((4, CODE))
    place[:, 1], place[:, 2] = [0, 0, 11, 11], [0, 1, 2, 3]
    method.encode = lambda image: (tf.constant(GRID[place.astype(int)], tf.float32), None)
    black = np.zeros([4, *method.image_shape], np.float32)
    np.testing.assert_allclose(method.kl_per_dimension(black), [0.0, np.log(2.0), np.log(4.0)], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("levels, steps, count", [(12, 7, 7), (12, 12, 12), (12, 15, 12), (2, 7, 2), (5, 4, 4)])
def test_a_traversal_runs_over_levels(levels, steps, count):
    values = rendering.traversal_values(make(encoder=LinearQuantised(levels)), steps)
    assert len(values) == count and values[0] == -1.0 and values[-1] == 1.0
    assert np.all(np.isin(values, np.linspace(-1.0, 1.0, levels))) and np.all(np.diff(values) > 0)


def test_an_id_gan_renders_the_levels_of_its_teacher(tmp_path):
    """Both stages, the pictures, and the run loaded again."""
    few = ("train.num_steps = 4", "train.picture_every = 0")
    bindings = [*few, f"teacher.gin_params = {few}"]
    configuration = Configuration(["tests/tiny/idgan_qlae.gin"], bindings, ["tests"])
    run, settings, method = stages.train(configuration, tmp_path / "idgan")
    assert (tmp_path / "qlae" / "done.json").exists()
    image = settings.dataset.take(np.arange(20))["image"]
    mean, logvar = method.encode(image)
    nearest = np.min(np.abs(np.array(mean)[..., None] - GRID), axis=-1)
    assert method.levels == 12 and nearest.max() < 1e-6
    c = method.sample_code(image, SEED)
    assert 0.0 < np.abs(c - mean).max() < 0.2  # within a level, for the density that R_ID needs
    assert float(method.distillation(c, 2.0 * image - 1.0)) == pytest.approx(
        float(tf.reduce_mean(gaussian_code_nll(c, mean, logvar))), rel=1e-5
    )
    np.testing.assert_allclose(np.unique(method.sample_prior(500, SEED)), GRID, atol=1e-6)
    assert np.all(np.isin(rendering.traversal_values(method), GRID))
    drawn = figures.write(run, method, settings.dataset, ["traversal", "traversal_movie"])
    assert [path.stem for path in drawn] == ["traversal", "traversal_movie"]
    assert "traversal_added" not in figures.available(method, settings.dataset)  # a level and a value is no level
    loaded = runs.load(run.path, allow_imports=("tests",))
    np.testing.assert_array_equal(loaded.encode(image)[0], mean)
    assert loaded.levels == 12


def test_distillation_reaches_the_generator_through_the_levels(tmp_path):
    """The frozen encoder's rounding has no gradient of its own: R_ID moves G all the same."""
    _, method = build_tiny("tests/tiny/idgan_qlae.gin", tmp_path, "IDGAN.lambda_id = 1.0")
    c = method.sample_code(TinySprites((8, 8, 1)).take(np.arange(20))["image"], SEED)
    with tf.GradientTape() as tape:
        loss = method.distillation(c, method.generator(c, training=True))
    gradients = tape.gradient(loss, method.generator.trainable_variables)
    assert all(np.any(np.array(gradient) != 0.0) for gradient in gradients[-2:])
