import re

import numpy as np
import pytest

from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.features import pairs
from idgan_tf.evaluation.metric import Result, metrics_of
from tests.evaluation.features.made import normal


def spread(real, generated, seed, times=1.0):
    return {"spread": times * float(np.ptp(real) + 100 * np.ptp(generated)), "sizes": len(real) + 1000 * len(generated)}


def test_a_score_has_its_count_and_the_floor_of_halves_of_equal_counts():
    real, generated = np.arange(21.0)[:, None], np.arange(30.0)[:, None] + 1000.0
    result = pairs.measured(spread, real, generated, 4, times=2.0)
    assert result.values == {"spread30": 2 * (20 + 2900), "sizes30": 30_021}
    half, others, drawn = pairs.halves(real, generated, 4)
    assert not set(half[:, 0]) & set(others[:, 0]) and set(drawn[:, 0]) <= set(generated[:, 0])
    assert result.protocol == {
        "num_samples": 30, "num_real": 21, "floor_samples": 10, "times": 2.0,
        "half_spread": spread(half, drawn, 4, 2.0)["spread"], "half_sizes": 10_010,
        "real_against_real_spread": spread(half, others, 4, 2.0)["spread"], "real_against_real_sizes": 10_010,
    }  # fmt: skip


def test_fewer_generated_images_than_half_of_the_real_ones_count():
    assert [len(one) for one in pairs.halves(normal(100), normal(7), 0)] == [7, 7, 7]


def test_a_generator_of_the_data_is_at_the_floor_and_another_one_is_not():
    for name, result in pairs.results(normal(600, 4), normal(600, 4, 1), metrics_of("features"), 0):
        score = next(iter(result.values)).removesuffix("600")
        half, floor = (result.protocol[f"{start}_{score}"] for start in ("half", "real_against_real"))
        assert half == pytest.approx(floor, abs=0.25 * abs(next(iter(result.values.values()))) + 0.3), name
        ((_, other),) = pairs.results(normal(600, 4), 3.0 * normal(600, 4, 1), [name], 0)
        assert abs(other.protocol[f"half_{score}"] - floor) > 2 * abs(half - floor), name


def test_what_features_are_too_few_for_does_not_keep_the_others_from_being_measured(caplog):
    results = dict(pairs.results(normal(9), normal(8), ["precision_recall", "density_coverage", "mind", "fid"], 0))
    assert isinstance(results["precision_recall"], Result) and isinstance(results["fid"], Result)
    few = "real against real, halves: 5 nearest neighbours need at least 6 images, got 4"
    assert results["density_coverage"] == few
    assert results["mind"].startswith("MIND needs as many generated images")
    assert pairs.scores(normal(9), normal(8), ["mind", "fid"]).keys() == {"fd8"}
    (told,) = [record.levelname for record in caplog.records if "left out mind: MIND needs" in record.getMessage()]
    assert told == "WARNING"
    with pytest.raises(ConfigError, match=r"names is a list of metrics, such as \['mind'\]"):
        pairs.scores(normal(9), normal(8), "mind")


def test_one_real_image_has_no_halves_and_ends_nothing():
    found = dict(pairs.results(normal(1), normal(1), ["fid", "precision_recall"], 0))
    assert set(found.values()) == {"a score is read beside that of two halves of the real features; give 2 or more"}


@pytest.mark.parametrize("seed", [-1, 2**31, 0.5])
def test_a_seed_that_is_none_is_one_sentence(seed):
    with pytest.raises(ConfigError, match="a seed is a whole number from 0 to"):
        pairs.scores(normal(9), normal(9), ["mind"], seed)


def test_settings_are_those_of_features():
    settings = {"precision_recall": {"k": 5}}
    ((_, result),) = pairs.results(normal(30), normal(30, seed=1), ["precision_recall"], 0, settings)
    assert result.protocol["k"] == 5 and result.protocol["metric"] == "precision_recall"
    for name, given in (("mind", "num_samples"), ("precision_recall", "features")):
        with pytest.raises(ConfigError, match=f"without a run there is no {name}.{given}, only "):
            list(pairs.results(normal(30), normal(30), [name], 0, {name: {given: 5}}))
    with pytest.raises(ConfigError, match="no metric of features 'mig'; there are .*precision_recall"):
        list(pairs.results(normal(30), normal(30), ["mig"], 0))


@pytest.mark.parametrize(
    ("generated", "error", "says"),
    [
        (normal(9, 5), ConfigError, "real features have 8 dimensions, generated ones 5: two networks?"),
        (np.full((9, 8), np.nan), NonFiniteError, "generated features hold 72 non-finite of 72 numbers, the first"),
        (np.full((9, 8), -np.inf), NonFiniteError, "features hold 72 non-finite"),
        (np.full((9, 8), 1e300), ConfigError, "features reach 1e+300, more than float32 has"),
        (np.zeros((9, 2, 4)), ConfigError, "features must be [N, F], got [9, 2, 4]"),
        (np.zeros((0, 8)), ConfigError, "features must be [N, F], got [0, 8]"),
        (np.full((9, 8), "a"), ConfigError, "features must be real numbers"),
        (np.zeros((9, 8), complex), ConfigError, "features must be real numbers, got complex128"),
    ],
)
def test_bad_input_is_one_line(generated, error, says):
    with pytest.raises(error, match=re.escape(says)):
        pairs.scores(normal(9), generated)
