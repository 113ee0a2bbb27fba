"""A step of IB-GAN: who moves what, what each player hears, and which images and which noise they see."""

import numpy as np
import pytest

from idgan_tf.methods import ibgan
from idgan_tf.networks.ibgan import IBReader
from idgan_tf.networks.ranges import signed
from tests.methods.tiny_ibgan import (
    gradients_of_generator,
    images,
    make,
    moved,
    step,
    trained,
)


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


def test_every_network_sees_its_batch_in_training_mode(monkeypatch):
    method, seen = make(), []

    def spied(name, honest):
        return lambda x, training=False: seen.append((name, training)) or honest(x, training=training)

    for name, network in method.networks.items():
        monkeypatch.setattr(network, "call", spied(name, network.call))
    step(method)
    assert {name for name, _ in seen} == set(method.networks) and all(training for _, training in seen)


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
    method = make(shared=False, instance_noise=0.0)
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
