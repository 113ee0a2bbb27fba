"""Noise stays in range; roughness tells a texture from a picture."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.methods import instance_noise
from tests.methods.tiny_ibgan import SEED


def test_noisy_images_stay_in_range():
    noisy = instance_noise.disturb(tf.zeros([4, 8, 8, 1]), 1.0, SEED)
    assert float(tf.reduce_max(noisy)) == 1.0 and float(tf.reduce_min(noisy)) == -1.0


def test_roughness_is_that_of_numpy_one_for_noise_and_nought_for_a_ramp():
    rng = np.random.default_rng(0)
    white = rng.random((8, 32, 32, 2)).astype("float32")
    assert float(instance_noise.roughness(white)) == pytest.approx(1.0, abs=0.02)
    ramp = np.broadcast_to(np.linspace(0, 1, 32, dtype="float32")[None, :, None, None], (2, 32, 32, 1))
    assert float(instance_noise.roughness(ramp)) == pytest.approx(0.25 / 31**2 / np.var(ramp), rel=1e-4)  # down alone
    board = np.indices((8, 8)).sum(0)[None, :, :, None] % 2
    assert float(instance_noise.roughness(board.astype("float32"))) == pytest.approx(2.0)
    assert float(instance_noise.roughness(np.ones((2, 8, 8, 1), "float32"))) == 0.0
