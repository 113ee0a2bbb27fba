import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.methods.betavae import BetaVAE
from idgan_tf.methods.factorvae import FactorVAE, density_ratio_loss, permute_dims
from idgan_tf.networks.mlp import MLPDiscriminator
from idgan_tf.objectives.likelihood import bernoulli_nll
from idgan_tf.training import build
from tests.methods.tiny import CODE, SEED, LinearDecoder, LinearEncoder, arrays, assert_close, batch, same


def networks():
    keras.utils.set_random_seed(0)
    return LinearEncoder(), LinearDecoder()


def make(gamma, beta=1.0):
    encoder, decoder = networks()
    optimizers = keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01)
    method = FactorVAE(encoder, decoder, MLPDiscriminator(CODE, 8, 2, "torch"), *optimizers, bernoulli_nll, gamma, beta)
    method.build_optimizers()
    return method


def test_permuting_keeps_the_values_of_every_dimension():
    c = np.arange(60.0, dtype="float32").reshape(20, 3)
    shuffled = permute_dims(tf.constant(c), SEED)
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), c)
    assert not np.array_equal(shuffled, c)


def test_permuting_breaks_the_dependence_between_dimensions(rng):
    c = np.repeat(rng.normal(size=(5000, 1)), 2, axis=1).astype("float32")
    assert abs(np.corrcoef(np.transpose(permute_dims(tf.constant(c), SEED)))[0, 1]) < 0.05


def test_permuting_on_two_devices_is_permuting_the_whole_batch():
    c = tf.reshape(tf.range(24.0), [8, 3])
    strategy = build.strategy()

    @tf.function
    def run():
        def replica():
            start = 4 * tf.distribute.get_replica_context().replica_id_in_sync_group
            return permute_dims(tf.ensure_shape(c[start : start + 4], [4, 3]), SEED)

        return strategy.experimental_local_results(strategy.run(replica))

    np.testing.assert_array_equal(np.concatenate(run()), permute_dims(c, SEED))


def test_a_blind_discriminator_pays_log_two():
    np.testing.assert_allclose(density_ratio_loss(tf.zeros(4), tf.zeros(4)), np.full(4, np.log(2.0)), rtol=1e-6)


def test_the_best_logit_is_the_log_density_ratio_and_its_mean_the_total_correlation(rng):
    r = 0.8
    joint = rng.multivariate_normal([0, 0], [[1, r], [r, 1]], 40_000)
    product = rng.normal(size=joint.shape)

    def log_ratio(x):
        square = (x[:, 0] ** 2 + x[:, 1] ** 2 - 2 * r * x[:, 0] * x[:, 1]) / (1 - r**2)
        return 0.5 * (np.sum(x**2, axis=1) - square) - 0.5 * np.log(1 - r**2)

    assert np.mean(log_ratio(joint)) == pytest.approx(-0.5 * np.log(1 - r**2), abs=0.02)
    loss = {k: np.mean(density_ratio_loss(k * log_ratio(joint), k * log_ratio(product))) for k in (0.5, 1.0, 1.5)}
    assert loss[1.0] < min(loss[0.5], loss[1.5])


def test_without_gamma_it_is_the_vae():
    factor, vae = make(0.0), BetaVAE(*networks(), keras.optimizers.SGD(0.01), bernoulli_nll, beta=1.0)
    factor.train_step(batch(), SEED)
    vae.train_step(batch(), noise.split(SEED, 2)[0])
    assert_close(arrays(factor.encoder) + arrays(factor.decoder), arrays(vae.encoder) + arrays(vae.decoder))


def test_gamma_weighs_the_total_correlation_and_moves_the_encoder():
    method, other = make(5.0), make(0.0)
    values = method.train_step(batch(), SEED)
    other.train_step(batch(), SEED)
    np.testing.assert_allclose(values["loss"], values["nll"] + values["kl"] + 5.0 * values["tc"], rtol=1e-6)
    assert not same(arrays(method.encoder), arrays(other.encoder))
    assert_close(arrays(method.discriminator), arrays(other.discriminator))  # it learns from the codes before


def test_beta_weighs_the_information_beside_gamma():
    values = {name: float(value) for name, value in make(5.0, 0.2).train_step(batch(), SEED).items()}
    assert values["loss"] == pytest.approx(values["nll"] + 0.2 * values["kl"] + 5.0 * values["tc"], rel=1e-5)


def test_beta_one_of_the_beta_vae_is_the_negative_elbo():
    method = BetaVAE(*networks(), keras.optimizers.SGD(0.01), bernoulli_nll, beta=1.0)
    values = method.train_step(batch(), SEED)
    np.testing.assert_allclose(values["loss"], values["nll"] + values["kl"], rtol=1e-6)
