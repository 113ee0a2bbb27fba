"""DCI, SAP, modularity, explicitness and the beta-VAE metric."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from idgan_tf.errors import ConfigError
from idgan_tf.evaluation import betavae_metric
from idgan_tf.evaluation.codes import dci, explicitness, modularity, sap
from idgan_tf.evaluation.metric import Unavailable


def sample(kind, count=600, seed=0):
    """(codes [N, 4], factors [N, 3]) of a planted, a duplicated and a noise code."""
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(0, size, count) for size in (2, 3, 4)], axis=1)
    noise = rng.normal(size=(count, 4))
    planted = np.concatenate([factors + 0.01 * noise[:, :3], noise[:, 3:]], axis=1)
    duplicated = np.concatenate([planted[:, :3], planted[:, :3]], axis=1)
    return {"planted": planted, "duplicated": duplicated, "noise": noise}[kind], factors


def test_modularity_of_a_planted_code_is_near_one_and_of_a_shared_one_is_less():
    codes, factors = sample("planted", 5000)
    assert modularity.modularity_score(codes[:, :3], factors) > 0.99
    assert modularity.modularity_score(codes[:, :3].sum(axis=1, keepdims=True), factors) < 0.9
    assert modularity.modularity_score(np.ones((5000, 3)), factors) == 0.0


def test_modularity_of_a_dimension_that_knows_one_factor_and_half_of_the_others_has_a_closed_form(monkeypatch):
    monkeypatch.setattr(modularity, "information_matrix", lambda *given: np.array([[1.0, 0.5, 0.5], [0.0, 2.0, 0.0]]))
    codes, factors = sample("planted", 100)
    expected = np.mean([1.0 - 2 * 0.5**2 / (3 - 1), 1.0])
    assert modularity.modularity_score(codes[:, :2], factors) == pytest.approx(expected)


def test_explicitness_of_a_planted_code_is_near_one_and_of_noise_is_a_half():
    train, test = sample("planted"), sample("planted", seed=1)
    assert explicitness.explicitness_score(*train, *test) > 0.8
    assert explicitness.explicitness_score(*sample("noise"), *sample("noise", seed=1)) == pytest.approx(0.5, abs=0.05)


def test_sap_of_a_planted_code_is_large_of_a_duplicated_one_and_noise_is_zero():
    scores = {
        kind: sap.separated_attribute_predictability(*sample(kind), *sample(kind, seed=1))
        for kind in ("planted", "duplicated", "noise")
    }
    assert scores["planted"] > 0.25
    assert scores["duplicated"] == pytest.approx(0.0, abs=0.01)
    assert abs(scores["noise"]) < 0.05


@pytest.mark.parametrize("kind", ["planted", "noise"])
def test_the_lines_of_sap_are_those_of_scikit_learn(kind):
    codes, factors = sample(kind, 2000)
    new, _ = sample(kind, seed=1)
    for z, test in [*zip(codes.T, new.T, strict=True), (np.full(2000, 3.0), np.full(9, 3.0))]:
        for v in factors.T:
            theirs = LinearSVC(C=0.01, class_weight="balanced", tol=1e-9, max_iter=10**6).fit(z[:, None], v)
            classes, bias, slope = sap.support_vectors(z, v)
            np.testing.assert_allclose(bias, theirs.intercept_, atol=1e-6)
            np.testing.assert_allclose(slope, theirs.coef_[:, 0], atol=1e-6)
            np.testing.assert_array_equal(sap.predicted(classes, bias, slope, test), theirs.predict(test[:, None]))


def test_a_constant_dimension_of_sap_names_one_class():
    codes, factors = sample("noise", 900)
    constant = np.zeros_like(codes)
    assert sap.separated_attribute_predictability(constant, factors, constant, factors) == 0.0
    perfect = np.concatenate([factors[:, 1:2] * 20.0, constant], axis=1)
    score = sap.separated_attribute_predictability(perfect, factors[:, 1:2], perfect, factors[:, 1:2])
    shares = np.bincount(factors[:, 1]) / 900
    assert score < 1.0 and score == pytest.approx(np.mean(_predicted(perfect, factors) == factors[:, 1]) - shares.max())


def _predicted(codes, factors):
    return LinearSVC(C=0.01, class_weight="balanced").fit(codes[:, :1], factors[:, 1]).predict(codes[:, :1])


def test_dci_of_a_planted_code_is_near_one_and_of_noise_is_low():
    importance, accuracy = dci.importances(*sample("planted", 300), *sample("planted", 300, seed=1))
    assert importance.shape == (4, 3) and np.all(accuracy == 1.0)
    assert dci.disentanglement(importance) > 0.95 and dci.completeness(importance) > 0.95
    importance, accuracy = dci.importances(*sample("noise", 300), *sample("noise", 300, seed=1))
    assert dci.disentanglement(importance) < 0.2 and np.mean(accuracy) < 0.5


def test_dci_of_importances_has_closed_forms(caplog):
    assert dci.disentanglement(np.eye(3)) == pytest.approx(1.0, abs=1e-8)
    assert dci.disentanglement(np.ones((3, 3))) == pytest.approx(0.0, abs=1e-8)
    two_for_one = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])  # disentangled, half complete
    assert dci.disentanglement(two_for_one) == pytest.approx(1.0, abs=1e-8)
    assert dci.completeness(two_for_one) == pytest.approx(0.5, abs=1e-8)
    assert dci.disentanglement(np.zeros((3, 3))) == 0.0 and "no code dimension matters" in caplog.text


def test_the_betavae_metric_of_a_planted_code_is_one_and_of_noise_is_chance(pixels, codes_method):
    counts = {"num_train": 400, "num_test": 200, "num_pairs": 16}
    planted = betavae_metric.betavae_metric(codes_method(lambda x: x[:, :3]), pixels, 0, **counts)
    assert planted.values["betavae_metric"] == 1.0 and planted.protocol == counts
    constant = betavae_metric.betavae_metric(codes_method(lambda x: 0.0 * x[:, :3]), pixels, 0, **counts)
    assert constant.values["betavae_metric"] == pytest.approx(1 / 3, abs=0.1)


def test_pairs_share_exactly_the_factor(pixels):
    factors, shared = betavae_metric.draw_pairs(pixels, np.random.default_rng(0), 30, 16, np.arange(3))
    same = np.mean(factors[:, :, 0] == factors[:, :, 1], axis=1)
    np.testing.assert_array_equal(np.argmax(same, axis=1), shared)
    assert np.sum(same == 1.0) == 30


def test_faces_tell_values_and_protocol(pixels, codes_method):
    method = codes_method(lambda x: x[:, :4])
    counts = {"num_train": 200, "num_test": 100}
    assert sap.sap(method, pixels, 0, **counts).values["sap"] > 0.15
    assert set(explicitness.explicitness(method, pixels, 0, **counts).values) == {"explicitness"}
    assert modularity.modularity(method, pixels, 0, num_samples=200).protocol == {"num_samples": 200, "bins": 20}
    assert dci.dci(method, pixels, 0, **counts).values["dci_informativeness"] == 1.0


def test_a_class_that_is_missing_does_not_count_but_a_single_value_is_an_error():
    codes, factors = sample("planted")
    few = factors[:, 2] != 3
    assert explicitness.explicitness_score(codes[few], factors[few], codes, factors) > 0.8
    with pytest.raises(Unavailable, match="factor 0 has a single value"):
        dci.importances(codes, np.ones_like(factors), codes, factors)


def test_a_constant_dimension_predicts_in_sap_what_chance_does():
    """disentanglement_lib fits the machine on it like on any other, and that names one of the two classes."""
    factors = np.tile([[0], [1]], (100, 1))
    codes = np.concatenate([factors - 0.5, np.full((200, 1), 0.3)], axis=1)
    assert sap.separated_attribute_predictability(codes, factors, codes, factors) == 0.5


def test_scores_of_one_factor_or_dimension_that_mean_nothing_are_refused():
    codes, factors = sample("planted", 60)
    with pytest.raises(Unavailable, match="modularity tells factors apart, and there is 1"):
        modularity.modularity_score(codes, factors[:, :1])
    for some, of in ((codes, factors[:, :1]), (codes[:, :1], factors)):
        with pytest.raises(Unavailable, match="DCI needs 2 code dimensions and 2 factors to tell apart, got"):
            dci.importances(some, of, some, of)
    with pytest.raises(Unavailable, match="at least 2 code dimensions"):
        sap.separated_attribute_predictability(codes[:, :1], factors, codes[:, :1], factors)
    with pytest.raises(ConfigError, match="an entropy of"):
        dci.disentanglement(np.ones((3, 1)))


def test_dci_does_not_depend_on_where_a_code_lies_nor_on_its_size():
    codes, factors = sample("planted", 200)
    near = dci.importances(codes, factors, codes, factors)[0]
    for moved in (codes + 1e10, 1e-9 * codes):  # trees know float32 alone, and split nothing below 1e-7
        np.testing.assert_allclose(dci.importances(moved, factors, moved, factors)[0], near, atol=0.02)


def test_sides_of_different_sizes_are_named():
    codes, factors = sample("planted", 60)
    for score in (dci.importances, sap.separated_attribute_predictability, explicitness.explicitness_score):
        with pytest.raises(ConfigError, match="there are 3 factors to fit on and 1 to score on"):
            score(codes, factors, codes, factors[:, :1])
        with pytest.raises(ConfigError, match="there are 4 code dimensions to fit on and 1 to score on"):
            score(codes, factors, codes[:, :1], factors)
    with pytest.raises(ConfigError, match=r"60 points have \(1,\) factor numbers"):
        betavae_metric.classification_accuracy(codes, factors[:, 0], codes, factors[:1, 0])
    few = np.where(factors == 3, 2, factors)
    with pytest.raises(Unavailable, match="no class on both sides"):
        explicitness.explicitness_score(codes, few, codes, few + 10)
