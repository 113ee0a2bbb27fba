import math

import pytest

from idgan_tf.errors import ConfigError
from idgan_tf.studies import claims
from idgan_tf.studies.claims import FAILS, HOLDS, OPEN
from idgan_tf.studies.study import Claim


def rows(metric, problem="", left_out=(), **values):
    """Made-up rows a, b, ... with the values of one metric, one for each seed."""
    return {
        name: {
            "name": name.upper(),
            "problem": problem,
            "left_out": dict(left_out),
            "cells": {metric: dict(enumerate(numbers))} if numbers else {},
        }
        for name, numbers in values.items()
    }


def check(kind, table, ours, than=(), value=1.0, seeds=1, decides=True, metric="fvm"):
    claim = Claim("text", "where", kind, [metric], list(ours), list(than), value)
    return claims.check(claim, table, seeds, decides)[:2]


@pytest.mark.parametrize(
    ("kind", "values", "ours", "than", "value", "answer"),
    [
        ("same", {"a": [0.5, 0.7], "b": [0.5, 0.7]}, "ab", "", 1, HOLDS),
        ("same", {"a": [0.5, 0.7], "b": [0.5, 0.7001]}, "ab", "", 1, FAILS),
        ("same", {"a": [0.5, 0.7], "b": [0.5]}, "ab", "", 1, HOLDS),  # of the seeds that both have
        ("better", {"a": [0.7], "b": [0.5], "c": [0.6]}, "a", "bc", 1, HOLDS),
        ("better", {"a": [0.7], "b": [0.5], "c": [0.8]}, "a", "bc", 1, FAILS),
        ("better", {"a": [0.7], "b": [0.5]}, "a", "b", 1.5, FAILS),
        ("better", {"a": [0.8], "b": [0.5]}, "a", "b", 1.5, HOLDS),
        ("better", {"a": [0.7, 0.72], "b": [0.5, 0.52]}, "a", "b", 1, HOLDS),
        ("better", {"a": [0.9, 0.5], "b": [0.8, 0.4]}, "a", "b", 1, OPEN),  # 0.1 apart, give or take 0.28
        ("better", {"a": [0.9, 0.5], "b": [0.8, 0.4], "c": [2, 2]}, "a", "bc", 1, FAILS),  # one that fails decides
        ("not_worse", {"a": [0.5], "b": [0.54], "c": [0.1]}, "a", "bc", 1.1, HOLDS),
        ("not_worse", {"a": [0.5], "b": [0.56]}, "a", "b", 1.1, FAILS),
        ("not_worse", {"a": [0.4, 0.6], "b": [0.56, 0.54]}, "a", "b", 1.1, OPEN),
        ("best_among", {"a": [0.2], "b": [0.9], "c": [0.6]}, "ab", "c", 1, HOLDS),
        ("best_among", {"a": [0.2], "b": [0.5], "c": [0.6]}, "ab", "c", 1, FAILS),
        ("steady", {"a": [1.0], "b": [2.9]}, "ab", "", 3, HOLDS),
        ("steady", {"a": [1.0], "b": [3.1]}, "ab", "", 3, FAILS),
        ("steady", {"a": [0.0], "b": [3.1]}, "ab", "", 3, OPEN),
        ("steady", {"a": [1.0, 1.0], "b": [2.5, 3.1]}, "ab", "", 3, OPEN),  # 2.8, give or take 0.3
        ("steadier", {"a": [1.0], "b": [2.0], "c": [1.0], "d": [5.0]}, "ab", "cd", 1, HOLDS),
        ("steadier", {"a": [1.0], "b": [2.0], "c": [1.0], "d": [5.0]}, "cd", "ab", 1, FAILS),
        ("steadier", {"a": [1.0], "b": [2.0], "c": [1.0], "d": [5.0]}, "ab", "cd", 2, HOLDS),
        ("steadier", {"a": [1.0], "b": [2.0], "c": [1.0], "d": [5.0]}, "ab", "cd", 3, FAILS),
        ("falls", {"a": [3.0], "b": [2.0], "c": [1.0]}, "abc", "", 1, HOLDS),
        ("falls", {"a": [3.0], "b": [1.0], "c": [2.0]}, "abc", "", 1, FAILS),
        ("falls", {"a": [3.0, 1.0], "b": [1.0, 2.0]}, "ab", "", 1, OPEN),
        ("at_least", {"a": [0.6]}, "a", "", 0.6, HOLDS),
        ("at_least", {"a": [0.59]}, "a", "", 0.6, FAILS),
        ("at_least", {"a": [0.24, 0.12]}, "a", "", 0.15, OPEN),  # 0.18, give or take 0.06
        ("at_least", {"a": [0.24, 0.22]}, "a", "", 0.15, HOLDS),
        ("at_least", {"a": [0.5, 0.75]}, "a", "", 0.625, OPEN),  # the mean is the bound itself
        ("at_most", {"a": [0.4]}, "a", "", 0.5, HOLDS),
        ("at_most", {"a": [0.6]}, "a", "", 0.5, FAILS),
    ],
)
def test_a_made_up_table_gets_its_answer(kind, values, ours, than, value, answer):
    found, reason = check(kind, rows("fvm", **values), ours, than, value)
    assert found == answer and reason


