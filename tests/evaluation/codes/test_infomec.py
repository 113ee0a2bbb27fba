import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import digamma, logsumexp

from idgan_tf.evaluation.codes import infomec
from idgan_tf.evaluation.codes.mig import entropy
from idgan_tf.evaluation.metric import Unavailable
from tests.evaluation.codes.made import sample


def neighbours_say(z, v, k=10):
    """I(z; v) in nats: psi(N) + <psi(k)> - <psi(N_v)> - <psi(m)> (Ross, PLoS ONE 2014), by all distances."""
    distance = np.abs(z[:, None] - z[None, :])
    terms = []
    for i, label in enumerate(v):
        within = np.sort(distance[i, v == label])[k]  # the first is itself
        terms.append(digamma(k) - digamma(np.sum(v == label)) - digamma(np.sum(distance[i] < within)))
    return max(0.0, digamma(len(z)) + np.mean(terms))


def test_information_is_the_estimate_by_all_distances_over_the_entropy():
    codes, factors = sample("mixed", 300)
    ours = infomec.information(codes, factors)
    theirs = [[neighbours_say(z, v) / entropy(v) for v in factors.T] for z in codes.T]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def cross_entropy(codes, v):
    """In nats, of the softmax regression whose balanced cross entropy is least, by a general minimiser."""
    codes = np.c_[(codes - codes.mean(axis=0)) / codes.std(axis=0), np.ones(len(codes))]
    weight = 1.0 / np.bincount(v)[v]
    count = v.max() + 1

    def logp(flat):
        logits = codes @ flat.reshape(-1, count)
        return (logits - logsumexp(logits, axis=1, keepdims=True))[np.arange(len(v)), v]

    found = minimize(lambda flat: -np.sum(weight * logp(flat)), np.zeros(codes.shape[1] * count), tol=1e-10)
    return -np.mean(logp(found.x))


def test_explicitness_is_what_the_best_balanced_regression_saves_of_the_entropy():
    codes, factors = sample("mixed", 300)
    codes = codes + 3.0 * sample("noise", 300, seed=1)[0]  # classes overlap, so that there is a best
    factors = factors[:, :2]
    theirs = [1.0 - cross_entropy(codes, v) / np.log(v.max() + 1) for v in factors.T]
    assert infomec.explicitness(codes, factors) == pytest.approx(np.mean(theirs), abs=1e-4)


def test_matrices_of_information_have_closed_forms():
    both = infomec.modularity_and_compactness
    assert both(np.eye(4)) == pytest.approx((1.0, 1.0))
    assert both(np.ones((4, 3))) == pytest.approx((0.0, 0.0))
    assert both(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])) == pytest.approx((1.0, 1 / 3))
    assert both(np.array([[1.0, 0.0], [0.0, 0.0]])) == pytest.approx((0.5, 0.5)), "who knows nothing knows all alike"
    assert both(np.array([[1.0, 0.5]])) == pytest.approx((1 / 3, 0.0)), "of one dimension"
    assert both(np.zeros((0, 2))) == (0.0, 0.0)


def test_factors_in_another_order_score_one_and_noise_little():
    codes, factors = sample("permuted", 2000)
    scores = infomec.of_codes(codes, factors, 0)
    assert scores["infom"] > 0.97 and scores["infoc"] > 0.97 and scores["infomec_active_dims"] == 4
    assert infomec.explicitness(2.0 * (factors == 1), factors[:, :1]) == pytest.approx(1.0, abs=1e-3)
    noise = infomec.of_codes(*sample("noise", 2000), 0)
    assert noise["infoe"] == pytest.approx(0.0, abs=0.01)


def test_one_dimension_for_all_is_neither_modular_nor_compact():
    scores = infomec.of_codes(*sample("one for all", 2000), 0)
    assert scores["infoc"] == 0.0 and scores["infom"] < 0.7 and scores["infomec_active_dims"] == 1


def test_quiet_dimensions_are_left_out_of_what_counts_dimensions():
    codes, factors = sample("permuted", 1000)
    noise = sample("noise", 1000, seed=1)[0]
    quiet = infomec.of_codes(np.concatenate([codes, 1e-3 * noise], axis=1), factors, 0)
    alone = infomec.of_codes(codes, factors, 0)
    assert quiet["infomec_active_dims"] == 4 and quiet["infom"] == pytest.approx(alone["infom"], abs=1e-2)


def test_a_dimension_is_quiet_below_a_twentieth_of_the_largest_range():
    codes, factors = sample("permuted", 200)
    largest = codes[:, [np.argmax(np.ptp(codes, axis=0))]]
    scores = infomec.of_codes(np.concatenate([largest, largest / 19.5, largest / 20.5], axis=1), factors, 0)
    assert scores["infomec_active_dims"] == 2


def test_a_constant_code_scores_zero_and_one_factor_is_refused():
    codes, factors = sample("permuted", 100)
    assert set(infomec.of_codes(np.ones_like(codes), factors, 0).values()) == {0.0}
    with pytest.raises(Unavailable, match="and there is 1"):
        infomec.of_codes(codes, factors[:, :1], 0)


def test_the_face_tells_its_protocol(pixels, codes_method):
    result = infomec.infomec(codes_method(lambda x: x[:, :5]), pixels, 0, num_samples=300)
    assert list(result.values) == ["infom", "infoc", "infoe", "infomec_active_dims"]
    assert result.protocol == {"num_samples": 300, "neighbours": 10}
