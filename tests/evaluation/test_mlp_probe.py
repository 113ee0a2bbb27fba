import numpy as np
import pytest

from idgan_tf.errors import NonFiniteError
from idgan_tf.evaluation.linear_probe import probe_accuracy
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.mlp_probe import mlp_accuracy, mlp_probe
from tests.evaluation.test_linear_probe import Labelled


def rings(rng, count=900):
    """Points [N, 2] around 0, whose class is their distance: no line tells it."""
    labels = rng.integers(0, 2, count)
    angle, radius = rng.uniform(0, 2 * np.pi, count), 1.0 + labels + 0.1 * rng.normal(size=count)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


def test_it_reads_what_a_linear_probe_does_not(rng):
    some, others = rings(rng), rings(rng)
    assert probe_accuracy(*some, *others) < 0.65
    assert mlp_accuracy(*some, *others, seed=0) > 0.97


def test_it_reads_nothing_in_noise(rng):
    codes, labels = rng.normal(size=(900, 4)), rng.integers(0, 3, 900)
    assert abs(mlp_accuracy(codes, labels, rng.normal(size=(900, 4)), rng.integers(0, 3, 900), seed=0) - 1 / 3) < 0.06


def test_it_is_a_function_of_its_seed(rng):
    (codes, labels), others = rings(rng, 300), rings(rng)
    codes, far = codes + rng.normal(size=codes.shape), (others[0] + rng.normal(size=others[0].shape), others[1])
    one, again, other = (mlp_accuracy(codes, labels, *far, seed=seed) for seed in (0, 0, 1))
    assert one == again != other


def test_each_part_of_a_code_is_probed(codes_method):
    method = codes_method(lambda pixels: 100.0 * pixels[:, :2])
    method.code_parts = {"zs": 1, "zu": 1}
    values = mlp_probe(method, Labelled(), 0, num_train=150, num_test=150).values
    assert list(values) == [f"mlp_probe_{part}{ending}" for part in ("zs", "zu") for ending in ("", "_mean")]
    assert values["mlp_probe_zs"] > 0.95 and values["mlp_probe_zu"] < 0.6


def test_what_cannot_be_probed_says_why(rng):
    codes = rng.normal(size=(40, 2))
    for labels in (np.zeros(40, int), np.arange(40) % 5, np.arange(40) // 39):
        with pytest.raises(Unavailable, match="an MLP probe needs two classes or more, ten codes for each, got 40 of"):
            mlp_accuracy(codes, labels, codes, labels, seed=0)
    with pytest.raises(NonFiniteError, match="codes hold"):
        mlp_accuracy(np.full((40, 2), np.nan), np.arange(40) % 2, codes, np.zeros(40), seed=0)
