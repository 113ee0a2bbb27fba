import numpy as np
import pytest

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.features import kid
from idgan_tf.evaluation.features.kid import kernel_distance


def normal(count, seed=0, size=16):
    return np.random.default_rng(seed).normal(size=(count, size))


def test_it_is_unbiased_on_equal_distributions():
    values = [kernel_distance(normal(40, 2 * i), normal(40, 2 * i + 1))[0] for i in range(300)]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(300)


def test_it_is_the_double_sum_of_the_cubic_kernel():
    a, b = normal(5, 1, 3), normal(4, 2, 3)
    k = lambda x, y: (np.dot(x, y) / 3 + 1) ** 3  # noqa: E731
    within_a = np.mean([k(a[i], a[j]) for i in range(5) for j in range(5) if i != j])
    within_b = np.mean([k(b[i], b[j]) for i in range(4) for j in range(4) if i != j])
    across = np.mean([k(x, y) for x in a for y in b])
    assert kernel_distance(a, b)[0] == pytest.approx(within_a + within_b - 2 * across)


def test_it_agrees_with_tf_gan():
    a, b = normal(400, 0, 32), normal(400, 1, 32) + 0.2
    assert kernel_distance(a, b)[0] == pytest.approx(kid.tf_gan_kernel_distance(a, b)[0], rel=1e-4)


def test_a_shift_is_seen_from_both_sides():
    a, b = normal(300), normal(300, 1) + 1.0
    assert kernel_distance(a, b)[0] == pytest.approx(kernel_distance(b, a)[0])
    assert kernel_distance(a, b)[0] > 1.0


def test_blocks_give_a_standard_error_and_one_block_gives_none():
    mean, error = kernel_distance(normal(400), normal(400, 1), block_size=100)
    assert abs(mean) < 4 * error
    assert np.isnan(kernel_distance(normal(50), normal(50, 1))[1])


def test_folders_in_another_order_of_their_classes_are_as_near_as_in_the_same_one():
    one, other = normal(2100), normal(2100, 1)
    one[:1050] += 3.0
    other[1050:] += 3.0
    assert abs(kid.of_images(one, {"pool_3": other}, 2100)["kid2100"]) < 10.0
    assert kid.tf_gan_kernel_distance(one, other)[0] > 100.0, "blocks of one class each"


@pytest.mark.parametrize("distance", [kernel_distance, kid.tf_gan_kernel_distance])
def test_blocks_of_one_sample_have_no_distance(distance):
    with pytest.raises(ConfigError, match="each block of 1024, got 5 and 4000"):
        distance(normal(5), normal(4000))


def test_bad_input_is_named():
    with pytest.raises(ConfigError, match=r"features must be \[N, F\]"):
        kernel_distance(normal(10), normal(10, size=3))
    with pytest.raises(ConfigError, match="at least 2 samples"):
        kernel_distance(normal(10), normal(1))
    with pytest.raises(ConfigError, match=r"features must be \[N, F\]"):
        kernel_distance(normal(10, size=0), normal(10, size=0))
    with pytest.raises(ConfigError, match="block_size must be >= 2, got 0"):
        kernel_distance(normal(10), normal(10), block_size=0)
    spoilt = normal(10)
    spoilt[3, 1] = np.inf
    for pair in ((spoilt, normal(10)), (normal(10), spoilt)):
        with pytest.raises(NonFiniteError, match="features hold 1 non-finite"):
            kernel_distance(*pair)
