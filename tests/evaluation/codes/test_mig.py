import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.codes.mig import discretize, mig, mutual_information, mutual_information_gap

SIZES = (3, 6, 40, 32, 32)


def sample(count=10_000, seed=0):
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(0, size, count) for size in SIZES], axis=1)
    return factors, rng


def codes_of(kind, count=10_000):
    """(codes [N, 10], factors [N, 5]) of a planted, a linear and a mixed representation."""
    factors, rng = sample(count)
    noise = rng.normal(size=(count, 5))
    linear = factors @ rng.normal(size=(5, 5)) + 0.1 * noise
    codes = {"planted": (factors, noise), "linear": (linear, noise), "mixed": (np.exp(linear / 20), factors + noise)}
    return np.concatenate(codes[kind], axis=1), factors


# disentanglement_lib 1.5, _compute_mig with metric_configs/mig.gin on the same codes
@pytest.mark.parametrize(
    ("kind", "theirs"),
    [("planted", 0.8961204612032233), ("linear", 0.0707551575499897), ("mixed", 0.33507995037421734)],
)
def test_it_agrees_with_disentanglement_lib(kind, theirs):
    assert mutual_information_gap(*codes_of(kind)) == pytest.approx(theirs, abs=1e-6)


def test_a_planted_code_of_few_values_scores_about_one():
    factors, rng = sample()
    factors = factors[:, :2]
    codes = np.concatenate([factors + rng.uniform(-0.01, 0.01, factors.shape), rng.normal(size=(10_000, 3))], axis=1)
    assert mutual_information_gap(codes, factors) == pytest.approx(1.0, abs=0.01)


def test_noise_scores_about_zero():
    factors, rng = sample()
    assert 0.0 <= mutual_information_gap(rng.normal(size=(10_000, 10)), factors) < 0.01


def test_a_duplicated_code_scores_zero():
    factors, rng = sample()
    codes = factors + rng.normal(size=factors.shape)
    assert mutual_information_gap(np.concatenate([codes, codes], axis=1), factors) == 0.0


def test_a_constant_code_scores_zero_and_warns(caplog):
    factors, _ = sample(1000)
    assert mutual_information_gap(np.full((1000, 4), 0.3), factors) == 0.0
    assert "the code has collapsed" in caplog.text


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 2**31),
    st.permutations(range(10)),
    st.lists(st.sampled_from([-1.0, 1.0]), min_size=10, max_size=10),
)
def test_order_and_sign_of_dimensions_do_not_matter(seed, order, signs):
    factors, rng = sample(1000, seed)
    codes = np.concatenate([factors + rng.normal(size=factors.shape), rng.normal(size=(1000, 5))], axis=1)
    changed = codes[:, order] * np.array(signs)
    assert mutual_information_gap(changed, factors) == pytest.approx(mutual_information_gap(codes, factors), abs=1e-9)


def test_information_of_independent_and_equal_classes_is_zero_and_the_entropy():
    a, b = np.divmod(np.arange(12), 4)
    assert mutual_information(a, b) == pytest.approx(0.0, abs=1e-12)
    assert mutual_information(b, b) == pytest.approx(np.log(4))
    assert mutual_information(a - 5, a) == mutual_information(a, a - 5) == pytest.approx(np.log(3))


def test_the_numbers_of_the_classes_do_not_matter():
    codes, factors = codes_of("planted", 3000)
    renamed = 10**12 + 10**9 * factors  # a table of counts up to the greatest number would not fit in memory
    assert mutual_information_gap(codes, renamed) == pytest.approx(mutual_information_gap(codes, factors), abs=1e-12)


def test_bins_have_equal_width_and_the_greatest_value_falls_into_the_last():
    assert list(discretize(np.array([0.0, 0.49, 0.5, 1.0]), 2)) == [0, 0, 1, 1]


def test_ten_codes_and_five_factors_of_10000_samples_take_a_fifth_of_a_second():
    codes, factors = codes_of("mixed")
    mutual_information_gap(codes, factors)
    times = []
    for _ in range(3):
        start = time.process_time()
        mutual_information_gap(codes, factors)
        times.append(time.process_time() - start)
    assert min(times) <= 0.2


@pytest.mark.parametrize(
    ("codes", "factors", "error", "message"),
    [
        (np.full((9, 2), np.nan), np.arange(18).reshape(9, 2), NonFiniteError, "18 non-finite of 18"),
        (np.zeros(9), np.zeros((9, 2)), ConfigError, r"codes must be \[N, D\], got \[9\]"),
        (np.zeros((9, 2)), np.zeros((8, 2)), ConfigError, "with the N = 9"),
        (np.zeros((9, 2)), np.zeros((9, 1)), ConfigError, "factor 0 has a single value"),
        (np.zeros((9, 2)), np.arange(9)[:, None] + 0.5, ConfigError, "whole numbers"),
        (np.zeros((9, 1)), np.arange(9)[:, None], ConfigError, "at least 2 code dimensions"),
        (np.zeros((9, 2)), np.full((9, 1), "oval"), ConfigError, "whole numbers"),
        (np.full((9, 2), "0.5"), np.zeros((9, 1)), ConfigError, "codes must be real numbers, got <U3"),
        (np.zeros((1, 2)), np.zeros((1, 1)), ConfigError, "at least 2 codes"),
        (np.full((9, 2), 1e200), np.zeros((9, 1)), ConfigError, r"codes reach 1e\+200, more than float32 has"),
        (np.zeros((9, 2), complex), np.zeros((9, 1)), ConfigError, "codes must be real numbers, got complex128"),
        (np.zeros((9, 2)), np.zeros((9, 1), complex), ConfigError, "whole numbers"),
        (np.zeros((9, 2)), np.full((9, 1), np.inf), ConfigError, "whole numbers"),
        (np.zeros((9, 2)), np.full((9, 1), 1e300), ConfigError, "whole numbers"),
    ],
)
def test_bad_input_is_named(codes, factors, error, message):
    with pytest.raises(error, match=message):
        mutual_information_gap(codes, factors)


@pytest.mark.parametrize("offset", [1e10, -1e13])
def test_a_code_far_from_zero_is_not_taken_for_a_constant(offset):
    codes, factors = codes_of("planted")
    assert mutual_information_gap(codes + offset, factors) == pytest.approx(
        mutual_information_gap(codes, factors), abs=0.01
    )


def test_a_dimension_that_moves_by_rounding_alone_knows_nothing():
    factors, rng = sample(1000)
    codes = np.concatenate([0.1 + (0.2 + 1e-17 * factors), np.where(factors == 1, 0.3, 0.1 + 0.2)], axis=1)
    assert mutual_information_gap(codes, factors) == 0.0


def test_lists_of_classes_of_another_length_are_not_broadcast():
    with pytest.raises(ConfigError, match="of one length, got 4 and 1"):
        mutual_information(np.arange(4), np.array([1]))


def test_the_face_scores_a_method_that_encodes_its_factors(pixels, codes_method):
    result = mig(codes_method(lambda x: x[:, :5]), pixels, seed=0, num_samples=2000)
    assert result.values["mig"] == pytest.approx(1.0, abs=0.02)
    assert result.protocol == {"num_samples": 2000, "bins": 20}
