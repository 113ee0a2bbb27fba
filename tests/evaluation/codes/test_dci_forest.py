import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from idgan_tf.evaluation.codes.dci_forest import dci_forest, of_codes
from idgan_tf.evaluation.metric import Unavailable
from tests.evaluation.codes.made import sample


def reference(codes, factors):
    """As kylehkhsu/tripod measures: another split and other trees."""
    importance, accuracy = [], []
    for v in factors.T:
        train, test, v_train, v_test = train_test_split(codes, v, test_size=0.1, random_state=42)
        forest = RandomForestClassifier(100, criterion="entropy", max_depth=10, random_state=1).fit(train, v_train)
        importance.append(forest.feature_importances_)
        accuracy.append(forest.score(test, v_test))
    importance = np.transpose(importance) + 1e-11
    by_code, by_factor = 1 - entropy(importance.T, base=2), 1 - entropy(importance, base=len(importance))
    weights = importance / importance.sum()
    return by_code @ weights.sum(axis=1), by_factor @ weights.sum(axis=0), np.mean(accuracy)


def test_it_agrees_with_the_reference_but_for_its_trees():
    codes, factors = sample("mixed", 1000)
    factors = factors[:, 1:3]
    scores = list(of_codes(codes, factors, 0).values())
    *importances, accuracy = reference(codes, factors)
    assert scores[:2] == pytest.approx(importances, abs=1e-2)
    assert scores[2] == pytest.approx(accuracy, abs=0.1), "of 100 other codes"


def test_factors_in_another_order_score_high_though_not_one_and_noise_next_to_nothing():
    permuted = of_codes(*sample("permuted", 400), 0)
    assert permuted["dci_forest_informativeness"] == 1.0
    assert 0.7 < permuted["dci_forest_disentanglement"] < 0.95, "a tree looks at half of the dimensions in each split"
    noise = of_codes(*sample("noise", 400), 0)
    assert noise["dci_forest_disentanglement"] < 0.05 and noise["dci_forest_completeness"] < 0.05


def test_one_dimension_or_one_factor_is_refused():
    codes, factors = sample("one for all", 100)
    with pytest.raises(Unavailable, match="2 code dimensions and 2 factors, got 1 and 4"):
        of_codes(codes, factors, 0)
    with pytest.raises(Unavailable, match="got 4 and 1"):
        of_codes(factors, factors[:, :1], 0)


def test_the_face_tells_its_protocol(pixels, codes_method):
    result = dci_forest(codes_method(lambda x: x[:, :5]), pixels, 0, num_samples=200)
    assert result.values["dci_forest_informativeness"] > 0.9
    assert result.protocol == {"num_samples": 200, "trees": 100, "depth": 10}