def test_every_kind_of_check_is_tried_above():
    (mark,) = [m for m in test_a_made_up_table_gets_its_answer.pytestmark if m.name == "parametrize"]
    assert {case[0] for case in mark.args[1]} == set(claims.CHECKS)


@pytest.mark.parametrize(
    ("kind", "ours", "than", "value", "says"),
    [
        ("better", "a", "", 1.0, "1 or more `than`, got 0"),
        ("not_worse", "a", "", 1.0, "1 or more `than`, got 0"),
        ("best_among", "", "b", 1.0, "1 or more `rows`, got 0"),
        ("same", "a", "", 1.0, "2 or more `rows`, got 1"),
        ("falls", "a", "", 1.0, "2 or more `rows`, got 1"),
        ("steadier", "ab", "c", 1.0, "2 or more `than`, got 1"),
        ("at_least", "a", "b", 1.0, "'at_least' reads no `than`"),
        ("better", "a", "b", -1.0, "the `value` of 'better' must be > 0, got -1"),
        ("not_worse", "a", "b", 0.0, "the `value` of 'not_worse' must be > 0, got 0"),
    ],
)
def test_a_claim_that_compares_nothing_is_refused(kind, ours, than, value, says):
    with pytest.raises(ConfigError, match="mine.toml: .*" + says):
        claims.require_sense(Claim("text", "where", kind, ["fvm"], list(ours), list(than), value), "mine.toml")


def test_of_a_value_that_nobody_knows_none_is_better():
    table = rows("distillation", a=[2.0], b=[3.0])
    for kind in ("better", "not_worse", "best_among"):
        found = check(kind, table, "a", "b", metric="distillation")
        assert found == (OPEN, "nobody says whether more or less distillation is better")
    assert check("falls", table, "ba", metric="distillation")[0] == HOLDS, "which asks for no better"


def test_of_a_distance_less_is_better():
    table = rows("fid_dsprites", a=[2.0], b=[37.0], c=[9.0])
    assert check("better", table, "a", "b", 5.0, metric="fid_dsprites")[0] == HOLDS
    assert check("better", table, "a", "c", 5.0, metric="fid_dsprites")[0] == FAILS
    assert check("best_among", table, "ac", "b", metric="fid_dsprites")[0] == HOLDS
    assert (
        check("better", rows("best_fid_dsprites", a=[2.0], b=[9.0]), "a", "b", metric="best_fid_dsprites")[0] == HOLDS
    )
    assert check("best_among", table, "bc", "a", metric="fid_dsprites")[0] == FAILS


def test_what_is_missing_leaves_the_claim_open_and_is_named():
    table = {**rows("fvm", a=[0.7]), **rows("fvm", "data not on this machine: run bin/prepare_data", b=[])}
    for kind in claims.CHECKS:
        answer, reason = check(kind, table, "ab", "ab")
        assert answer == OPEN and "no fvm of B: data not on this machine: run bin/prepare_data" in reason, kind
    assert check("better", table, "a", ["z"]) == (OPEN, "z is not part of this scale")
    assert check("better", {**table, **rows("fvm", c=[])}, "a", "c") == (OPEN, "no fvm of C: it has not run")
    left_out = {"mig": "the code has collapsed", "fvm": "no factors are known. Get them with: make; do"}
    lacking = {**table, **rows("fvm", left_out=left_out, c=[])}
    assert check("better", lacking, "a", "c") == (OPEN, "no fvm of C: no factors are known")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_leaves_the_claim_open(bad):
    for kind in claims.CHECKS:
        answer, reason = check(kind, rows("fvm", a=[0.7, 0.7], b=[0.5, bad]), "ab", "ab")
        assert (answer, reason) == (OPEN, "fvm of B is not finite in seed 1"), kind


def test_one_seed_decides_with_a_warning_and_a_smoke_run_never():
    table = rows("fvm", a=[0.7], b=[0.5])
    answer, reason = check("better", table, "a", "b")
    assert answer == HOLDS and reason.endswith("(one seed: the noise between seeds is not known)")
    answer, reason = check("better", table, "a", "b", decides=False)
    assert answer == OPEN and "only shows that the study runs" in reason
    assert "one seed" not in check("better", rows("fvm", a=[0.7, 0.7], b=[0.5, 0.5]), "a", "b")[1]


def test_an_answer_from_fewer_seeds_than_are_planned_says_so():
    table = rows("fvm", a=[0.7, 0.72], b=[0.5])
    answer, reason = check("better", table, "a", "b", seeds=2)
    assert answer == HOLDS and "B has 1 of 2 seeds" in reason and "A has" not in reason
    assert "seeds" not in check("better", rows("fvm", a=[0.7, 0.71], b=[0.5, 0.5]), "a", "b", seeds=2)[1]
