import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.networks.conv import ConvDecoder, ConvDiscriminator, ConvEncoder, ConvGenerator
from idgan_tf.networks.layers import conv, dense, upconv


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


FOR_256 = (8, 16, 32, 32, 64, 64)


def test_two_doublings_more_have_the_parameters_of_their_layers_and_the_same_rest():
    """A kernel of 4x4 and its biases are added at each end, and the layer between them changes its width."""
    more = 16 * (3 * 8 + 8 * 16 + 16 * 32 - 3 * 32)  # of weights
    generator = ConvGenerator((256, 256, 3), 10, "torch", FOR_256)
    assert generator.count_params() == 382_339 + more + 8 + 16
    discriminator = ConvDiscriminator((256, 256, 3), "torch", FOR_256)
    assert discriminator.count_params() == 379_073 + more + 8 + 16
    fake = generator(tf.zeros([2, 10]))
    assert fake.shape == (2, 256, 256, 3) and discriminator(fake).shape == (2,)
    assert discriminator.features(fake).shape == (2, 1024)
    again = ConvGenerator.from_config({**generator.get_config(), "filters": list(FOR_256)})  # as JSON has it
    assert [v.shape for v in again.weights] == [v.shape for v in generator.weights]


def test_networks_saved_before_they_had_filters_are_those_of_64_pixels():
    for network in ConvGenerator((64, 64, 3), 10, "torch"), ConvDiscriminator((64, 64, 3), "torch"):
        config = {key: value for key, value in network.get_config().items() if key != "filters"}
        again = type(network).from_config(config)
        assert [(v.name, v.shape) for v in again.weights] == [(v.name, v.shape) for v in network.weights]


def test_a_generator_starts_as_the_decoder_of_smaller_images_enlarged():
    """Twice bilinear on the logits, but for the border."""
    decoder, generator = ConvDecoder((64, 64, 3), 10, "torch"), ConvGenerator((256, 256, 3), 10, "torch", FOR_256)
    decoder.head.bias.assign([0.3, -0.2, 0.1])
    generator.start_as(decoder)
    z = tf.random.stateless_normal([2, 10], [0, 2])
    logits = tf.image.resize(tf.image.resize(decoder(z), (128, 128)), (256, 256))
    inside = slice(4, -4)
    np.testing.assert_allclose(generator(z)[:, inside, inside], np.tanh(0.5 * logits)[:, inside, inside], atol=1e-6)
    assert np.std(logits) > 1e-3, "there is something to see"


@pytest.mark.parametrize("filters", [(8, 16, 32, 32, 64, 32), (4, 16, 32, 32, 64, 64)])
def test_a_decoder_of_other_filters_or_without_room_for_it_is_no_start(filters):
    with pytest.raises(ConfigError, match="cannot be the start of a ConvGenerator"):
        ConvGenerator((256, 256, 3), 10, "torch", filters).start_as(ConvDecoder((64, 64, 3), 10, "torch"))


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


def test_the_first_map_begins_as_a_transposed_convolution_of_one_place():
    """ConvTranspose2d(256, 64, 4) of a 1x1 map: fan-in 64 * 16 in PyTorch, and one bias a channel."""
    for network in ConvDecoder((64, 64, 1), 10, "torch"), ConvGenerator((64, 64, 1), 10, "torch"):
        layer = network.stack.layers[1]
        assert np.max(np.abs(layer.kernel)) == pytest.approx(1 / 32, rel=0.01)
        places = np.reshape(layer.bias, (4, 4, 64))
        assert 0 < np.max(np.abs(places)) <= 1 / 32
        assert np.all(places == places[0, 0]) and len(np.unique(places)) == 64


@pytest.mark.parametrize(
    "layer, fan_in",
    [
        (conv(3, 32, 4, 2, "torch"), 3 * 16),
        (conv(64, 64, 4, 2, "torch"), 64 * 16),
        (upconv(32, 4, 2, "torch"), 32 * 16),  # PyTorch counts the output channels
        (upconv(1, 4, 2, "torch"), 1 * 16),
        (dense(1024, 256, "torch"), 1024),
        (dense(10, 256, "torch"), 10),
    ],
)
def test_torch_weights_are_uniform_within_the_root_of_the_fan_in_of_pytorch(layer, fan_in):
    shape = (2, 8, 8, fan_in // 16 if isinstance(layer, keras.layers.Conv2D) else 64)
    layer.build((2, fan_in) if isinstance(layer, keras.layers.Dense) else shape)
    bound = 1 / np.sqrt(fan_in)
    assert np.max(np.abs(layer.kernel)) == pytest.approx(bound, rel=0.02)
    assert np.max(np.abs(layer.bias)) <= bound


def test_other_image_sizes_are_refused():
    with pytest.raises(ConfigError, match="64x64"):
        ConvEncoder((32, 32, 1), 10, "torch")
    for wrong in (
        lambda: ConvGenerator((256, 256, 3), 10, "torch"),
        lambda: ConvDiscriminator((64, 64, 3), "torch", FOR_256),
    ):
        with pytest.raises(ConfigError, match="this network is for"):
            wrong()
    with pytest.raises(ConfigError, match="4 convolutions"):
        ConvEncoder((64, 64, 1), 10, "torch", kernels=(4, 4))
    with pytest.raises(ValueError, match="init"):
        ConvEncoder((64, 64, 1), 10, "glorot")
