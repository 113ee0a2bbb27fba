"""What IB-GAN warns of: textures, and a discriminator that wins; and of noise that outlasts the training."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.methods.ibgan import IBGAN, DCInfoGAN
from idgan_tf.objectives.weights import PiecewiseLinear
from tests.methods.tiny_ibgan import SHAPE, make, step


@pytest.mark.parametrize(
    "ends, values, num_steps, sigma",
    [(100_000, (1, 0), 9000, "0.91"), (10, (0.5, 0.1), 9, "0.14"), (10, (0.5, 0.1), 10, None), (9, (1, 1), 2, None)],
)
def test_a_training_that_ends_before_its_noise_is_warned_of(ends, values, num_steps, sigma):
    warnings = make(instance_noise=PiecewiseLinear((0, ends), values)).foresee(num_steps)
    assert [f"IBGAN.instance_noise is {sigma} after" in warning for warning in warnings] == ([True] if sigma else [])


@pytest.mark.parametrize(
    "drawn, noise, fool, warned",
    [
        ("noise", 0.0, 0.8, ["the images have become a texture"]),
        ("noise", 0.5, 0.8, []),
        ("noise", 0.0, 4.6, ["the discriminator wins", "the images have become a texture"]),
        ("sprite", 0.0, 4.6, ["the discriminator wins"]),
        ("sprite", 0.0, 1.96, ["the discriminator wins"]),  # a collapse of docs/ibgan.md
        ("sprite", 0.0, 1.0, []),
        ("sprite", 0.0, 0.8, []),
    ],
)
def test_a_texture_without_noise_and_a_discriminator_that_wins_are_warned_of(drawn, noise, fool, warned, monkeypatch):
    image = np.zeros((64, *SHAPE), "float32")
    image[:, 20:40, 30:50] = 1.0
    image = np.random.default_rng(0).random(image.shape, "float32") if drawn == "noise" else image
    method = make(instance_noise=noise)
    monkeypatch.setattr(method, "generate", lambda s, c: tf.constant(image))
    found = method.diagnose({"fool": fool})
    assert [warning.split(":")[0] for warning in found] == warned
    assert not found or "lower its rate" in found[0] or "raise the discriminator's rate" in found[0]
    if fool == 4.6:
        assert "1.0% of being real" in found[0]


@pytest.mark.parametrize("kind", [IBGAN, DCInfoGAN])
def test_it_diagnoses_what_its_own_generator_draws(kind):
    method = make(kind, instance_noise=0.0)
    means = step(method)
    kernel, bias = method.generator.head.trainable_variables
    kernel.assign(tf.zeros_like(kernel))
    bias.assign(tf.ones_like(bias))
    assert method.diagnose(means) == [], "one grey is no texture"
    normalised = [layer for layer in method.generator.stack.layers if hasattr(layer, "moving_mean")][-1]
    normalised.gamma.assign(tf.zeros_like(normalised.gamma))
    normalised.beta.assign(tf.ones_like(normalised.beta))  # what the last layer reads is 1 everywhere
    board = np.zeros(kernel.shape, "float32")
    board[1:3, 1:3] = np.array([[1, -1], [-1, 1]])[..., None, None]  # of stride 2: each pixel has one tap
    kernel.assign(board)
    bias.assign(tf.zeros_like(bias))
    (warning,) = method.diagnose(means)
    assert "a texture: neighbouring pixels differ 2.00 times as much as any two" in warning
