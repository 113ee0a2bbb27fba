import hashlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.constraints import Constrained
from idgan_tf.data.dsprites import DSprites
from idgan_tf.data.dsprites_variants import ColorDSprites, NoisyDSprites, ScreamDSprites
from idgan_tf.data.rooms import Rooms
from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.feature_networks import shipped
from idgan_tf.evaluation.feature_networks.factor_features import FactorFeatures
from idgan_tf.evaluation.features.fid import fid_dsprites
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.methods.factor_classifier import hits, labels_of
from idgan_tf.networks.classifier import FactorHeads
from tests.helpers import TinySprites, build_tiny


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "classifier.keras"
    FactorHeads((64, 64, 1), (3, 4, 4), "torch").save(path)
    return path


@pytest.fixture
def method(codes_method):
    method = codes_method(lambda x: x)
    method.sample = lambda batch, seed: batch["image"]
    return method


def test_factor_classes_in_the_graph_are_those_of_the_row_numbers():
    index = np.array([0, 1, 31, 32, 40_000, 737_279])
    dataset = DSprites("rendered")
    inside = tf.function(dataset.factors_in_graph)(tf.constant(index, tf.int64))
    np.testing.assert_array_equal(inside, dataset.factors(index))


def test_orientations_0_and_39_share_a_label_and_nothing_else_does():
    logits = [tf.zeros([40, size]) for size in (3, 39)]
    factors = tf.stack([tf.range(40) % 3, tf.range(40)], axis=1)
    shape, orientation = (np.array(label) for label in labels_of(factors, logits))
    np.testing.assert_array_equal(shape, np.arange(40) % 3)
    assert orientation[39] == orientation[0] == 0 and len(set(orientation[:39])) == 39


def test_a_hit_is_the_likeliest_class_being_the_label():
    logits = [tf.constant([[0.0, 1.0], [2.0, 1.0]])]
    np.testing.assert_array_equal(hits([tf.constant([1, 1])], logits)[0], [1.0, 0.0])


def test_images_of_the_data_are_at_distance_zero_and_noise_is_far(network, method, codes_method):
    dataset = TinySprites()
    result = fid_dsprites(method, dataset, 0, str(network), num_samples=96)
    assert result.values == pytest.approx({"fid_dsprites96": 0.0, "fid_dsprites_even96": 0.0}, abs=1e-6)
    assert result.protocol["real_against_real"] == pytest.approx(0.0, abs=1e-6), "96 are all images, twice"
    assert result.protocol["feature_network"] == "/".join(network.parts[-3:])
    assert result.protocol["feature_sha256"] == hashlib.sha256(network.read_bytes()).hexdigest()
    assert {f"accuracy_{name}" for name in dataset.factor_names} < set(result.protocol)
    assert all(0.0 <= result.protocol[f"accuracy_{name}"] <= 1.0 for name in dataset.factor_names)
    noise = codes_method(lambda x: x)
    noise.sample = lambda batch, seed: tf.random.stateless_uniform([len(batch["image"]), 64, 64, 1], seed)
    values = fid_dsprites(noise, dataset, 0, str(network), num_samples=96).values
    assert values["fid_dsprites96"] > 1e-3 and values["fid_dsprites_even96"] > 1.0


def test_the_floor_is_the_distance_of_two_sets_of_real_images(network, method):
    """So a copier of the images that codes come from has it, too."""
    result = fid_dsprites(method, TinySprites(), 0, str(network), num_samples=30)
    floors = [result.protocol[name] for name in ("real_against_real", "real_against_real_even")]
    assert list(result.values.values()) == pytest.approx(floors) and min(floors) > 0.0


def test_a_generator_and_its_teachers_decoder_are_measured_on_the_same_codes(network, tmp_path):
    settings, method = build_tiny("gin/idgan_dsprites.gin", tmp_path / "run")
    decode = method.decode
    method.generate = lambda s, c: decode(c)
    names = [f"fid_dsprites{suffix}96" for suffix in ("", "_even", "_decoder", "_even_decoder")]
    values = fid_dsprites(method, settings.dataset, 0, str(network), num_samples=96).values
    assert list(values) == names
    assert [values[name] for name in names[:2]] == pytest.approx([values[name] for name in names[2:]], rel=1e-3)
    method.decode = lambda c: 1.0 - decode(c)
    other = fid_dsprites(method, settings.dataset, 0, str(network), num_samples=96).values
    assert [name for name in names if other[name] != pytest.approx(values[name])] == names[2:]


def test_pooled_units_are_the_means_over_places_of_the_last_three_convolutions():
    heads = FactorHeads((64, 64, 1), (3, 4), "torch")
    image = np.random.default_rng(0).random((2, 64, 64, 1), np.float32)
    pooled, features, logits = heads.look(image)
    x, means = image, []
    for layer in heads.trunk.layers[:4]:
        x = layer(x)
        means.append(np.mean(x, axis=(1, 2)))
    np.testing.assert_allclose(pooled, np.concatenate(means[1:], axis=1), rtol=1e-5, atol=1e-6)
    for ours, called in zip((features, *logits), (heads(image)[0], *heads(image)[1]), strict=True):
        np.testing.assert_allclose(ours, called, rtol=1e-5, atol=1e-6)


