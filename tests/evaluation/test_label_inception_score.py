import hashlib

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.half_circles import HalfCircles
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.inception_score import label_inception_score
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.samples import generation
from idgan_tf.networks.labelvae import LabelEncoder

SHAPE = (1, 1, 2)


class Echo:
    """Generates the images of the batch."""

    def sample(self, batch, seed):
        return batch["image"]


def classifier(path, classes=3):
    """An untrained classifier of toy points whose certainty is in the bias: always class 0."""
    network = LabelEncoder(SHAPE, classes, False, 0, "toy", name="classifier")
    network.head.kernel.assign(tf.zeros_like(network.head.kernel))
    network.head.bias.assign([50.0] + [0.0] * (classes - 1))
    network.save(path)
    return path


def test_each_class_is_drawn_as_often_as_asked_and_in_order():
    dataset = HalfCircles(per_class=40)
    made = list(generation.of_classes(Echo(), dataset, [2, 0], 300, 0))
    assert [len(images) for images in made] == [300, 300]
    x = [float(np.mean((images[:, 0, 0, 0] - 0.5) * 8.0)) for images in made]
    assert x[0] == pytest.approx(-2.2, abs=0.2) and x[1] == pytest.approx(0.0, abs=0.2)


def test_a_missing_class_is_named():
    dataset = HalfCircles(per_class=40)
    dataset.arrays["label"][dataset.arrays["label"] == 1] = 2
    with pytest.raises(ConfigError, match="has no image of class 1"):
        list(generation.of_classes(Echo(), dataset, range(3), 10, 0))


def test_a_classifier_that_sees_one_class_scores_one_and_says_how_good_it_is(tmp_path):
    path = classifier(tmp_path / "classifier.keras")
    result = label_inception_score(Echo(), HalfCircles(per_class=40), 0, str(path), images_per_class=20)
    assert result.values == {"label_inception_score60": pytest.approx(1.0)}
    assert result.protocol["feature_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert result.protocol["training_accuracy"] == pytest.approx(1 / 3) and result.protocol["num_real"] == 120


def test_a_missing_network_says_how_to_train_it_and_a_wrong_one_is_named(tmp_path):
    dataset = HalfCircles(per_class=40)
    with pytest.raises(Unavailable, match="write gin/label_classifier_toy.gin after one of its kind"):
        label_inception_score(Echo(), dataset, 0, str(tmp_path / "none.keras"))
    dataset.name = "cifar10_images"
    with pytest.raises(Unavailable, match="bin/train --gin_file=gin/label_classifier_cifar10_images.gin"):
        label_inception_score(Echo(), dataset, 0, str(tmp_path / "none.keras"))
    path = classifier(tmp_path / "classifier.keras", classes=4)
    with pytest.raises(ConfigError, match="it knows 4 classes of 3"):
        label_inception_score(Echo(), dataset, 0, str(path))
