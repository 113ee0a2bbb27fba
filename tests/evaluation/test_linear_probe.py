import numpy as np
import pytest
import tensorflow as tf
from scipy.special import softmax

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.linear_probe import linear_probe, probe_accuracy, probed
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.samples import generation


def codes(rng, count=600):
    labels = rng.integers(0, 3, count)
    return np.eye(3)[labels] + 0.05 * rng.normal(size=(count, 3)), labels


def test_a_code_that_holds_the_class_is_read_and_noise_is_not(rng):
    (x, y), (x2, y2) = codes(rng), codes(rng)
    assert probe_accuracy(x, y, x2, y2) == 1.0
    noise = rng.normal(size=(600, 3))
    assert abs(probe_accuracy(noise, y, rng.normal(size=(600, 3)), y2) - 1 / 3) < 0.07


def test_labels_of_another_length_and_complex_codes_are_refused(rng):
    x, y = codes(rng)
    for labels in (y[:1], y[:, None]):
        with pytest.raises(ConfigError, match=r"codes must be \[N, D\] and labels \[N\], got \[600, 3\] and"):
            probe_accuracy(x, y, x, labels)
    with pytest.raises(ConfigError, match="codes must be real numbers, got complex128"):
        probe_accuracy(x + 1j, y, x, y)
    for labels in (y - 1, y + 0.5, y.astype(str)):
        with pytest.raises(ConfigError, match="labels must be classes, whole numbers from 0 on"):
            probe_accuracy(x, labels, x, y)
    with pytest.raises(ConfigError, match="labels have masked values"):
        probe_accuracy(x, np.ma.masked_equal(y, 0), x, y)
    with pytest.raises(ConfigError, match=r"got \[0, 3\] and \[0\]"):
        probe_accuracy(x, y, x[:0], y[:0])
    with pytest.raises(ConfigError, match="have 3 and 2 dimensions"):
        probe_accuracy(x, y, x[:, :2], y)
    with pytest.raises(Unavailable, match="a probe needs two classes, got 1"):
        probe_accuracy(x, 0 * y, x, y)


def test_scale_and_shift_of_a_code_do_not_matter(rng):
    (x, y), (x2, y2) = codes(rng), codes(rng)
    x, x2 = x + 0.7 * rng.normal(size=x.shape), x2 + 0.7 * rng.normal(size=x.shape)
    plain = probe_accuracy(x, y, x2, y2)
    assert 0.5 < plain < 1.0
    assert probe_accuracy(1e3 * x - 7.0, y, 1e3 * x2 - 7.0, y2) == pytest.approx(plain, abs=0.01)


def test_it_minimises_the_mean_cross_entropy_and_a_thousandth_of_half_the_squared_weights(rng):
    """By hand: 2,000 steps of gradient descent on that sum."""
    (x, y), (x2, y2) = codes(rng), codes(rng)
    x, x2 = x + 0.7 * rng.normal(size=x.shape), x2 + 0.7 * rng.normal(size=x.shape)
    mean, deviation = x.mean(axis=0), x.std(axis=0)
    inputs, weights, bias = (x - mean) / deviation, np.zeros((3, 3)), np.zeros(3)
    for _ in range(2000):
        error = softmax(inputs @ weights + bias, axis=1) - np.eye(3)[y]
        weights -= 1.0 * (inputs.T @ error / 600 + 1e-3 * weights)
        bias -= 1.0 * error.mean(axis=0)
    theirs = np.mean(np.argmax((x2 - mean) / deviation @ weights + bias, axis=1) == y2)
    assert probe_accuracy(x, y, x2, y2) == pytest.approx(theirs, abs=0.002)


class Labelled:
    """300 images whose first pixel is the class."""

    name, source, num_classes, num_examples = "labelled", "made", 3, 300
    arrays = {"label": np.arange(300) % 3}

    def take(self, rows, seed=(0, 0)):
        image = np.zeros((len(rows), 4, 4, 1), np.float32)
        image[:, 0, 0, 0] = rows % 3
        return {"image": tf.constant(image), "label": tf.constant(rows % 3, tf.int32)}


def test_each_part_of_a_code_is_probed_by_its_draws_and_by_its_means(codes_method):
    method = codes_method(lambda pixels: tf.concat([100.0 * pixels[:, :1], 0.01 * pixels[:, :1]], axis=1))
    method.code_parts = {"zs": 1, "zu": 1}
    result = linear_probe(method, Labelled(), 0, num_train=150, num_test=150)
    assert result.values["linear_probe_zs"] == result.values["linear_probe_zs_mean"] == 1.0
    assert result.values["linear_probe_zu_mean"] == 1.0, "the mean of zu tells the class"
    assert result.values["linear_probe_zu"] < 0.6, "the noise of q(zu|x) hides it"
    assert result.protocol["num_train"] == 150 and result.protocol["largest_class"] == pytest.approx(1 / 3, abs=0.1)


def test_it_is_fitted_on_some_draws_and_scored_on_others(codes_method, monkeypatch):
    monkeypatch.setattr(generation, "BATCH", 16)
    given = []
    probed(
        lambda *sides: given.append(sides) or 0.5, "probe", codes_method(lambda x: 0 * x[:, :1]), Labelled(), 0, 40, 20
    )
    codes, labels, test_codes, test_labels = given[0]  # draws: noise alone, and so no two the same
    assert [len(each) for each in given[0]] == [40, 40, 20, 20]
    assert len(np.unique(np.concatenate([codes, test_codes]))) == 60
    expected = np.concatenate([batch["label"] for batch in generation.real(Labelled(), 60, 0)])
    np.testing.assert_array_equal(np.concatenate([labels, test_labels]), expected)


def test_held_out_images_are_what_is_scored(codes_method):
    class Split(Labelled):
        held_out = Labelled()

    Split.held_out.take = lambda rows, seed=(0, 0): {**Labelled().take(rows), "label": tf.zeros(len(rows), tf.int32)}
    method = codes_method(lambda pixels: 100.0 * pixels[:, :1])
    result = linear_probe(method, Split(), 0, num_train=150, num_test=600)
    assert result.values["linear_probe_c"] == pytest.approx(1 / 3), "one in three is what their labels say"
    assert result.protocol == {"num_train": 150, "num_test": 300, "held_out": True, "largest_class": 1.0}


def test_what_cannot_be_probed_says_why(codes_method, pixels):
    with pytest.raises(Unavailable, match="pixels has no classes"):
        linear_probe(codes_method(lambda x: x), pixels, 0)
    unlabelled = Labelled()
    unlabelled.take = lambda rows, seed=(0, 0): Labelled().take(rows) | {"label": -tf.ones(len(rows), tf.int32)}
    with pytest.raises(Unavailable, match="300 of 300 images of labelled have no class"):
        linear_probe(codes_method(lambda x: x), unlabelled, 0)
    with pytest.raises(ConfigError, match="two classes"):
        probe_accuracy(np.zeros((4, 2)), np.zeros(4, int), np.zeros((4, 2)), np.zeros(4, int))
    with pytest.raises(NonFiniteError, match="codes hold"):
        probe_accuracy(np.full((4, 2), np.nan), np.arange(4), np.zeros((4, 2)), np.arange(4))
