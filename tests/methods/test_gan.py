import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.gan import GAN
from idgan_tf.networks.ranges import unsigned
from tests.methods.tiny import BATCH, CODE, SEED, assert_average_follows, batch, make


def test_r1_weighs_in_the_discriminator_loss():
    values = make(GAN, r1=7.0).train_step(batch(), SEED)
    assert values["r1"] > 0
    np.testing.assert_allclose(values["discriminator_loss"], values["adversarial"] + 7.0 * values["r1"], rtol=1e-6)


def test_a_blind_discriminator_pays_two_log_two_and_is_named():
    method = make(GAN)
    method.discriminator.head.kernel.assign(tf.zeros_like(method.discriminator.head.kernel))
    method.discriminator.head.bias.assign([0.0])
    values = {name: float(value) for name, value in method.train_step(batch(), SEED).items()}
    assert values["adversarial"] == pytest.approx(2.0 * np.log(2.0), rel=1e-6)
    assert "flat" in method.diagnose(values)[0]
    assert method.diagnose({**values, "adversarial": 0.3, "fake_spread": 0.2}) == []
    learns = {"adversarial": 1.3817, "r1": 2.8e-4, "fake_spread": 0.248}  # released settings, seed 0, step 1,300
    assert method.diagnose(learns) == []


def test_the_average_follows_the_generator_with_its_decay():
    assert_average_follows(make(GAN), batch())


def test_it_draws_by_the_average():
    method, latent = make(GAN), tf.ones([2, 2 + CODE])
    for variable in method.generator.variables:
        variable.assign(variable + 0.1)
    average, newest = (unsigned(network(latent)) for network in (method.average_generator, method.generator))
    np.testing.assert_array_equal(method.generate(latent[:, :2], latent[:, 2:]), average)
    assert np.abs(average - newest).max() > 0.01


def test_the_code_is_standard_normal_and_the_rest_is_nuisance():
    method = make(GAN, nuisance_dim=2)
    c = method.sample_code(batch(count=4096)["image"], SEED)
    assert c.shape == (4096, CODE)
    assert abs(float(tf.reduce_mean(c))) < 0.05 and abs(float(tf.math.reduce_std(c)) - 1.0) < 0.05
    latent = method.latent(c, SEED + 1)
    np.testing.assert_array_equal(latent[:, 2:], c)
    assert abs(float(tf.math.reduce_std(latent[:, :2])) - 1.0) < 0.05


def test_nuisance_alone_has_no_code():
    method = make(GAN, nuisance_dim=5, generator=make(GAN, nuisance_dim=2).generator)
    assert method.code_dim == 0 and set(method.signatures()) == {"generate"}
    assert np.isfinite(method.train_step(batch(), SEED)["generator_loss"])
    with pytest.raises(ConfigError, match="nuisance_dim 6"):
        make(GAN, nuisance_dim=6, generator=method.generator)


def test_real_images_get_their_noise():
    method = make(GAN, real_noise=0.25)
    image = batch()["image"]
    noise = method.as_real(image, SEED) - (2.0 * image - 1.0)
    assert np.min(noise) >= 0.0 and 0.2 < np.max(noise) < 0.25
    np.testing.assert_array_equal(make(GAN).as_real(image, SEED), 2.0 * image - 1.0)


def test_images_in_batches_do_not_see_each_other():
    method = make(GAN)
    image = batch()["image"]
    whole = method.discriminator(image)
    np.testing.assert_allclose(whole, [method.discriminator(image[i : i + 1])[0] for i in range(BATCH)], rtol=1e-5)


@pytest.mark.parametrize("argument, value", [("r1", -1.0), ("average_decay", 1.0), ("nuisance_dim", 1.5)])
def test_wrong_arguments_are_named(argument, value):
    with pytest.raises(ConfigError, match=f"GAN.{argument}"):
        make(GAN, **{argument: value})


def test_r1_of_every_second_step_has_twice_its_weight_there_and_none_between():
    """The mean over the steps is that of R1 in every step; without moving weights it is the same number."""

    def still(**kwargs):
        rates = {name: keras.optimizers.SGD(0.0) for name in ("generator_optimizer", "discriminator_optimizer")}
        return make(GAN, **rates, **kwargs)

    always, lazy = still(), still(r1_every=2)
    expected = float(always.train_step(batch(), SEED)["r1"])
    train_step = tf.function(lazy.train_step)  # one graph for the steps with and without it
    steps = []
    for step in range(4):
        lazy.step.assign(step)
        steps.append({name: float(value) for name, value in train_step(batch(), SEED).items()})
    assert [values["r1"] for values in steps] == pytest.approx([2.0 * expected, 0.0, 2.0 * expected, 0.0])
    for values in steps:
        assert values["discriminator_loss"] == pytest.approx(values["adversarial"] + values["r1"])
