import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.networks.conv import ConvDecoder, ConvDiscriminator, ConvEncoder, ConvGenerator


@pytest.mark.parametrize("channels, codes, parameters", [(1, 10, 382_932), (3, 10, 383_956), (3, 20, 389_096)])
def test_encoder_has_the_parameters_of_table_a2(channels, codes, parameters):
    assert ConvEncoder((64, 64, channels), codes, "torch").count_params() == parameters


@pytest.mark.parametrize("channels, codes, parameters", [(1, 10, 309_204), (3, 10, 310_228), (3, 20, 315_368)])
def test_encoder_has_the_parameters_of_disentanglement_lib_when_told(channels, codes, parameters):
    network = ConvEncoder((64, 64, channels), codes, "xavier", kernels=(4, 4, 2, 2))
    assert network.count_params() == parameters
    assert ConvEncoder.from_config(network.get_config()).count_params() == parameters


@pytest.mark.parametrize("channels, codes, parameters", [(1, 10, 381_313), (3, 10, 382_339), (3, 20, 384_899)])
def test_decoder_has_the_parameters_of_table_a2(channels, codes, parameters):
    assert ConvDecoder((64, 64, channels), codes, "torch").count_params() == parameters


@pytest.mark.parametrize("channels, parameters", [(1, 378_049), (3, 379_073)])
def test_discriminator_has_the_parameters_of_table_a3(channels, parameters):
    assert ConvDiscriminator((64, 64, channels), "torch").count_params() == parameters


def test_shapes_and_ranges():
    image, z = (
        tf.random.stateless_uniform([2, 64, 64, 3], [0, 1]),
        tf.random.stateless_normal([2, 10], [0, 2]),
    )
    mean, logvar = ConvEncoder((64, 64, 3), 10, "normal")(image)
    assert mean.shape == logvar.shape == (2, 10)
    assert ConvDecoder((64, 64, 3), 10, "normal")(z).shape == (2, 64, 64, 3)
    assert ConvDiscriminator((64, 64, 3), "normal")(image).shape == (2,)
    fake = ConvGenerator((64, 64, 3), 10, "torch")(100.0 * z)
    assert fake.shape == (2, 64, 64, 3) and np.max(np.abs(fake)) <= 1.0


def test_initial_weights_are_those_of_the_codes():
    normal = ConvDecoder((64, 64, 1), 10, "normal").stack.layers[1]
    assert np.std(normal.kernel) == pytest.approx(0.02, rel=0.05) and np.all(normal.bias == 0)
    torch = ConvDecoder((64, 64, 1), 10, "torch").stack.layers[1]
    bound = 1 / np.sqrt(256)
    assert np.max(np.abs(torch.kernel)) == pytest.approx(bound, rel=0.01)
    assert 0 < np.max(np.abs(torch.bias)) <= bound


def test_other_image_sizes_are_refused():
    with pytest.raises(ConfigError, match="64x64"):
        ConvEncoder((32, 32, 1), 10, "torch")
    with pytest.raises(ConfigError, match="4 convolutions"):
        ConvEncoder((64, 64, 1), 10, "torch", kernels=(4, 4))
    with pytest.raises(ValueError, match="init"):
        ConvEncoder((64, 64, 1), 10, "glorot")
