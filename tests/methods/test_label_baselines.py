"""The baselines of the label-relevant / irrelevant VAE."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.methods.cvae import CVAE
from idgan_tf.methods.cvaegan import CVAEGAN, class_means
from idgan_tf.methods.label_cgan import LabelCGAN
from idgan_tf.networks.labelvae import LabelDecoder, LabelDiscriminator, LabelEncoder
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.adversarial import log_game
from tests.helpers import build_tiny
from tests.methods.tiny_label_vae import CLASSES, SEED, SHAPE, adam

Z = 4


def make(kind, **settings):
    keras.utils.set_random_seed(0)
    decoder = LabelDecoder(SHAPE, (Z, CLASSES), "toy")
    if kind is LabelCGAN:
        judge = LabelDiscriminator(SHAPE, CLASSES, "toy")
        return kind(decoder, judge, adam, CLASSES, Z, **{"game": log_game(), **settings})
    settings = {"lambda_kl": 1.0, "lambda_rec": 10.0, **settings}
    if kind is CVAEGAN:
        settings = {
            "discriminator": LabelDiscriminator(SHAPE, 0, "toy"),
            "classifier": LabelEncoder(SHAPE, CLASSES, False, 0, "toy", name="classifier"),
            "lambda_gd": 1e-3,
            "lambda_gc": 1e-3,
            **settings,
        }
    encoder = LabelEncoder(SHAPE, Z, True, CLASSES, "toy")
    return kind(encoder=encoder, decoder=decoder, optimizer=adam, num_classes=CLASSES, **settings)


def batch():
    rng = np.random.default_rng(0)
    return {
        "image": tf.constant(rng.random((6, *SHAPE)), tf.float32),
        "label": tf.constant([0, 1, 2, 0, 1, 2], tf.int32),
    }


@pytest.mark.parametrize("name", ["cvae", "cvaegan", "label_cgan"])
def test_a_step_in_half_precision_is_taken_and_reports_single_precision(name, tmp_path):
    settings, method = build_tiny(f"tests/tiny/{name}.gin", tmp_path, 'train.precision = "mixed_bfloat16"')
    values = method.train_step(settings.dataset.take(np.arange(settings.batch_size)), SEED)
    assert {value.dtype for value in values.values()} == {tf.float32}
    assert np.all(np.isfinite([float(value) for value in values.values()]))


@pytest.mark.parametrize("kind", [CVAE, CVAEGAN, LabelCGAN])
def test_a_step_moves_every_variable_and_stays_finite(kind):
    method = make(kind)
    before = {name: [np.array(v) for v in player.variables] for name, player in method.players.items()}
    means = method.train_step(batch(), SEED)
    assert all(np.isfinite(value) for value in means.values())
    for name, player in method.players.items():
        assert all(not np.array_equal(a, v) for a, v in zip(before[name], player.variables, strict=True)), name
    owned = [id(network) for player in method.players.values() for network in player.networks]
    assert sorted(owned) == sorted(map(id, method.networks.values()))


@pytest.mark.parametrize("kind", [CVAE, CVAEGAN, LabelCGAN])
def test_generation_depends_on_the_class(kind):
    images = make(kind).generate_class([0, 0, 1], SEED)
    assert images.shape == (3, *SHAPE)
    z = tf.zeros([2, Z])
    one, other = make(kind)._draw([0, 1], z)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("kind", [CVAE, CVAEGAN])
def test_inpainting_changes_only_what_is_missing_and_knows_the_class(kind):
    method, image, label = make(kind), batch()["image"], batch()["label"]
    np.testing.assert_array_equal(method.inpaint(image, np.zeros((1, 1, 1), "float32"), label), image)
    everything = method.inpaint(image, np.ones((1, 1, 1), "float32"), label)
    np.testing.assert_allclose(everything, method.reconstruct(tf.fill(image.shape, 0.5), label), atol=1e-6)
    np.testing.assert_allclose(everything[0], everything[3], atol=1e-6)  # of one class: nothing else tells them apart
    assert not np.allclose(everything[0], everything[1])


def test_the_loss_of_a_cvae_is_its_two_terms():
    means = make(CVAE, lambda_kl=0.5).train_step(batch(), SEED)
    assert float(means["loss"]) == pytest.approx(float(10.0 * means["rec"] + 0.5 * means["kl_mean"]), rel=1e-6)


def test_matching_features_of_the_batch_itself_costs_nothing():
    features, label = tf.random.stateless_normal([6, 4], SEED), batch()["label"]
    means = class_means(features, label, CLASSES)
    for c in range(CLASSES):
        np.testing.assert_allclose(means[c], np.mean(features[c::3], axis=0), rtol=1e-5)
    np.testing.assert_array_equal(class_means(features, tf.zeros([6], tf.int32), CLASSES)[1:], np.zeros((2, 4)))


def test_wrong_settings_are_refused():
    with pytest.raises(ConfigError, match="lambda_kl"):
        make(CVAE, lambda_kl=-1.0)
    with pytest.raises(ConfigError, match="game"):
        make(LabelCGAN, game="chess")


def test_the_players_of_a_cvae_gan_hear_their_own_terms(monkeypatch):
    """D judges rebuilt and imagined images; the classifier's features of imagined ones match those of real ones."""
    method, data, heard = make(CVAEGAN, lambda_gd=0.3, lambda_gc=0.7, lambda_kl=2.0, lambda_rec=5.0), batch(), {}
    image, label, seeds = signed(data["image"]), data["label"], noise.split(SEED, 2)
    mean, logvar = method.encoder(image, tf.one_hot(label, CLASSES))
    rebuilt = method._draw(label, mean + tf.exp(0.5 * logvar) * noise.normal([6, Z], seeds[0]))
    imagined = method._draw(label, noise.normal([6, Z], seeds[1]))
    real, *fakes = (method.discriminator(x) for x in (image, rebuilt, imagined))
    expected = np.mean(softplus(-real)) + sum(np.mean(softplus(fake)) for fake in fakes)
    ours, theirs = (class_means(method.classifier.features(x), label, CLASSES) for x in (image, imagined))
    f_real, f_imagined = (np.mean(method.discriminator.features(x), axis=0) for x in (image, imagined))
    pair = np.mean((image - rebuilt) ** 2)
    for f in (method.discriminator.features, method.classifier.features):
        pair += np.mean((f(image) - f(rebuilt)) ** 2)
    monkeypatch.setattr(method, "minimize", lambda names, loss, tape: heard.update({names: float(loss)}))
    means = {name: float(value) for name, value in method.train_step(data, SEED).items()}
    assert heard["discriminator"] == means["discriminator_loss"] == pytest.approx(expected, rel=1e-4)
    assert means["gc"] == pytest.approx(np.mean((ours - theirs) ** 2), rel=1e-3)
    assert means["gd"] == pytest.approx(np.mean((f_real - f_imagined) ** 2), rel=1e-3)
    assert means["encoder_loss"] == pytest.approx(2.0 * means["kl_mean"] + 5.0 * pair, rel=1e-4)
    matching = 0.3 * means["gd"] + 0.7 * means["gc"]
    assert heard["encoder", "decoder"] == pytest.approx(means["encoder_loss"] + matching, rel=1e-5)


def test_a_conditional_gan_draws_and_judges_the_classes_of_the_batch():
    method, data = make(LabelCGAN), batch()
    image, one_hot = signed(data["image"]), tf.one_hot(data["label"], CLASSES)
    fake = method._draw(data["label"], noise.normal([6, Z], SEED))
    real, drawn = (np.array(method.discriminator(x, one_hot)) for x in (image, fake))
    means = {name: float(value) for name, value in method.train_step(data, SEED).items()}
    assert means["real_logit"] == pytest.approx(real.mean(), rel=1e-4)
    assert means["fake_logit"] == pytest.approx(drawn.mean(), rel=1e-4)
    assert means["discriminator_loss"] == pytest.approx(np.mean(softplus(-real) + softplus(drawn)), rel=1e-4)
    assert means["generator_loss"] == pytest.approx(np.mean(softplus(-drawn)), rel=1e-4), "-log D: it does not saturate"


def softplus(x):
    return np.log1p(np.exp(x))
