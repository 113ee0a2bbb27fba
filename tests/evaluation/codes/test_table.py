import pickle

import numpy as np
import pytest

from idgan_tf.errors import ConfigError, DataError, NonFiniteError
from idgan_tf.evaluation.codes import mig, table
from idgan_tf.evaluation.metric import Result
from idgan_tf.experiments import outside
from tests.evaluation.codes.made import sample


def test_whole_numbers_are_classes_and_nothing_is_said_of_them():
    codes, factors = sample("permuted", 400)
    for given in (factors, factors.astype(float)):
        made = table.prepared(codes, given)
        np.testing.assert_array_equal(made.factors, factors)
        np.testing.assert_array_equal(made.codes, codes)
        assert made.protocol == {}


def test_a_continuous_factor_is_cut_into_twenty_classes_of_equal_counts():
    codes, factors = sample("permuted", 400)
    angle = np.random.default_rng(0).exponential(size=400)
    made = table.prepared(codes, np.c_[factors[:, 0], angle, factors[:, 1]])
    assert np.bincount(made.factors[:, 1].astype(int)).tolist() == [20] * 20
    assert np.all(np.diff(made.factors[np.argsort(angle), 1]) >= 0)
    assert made.protocol == {"cut_factors": "1: up to 20 classes of equal counts"}


@pytest.mark.parametrize(
    ("rows", "values", "cut"), [(400, 40, False), (400, 41, True), (400, 400, True), (50, 20, False)]
)
def test_whole_numbers_are_cut_where_they_are_many_and_each_has_few_rows(rows, values, cut):
    v = np.arange(rows)[:, None] % values
    made = table.prepared(np.zeros([rows, 2]), v)
    assert len(np.unique(made.factors)) == (20 if cut else values) and ("cut_factors" in made.protocol) == cut


@pytest.mark.parametrize("values", [2, 40])
def test_values_that_repeat_are_classes_whole_numbers_or_not(values):
    v = np.arange(values).repeat(100)[97:, None]  # of the first, 3 rows: less than a class of equal counts would have
    made = table.prepared(np.zeros([len(v), 2]), 0.5 + v / values)
    assert np.array_equal(made.factors, v) and not made.protocol


def test_vectors_become_their_first_principal_component():
    rng = np.random.default_rng(0)
    z, axes = rng.normal(size=(300, 3)), np.linalg.qr(rng.normal(size=(5, 5)))[0][:3]
    made = table.prepared(7.0 + z[:, :, None] * axes + 1e-3 * rng.normal(size=(300, 3, 5)))
    signs = np.sign(axes[np.arange(3), np.argmax(np.abs(axes), axis=1)])
    np.testing.assert_allclose(made.codes, (z - z.mean(axis=0)) * signs, atol=0.02)
    assert made.protocol == {"codes": "first principal component of 3 vectors of 5"}


def test_scores_of_all_metrics_are_had_in_one_call():
    codes, factors = sample("permuted", 150)
    scores = table.scores(codes, factors[:, :2])
    assert {"mig", "sap", "infom", "dci_disentanglement", "dci_forest_disentanglement"} <= scores.keys()
    assert all(isinstance(value, float) for value in scores.values()) and "udr" not in scores
    assert table.scores(codes, factors[:, :2], ["mig"]) == {"mig": scores["mig"]}


def test_settings_of_a_metric_stand_in_its_protocol_and_unknown_ones_are_refused():
    made = table.prepared(*sample("mixed", 300))
    ((_, fine),) = table.results(made, ["mig"], 0, {"mig": {"bins": 30}})
    ((_, coarse),) = table.results(made, ["mig"], 0)
    assert fine.protocol["bins"] == 30 and coarse.protocol["bins"] == 20 and fine.values != coarse.values
    with pytest.raises(ConfigError, match="without a run there is no mig.num_samples, only bins"):
        next(table.results(made, ["mig"], 0, {"mig": {"num_samples": 9}}))


@pytest.mark.parametrize(
    "setting",
    ["irs.bins 0", "irs.quantile 2.0", "infomec.neighbours 0", "dci_forest.trees 0", "dci_forest.depth 0"],
)
def test_settings_that_are_no_setting_are_refused(setting):
    (name, key), value = setting.split()[0].split("."), float(setting.split()[1])
    given = {name: {key: value if key == "quantile" else int(value)}}
    with pytest.raises(ConfigError, match=f"{key} must be"):
        next(table.results(table.prepared(*sample("mixed", 300)), [name], 0, given))


@pytest.mark.parametrize("name", ["fvm", "mig_sup"])
def test_a_threshold_is_a_number(name):
    with pytest.raises(ConfigError, match="threshold must be a number, got None"):
        next(table.results(table.prepared(*sample("mixed", 1000)), [name], 0, {name: {"threshold": None}}))


def test_one_dimension_loses_the_metrics_of_a_gap_and_keeps_the_others():
    found = dict(table.results(table.prepared(*sample("one for all", 300)), ["mig_sup", "dci_forest", "udr"], 0))
    assert isinstance(found["mig_sup"], Result) and found["mig_sup"].protocol["num_samples"] == 300
    assert found["dci_forest"].endswith("got 1 and 4") and found["udr"] == "it compares runs, two or more"
    without = dict(table.results(table.prepared(sample("noise", 300)[0]), ["mig"], 0))
    assert without == {"mig": "it asks for factors"}


def test_what_was_named_and_cannot_be_had_is_told(caplog):
    assert table.scores(*sample("one for all", 300), ["mig"]) == {}
    assert "left out mig: a gap needs at least 2 code dimensions" in caplog.text
    with pytest.raises(ConfigError, match=r"names is a list of metrics, such as \['mig'\]"):
        table.scores(*sample("noise", 300), "mig")


