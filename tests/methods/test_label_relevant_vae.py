"""The label-relevant / irrelevant VAE: Algorithm 1, its players, and what it can do once trained."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from scipy.stats import norm

from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.methods.label_relevant_vae import (
    LabelRelevantVAE,
    UnlabelledLabelVAE,
    l_adv_c,
    l_adv_e,
    l_cls,
    l_kl,
    l_lkd,
    l_rec,
)
from idgan_tf.networks.labelvae import LabelDecoder, LabelDiscriminator, LabelEncoder, LatentClassifier
from idgan_tf.networks.mixture import GaussianMixture
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.adversarial import hinge_game, log_game
from idgan_tf.training import build
from idgan_tf.visualize.masks import BOXES, mask

SHAPE, CLASSES, ZS, ZU = (1, 1, 2), 3, 2, 4
SEED = tf.constant([1, 2])


def adam():
    return keras.optimizers.Adam(1e-3, beta_1=0.0, beta_2=0.9)


def make(adversary=True, **settings):
    keras.utils.set_random_seed(0)
    weights = {"lambda_lkd": 0.1, "lambda_kl": 1.0, "lambda_rec": 10.0}
    settings = {"n_gm": 1, **weights, "game": log_game(), "random_labels": False, **settings}
    return LabelRelevantVAE(
        encoder_s=LabelEncoder(SHAPE, ZS, False, 0, "toy"),
        encoder_u=LabelEncoder(SHAPE, ZU, True, 0, "toy"),
        decoder=LabelDecoder(SHAPE, (ZS, ZU), "toy"),
        mixture=GaussianMixture(CLASSES, ZS),
        latent_classifier=LatentClassifier(ZU, CLASSES, 8),
        discriminator=LabelDiscriminator(SHAPE, CLASSES, "toy") if adversary else None,
        optimizer=adam,
        spread_optimizer=adam(),
        **settings,
    )


def batch(count=8):
    rng = np.random.default_rng(0)
    return {
        "image": tf.constant(rng.random((count, *SHAPE)), tf.float32),
        "label": tf.constant(rng.integers(0, CLASSES, count), tf.int32),
    }


def values(method):
    return {name: [np.array(v) for v in player.variables] for name, player in method.players.items()}


def who_moved(method, before):
    return {
        name
        for name, arrays in values(method).items()
        if any(not np.array_equal(a, b) for a, b in zip(arrays, before[name], strict=True))
    }


def test_the_game_of_a_blind_discriminator():
    logit = tf.zeros([2])
    for game, paid in ((log_game(), 2 * np.log(2)), (hinge_game(), 2.0)):
        np.testing.assert_allclose(game.real(logit) + game.fake(logit), np.full(2, paid))


def test_a_satisfied_hinge_has_no_more_to_say():
    assert float(hinge_game().real(tf.constant(1.5))) == 0.0
    assert float(hinge_game().fake(tf.constant(-1.5))) == 0.0
    assert float(hinge_game().fool(tf.constant(1.5))) == -1.5


def test_l_cls_is_the_log_posterior_of_the_label_and_l_lkd_its_log_density():
    rng = np.random.default_rng(0)
    means, variances, zs = rng.normal(size=(CLASSES, ZS)), rng.random((CLASSES, ZS)) + 0.5, rng.normal(size=(4, ZS))
    density = norm.pdf(zs[:, None], means, np.sqrt(variances)).prod(axis=-1)  # [B, C]
    label = tf.constant([0, 2, 1, 2])
    own = density[np.arange(4), label]
    log_density = tf.constant(np.log(density), tf.float32)
    lkd = l_lkd(log_density, label)
    np.testing.assert_allclose(lkd, -np.log(own), rtol=1e-5)
    np.testing.assert_allclose(l_cls(log_density, lkd), -np.log(own / density.sum(axis=1)), rtol=1e-4, atol=1e-6)
    loss, cls = make(lambda_lkd=0.3).l_gm(log_density, label)
    assert float(loss - cls) == pytest.approx(-0.3 * np.log(own).mean(), rel=1e-4)


def test_l_adv_e_is_least_where_the_classifier_is_uniform_and_l_adv_c_where_it_is_right():
    uniform, sure = (tf.math.log_softmax(tf.constant([logits])) for logits in ([0.0, 0.0, 0.0], [9.0, 0.0, 0.0]))
    assert float(l_adv_e(uniform)) == pytest.approx(np.log(3)) and l_adv_e(sure) > l_adv_e(uniform)
    assert float(l_adv_c(uniform, tf.constant([0]))) == pytest.approx(np.log(3))
    assert l_adv_c(sure, tf.constant([0])) < 1e-3 and l_adv_c(sure, tf.constant([1])) > 8.0


def test_l_kl_and_l_rec_are_means_over_dimensions_and_values():
    assert float(l_kl(tf.fill([3, ZU], 2.0), tf.zeros([3, ZU]))) == pytest.approx(0.5 * 2.0**2)
    assert float(l_rec(tf.ones([3, *SHAPE]), tf.zeros([3, *SHAPE]))) == 1.0


def test_the_losses_of_the_game_count_rebuilt_and_imagined_images_once_each():
    method, real, fakes = make(), tf.constant([5.0]), [tf.constant([0.0]), tf.constant([2.0])]
    softplus = [np.log1p(np.exp(x)) for x in (-5.0, 0.0, 2.0)]
    assert float(method.l_adv_d(real, fakes)) == pytest.approx(sum(softplus), rel=1e-5)
    assert float(method.l_adv_gd(fakes)) == pytest.approx(np.log(2) + np.log1p(np.exp(-2.0)), rel=1e-5)
    assert float(make(game=hinge_game()).l_adv_gd(fakes)) == -2.0


def test_a_classifier_that_knows_nothing_pays_log_c():
    method = make()
    for variable in method.latent_classifier.variables:
        variable.assign(tf.zeros_like(variable))
    means = method.train_step(batch(), SEED)
    assert float(means["adv_c"]) == pytest.approx(np.log(CLASSES), rel=1e-6)
    assert float(means["adv_e"]) == pytest.approx(np.log(CLASSES), rel=1e-6)


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


def test_everymixture_step_sees_its_own_part_of_the_batch(monkeypatch):
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


def finetuning(**settings):
    teacher = {f"teacher_{name}": network for name, network in make().networks.items()}
    return UnlabelledLabelVAE(
        teacher, adam, lambda_lkd=0.1, lambda_kl=1.0, lambda_rec=10.0, game=log_game(), **settings
    )


def test_finetuning_needs_no_labels_and_leaves_the_mixture_alone():
    method = finetuning()
    still = [np.array(v) for name in ("mixture", "latent_classifier") for v in method.networks[name].variables]
    before = values(method)
    means = method.train_step({"image": batch()["image"]}, SEED)
    assert who_moved(method, before) == {"encoder_s", "encoder_u", "decoder", "discriminator"}
    after = [np.array(v) for name in ("mixture", "latent_classifier") for v in method.networks[name].variables]
    for a, b in zip(after, still, strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(np.isfinite(value) for value in means.values())


def test_finetuning_prices_zs_by_the_total_gaussian():
    method, image = finetuning(), batch()["image"]
    zs = np.array(method.encoder_s(signed(image)))
    mean, variance = (np.array(t) for t in method.mixture.total())
    expected = -norm.logpdf(zs, mean, np.sqrt(variance)).sum(axis=1).mean()
    assert float(method.train_step({"image": image}, SEED)["lkd"]) == pytest.approx(expected, rel=1e-4)


def test_finetuning_on_known_classes_prices_zs_by_the_mixture():
    method, image = finetuning(known_classes=True), batch()["image"]
    zs = np.array(method.encoder_s(signed(image)))
    means, deviations = np.array(method.mixture.means.rows), np.sqrt(method.mixture.variances())
    of_class = norm.logpdf(zs[:, None], means, deviations).sum(axis=-1)
    expected = -(logsumexp(of_class, axis=1) - np.log(CLASSES)).mean()
    assert float(method.train_step({"image": image}, SEED)["lkd"]) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("known_classes", [False, True])
def test_images_imagined_beside_unlabelled_ones_are_of_the_prior_and_have_no_label(known_classes, monkeypatch):
    method, drawn, shown = finetuning(known_classes=known_classes), [], []
    draw, judge = method.mixture.sample, method.discriminator.call
    monkeypatch.setattr(method.mixture, "sample", lambda label, z: drawn.append(label.numpy()) or draw(label, z))
    monkeypatch.setattr(method.discriminator, "call", lambda x, y, **kw: shown.append(y.numpy()) or judge(x, y, **kw))
    method.train_step({"image": batch(64)["image"]}, SEED)
    assert set(drawn[0]) == (set(range(CLASSES)) if known_classes else {-1})
    assert not np.any(shown)


def test_the_code_is_zs_exactly_and_zu_with_its_spread():
    method, image = make(), batch()["image"]
    mean, logvar = method.encode(image)
    np.testing.assert_array_equal(mean[:, :ZS], method.encoder_s(signed(image)))
    assert np.all(np.exp(0.5 * logvar[:, :ZS]) < 1e-12)


def test_swapping_with_itself_is_rebuilding():
    method, image = make(), batch(3)["image"]
    swapped = method.swap(image, image)
    assert swapped.shape == (3, 3, *SHAPE)
    rebuilt = method.decode(method.encode(image)[0])
    for i in range(3):
        np.testing.assert_allclose(swapped[i, i], rebuilt[i], rtol=1e-4, atol=1e-6)


def test_interpolation_starts_and_ends_at_draws_of_the_class():
    method = make()
    images = method.interpolate_zs([0, 2], 5, SEED)
    assert images.shape == (2, 5, *SHAPE)
    assert method.interpolate_zu([0, 2, 1], 4, SEED).shape == (3, 4, *SHAPE)
    line = method._line(ZS, 5, SEED)
    np.testing.assert_allclose(line[2], 0.5 * (line[0] + line[4]), rtol=1e-4, atol=1e-6)


def test_generation_is_a_function_of_class_and_seed():
    method = make()
    one, again = (method.generate_class([0, 1, 2], SEED) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (3, *SHAPE)


def test_inpainting_changes_only_what_is_missing():
    method, image = make(), batch(3)["image"]
    np.testing.assert_array_equal(method.inpaint(image, np.zeros((1, 1, 1), "float32")), image)
    everything = method.inpaint(image, np.ones((1, 1, 1), "float32"))
    np.testing.assert_allclose(everything[0], everything[1], atol=1e-6)  # nothing is left to tell them apart


def test_masks_have_their_places():
    right, bottom = mask("right_half", 64, 64)[..., 0], mask("bottom_half", 64, 64)[..., 0]
    assert right[:, 32:].all() and not right[:, :32].any()
    assert bottom[32:].all() and not bottom[:32].any()
    eyes, mouth = mask("eyes", 64, 64)[..., 0], mask("nose_and_mouth", 64, 64)[..., 0]
    assert eyes.sum() == 16 * 48 and eyes[16:32, 8:56].all()
    assert mouth.sum() == 24 * 32 and mouth[32:56, 16:48].all()
    assert not np.any(eyes * mouth) and len(BOXES) == 4
    with pytest.raises(ConfigError, match="no mask"):
        mask("ears", 64, 64)


def test_an_image_of_no_class_has_zs_of_the_total_gaussian():
    method, draws = make(), tf.random.stateless_normal([50_000, ZS], SEED)
    mean, variance = method.mixture.total()
    unknown = np.array(method.mixture.sample(tf.fill([50_000], -1), draws))
    np.testing.assert_allclose(unknown, mean + draws * np.sqrt(variance), rtol=1e-5, atol=1e-5)
    known = method.mixture.sample(tf.fill([4], CLASSES - 1), tf.zeros([4, ZS]))
    np.testing.assert_array_equal(known[0], method.mixture.means.rows[CLASSES - 1])


def test_samples_have_the_classes_of_the_batch_also_in_a_graph():
    method, data = make(), batch()
    inside = tf.function(method.sample)(data, SEED)
    np.testing.assert_allclose(inside, method.generate_class(data["label"], SEED), rtol=1e-4, atol=1e-5)
    unlabelled = method.sample({"image": data["image"]}, SEED)
    np.testing.assert_array_equal(unlabelled, method.generate_class(np.full(8, -1), SEED))


def test_varying_a_dimension_of_zu_leaves_the_rest_of_the_code():
    method = make()
    seen = []
    method.decode = lambda c: seen.append(c.numpy()) or tf.zeros([len(c), *SHAPE])
    assert method.vary_zu([0, 2], 1, [-3.0, 0.0, 3.0], SEED).shape == (2, 3, *SHAPE)
    (codes,) = seen
    np.testing.assert_array_equal(codes[:3, ZS + 1], [-3.0, 0.0, 3.0])
    others = np.delete(codes.reshape(2, 3, -1), ZS + 1, axis=2)
    np.testing.assert_array_equal(others, np.repeat(others[:, :1], 3, axis=1))


def test_only_zu_has_information_in_nats():
    kl = np.array(make().kl_per_dimension(batch()["image"]))
    assert kl.shape == (ZS + ZU,) and np.all(kl[:ZS] == 0.0) and np.all(kl[ZS:] > 0.0)


def test_the_rate_of_the_variances_decays_after_two_epochs():
    configuration = Configuration(["gin/label_relevant_vae_cifar10.gin"])
    with configuration.in_force():
        method = build.settings(configuration).method()
    rate = method.players["class_spreads"].optimizer._learning_rate
    assert float(rate(936)) == pytest.approx(5e-4) and float(rate(937)) == pytest.approx(5e-6)
    assert float(method.players["class_means"].optimizer.learning_rate) == pytest.approx(5e-4)


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
