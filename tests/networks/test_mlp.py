import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.networks.mlp import MLPDiscriminator


@pytest.mark.parametrize("latent_dim, count", [(10, 5_018_002), (20, 5_028_002)])
def test_it_has_the_weights_of_table_a2(latent_dim, count):
    assert MLPDiscriminator(latent_dim, 1000, 6, "normal").count_params() == count


def test_swapping_its_two_outputs_negates_the_logit(rng):
    network = MLPDiscriminator(3, 8, 2, "torch")
    z = tf.constant(rng.normal(size=(5, 3)), tf.float32)
    logit = network(z).numpy()
    network.head.set_weights([weight[..., ::-1] for weight in network.head.get_weights()])
    assert np.abs(logit).min() > 0
    np.testing.assert_allclose(network(z), -logit, rtol=1e-5, atol=1e-7)
