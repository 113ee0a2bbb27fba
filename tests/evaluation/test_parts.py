"""Metrics of codes on the part of a dataset that a training left out (`Constrained.part`)."""

import numpy as np
import pytest
import tensorflow as tf

from idgan_tf.data.constraints import Constrained
from idgan_tf.evaluation.betavae_metric import betavae_metric
from idgan_tf.evaluation.codes.dci import dci
from idgan_tf.evaluation.codes.fvm import factor_vae_metric, fvm
from idgan_tf.evaluation.codes.mig import mig
from idgan_tf.evaluation.codes.modularity import modularity
from idgan_tf.evaluation.codes.sap import sap
from idgan_tf.evaluation.metric import Unavailable

BOX = (("a", 2, 2), ("b", 1, 3))  # a is constant in it, b has 3 classes and c 5
CORNERS = (BOX, (("a", 0, 0), ("b", 0, 0)))  # of which a tells something of b
COUNTS = {"num_train": 300, "num_test": 150}


def left_out(dataset, *boxes):
    return Constrained(dataset, "part", left_out=boxes, part="left_out")


@pytest.fixture
def planted(codes_method):
    """Its code is the factors, and a dimension that never moves."""
    return codes_method(lambda x: 3.0 * x[:, :4])


def noise(image):
    return np.random.default_rng(int(1e6 * np.sum(image))).normal(size=(len(image), 6))


def test_a_constant_factor_is_not_voted_on_and_a_code_of_the_factors_is_right_about_all_others(pixels, planted):
    part = left_out(pixels, BOX)
    result = fvm(planted, part, 0, num_votes=300, batch_size=20, num_evaluation_votes=50)
    assert 0.5 <= result.values.pop("fvm_chance") < 0.7
    assert result.values == {"fvm": 1.0, "fvm_active_dims": 2.0, "fvm_eval": 1.0}
    assert result.protocol["constant_factors"] == "a" and "a " not in result.protocol["votes"]
    chance = factor_vae_metric(noise, part, 0, num_votes=2000, batch_size=20)
    assert chance == pytest.approx(1 / 2, abs=0.1)


def test_pairs_share_factors_that_vary(pixels, planted):
    result = betavae_metric(planted, left_out(pixels, BOX), 0, num_pairs=16, **COUNTS)
    assert result.values == {"betavae_metric": 1.0} and result.protocol["constant_factors"] == "a"


def test_other_scores_are_those_of_the_factors_that_vary(pixels, planted):
    part = left_out(pixels, BOX)
    assert mig(planted, part, 0, num_samples=3000).values["mig"] == pytest.approx(1.0, abs=0.01)
    score = modularity(planted, part, 0, num_samples=3000)
    assert score.values["modularity"] > 0.45 and score.protocol["constant_factors"] == "a"  # two of four dimensions
    for metric, least in ((sap, 0.25), (dci, 0.99)):
        result = metric(planted, part, 0, **COUNTS)
        assert next(iter(result.values.values())) > least and result.protocol["constant_factors"] == "a"


def test_where_factors_depend_on_one_another_none_can_be_held_still_while_the_others_vary(pixels, planted):
    part = left_out(pixels, *CORNERS)
    for metric in (fvm, betavae_metric):
        with pytest.raises(
            Unavailable, match="in part they depend on one another .made; only a 2 to 2 and b 1 to 3, a 0"
        ):
            metric(planted, part, 0)
    with pytest.raises(Unavailable, match="depend on one another"):
        factor_vae_metric(noise, part, 0)
    result = mig(planted, part, 0, num_samples=2000)
    assert result.protocol["factors"] == "dependent: some combinations are not drawn"
    assert result.values["mig"] < 0.9, "the dimension of a knows of b"


def test_boxes_that_are_one_together_are_as_good_as_one(pixels, planted):
    halves = left_out(pixels, (("a", 2, 2), ("b", 1, 2)), (("a", 2, 2), ("b", 2, 3)))
    one = left_out(pixels, BOX)
    counts = {"num_votes": 100, "batch_size": 20}
    assert fvm(planted, halves, 0, **counts).values == fvm(planted, one, 0, **counts).values


def test_a_single_factor_that_varies_is_enough_for_a_gap_alone(pixels, planted):
    part = left_out(pixels, (("a", 2, 2), ("b", 1, 1)))
    assert mig(planted, part, 0, num_samples=2000).values["mig"] == pytest.approx(1.0, abs=0.01)
    for metric in (fvm, betavae_metric, modularity, dci):
        with pytest.raises(Unavailable, match="1 of the factors of part vary .* and 2 are needed"):
            metric(planted, part, 0)


def test_what_is_kept_is_measured_on_the_whole_grid(pixels, planted):
    kept = Constrained(pixels, "kept", (("a", "b", 0.1),), (BOX,))
    counts = {"num_votes": 100, "batch_size": 20}
    ours, theirs = fvm(planted, kept, 0, **counts), fvm(planted, pixels, 0, **counts)
    assert ours.values == theirs.values and ours.protocol == theirs.protocol


def test_a_part_of_a_part_draws_what_that_draws(pixels):
    part = Constrained(left_out(pixels, BOX), "correlated", (("b", "c", 0.5),))
    rng = np.random.default_rng(0)
    assert [sorted(set(v)) for v in part.sample_factors(500, rng).T] == [[2], [1, 2, 3], [0, 1, 2, 3, 4]]
    assert [list(v) for v in part.drawn_classes] == [[2], [1, 2, 3], [0, 1, 2, 3, 4]] and part.drawn_freely
    assert part.whole is pixels and tf.reduce_all(part.images([[2, 1, 0]]) == pixels.images([[2, 1, 0]]))
