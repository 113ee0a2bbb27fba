import numpy as np
import pytest

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation import inception_score
from idgan_tf.evaluation.inception_score import score_of_logits


def test_uniform_predictions_score_one():
    assert score_of_logits(np.zeros((20, 7))) == pytest.approx(1.0)


def test_certain_and_balanced_predictions_score_the_number_of_classes():
    assert score_of_logits(200.0 * np.eye(7)[np.arange(70) % 7]) == pytest.approx(7.0)


def test_certain_predictions_of_one_class_score_one():
    assert score_of_logits(np.tile([200.0, 0.0, 0.0], (10, 1))) == pytest.approx(1.0)


def test_it_agrees_with_tf_gan():
    logits = 3.0 * np.random.default_rng(0).normal(size=(500, 30))
    assert score_of_logits(logits) == pytest.approx(inception_score.tf_gan_inception_score(logits), rel=1e-5)


def test_bad_input_is_named():
    with pytest.raises(NonFiniteError, match="1 non-finite"):
        score_of_logits([[0.0, np.nan], [0.0, 1.0]])
    with pytest.raises(ConfigError, match=r"logits must be \[N, classes\]"):
        score_of_logits(np.zeros(5))
