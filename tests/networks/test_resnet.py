import keras
import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.errors import ConfigError
from idgan_tf.networks.resnet import (
    BottleneckDiscriminator,
    ProjectionDiscriminator,
    ResBlock,
    ResNetDiscriminator,
    ResNetGenerator,
    downsample,
    upsample,
)

WIDTHS = {  # pixels and filters -> channels of the generator's and of the discriminator's blocks
    (64, 64): ([512, 256, 128, 64, 64], [64, 128, 256, 512, 512]),
    (128, 64): ([512, 512, 256, 128, 64, 64], [64, 128, 256, 512, 512, 512]),
    (256, 64): ([512, 512, 512, 256, 128, 64, 64], [64, 128, 256, 512, 512, 512, 512]),
    (1024, 16): ([512, 512, 512, 256, 128, 64, 32, 16, 16], [16, 32, 64, 128, 256, 512, 512, 512, 512]),
}
COUNTS = {  # of the released networks, with a generator input of 276
    (64, 64): (9_559_747, 7_299_265),
    (128, 64): (14_279_363, 12_018_881),
    (256, 64): (18_998_979, 16_738_497),
    (1024, 16): (18_965_683, 16_705_201),
}


@pytest.mark.parametrize("size, filters", COUNTS)
def test_widths_and_weights_are_those_of_the_paper(size, filters):
    generator = ResNetGenerator((size, size, 3), 276, filters, "normal")
    discriminator = ResNetDiscriminator((size, size, 3), filters, "normal")
    assert (generator.count_params(), discriminator.count_params()) == COUNTS[size, filters]
    blocks = generator.blocks, discriminator.trunk.blocks
    assert tuple([block.outer.filters for block in stack] for stack in blocks) == WIDTHS[size, filters]


def test_the_bottleneck_adds_two_maps_of_512_channels():
    network = BottleneckDiscriminator((1024, 1024, 3), 16, "normal")
    assert network.count_params() == 17_230_513
    assert network.mean.filters == network.log_std.filters == 512


def test_downsampling_counts_the_zeros_beyond_the_border(rng):
    x = rng.normal(size=(2, 6, 6, 3)).astype("float32")
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = [[padded[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3].mean(axis=(1, 2)) for j in range(3)] for i in range(3)]
    np.testing.assert_allclose(downsample(x), np.transpose(windows, (2, 0, 1, 3)), atol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_upsampling_repeats_pixels_and_its_gradient_sums_them(jit_compile, rng):
    x, weight = (tf.constant(rng.normal(size=(2, s, s, 3)), tf.float32) for s in (4, 8))

    @tf.function(jit_compile=jit_compile)
    def run():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = upsample(x)
            loss = tf.reduce_sum(weight * y)
        return y, tape.gradient(loss, x)

    y, gradient = run()
    np.testing.assert_array_equal(y, np.repeat(np.repeat(x, 2, axis=1), 2, axis=2))
    np.testing.assert_allclose(gradient, weight.numpy().reshape(2, 4, 2, 4, 2, 3).sum((2, 4)), rtol=1e-5, atol=1e-6)


def test_a_block_adds_a_tenth_of_its_residual(rng):
    x = rng.normal(size=(1, 4, 4, 2)).astype("float32")
    block = ResBlock(2, 2, "normal")
    block(x)
    block.outer.kernel.assign(tf.zeros_like(block.outer.kernel))
    np.testing.assert_array_equal(block(x), x)
    block.outer.bias.assign([1.0, 2.0])
    np.testing.assert_allclose(block(x), x + np.float32([0.1, 0.2]), atol=1e-6)


def test_the_projection_adds_what_is_linear_in_c(rng):
    plain = ResNetDiscriminator((8, 8, 1), 2, "torch")
    pairs = ProjectionDiscriminator((8, 8, 1), 3, 2, "torch")
    pairs.trunk.set_weights(plain.trunk.get_weights())
    pairs.head.set_weights(plain.head.get_weights())
    image, c = (tf.constant(rng.normal(size=shape), tf.float32) for shape in ((4, 8, 8, 1), (4, 3)))
    at_zero = pairs([image, tf.zeros_like(c)])
    np.testing.assert_array_equal(at_zero, plain(image))
    once, twice = pairs([image, c]) - at_zero, pairs([image, 2.0 * c]) - at_zero
    assert np.abs(once).min() > 0
    np.testing.assert_allclose(twice, 2.0 * once, rtol=1e-4, atol=1e-6)


def test_heads_stay_float32_under_mixed_precision():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        networks = ResNetGenerator((8, 8, 1), 3, 2, "torch"), ResNetDiscriminator((8, 8, 1), 2, "torch")
    finally:
        keras.config.set_dtype_policy("float32")
    image = networks[0](tf.zeros([1, 3]))
    assert networks[0].blocks[0].outer.compute_dtype == "bfloat16"
    assert (image.dtype, networks[1](image).dtype) == (tf.float32, tf.float32)


@pytest.mark.parametrize("shape", [(48, 48, 3), (64, 32, 3), (2, 2, 3)])
def test_other_image_shapes_are_refused(shape):
    with pytest.raises(ConfigError, match="pixels"):
        ResNetDiscriminator(shape, 4, "torch")


@pytest.mark.parametrize("inputs, outputs", [(6, 6), (6, 4)])
def test_a_block_that_doubles_is_the_block_of_the_upsampled_map(inputs, outputs):
    x = keras.random.normal((2, 4, 4, inputs), seed=0)
    doubling, plain = (ResBlock(inputs, outputs, "torch", doubles=doubles) for doubles in (True, False))
    results = []
    for block, before in ((plain, upsample), (doubling, lambda x: x)):
        block(before(x))
        block.set_weights(plain.get_weights())
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = block(before(x))
            loss = tf.reduce_sum(tf.sin(y))
        results.append([y, *tape.gradient(loss, [x, *block.trainable_variables])])
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