def test_a_shipped_network_is_the_trained_one_in_half_precision(network, method, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    dataset = TinySprites()
    assert shipped.find("factor_classifier", dataset) is None
    path = tmp_path / "factor_classifier_tiny_sprites.npz"
    shipped.pack(keras.saving.load_model(network), dataset.looks, path)
    assert shipped.find("factor_classifier", dataset) == path and shipped.find("label_classifier", dataset) is None
    image = dataset.take(np.arange(48))["image"]
    ours, theirs = (FactorFeatures(p, dataset)(image)[0] for p in (path, network))
    np.testing.assert_allclose(ours, theirs, atol=2e-3 * np.max(theirs))
    protocol = fid_dsprites(method, dataset, 0, str(path), num_samples=96).protocol
    assert protocol["feature_network"] == "factor_classifier_tiny_sprites, shipped with idgan_tf"
    assert protocol["feature_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_shipped_network_of_larger_images_keeps_its_convolutions(tmp_path):
    heads = FactorHeads((128, 128, 3), (3, 4), "torch", filters=(4, 4, 8, 8, 16))
    shipped.pack(heads, "rooms", tmp_path / "large.npz")
    image = np.random.default_rng(0).random((2, 128, 128, 3), np.float32)
    for ours, theirs in zip(shipped.unpack(tmp_path / "large.npz")(image)[1], heads(image)[1], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-2)


def test_a_weight_beyond_half_precision_is_not_shipped(network, tmp_path):
    heads = keras.saving.load_model(network)
    heads.set_weights([heads.get_weights()[0] * 0.0 + 1e5, *heads.get_weights()[1:]])
    with pytest.raises(NonFiniteError, match="weight_00 reaches 1e"):
        shipped.pack(heads, "", tmp_path / "large.npz")
    assert not (tmp_path / "large.npz").exists()


def test_a_shipped_network_is_not_taken_for_images_that_look_different(network, tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    eight, bright = ColorDSprites("rendered", 8, False), ColorDSprites("rendered", 0, False)
    name, heads = "factor_classifier", FactorHeads((64, 64, 3), (3, 6, 39, 32, 32, 512), "torch")
    shipped.pack(heads, eight.looks, tmp_path / f"{name}_color_dsprites.npz")
    assert shipped.find(name, eight) == shipped.find(name, ColorDSprites("rendered", 8, True)) is not None
    assert shipped.find(name, bright) is None
    for shape, sizes in (
        ((64, 64, 1), (3, 6, 39, 32, 32)),
        ((64, 64, 3), (3, 6, 39, 32)),
        ((64, 64, 3), (4, 6, 40, 32, 32)),
    ):
        shipped.pack(FactorHeads(shape, sizes, "torch"), eight.looks, tmp_path / f"{name}_color_dsprites.npz")
        assert shipped.find(name, eight) is None, "it takes other images, or does not know their factors"


def test_a_network_is_found_for_a_part_of_its_images_whatever_that_is_called(method, monkeypatch):
    plain = DSprites("rendered")
    correlated = Constrained(plain, "whatever", correlated=(("position_x", "position_y", 0.1),))
    assert shipped.find("factor_classifier", correlated) == shipped.find("factor_classifier", plain) is not None
    protocol = fid_dsprites(method, correlated, 0, num_samples=64).protocol
    assert protocol["feature_network"] == "factor_classifier_dsprites, shipped with idgan_tf"
    scream = ScreamDSprites("rendered", "stand-in")
    with pytest.raises(Unavailable, match="run: bin/train --gin_file=gin/factor_classifier_scream_dsprites.gin"):
        FactorFeatures(None, scream)


@pytest.mark.parametrize(
    "dataset, least",
    [
        (DSprites("rendered"), 0.85),
        (ColorDSprites("rendered", 8, True), 0.85),
        (NoisyDSprites("rendered"), 0.75),  # noise hides small angles
        (Rooms(64), 0.85),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_the_networks_of_the_package_know_the_factors(dataset, least):
    features = FactorFeatures(shipped.find("factor_classifier", dataset), dataset)
    batch = dataset.take(np.random.default_rng(0).integers(0, dataset.num_examples, 500))
    features(batch["image"], batch["factors"])
    known = {name: features.protocol[f"accuracy_{name}"] for name in dataset.factor_names}
    assert min(known.values()) > least, known


def test_factors_of_the_variants_are_those_in_their_images():
    color = ColorDSprites("rendered", 8, True)
    rows = np.array([5, 300_000, 737_279])
    batch = color.take(rows)
    np.testing.assert_array_equal(color.index(batch["factors"]), rows)
    np.testing.assert_array_equal(batch["image"], color.images(batch["factors"]))
    noisy = NoisyDSprites("rendered")
    np.testing.assert_array_equal(noisy.take(rows)["factors"], noisy.factors(rows))


def test_a_missing_network_says_how_to_train_it(method, tmp_path, monkeypatch):
    with pytest.raises(Unavailable, match="write gin/factor_classifier_tiny_sprites.gin"):
        fid_dsprites(method, TinySprites(), 0, str(tmp_path / "none.keras"))
    monkeypatch.setattr(TinySprites, "name", "dsprites")
    with pytest.raises(Unavailable, match="bin/train --gin_file=gin/factor_classifier_dsprites.gin"):
        fid_dsprites(method, TinySprites(), 0, str(tmp_path / "none.keras"))


def test_a_wrong_network_is_named(network, method, tmp_path, monkeypatch):
    (tmp_path / "torn.keras").write_bytes(b"torn")
    with pytest.raises(ConfigError, match="cannot load the feature network"):
        fid_dsprites(method, TinySprites(), 0, str(tmp_path / "torn.keras"))
    (tmp_path / "factor_classifier_torn.npz").write_bytes(b"PK\x03\x04torn")
    with pytest.raises(ConfigError, match="cannot load the feature network"):
        fid_dsprites(method, TinySprites(), 0, str(tmp_path / "factor_classifier_torn.npz"))
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    with pytest.raises(ConfigError, match="cannot load the feature network"):
        shipped.find("factor_classifier", TinySprites())
    with pytest.raises(ConfigError, match=r"takes images of \(64, 64, 1\)"):
        fid_dsprites(method, TinySprites((64, 64, 3)), 0, str(network))
