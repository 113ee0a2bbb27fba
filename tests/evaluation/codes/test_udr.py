import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import Lasso
from sklearn.preprocessing import StandardScaler

from idgan_tf import runs
from idgan_tf.config import Configuration
from idgan_tf.errors import ConfigError
from idgan_tf.evaluation.codes import udr
from idgan_tf.evaluation.metric import Unavailable


def sources(count=1000, dims=4, seed=0):
    """Codes [N, D] that are uncorrelated, of unit variance."""
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(count, dims)))[0] * np.sqrt(count)


def by_the_formula(codes):
    """Pair by pair, of codes whose dimensions all count."""
    codes = [StandardScaler().fit_transform(one) for one in codes]
    scores = []
    for j, theirs in enumerate(codes):
        found = []
        for i, ours in enumerate(codes):
            if i != j:
                weights = np.array([np.abs(Lasso(alpha=0.1).fit(ours, z).coef_) for z in theirs.T])
                rows, columns = (
                    np.mean([max(line) ** 2 / sum(line) if sum(line) else 0.0 for line in lines])
                    for lines in (weights, weights.T)
                )
                found.append((rows + columns) / 2)
        scores.append(np.median(found))
    return scores


def test_it_is_the_formula():
    rng = np.random.default_rng(1)
    codes = [sources() @ (np.eye(4) + spread * rng.normal(size=(4, 4))) for spread in (0.1, 0.3, 1.0, 3.0)]
    np.testing.assert_allclose(udr.scores(codes), by_the_formula(codes), atol=1e-6)


def test_the_same_code_in_another_order_and_sign_scores_one_but_for_the_shrinkage():
    z = sources() - sources().mean(axis=0)
    np.testing.assert_allclose(udr.scores([z, -z[:, [3, 1, 0, 2]]]), [0.9, 0.9], atol=0.01)


def test_independent_codes_score_nothing_and_a_rotated_one_less_than_those_that_agree():
    assert max(udr.scores([sources(seed=0), sources(seed=1)])) < 0.05
    z = sources()
    rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    scores = udr.scores([z, z[:, ::-1], -z, z @ rotation])
    assert np.argmin(scores) == 3 and scores[3] < 0.7 < min(scores[:3])


def test_dimensions_near_the_prior_do_not_count():
    z = sources()
    quiet = np.concatenate([z, 0.01 * sources(seed=3)], axis=1)
    np.testing.assert_allclose(udr.scores([quiet, quiet]), udr.scores([z, z]))
    assert list(udr.scores([0.01 * z, z])) == [0.0, 0.0]
    for variance, counts in ((0.019, False), (0.021, True)):  # half of it is the divergence, and 0.01 nats the border
        assert (min(udr.scores([np.sqrt(variance) * z, z])) > 0.5) == counts


def test_one_run_or_other_images_are_refused():
    with pytest.raises(ConfigError, match="two at least, got 1"):
        udr.scores([sources()])
    with pytest.raises(ConfigError, match="the same images, got 1000, 900"):
        udr.scores([sources(), sources()[:900]])


def test_the_face_compares_a_run_with_others(pixels, codes_method, monkeypatch):
    method = codes_method(lambda x: 3.0 * x[:, :3])
    others = {"a": codes_method(lambda x: -3.0 * x[:, 2::-1]), "b": codes_method(lambda x: 0.0 * x[:, :3])}
    monkeypatch.setattr(runs, "load", others.get)
    result = udr.udr(method, pixels, 0, others=("a",), num_samples=60)
    assert result.values["udr"] == pytest.approx(0.9, abs=0.01) and result.protocol == {"num_samples": 60, "others": 1}
    assert udr.udr(method, pixels, 0, others=("b",), num_samples=60).values["udr"] == 0.0
    with pytest.raises(Unavailable, match="udr.others names the run directories"):
        udr.udr(method, pixels, 0)
    allowed = []
    monkeypatch.setattr(runs, "load", lambda folder, allow_imports: allowed.append(allow_imports) or others[folder])
    with Configuration([], [], ["tests"]).in_force():
        udr.udr(method, pixels, 0, others=("a",), num_samples=60)
    assert allowed == [("tests",)], "what this run may import, the others may"
    others["b"].step.assign(7)
    with pytest.raises(Unavailable, match="b is at step 7, this run at 0"):
        udr.udr(method, pixels, 0, others=("a", "b"))
    assert udr.udr(method, pixels, 0, ("a", "b"), 60, "any").protocol["steps"] == "0 against 0, 7"
    with pytest.raises(ConfigError, match="udr.steps is"):
        udr.udr(method, pixels, 0, ("a",), 60, "all")
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="udr.others: nowhere is no run directory"):
        udr.udr(method, pixels, 0, others=("nowhere",))


def test_levels_that_no_image_takes_do_not_count_and_points_count_by_what_their_values_tell(pixels, codes_method):
    """A level has no variance in it, and zs of the label-relevant VAE is a point: its logvar is a number, no width."""
    images = [pixels.take(np.arange(60))["image"]]
    quantised = codes_method(lambda x: tf.concat([2.0 * tf.round(x[:, 1:2]) - 1.0, 0.0 * x[:, :1] + 1.0], axis=1))
    quantised.levels = 2
    assert list(udr._encoded(quantised, images)[1] > udr.KL) == [True, False]
    points = codes_method(lambda x: tf.stack([3.0 * x[:, 0], 0.0 * x[:, 1], 3.0 * x[:, 2]], axis=1))
    gaussian = points.kl_per_dimension(images[0])
    points.kl_per_dimension = lambda image: tf.concat([tf.zeros([2]), gaussian[2:]], axis=0)  # the first two are points
    told = udr._encoded(points, images)[1]
    assert list(told > udr.KL) == [True, False, True] and told[2] == pytest.approx(float(gaussian[2]))