def test_runs_are_ranked_by_what_compares_them():
    codes, _ = sample("noise", 300)
    other = sample("noise", 300, seed=1)[0]
    tables = [table.prepared(one) for one in (codes, other, -codes, codes[:, ::-1])]
    ((name, results),) = table.compared(tables, ["mig", "udr"], 0)
    assert name == "udr" and results[1].protocol["rank"] == "4 of 4" and results[1].values["udr"] < 0.1


@pytest.mark.parametrize(
    ("codes", "factors", "error", "says"),
    [
        (np.c_[:9, [0, 1, 2, np.nan, 4, np.inf, 6, 7, 8]], np.arange(9)[:, None], NonFiniteError, "2 non-.*in row 3"),
        (np.zeros((9, 2)), np.zeros((8, 2)), ConfigError, r"of the same N images, got \[9, 2\] and \[8, 2\]"),
        (np.zeros(9), np.zeros((9, 2)), ConfigError, r"got \[9\] and \[9, 2\]"),
        (np.zeros((9, 2)), np.zeros(9), ConfigError, r"got \[9, 2\] and \[9\]"),
        (np.zeros((9, 2)), np.r_[:8, np.nan][:, None], NonFiniteError, "factors hold 1 non-finite .*first in row 8"),
        (np.full((9, 2, 3), np.nan), np.zeros((9, 1)), NonFiniteError, "54 non-finite of 54"),
        (np.full((9, 2, 3), "0.5"), None, ConfigError, "codes must be real numbers"),
        (np.full((9, 2), np.inf), np.arange(9)[:, None], NonFiniteError, "18 non-finite of 18"),
        (np.eye(9), np.ones((9, 1)), ConfigError, "factor 0 has a single value in all 9"),
        (np.eye(9), np.full((9, 1), "oval"), ConfigError, "whole numbers"),
    ],
)
def test_bad_input_is_named(codes, factors, error, says):
    with pytest.raises(error, match=says):
        table.scores(codes, factors, ["modularity"])


@pytest.mark.parametrize("seed", [-1, 2**31, 0.5, True, None])
def test_a_seed_that_is_none_is_one_sentence(seed):
    with pytest.raises(ConfigError, match=f"a seed is a whole number from 0 to .*got {seed}"):
        table.scores(*sample("noise", 300), ["sap"], seed)


def test_of_several_tables_an_error_and_what_is_left_out_name_the_file(tmp_path):
    good, bad = tmp_path / "good.npz", tmp_path / "bad.npz"
    codes, factors = sample("permuted", 300)
    np.savez(good, codes=codes, factors=factors)
    np.savez(bad, codes=np.where(np.arange(300)[:, None] == 7, np.nan, codes), factors=factors)
    with pytest.raises(NonFiniteError, match="bad.npz: codes hold .* first in row 7"):
        list(outside.evaluate_codes([good, bad], 0, ["mig"]))
    np.savez(bad, codes=codes[:200, :1], factors=factors[:200])
    found = list(outside.evaluate_codes([good, bad], 0, ["mig", "modularity"]))
    assert [name for name, _ in found] == ["mig", "mig", "modularity", "modularity"]
    assert found[1][1].startswith(f"{bad}: a gap needs at least 2 code dimensions")
    assert [type(result) for _, result in found].count(Result) == 3


def test_runs_that_cannot_be_compared_do_not_keep_the_others_from_being_measured(tmp_path):
    paths = [tmp_path / "long.npz", tmp_path / "short.npz"]
    codes, factors = sample("permuted", 300)
    for path, count in zip(paths, (300, 200), strict=True):
        np.savez(path, codes=codes[:count], factors=factors[:count])
    found = list(outside.evaluate_codes(paths, 0, ["udr", "mig"]))
    assert found[0] == ("udr", "UDR needs codes of the same images, got 300, 200 of them")
    assert [name for name, result in found if isinstance(result, Result)] == ["mig", "mig"]


def test_a_metric_that_is_none_of_codes_is_named():
    with pytest.raises(ConfigError, match="no metric of codes 'fid'; there are explicitness, fvm, "):
        table.scores(*sample("noise", 300), ["fid"])


def test_a_file_that_is_no_npz_of_numbers_is_told_what_is(tmp_path):
    np.save(tmp_path / "codes.npy", np.eye(9))
    np.savez(tmp_path / "objects.npz", codes=np.array([1, "a"], object))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps({"codes": np.eye(9)}))
    for name in ("codes.npy", "objects.npz", "pickle.npz"):
        with pytest.raises(DataError, match="as np.savez writes it: (File is not a zip|Object arrays)"):
            outside.read_codes(tmp_path / name)


def test_a_table_of_few_rows_is_left_out_by_those_that_fit_and_score_on_parts_of_it():
    factors = np.array([[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]])
    found = dict(table.results(table.prepared(factors / 1.0, factors), ["sap", "explicitness", "dci_forest"], 0))
    assert found == {
        "sap": "a third of 5 rows is too few to score on; give 6 or more",
        "explicitness": "a third of 5 rows is too few to score on; give 6 or more",
        "dci_forest": "a tenth of 5 rows is too few to score on; give 20 or more",
    }


def test_more_bins_than_a_code_can_fill_are_refused_before_they_are_made():
    with pytest.raises(ConfigError, match="more than 10,000 bins"):
        mig.of_codes(*sample("permuted", 50), seed=0, bins=10**9)


def test_two_runs_have_no_rank():
    codes, _ = sample("permuted", 300)
    tables = [table.prepared(codes), table.prepared(2 * codes)]
    ((_, results),) = table.compared(tables, ["udr"], 0)
    assert all("rank" not in result.protocol for result in results)
