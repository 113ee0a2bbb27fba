import numpy as np
import pytest

from idgan_tf.evaluation.codes.irs import interventional_robustness, irs
from tests.evaluation.codes.made import sample


def by_the_formula(codes, factors, quantile=0.99):
    """Dimension by dimension, factor by factor, class by class, as disentanglement_lib says it."""
    scores, weights = [], []
    for z in codes.T:
        largest = np.max(np.abs(z - z.mean()))
        best = -np.inf
        for v in factors.T:
            moved = []
            for label in np.unique(v):
                group = z[v == label]
                moved.append(np.quantile(np.abs(group - group.mean()), quantile))
            best = max(best, 1.0 - np.mean(moved) / largest)
        scores.append(best)
        weights.append(largest)
    return np.sum(np.multiply(scores, weights)) / np.sum(weights)


@pytest.mark.parametrize("kind", ["permuted", "noise", "one for all", "mixed"])
def test_it_is_the_formula(kind):
    codes, factors = sample(kind)
    assert interventional_robustness(codes, factors)[0] == pytest.approx(by_the_formula(codes, factors), abs=1e-6)


def test_factors_in_another_order_score_one_and_noise_next_to_nothing():
    _, factors = sample("permuted")
    assert interventional_robustness(factors[:, ::-1].astype(float), factors) == (pytest.approx(1.0, abs=1e-12), 4)
    rng = np.random.default_rng(0)
    assert interventional_robustness(rng.uniform(size=(4000, 4)), factors)[0] < 0.03


def test_a_sum_of_two_equal_factors_moves_half_as_far_while_one_rests():
    factors = np.stack(np.meshgrid([0, 1], [0, 1]), axis=-1).reshape(-1, 2)
    assert interventional_robustness(np.sum(factors, axis=1, keepdims=True), factors)[0] == pytest.approx(0.5)


def test_constant_dimensions_do_not_count_and_a_constant_code_scores_zero():
    codes, factors = sample("mixed")
    still = np.concatenate([codes, np.full([len(codes), 2], 7.0)], axis=1)
    assert interventional_robustness(still, factors) == interventional_robustness(codes, factors)
    assert interventional_robustness(np.ones_like(codes), factors) == (0.0, 0)


def test_a_constant_that_has_no_exact_mean_is_one():
    codes, factors = sample("mixed", 2_000)
    assert interventional_robustness(np.full([2_000, 3], 0.1), factors) == (0.0, 0)
    assert interventional_robustness(np.c_[codes, np.full(2_000, 0.1)], factors) == interventional_robustness(
        codes, factors
    )


def test_great_numbers_of_classes_are_classes():
    codes, factors = sample("permuted")
    assert interventional_robustness(codes, factors + 2**52) == interventional_robustness(codes, factors)


def test_a_factor_of_many_values_is_cut():
    v = np.arange(4000)[:, None] % 100
    codes = np.cos(v / 7.0)
    assert interventional_robustness(codes, v, bins=100)[0] == pytest.approx(1.0)
    assert interventional_robustness(codes, v)[0] < 0.9, "five values in one class"


def test_the_face_tells_its_protocol(pixels, codes_method):
    result = irs(codes_method(lambda x: x[:, :5]), pixels, 0, num_samples=500)
    assert result.values == {"irs": pytest.approx(1.0, abs=1e-5), "irs_active_dims": 3.0}
    assert result.protocol == {"num_samples": 500, "bins": 20, "quantile": 0.99}
