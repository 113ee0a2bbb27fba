"""IB-GAN: its bounds, its tricks, and who moves what."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import ConfigError
from idgan_tf.methods import ibgan, instance_noise
from idgan_tf.methods.ibgan import DCGAN, IBGAN, DCInfoGAN, information_lower_bound
from idgan_tf.methods.instance_noise import instance_noise_level
from idgan_tf.networks.ibgan import IBEncoder, IBFront, IBGenerator, IBReader
from idgan_tf.networks.ranges import signed
from idgan_tf.objectives.adversarial import smoothed_real_loss
from idgan_tf.training import build
from idgan_tf.visualize import figures

SHAPE, Z, R, FILTERS, BATCH = (64, 64, 1), 3, 2, 2, 4
SEED = tf.constant([3, 7])


def rmsprop(rate):
    return keras.optimizers.RMSprop(rate, rho=0.99, momentum=0.9, epsilon=1e-16)


def make(kind=IBGAN, shared=True, **settings):
    keras.utils.set_random_seed(0)
    reader = {"shares_front": shared, "widths": (4, 4), "pointwise": 0, "init": "normal"}
    given = {"gamma": 1.0, "instance_noise": (0.5, 0.1, 10), "real_label": (1.0, 1.0)}
    if kind is not DCGAN:
        given |= {"alpha": 1.0}
    if kind is IBGAN:
        given |= {"beta": 0.1, "divergence_guard": False, "encoder": IBEncoder(Z, R, (8, 8), True, "normal")}
    return kind(
        generator=IBGenerator(SHAPE, R if kind is IBGAN else Z, FILTERS, "normal"),
        front=IBFront(SHAPE, FILTERS, "normal") if shared else None,
        discriminator=IBReader(SHAPE, FILTERS, 1, name="discriminator", **reader),
        reconstructor=IBReader(SHAPE, FILTERS, Z, name="reconstructor", **reader),
        generator_optimizer=rmsprop(1e-3),
        discriminator_optimizer=rmsprop(1e-3),
        z_dim=Z,
        **{**given, **settings},
    )


def images(count=BATCH):
    return tf.constant(np.random.default_rng(1).random((count, *SHAPE)), tf.float32)


def step(method, image=None):
    image = images() if image is None else image
    return {name: float(value) for name, value in method.train_step({"image": image}, SEED).items()}


def trained(network):
    return [np.array(v) for v in network.trainable_variables]


def moved(network, before):
    return [not np.array_equal(a, b) for a, b in zip(trained(network), before, strict=True)]


def test_a_perfect_reconstructor_finds_the_power_of_z():
    z = tf.constant([[1.0, -2.0], [0.5, 3.0]])
    np.testing.assert_allclose(information_lower_bound(z, z), [2.5, 4.625])


def test_a_reconstructor_that_says_zero_finds_nothing():
    z = tf.constant([[1.0, -2.0]])
    np.testing.assert_allclose(information_lower_bound(z, tf.zeros_like(z)), [0.0])


def test_the_lower_bound_is_the_gain_in_log_likelihood():
    from scipy.stats import norm

    z, guess = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    gain = norm.logpdf(z, guess).sum(-1) - norm.logpdf(z).sum(-1)
    np.testing.assert_allclose(information_lower_bound(z, guess), gain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("at, level", [(0, 0.5), (5, 0.3), (10, 0.1), (999_999, 0.1)])
def test_instance_noise_falls_linearly_and_stays_at_its_end(at, level):
    assert float(instance_noise_level(at, 0.5, 0.1, 10)) == pytest.approx(level, abs=1e-7)


def test_instance_noise_ends_exactly():
    assert float(instance_noise_level(100_000, 1.0, 0.0, 100_000)) == 0.0
    assert float(instance_noise_level(7, 0.5, 0.01, 7)) == np.float32(0.01)


def test_real_and_generated_images_get_the_same_level_but_other_noise(monkeypatch):
    seen = []
    genuine = ibgan.disturb

    def spy(image, sigma, seed):
        seen.append((float(sigma), np.array(seed)))
        return genuine(image, sigma, seed)

    monkeypatch.setattr(ibgan, "disturb", spy)
    method = make()
    method.step.assign(5)
    step(method)
    (real, real_seed), (fake, fake_seed) = seen
    assert real == fake == pytest.approx(0.3)
    assert not np.array_equal(real_seed, fake_seed)


def test_noisy_images_stay_in_range():
    noisy = instance_noise.disturb(tf.zeros([4, 8, 8, 1]), 1.0, SEED)
    assert float(tf.reduce_max(noisy)) == 1.0 and float(tf.reduce_min(noisy)) == -1.0


def test_only_real_images_get_smooth_labels():
    plain, smooth = make(), make(real_label=(0.7, 0.7))
    a, b = step(plain), step(smooth)
    assert a["fool"] == b["fool"] and a["fake_logit"] == b["fake_logit"]
    difference = 0.3 * a["real_logit"]  # CE(l, 0.7) - CE(l, 1) = 0.3 l
    assert b["discriminator_loss"] - a["discriminator_loss"] == pytest.approx(difference, abs=1e-5)


def test_a_label_of_one_is_the_plain_loss():
    logit = tf.constant([-2.0, 0.0, 3.0])
    np.testing.assert_allclose(smoothed_real_loss(logit, 1.0), np.log1p(np.exp(-logit.numpy())), rtol=1e-6)


def test_the_loss_is_the_sum_of_its_weighted_parts():
    means = step(make(gamma=1.2, alpha=0.5, beta=0.3))
    expected = 1.2 * means["fool"] - 0.5 * means["mi_lower"] + 0.3 * means["mi_upper"]
    assert means["generator_loss"] == pytest.approx(expected, rel=1e-5)
    assert means["mi_upper"] == pytest.approx(means["kl_0"] + means["kl_1"], rel=1e-5)


@pytest.mark.parametrize(
    "beta, guard, prices", [(0.0, True, (0.0, 2000.0)), (0.0, False, (0.0, 0.0)), (0.5, True, (9.5, 10.0))]
)
def test_the_guard_watches_a_free_bottleneck(beta, guard, prices):
    method = make(beta=beta, divergence_guard=guard)
    assert tuple(float(method.generator_loss(0.0, 0.0, tf.constant(kl))) for kl in (19.0, 20.0)) == prices


def test_the_generator_of_ib_gan_descends_on_eq_11_and_that_of_infogan_knows_no_bottleneck():
    given = tf.constant(0.7), tf.constant(3.0), tf.constant(5.0)  # -log D(x), I^L, I^U
    assert float(make(gamma=2.0, beta=0.1).generator_loss(*given)) == pytest.approx(2.0 * 0.7 - (3.0 - 0.1 * 5.0))
    assert float(make(DCInfoGAN, gamma=2.0).generator_loss(*given)) == pytest.approx(2.0 * 0.7 - 3.0)


def test_a_blind_discriminator_pays_log_two_for_the_real_and_for_the_generated_images():
    blind = tf.zeros([BATCH, 1])
    assert float(make().discriminator_loss(blind, blind, SEED)) == pytest.approx(2.0 * np.log(2.0))


def test_the_upper_bound_of_a_bottleneck_that_lets_nothing_through_is_nought():
    method = make()
    for variable in method.encoder.head.variables:
        variable.assign(tf.zeros_like(variable))
    r, kl = method.bottleneck(tf.ones([BATCH, Z]), SEED, training=False)
    np.testing.assert_array_equal(kl, np.zeros((BATCH, R)))
    np.testing.assert_allclose(r, noise.normal([BATCH, R], SEED))


@pytest.mark.parametrize("kind", [DCInfoGAN, DCGAN])
def test_the_generator_of_the_baselines_reads_z_itself(kind):
    method = make(kind)
    means = step(method)
    heard = means["mi_lower"] if kind is DCInfoGAN else 0.0
    assert means["generator_loss"] == pytest.approx(means["fool"] - heard, rel=1e-6)
    assert means["mi_upper"] == 0.0 and "kl_0" not in means
    assert method.codes == "c ~ N(0, I)" and "e(r|z)" in make().codes
    code, logvar = method.encode(images())
    assert code.shape == (BATCH, Z) and not np.any(logvar)


def test_nothing_that_q_reads_reaches_the_generator_of_a_gan(monkeypatch):
    hears_nothing = gradients_of_generator(monkeypatch, DCGAN, gamma=0.0)
    assert not any(np.any(gradient) for gradient in hears_nothing["generator"])
    assert any(np.any(gradient) for gradient in hears_nothing["reconstructor"])


@pytest.mark.parametrize("shared", [True, False])
def test_every_network_has_one_player_and_the_front_belongs_to_the_discriminator(shared):
    method = make(shared=shared)
    players = method.players
    owned = [network for player in players.values() for network in player.networks]
    assert sorted(map(id, owned)) == sorted(map(id, method.networks.values()))
    if shared:
        assert any(network is method.front for network in players["discriminator"].networks)
    assert any(network is method.reconstructor for network in players["generator"].networks)


@pytest.mark.parametrize("frozen, networks", [("generator", "front discriminator"), ("discriminator", "")])
def test_the_front_follows_the_discriminator_and_q_the_generator(frozen, networks):
    method = make()
    getattr(method, f"{frozen}_optimizer").learning_rate = 0.0
    before = {name: trained(network) for name, network in method.networks.items()}
    step(method)
    makers = {"encoder", "generator", "reconstructor"}
    alive = {"front", "discriminator"} if frozen == "generator" else makers
    for name, network in method.networks.items():
        assert all(moved(network, before[name])) if name in alive else not any(moved(network, before[name])), name


@pytest.mark.parametrize("shared", [True, False])
def test_the_running_statistics_of_q_count_real_images_and_its_update_does_not(shared):
    one, other = make(shared=shared), make(shared=shared)
    step(one)
    step(other, 0.5 * images())
    for name in ("encoder", "generator", "reconstructor"):
        for a, b in zip(trained(one.networks[name]), trained(other.networks[name]), strict=True):
            np.testing.assert_array_equal(a, b)
    statistics = [method.reconstructor.non_trainable_variables[0] for method in (one, other)]
    assert np.abs(statistics[0] - statistics[1]).max() > 1e-6


def test_q_reads_generated_images_first_and_real_ones_second(monkeypatch):
    method = make(shared=False, instance_noise=(0.0, 0.0, 1))
    twin, seen = IBReader.from_config(method.reconstructor.get_config()), []
    twin.set_weights(method.reconstructor.get_weights())
    monkeypatch.setattr(ibgan, "disturb", lambda image, sigma, seed: seen.append(image) or image)
    step(method)
    fake, real = seen
    np.testing.assert_array_equal(real, signed(images()))
    for image in (fake, real):
        twin(image, training=True)
    for ours, expected in zip(method.reconstructor.non_trainable_variables, twin.non_trainable_variables, strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", [IBGAN, DCInfoGAN])
def test_the_bounds_of_evaluation_are_those_of_a_noisy_image_with_inference_statistics(kind, monkeypatch):
    method, seen = make(kind), []
    step(method)
    genuine = ibgan.disturb
    monkeypatch.setattr(ibgan, "disturb", lambda *given: seen.append((given, genuine(*given))) or seen[-1][1])
    method.step.assign(5)
    lower, kl = method.information_bounds(BATCH, SEED)
    z = noise.normal([BATCH, Z], noise.split(SEED, 3)[0])
    ((_, sigma, _), noisy) = seen[0]
    guess = method.reconstructor(method.front(noisy, training=False), training=False)
    np.testing.assert_allclose(lower, information_lower_bound(z, guess), rtol=1e-5)
    assert float(sigma) == pytest.approx(0.3)
    if kind is IBGAN:
        mean, logvar = map(np.array, method.encoder(z, training=False))
        expected = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1.0)
        np.testing.assert_allclose(kl, expected, rtol=1e-4, atol=1e-6)
    else:
        assert kl.shape == (BATCH, 0)


@pytest.mark.parametrize(
    "schedule, num_steps, sigma",
    [((1, 0, 100_000), 9000, "0.91"), ((0.5, 0.1, 10), 9, "0.14"), ((0.5, 0.1, 10), 10, None), ((1, 1, 9), 2, None)],
)
def test_a_training_that_ends_before_its_noise_is_warned_of(schedule, num_steps, sigma):
    warnings = make(instance_noise=schedule).foresee(num_steps)
    assert [f"sigma {sigma};" in warning for warning in warnings] == ([True] if sigma else [])


def test_roughness_is_that_of_numpy_one_for_noise_and_nought_for_a_ramp():
    rng = np.random.default_rng(0)
    white = rng.random((8, 32, 32, 2)).astype("float32")
    assert float(instance_noise.roughness(white)) == pytest.approx(1.0, abs=0.02)
    ramp = np.broadcast_to(np.linspace(0, 1, 32, dtype="float32")[None, :, None, None], (2, 32, 32, 1))
    assert float(instance_noise.roughness(ramp)) == pytest.approx(0.25 / 31**2 / np.var(ramp), rel=1e-4)  # down alone
    board = np.indices((8, 8)).sum(0)[None, :, :, None] % 2
    assert float(instance_noise.roughness(board.astype("float32"))) == pytest.approx(2.0)
    assert float(instance_noise.roughness(np.ones((2, 8, 8, 1), "float32"))) == 0.0


MEANS = {"fool": 0.8, "instance_noise": 0.0}


@pytest.mark.parametrize(
    "drawn, means, warned",
    [
        ("noise", {}, ["the images have become a texture"]),
        ("noise", {"instance_noise": 0.5}, []),
        ("noise", {"fool": 4.6}, ["the discriminator wins", "the images have become a texture"]),
        ("sprite", {"fool": 4.6}, ["the discriminator wins"]),
        ("sprite", {"fool": 1.96}, ["the discriminator wins"]),  # a collapse of docs/ibgan.md
        ("sprite", {"fool": 1.0}, []),
        ("sprite", {}, []),
    ],
)
def test_a_texture_without_noise_and_a_discriminator_that_wins_are_warned_of(drawn, means, warned, monkeypatch):
    image = np.zeros((64, *SHAPE), "float32")
    image[:, 20:40, 30:50] = 1.0
    image = np.random.default_rng(0).random(image.shape, "float32") if drawn == "noise" else image
    method = make()
    monkeypatch.setattr(method, "generate", lambda s, c: tf.constant(image))
    found = method.diagnose({**MEANS, **means})
    assert [warning.split(":")[0] for warning in found] == warned
    assert not found or "lower its rate" in found[0] or "raise the discriminator's rate" in found[0]
    if means.get("fool") == 4.6:
        assert "1.0% of being real" in found[0]


@pytest.mark.parametrize("kind", [IBGAN, DCInfoGAN])
def test_it_diagnoses_what_its_own_generator_draws(kind):
    method = make(kind)
    means = {**step(method), "instance_noise": 0.0}
    kernel, bias = method.generator.head.trainable_variables
    kernel.assign(tf.zeros_like(kernel))
    bias.assign(tf.ones_like(bias))
    assert method.diagnose(means) == [], "one grey is no texture"
    normalised = [layer for layer in method.generator.stack.layers if hasattr(layer, "moving_mean")][-1]
    normalised.gamma.assign(tf.zeros_like(normalised.gamma))
    normalised.beta.assign(tf.ones_like(normalised.beta))  # what the last layer reads is 1 everywhere
    board = np.zeros(kernel.shape, "float32")
    board[1:3, 1:3] = np.array([[1, -1], [-1, 1]])[..., None, None]  # of stride 2: each pixel has one tap
    kernel.assign(board)
    bias.assign(tf.zeros_like(bias))
    (warning,) = method.diagnose(means)
    assert "a texture: neighbouring pixels differ 2.00 times as much as any two" in warning


def gradients_of_generator(monkeypatch, kind=IBGAN, **settings):
    method, taken = make(kind, **settings), {}

    def take(player, loss, tape):
        variables = method.players[player].variables
        taken[player] = tape.gradient(loss, variables)

    monkeypatch.setattr(method, "minimize", take)
    step(method)
    gradients = iter(taken["generator"])
    return {
        network.name: [np.array(next(gradients)) for _ in network.trainable_variables]
        for network in method.players["generator"].networks
    }


def test_alpha_weighs_what_the_generator_hears_of_the_bound_but_not_what_q_hears(monkeypatch):
    none, half, whole = (
        gradients_of_generator(monkeypatch, alpha=alpha, gamma=0.0, beta=0.0) for alpha in (0.0, 0.5, 1.0)
    )
    kernel = -2  # of the last layer
    assert np.abs(whole["generator"][kernel]).max() > 0
    np.testing.assert_allclose(half["generator"][kernel], 0.5 * whole["generator"][kernel], rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(none["generator"][kernel], 0.0, atol=1e-7)
    for deaf, hearing in zip(none["reconstructor"], whole["reconstructor"], strict=True):
        np.testing.assert_allclose(deaf, hearing, rtol=1e-3, atol=1e-6)


def test_encode_is_e_of_q_with_inference_statistics():
    method = make()
    step(method)
    features = method.front(signed(images()), training=False)
    mean, logvar = method.encoder(method.reconstructor(features, training=False), training=False)
    for value, expected in zip(method.encode(images()), (mean, logvar), strict=True):
        np.testing.assert_array_equal(value, expected)
    np.testing.assert_allclose(method.encode(images())[0][:1], method.encode(images()[:1])[0], atol=1e-5)


def test_generate_looks_at_one_code_at_a_time_and_stays_in_range():
    method = make()
    step(method)
    r = method.sample_prior(5, SEED)
    together = method.generate(tf.zeros([5, 0]), r)
    np.testing.assert_allclose(method.generate(tf.zeros([1, 0]), r[:1]), together[:1], atol=1e-5)
    assert float(tf.reduce_min(together)) >= 0.0 and float(tf.reduce_max(together)) <= 1.0
    assert method.sample_code(tf.zeros([5, 64, 64, 1]), SEED).shape == (5, R)


def test_traversals_show_the_generator_alone_from_minus_one_to_one():
    method = make()
    assert method.traversal_range == (-1.0, 1.0)
    assert method.signatures().keys() == {"encode", "generate", "traverse"}
    assert "decoder_generator" not in figures.available(method, None)


def test_batch_statistics_are_those_of_all_replicas():
    devices = tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        pytest.skip("one logical CPU")
    strategy = build.strategy()
    alone = IBEncoder(Z, R, (8,), True, "normal")
    with strategy.scope():
        mirrored = IBEncoder(Z, R, (8,), True, "normal")
    mirrored.set_weights(alone.get_weights())
    z = tf.random.stateless_normal([6, Z], SEED)
    expected, _ = alone(z, training=True)

    def half():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return mirrored(tf.gather(tf.reshape(z, [2, 3, Z]), replica), training=True)[0]

    parts = strategy.experimental_local_results(tf.function(lambda: strategy.run(half))())
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-4, atol=1e-6)
    for ours, theirs in zip(mirrored.non_trainable_variables, alone.non_trainable_variables, strict=True):
        for value in ours.value.values:
            np.testing.assert_allclose(value, np.array(theirs), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("settings", [{"beta": -1.0}, {"instance_noise": (1.0, 0.0)}, {"real_label": (1.0,)}])
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ConfigError, match=f"IBGAN.{next(iter(settings))}"):
        make(**settings)
    if "beta" not in settings:
        with pytest.raises(ConfigError, match=f"DCGAN.{next(iter(settings))}"):
            make(DCGAN, **settings)
