import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from idgan_tf.evaluation.codes.mig import mutual_information_gap
from idgan_tf.evaluation.codes.mig_sup import gap_between_factors, mig_sup, of_codes
from idgan_tf.evaluation.metric import Unavailable
from tests.evaluation.codes.made import sample


def by_the_formula(codes, factors):
    """1 / J sum_j of I(z_j; v_k) / H(v_k) of the best factor less that of the second (Li et al., section 4)."""
    gaps = []
    for z in codes.T:
        bins = np.digitize(z, np.histogram(z, 20)[1][:-1])
        shares = [mutual_info_score(bins, v) / mutual_info_score(v, v) for v in factors.T]
        second, first = sorted(shares)[-2:]
        gaps.append(first - second)
    return np.mean(gaps)


@pytest.mark.parametrize("kind", ["permuted", "noise", "one for all", "mixed"])
def test_it_is_the_formula(kind):
    codes, factors = sample(kind)
    assert gap_between_factors(codes, factors)[0] == pytest.approx(by_the_formula(codes, factors), abs=1e-6)


def test_factors_in_another_order_score_one_and_noise_nothing():
    assert gap_between_factors(*sample("permuted")) == (pytest.approx(1.0, abs=0.02), 4)
    assert gap_between_factors(*sample("noise"))[0] < 0.02


def test_two_factors_in_one_dimension_cost_what_mig_does_not_see():
    _, factors = sample("permuted")
    both = factors[:, 0] + 2 * factors[:, 2]
    codes = np.stack([both, factors[:, 1]], axis=1).astype(float)
    score, _ = gap_between_factors(codes, factors[:, :3])
    assert score == pytest.approx(0.5, abs=0.02), "one dimension knows two factors, the other one"
    assert mutual_information_gap(codes, factors[:, :3]) == pytest.approx(1.0, abs=0.02)


def test_inactive_dimensions_do_not_count_and_a_constant_code_scores_zero():
    codes, factors = sample("permuted")
    quiet = np.concatenate([codes, 0.05 * sample("noise")[0]], axis=1)
    assert gap_between_factors(quiet, factors) == gap_between_factors(codes, factors)
    assert gap_between_factors(np.ones_like(codes), factors) == (0.0, 0)


def test_one_factor_has_no_second():
    codes, factors = sample("permuted")
    with pytest.raises(Unavailable, match="at least 2 of them, got 1"):
        of_codes(codes, factors[:, :1], 0)


def test_the_face_tells_its_protocol(pixels, codes_method):
    result = mig_sup(codes_method(lambda x: 3.0 * x[:, :5]), pixels, 0, num_samples=2000)
    assert result.values == {"mig_sup": pytest.approx(1.0, abs=0.03), "mig_sup_active_dims": 3.0}
    assert result.protocol == {"num_samples": 2000, "bins": 20, "threshold": 0.01}
