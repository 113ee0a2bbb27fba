"""Algorithm 1: its steps, who moves in each, by which loss, and the settings of its gin files."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.label_relevant import l_adv_c
from idgan_tf.training import build
from tests.methods.tiny_label_vae import CLASSES, SEED, batch, make, values, who_moved


@pytest.mark.parametrize("adversary", [True, False])
def test_a_step_moves_every_player(adversary):
    method = make(adversary)
    before = values(method)
    means = method.train_step(batch(), SEED)
    assert who_moved(method, before) == set(method.players)
    assert ("discriminator" in method.players) == adversary == ("discriminator_loss" in means)
    assert all(np.isfinite(value) for value in means.values())


def test_the_mixture_moves_in_its_own_steps_only():
    method = make(n_gm=0)
    before = values(method)
    method.train_step(batch(), SEED)
    assert who_moved(method, before) == set(method.players) - {"class_means", "class_spreads"}
    method = make()
    before = values(method)
    data = batch()
    method.mixture_step(data["image"], data["label"])
    assert who_moved(method, before) == {"encoder_s", "class_means", "class_spreads"}


GAME = {"decoder": {"decoder_loss": 1.0}, "discriminator": {"discriminator_loss": 1.0}}
CHOSEN = {"lambda_adv": 7.0, "lambda_lkd_joint": 0.3}


@pytest.mark.parametrize("adversary, weights", [(True, {}), (False, {}), (True, CHOSEN), (False, CHOSEN)])
def test_each_player_moves_by_its_own_loss_alone(adversary, weights, monkeypatch):
    """Each player descends on its line of Algorithm 1 (25 to 29), and every variable of it hears of that."""
    method, taken = make(adversary, n_gm=0, **weights), {}

    def take(names, loss, tape):
        for name in [names] if isinstance(names, str) else names:
            variables = method.players[name].variables
            taken[name] = variables, tape.gradient(loss, variables), tape

    monkeypatch.setattr(method, "minimize", take)
    means = method.train_step(batch(), SEED)
    expected = {
        "encoder_s": {"rec": 10.0, "lkd": weights.get("lambda_lkd_joint", 10.0 * 0.1)},
        "encoder_u": {"adv_e": weights.get("lambda_adv", 1.0), "kl_mean": 1.0, "rec": 10.0},
        "latent_classifier": {"adv_c": 1.0},
        **(GAME if adversary else {"decoder": {"rec": 10.0}}),
    }
    assert_heard(taken, means, expected)


def assert_heard(taken, means, expected):
    """Every variable of a player got the gradient of the sum of its terms {name in means: weight}, which is not 0."""
    assert set(taken) == set(expected)
    for name, (variables, gradients, tape) in taken.items():
        parts = [[w * g for g in tape.gradient(means[t], variables)] for t, w in expected[name].items()]
        for gradient, *terms in zip(gradients, *parts, strict=True):
            assert np.any(gradient), name
            np.testing.assert_allclose(gradient, sum(terms), rtol=1e-3, atol=1e-6, err_msg=name)


def test_every_mixture_step_sees_its_own_part_of_the_batch(monkeypatch):
    method, data, seen = make(n_gm=3), batch(8), []
    genuine = method.mixture_step
    monkeypatch.setattr(method, "mixture_step", lambda x, y: seen.append(x.numpy()) or genuine(x, y))
    monkeypatch.setattr(method, "joint_step", lambda x, y, s: seen.append(x.numpy()) or {})
    method.train_step(data, SEED)
    assert len(seen) == 4
    together = np.sort(np.concatenate(seen).ravel())
    np.testing.assert_allclose(together, np.sort(2 * data["image"].numpy().ravel() - 1), rtol=1e-6)


def test_further_latent_steps_move_the_latent_classifier_alone(monkeypatch):
    method, data = make(n_gm=1, latent_steps=4), batch(64)
    monkeypatch.setattr(method, "mixture_step", lambda x, y: {})
    monkeypatch.setattr(method, "joint_step", lambda x, y, s: {})
    before, labels = values(method), tf.cast(data["label"], tf.int32)
    zu = method.encoder_u(signed(data["image"]))[0]
    first = l_adv_c(method.log_q(zu), labels)
    method.train_step(data, SEED)
    assert who_moved(method, before) == {"latent_classifier"}
    assert int(method.players["latent_classifier"].optimizer.iterations) == 3
    assert l_adv_c(method.log_q(zu), labels) < first


@pytest.mark.parametrize("random_labels", [False, True])
def test_imagined_images_have_the_labels_of_the_batch_or_drawn_ones(random_labels, monkeypatch):
    method, data, seen = make(random_labels=random_labels), batch(64), []
    judge = method.discriminator.call
    monkeypatch.setattr(method.discriminator, "call", lambda x, y, **kw: seen.append(y.numpy()) or judge(x, y, **kw))
    method.joint_step(signed(data["image"]), data["label"], SEED)
    real, rebuilt, imagined = np.split(seen[0], 3)
    np.testing.assert_array_equal(real, np.eye(CLASSES)[data["label"]])
    np.testing.assert_array_equal(rebuilt, real)
    assert np.array_equal(imagined, real) != random_labels
    assert imagined.sum(axis=0).min() > 8 and np.all(imagined.sum(axis=1) == 1)  # every class, one each
    for label in range(CLASSES):  # also beside images of class 0, which is a label as any other
        assert np.all(imagined[data["label"] == label][:, label] == 1) != random_labels


def test_a_batch_that_cannot_be_dealt_out_is_refused():
    with pytest.raises(ConfigError, match="multiple of n_gm"):
        make(n_gm=2).train_step(batch(8), SEED)


@pytest.mark.parametrize("name, value", [("game", "hinge"), ("lambda_adv", -1.0), ("lambda_lkd_joint", "much")])
def test_wrong_settings_are_refused(name, value):
    with pytest.raises(ConfigError, match=name):
        make(**{name: value})


@pytest.mark.parametrize("data", ["cifar10", "cub", "toy"])
def test_the_gin_files_have_the_weight_of_the_code_in_the_joint_step(data):
    bound = Configuration([f"gin/label_relevant_vae_{data}.gin"]).bindings_of("LabelRelevantVAE")
    assert bound["lambda_lkd_joint"] == pytest.approx(bound["lambda_rec"] * bound["lambda_lkd"])
    assert bound["lambda_adv"] == 1.0


def test_the_rate_of_the_variances_decays_after_two_epochs():
    configuration = Configuration(["gin/label_relevant_vae_cifar10.gin"])
    with configuration.in_force():
        method = build.settings(configuration).method()
    rate = method.players["class_spreads"].optimizer._learning_rate
    assert float(rate(936)) == pytest.approx(5e-4) and float(rate(937)) == pytest.approx(5e-6)
    assert float(method.players["class_means"].optimizer.learning_rate) == pytest.approx(5e-4)
    (warning,) = method.foresee(300)
    assert "class_spreads is 0.0005 after the 300 steps" in warning
    assert method.foresee(313) == [], "of three updates each: it decays after 312"


@pytest.mark.slow
def test_on_digits_zs_learns_the_class_zu_forgets_it_and_still_changes_what_is_drawn(tmp_path):
    """Of images that the training never saw. 0.27 of the variance of swaps came from zu when it was measured."""
    from idgan_tf.evaluation.mlp_probe import mlp_probe
    from idgan_tf.experiments.stages import train

    _, settings, method = train(Configuration(["gin/label_relevant_vae_digits.gin"]), tmp_path / "run")
    values = mlp_probe(method, settings.dataset, 0).values
    assert values["mlp_probe_zs"] > 0.92 and values["mlp_probe_zu"] < 0.2
    image = settings.dataset.held_out.take(np.arange(40))["image"]
    swaps = np.array(method.swap(image[:20], image[20:]))
    from_zu, whole = swaps.var(axis=1).mean(axis=0), swaps.var(axis=(0, 1))
    assert from_zu.sum() > 0.15 * whole.sum()
