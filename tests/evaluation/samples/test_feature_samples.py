"""Which network's features the metrics of a run take, and that they share them."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.feature_networks import inception, shipped
from idgan_tf.evaluation.feature_networks.factor_features import FactorFeatures
from idgan_tf.evaluation.features.mind import mind
from idgan_tf.evaluation.features.precision_recall import precision_recall
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.samples import feature_samples, generation
from idgan_tf.networks.classifier import FactorHeads
from tests.evaluation.feature_networks.test_inception import Fake
from tests.helpers import TinySprites


@pytest.fixture
def dataset(tmp_path, monkeypatch):
    """Tiny sprites, with a network of theirs that comes with the package."""
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    network = FactorHeads((64, 64, 1), (3, 4, 4), "torch")
    shipped.pack(network, "tiny_sprites", tmp_path / "factor_classifier_tiny_sprites.npz")
    return TinySprites()


@pytest.fixture
def copier(codes_method):
    method = codes_method(lambda x: x)
    method.sample = lambda batch, seed: batch["image"]
    return method


def test_they_are_the_hidden_units_of_real_and_generated_images_by_the_network_that_is_shipped(dataset, copier):
    samples = feature_samples.of(copier, dataset, 3, 30)
    classifier = FactorFeatures(None, dataset)
    (batch,) = generation.real(dataset, 30, 3)
    np.testing.assert_allclose(samples.real, classifier(batch["image"])[0], rtol=1e-5)
    (image,) = generation.generated(copier, dataset, 30, 3)
    np.testing.assert_allclose(samples.generated, classifier(image)[0], rtol=1e-5)
    assert samples.protocol["feature_network"] == "factor_classifier_tiny_sprites, shipped with idgan_tf"
    assert samples.protocol["generated"] and "accuracy_scale" in samples.protocol


def test_no_real_image_is_its_own_neighbour(dataset, copier):
    samples = feature_samples.of(copier, dataset, 0, 100)
    assert len(samples.real) == dataset.num_examples < 100 == len(samples.generated)


def test_asked_for_other_codes_they_are_made_anew(dataset, copier, monkeypatch):
    drawn = iter(("of one", "of the other"))
    monkeypatch.setattr(feature_samples, "_of_factors", lambda *given: next(drawn))
    asked = []
    for codes in ("q(c)", "q(c)", "N(0, I)"):
        monkeypatch.setattr(generation, "describe", lambda method, codes=codes: codes)
        asked.append(feature_samples.of(copier, dataset, 0, 30))
    assert asked == ["of one", "of one", "of the other"]


def test_metrics_of_a_run_share_them_and_say_how_they_were_measured(dataset, copier, monkeypatch):
    result = precision_recall(copier, dataset, 0, num_samples=48)
    monkeypatch.setattr(feature_samples, "_of_factors", None)
    assert result.values == {"precision48": 1.0, "recall48": 1.0}, "all images there are, twice"
    protocol = mind(copier, dataset, 0, num_samples=48, num_directions=10).protocol
    said = {"num_samples": 48, "num_real": 48, "floor_samples": 24, "num_directions": 10}
    assert said.items() <= protocol.items() and protocol["feature_sha256"] == result.protocol["feature_sha256"]
    assert protocol["real_against_real_mind"] > 0.0
    copier.step.assign_add(1)
    with pytest.raises(TypeError):
        mind(copier, dataset, 0, num_samples=48)


def test_where_no_network_is_shipped_they_are_inceptions(dataset, copier, tmp_path, monkeypatch):
    monkeypatch.setenv("IDGAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(inception, "OUTPUTS", {"pool_3": 4, "logits": 3})
    tf.saved_model.save(Fake(), str(tmp_path / "inception"))
    monkeypatch.setenv("IDGAN_INCEPTION_DIR", str(tmp_path / "inception"))
    named = precision_recall(copier, dataset, 0, features="inception", num_samples=48)
    shipped.find("factor_classifier", dataset).unlink()
    assert precision_recall(copier, dataset, 0, num_samples=48).values == named.values == {
        "precision48": 1.0, "recall48": 1.0,
    }  # fmt: skip
    assert named.protocol["feature_network"] == "tfgan inception, unverified"


def test_other_networks_and_data_without_one_are_named(dataset, copier, pixels):
    with pytest.raises(ConfigError, match="features are those of 'factors' or 'inception', got 'clip'"):
        precision_recall(copier, dataset, 0, features="clip")
    with pytest.raises(Unavailable, match="no feature network of pixels comes with idgan_tf"):
        precision_recall(copier, pixels, 0, features="factors")
