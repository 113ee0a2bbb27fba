"""The networks of IB-GAN have the sizes that the tables imply, and statistics of the whole batch."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.networks.ibgan import IBDecoder, IBEncoder, IBFront, IBGenerator, IBMirrorEncoder, IBReader
from idgan_tf.training import build


def weights(network):
    return sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)


def table_4(channels, z_dim, r_dim, filters, shares_front=True):
    shape = (64, 64, channels)
    reader = {"shares_front": shares_front, "widths": (4, 4), "pointwise": 0, "init": "normal"}
    return (
        IBEncoder(z_dim, r_dim, (64, 64, 32), True, "normal"),
        IBGenerator(shape, r_dim, filters, "normal"),
        IBFront(shape, filters, "normal"),
        IBReader(shape, filters, 1, **reader),
        IBReader(shape, filters, z_dim, **reader),
    )


def test_table_4_has_the_parameter_counts_of_dsprites():
    assert [weights(n) for n in table_4(1, 16, 10, 16)] == [8_308, 1_179_489, 41_424, 1_123_329, 1_127_184]


def test_table_4_has_the_parameter_counts_of_celeba():
    counts = [weights(n) for n in table_4(3, 64, 15, 64)]
    assert counts == [11_710, 18_684_291, 659_264, 17_960_961, 18_025_536]


def test_table_5_shares_nothing_and_costs_one_more_front():
    _, _, front, shared, _ = table_4(3, 16, 10, 4)
    alone = table_4(3, 16, 10, 4, shares_front=False)[3]
    assert weights(alone) == weights(front) + weights(shared)
    assert alone(np.zeros((2, 64, 64, 3), "float32")).shape == (2, 1)


def test_the_released_variant_of_the_code():
    encoder = IBEncoder(16, 10, (32, 32), False, "normal")
    assert weights(encoder) == 16 * 32 + 32 + 32 * 32 + 32 + 32 * 20 + 20
    reader = IBReader((64, 64, 1), 4, 16, shares_front=False, widths=(8,), pointwise=1, init="normal")
    front = weights(IBFront((64, 64, 1), 4, "normal"))
    convolutions = 9 * 16 * 32 + 2 * 32 + 64 * 32 * 64 + 2 * 64 + 64 * 64 + 2 * 64
    assert weights(reader) == front + convolutions + 64 * 16 + 16


def test_the_generator_is_the_decoder_with_tanh():
    decoder, generator = (kind((64, 64, 1), 5, 2, "orthogonal") for kind in (IBDecoder, IBGenerator))
    generator.set_weights(decoder.get_weights())
    r = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    np.testing.assert_allclose(generator(r), np.tanh(decoder(r)), atol=1e-6)


def test_the_mirror_has_the_convolutions_of_the_generator():
    mirror, decoder = IBMirrorEncoder((64, 64, 3), 7, 2, "normal"), IBDecoder((64, 64, 3), 7, 2, "normal")

    def kernels(network):
        return sorted(tuple(sorted(v.shape)) for v in network.trainable_variables if len(v.shape) == 4)

    assert kernels(mirror) == kernels(decoder)
    assert [t.shape for t in mirror(np.zeros((2, 64, 64, 3), "float32"))] == [(2, 7), (2, 7)]


def test_batch_normalisation_is_synchronised_with_the_settings_of_the_code():
    found = [layer for n in table_4(1, 16, 10, 2) for layer in n.stack.layers if "batch_norm" in layer.name]
    assert len(found) == 3 + 6 + 2 + 3 + 3
    assert all(layer.synchronized and layer.momentum == 0.9 and layer.epsilon == 1e-5 for layer in found)


def test_networks_survive_keras_files(tmp_path):
    images, codes = np.full((2, 64, 64, 1), 0.3, "float32"), np.ones((2, 16), "float32")
    features = np.ones((2, 8, 8, 8), "float32")
    inputs = [codes, np.ones((2, 10), "float32"), images, features, features]
    for i, (network, x) in enumerate(zip(table_4(1, 16, 10, 2), inputs, strict=True)):
        network.save(tmp_path / f"{i}.keras")
        again = keras.saving.load_model(tmp_path / f"{i}.keras")
        np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(network(x)))


def test_other_sizes_are_refused():
    with pytest.raises(ConfigError, match="64x64"):
        IBFront((32, 32, 1), 4, "normal")


def test_batch_statistics_are_those_of_all_replicas():
    devices = tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        pytest.skip("one logical CPU")
    strategy = build.strategy()
    alone = IBEncoder(3, 2, (8,), True, "normal")
    with strategy.scope():
        mirrored = IBEncoder(3, 2, (8,), True, "normal")
    mirrored.set_weights(alone.get_weights())
    z = tf.random.stateless_normal([6, 3], [3, 7])
    expected, _ = alone(z, training=True)

    def half():
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return mirrored(tf.gather(tf.reshape(z, [2, 3, 3]), replica), training=True)[0]

    parts = strategy.experimental_local_results(tf.function(lambda: strategy.run(half))())
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=1e-4, atol=1e-6)
    for ours, theirs in zip(mirrored.non_trainable_variables, alone.non_trainable_variables, strict=True):
        for value in ours.value.values:
            np.testing.assert_allclose(value, np.array(theirs), rtol=1e-4, atol=1e-6)
