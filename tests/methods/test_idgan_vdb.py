import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.methods.idgan import IDGAN
from idgan_tf.methods.idgan_vdb import IDGANVDB
from idgan_tf.networks.resnet import BottleneckDiscriminator
from idgan_tf.training import build, checkpoint
from tests.methods.tiny import SEED, SHAPE, arrays, assert_close, batch, make, teacher


def make_vdb(frozen=None, **kwargs):
    keras.utils.set_random_seed(0)
    settings = {"information": 0.1, "beta_v": 0.1, "beta_v_rate": 0.01, "lambda_id": 0.0, **kwargs}
    return make(
        IDGANVDB,
        teacher=frozen or teacher(),
        discriminator=BottleneckDiscriminator(SHAPE, 2, "torch"),
        **settings,
    )


@pytest.mark.parametrize("information, sign", [(0.0, 1), (1e3, -1)])
def test_beta_v_rises_while_too_much_passes_and_falls_otherwise(information, sign):
    method = make_vdb(information=information, beta_v=50.0)
    values = method.train_step(batch(), SEED)
    change = float(method.beta_v) - 50.0
    assert change * sign > 0
    assert change == pytest.approx(0.01 * (float(values["information"]) - information), rel=1e-2)


def test_beta_v_stops_at_zero_and_enters_the_loss():
    method = make_vdb(information=1e6)
    first, second = (method.train_step(batch(), SEED) for _ in range(2))
    paid = first["discriminator_loss"] - first["adversarial"] - first["r1"]
    np.testing.assert_allclose(paid, 0.1 * first["information"], rtol=1e-4)
    assert float(method.beta_v) == 0.0
    np.testing.assert_allclose(second["discriminator_loss"], second["adversarial"] + second["r1"], rtol=1e-6)


def test_information_is_the_kl_per_position_summed_over_channels():
    method = make_vdb()
    network = method.discriminator
    for layer, value in ((network.mean, 2.0), (network.log_std, np.log(3.0))):
        layer.kernel.assign(tf.zeros_like(layer.kernel))
        layer.bias.assign(np.full(layer.bias.shape, value, "float32"))
    information = method.judge(2.0 * batch()["image"] - 1.0, None, SEED)[1]
    kl = 0.5 * (2.0**2 + 3.0**2 - 1.0) - np.log(3.0)
    np.testing.assert_allclose(information, np.full(4, network.mean.filters * kl), rtol=1e-5)


@pytest.mark.parametrize("rate", [0.1, 0.0])
def test_a_wide_open_bottleneck_is_the_plain_discriminator(rate):
    """A large I_c keeps beta_v at 0; a bottleneck that passes features unchanged and without noise is then ID-GAN.

    At rate 0 the discriminator stands still; otherwise the bottleneck has moved when the generator meets it.
    """
    settings = {"lambda_id": 0.5, "discriminator_optimizer": keras.optimizers.SGD(rate)}
    frozen = teacher()
    plain = make(IDGAN, teacher=frozen, **settings)
    settings["discriminator_optimizer"] = keras.optimizers.SGD(rate)
    vdb = make_vdb(frozen, information=1e6, beta_v=0.0, **settings)
    network = vdb.discriminator
    network.trunk.set_weights(plain.discriminator.trunk.get_weights())
    network.head.set_weights(plain.discriminator.head.get_weights())
    network.mean.kernel.assign(np.eye(network.mean.filters)[None, None])
    network.mean.bias.assign(np.zeros(network.mean.filters))
    network.log_std.kernel.assign(tf.zeros_like(network.log_std.kernel))
    network.log_std.bias.assign(np.full(network.mean.filters, -100.0))
    for _ in range(1 if rate else 2):
        ours, theirs = vdb.train_step(batch(), SEED), plain.train_step(batch(), SEED)
    for name in theirs.keys() - {"generator_loss"} if rate else theirs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4, atol=1e-5, err_msg=name)
    assert_close(arrays(network.trunk), arrays(plain.discriminator.trunk))
    if not rate:
        assert_close(arrays(vdb.generator), arrays(plain.generator))


def test_beta_v_is_in_the_checkpoint(tmp_path):
    method, fresh = make_vdb(), make_vdb(beta_v=7.0)
    method.train_step(batch(), SEED)
    checkpoint.save(tmp_path, checkpoint.state(method))
    checkpoint.restore(tmp_path, checkpoint.state(fresh))
    assert float(fresh.beta_v) == float(method.beta_v) != 7.0


def test_r1_of_every_second_step_leaves_the_bottleneck_in_every_step():
    method = make_vdb(r1_every=2)
    train_step = tf.function(method.train_step)
    penalties, informations = [], []
    for step in range(2):
        method.step.assign(step)
        values = train_step(batch(), SEED)
        penalties.append(float(values["r1"]))
        informations.append(float(values["information"]))
    assert penalties[0] > 0.0 and penalties[1] == 0.0 and min(informations) > 0.0


def test_beta_v_hears_of_the_mean_information_of_all_replicas(monkeypatch):
    def informed(self, real, fake, c, seed):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return {"information": tf.cast(replica, tf.float32)}

    monkeypatch.setattr(IDGAN, "update_discriminator", informed)
    strategy = build.strategy()
    with strategy.scope():
        method = make_vdb(information=0.1, beta_v=0.0, beta_v_rate=1.0)
    strategy.run(method.update_discriminator, args=(None,) * 4)
    values = strategy.experimental_local_results(method.beta_v)
    np.testing.assert_allclose(values, [0.5 - 0.1] * 2, rtol=1e-6)  # not max(0, 0 - 0.1), nor that of one of them


@pytest.mark.parametrize("name", ["information", "beta_v", "beta_v_rate"])
def test_what_is_below_nought_is_refused(name):
    with pytest.raises(ConfigError, match=f"IDGANVDB.{name} must be >= 0"):
        make_vdb(**{name: -1.0})
