import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from idgan_tf.data.constraints import Constrained
from idgan_tf.data.factors import FactorDataset
from idgan_tf.errors import ConfigError, NonFiniteError
from idgan_tf.evaluation.codes.fvm import (
    FEWEST_ROWS,
    _variance,
    accuracy,
    chance,
    draw,
    factor_vae_metric,
    factor_vae_metric_of_codes,
    fvm,
    of_codes,
    votes_as_text,
)
from idgan_tf.evaluation.codes.mig import mig
from idgan_tf.evaluation.metric import Unavailable
from idgan_tf.evaluation.samples import representation


def first_pixels(count):
    return lambda image: 3.0 * tf.reshape(image, [-1, 16])[:, :count]


class TinyColours(FactorDataset):
    """Two positions in one of 16 colours, which, as in `ColorDSprites`, no row number tells."""

    name, image_shape = "tiny_colours", (4, 4, 1)
    factor_names, factor_sizes, num_examples = ("position", "color"), (2, 16), 2

    def images(self, factors, seed=(0, 0)):
        return tf.reshape(tf.pad(tf.cast(factors, tf.float32), [[0, 0], [0, 14]]), [-1, 4, 4, 1])


def score(represent, dataset, **kwargs):
    return factor_vae_metric(represent, dataset, **{"seed": 0, "num_votes": 200, "batch_size": 20, **kwargs})


def noise(image):
    return np.random.default_rng(int(1e6 * np.sum(image))).normal(size=(len(image), 6))


def test_a_code_of_the_factors_scores_one(pixels):
    assert score(first_pixels(3), pixels) == 1.0


def test_noise_scores_chance(pixels):
    assert score(noise, pixels, num_votes=2000) == pytest.approx(1 / 3, abs=0.06)


def mixed(image):
    """(a + b, a - b, c): the first two dimensions cannot tell a from b."""
    a, b, c = np.transpose(first_pixels(3)(image))
    return np.stack([a + b, a - b, c], axis=1)


def test_a_mixed_code_scores_between(pixels):
    assert score(mixed, pixels, num_votes=1000) == pytest.approx(2 / 3, abs=0.06)


def linear(image):
    return first_pixels(3)(image) @ np.random.default_rng(2).normal(size=(3, 4)).astype(np.float32)[:, :2]


# disentanglement_lib 1.5, compute_factor_vae with metric_configs/factor_vae_metric.gin on the same codes, mean of the
# evaluation accuracies of two to three seeds
@pytest.mark.parametrize(
    ("represent", "theirs"),
    [(first_pixels(3), 1.0), (linear, 0.635), (mixed, 0.6696)],
    ids=["planted", "linear", "mixed"],
)
def test_it_agrees_with_disentanglement_lib(represent, theirs, pixels, codes_method):
    method = codes_method(lambda x: tf.numpy_function(lambda y: np.float32(represent(y)), [x], tf.float32))
    preset = {"num_votes": 10_000, "batch_size": 64, "num_evaluation_votes": 5000, "threshold": 0.0025}
    assert fvm(method, pixels, 0, **preset).values["fvm_eval"] == pytest.approx(theirs, abs=0.02)


def test_a_collapsed_code_scores_zero_and_warns(pixels, caplog):
    assert score(lambda image: np.full((len(image), 4), 0.1), pixels) == 0.0
    assert "the code has collapsed" in caplog.text


def test_a_collapsed_dimension_does_not_vote(pixels):
    def represent(image):  # its variance is far below the threshold, and always the least
        return tf.concat([first_pixels(3)(image), tf.fill([len(image), 1], 0.5)], axis=1)

    assert score(represent, pixels) == 1.0


def test_scale_sign_and_order_of_dimensions_do_not_matter(pixels):
    table = np.random.default_rng(3).normal(size=(60, 5))  # an arbitrary code for each image

    @settings(max_examples=10, deadline=None)
    @given(st.permutations(range(5)), st.lists(st.sampled_from([-4.0, -1.0, 1.0, 4.0]), min_size=5, max_size=5))
    def check(order, scales):
        representations = [table, table[:, order] * np.array(scales)]

        def coder(codes):
            def represent(image):
                pixels = np.rint(np.reshape(image, [-1, 16])[:, :3] * [2, 3, 4]).astype(int)
                return codes[np.ravel_multi_index(pixels.T, (3, 4, 5))]

            return represent

        first, second = (score(coder(codes), pixels, num_votes=50) for codes in representations)
        assert first == second

    check()


def test_the_images_of_a_vote_share_exactly_the_fixed_factor(pixels):
    factors, fixed = draw(pixels, np.random.default_rng(0), 50, 30, np.arange(3))
    values = np.array([[len(np.unique(vote[:, k])) for k in range(3)] for vote in factors])
    np.testing.assert_array_equal(np.argmin(values, axis=1), fixed)
    assert np.all(values[np.arange(50), fixed] == 1) and np.sum(values == 1) == 50


def test_votes_count_for_the_majority_alone():
    votes = {(0, 0): 6, (0, 1): 2, (1, 1): 2}
    assert accuracy(votes) == 0.8
    assert accuracy(votes, {(0, 1): 1, (1, 1): 3, (2, 0): 4}) == 3 / 8


def test_the_protocol_says_which_dimension_voted_for_which_factor(pixels, codes_method):
    text = fvm(codes_method(lambda x: x[:, 2::-1]), pixels, 0, num_votes=200, batch_size=20).protocol["votes"]
    rows = dict(row.split(": ") for row in text.split("; "))
    counts = {dimension: row.split() for dimension, row in rows.items()}  # the code is the factors, backwards
    assert [(dimension, name) for dimension, (name, _) in counts.items()] == [("0", "c"), ("1", "b"), ("2", "a")]
    assert sum(int(count) for _, count in counts.values()) == 200


def test_votes_as_text_leave_out_what_nobody_voted_for():
    votes = {(3, 1): 2, (0, 2): 4, (3, 0): 7}
    assert votes_as_text(votes, ("shape", "x", "y")) == "0: y 4; 3: shape 7 x 2" and votes_as_text({}, ()) == ""


def test_a_table_of_codes_scores_like_the_images_themselves(pixels):
    rng = np.random.default_rng(0)
    factors = pixels.sample_factors(3000, rng)
    assert factor_vae_metric_of_codes(factors / 1.0, factors, seed=0, num_votes=200) == 1.0
    chance = factor_vae_metric_of_codes(rng.normal(size=(3000, 6)), factors, seed=0, num_votes=2000, batch_size=20)
    assert chance == pytest.approx(1 / 3, abs=0.06)


def test_a_table_in_which_nothing_can_be_held_still_is_an_error_and_a_lonely_value_is_passed_over(pixels):
    factors = pixels.sample_factors(1000, np.random.default_rng(0))
    with pytest.raises(Unavailable, match="factor 1 has another value in each of the 1000 rows: is it continuous"):
        continuous = np.column_stack([factors[:, 0], np.arange(1000)])
        factor_vae_metric_of_codes(continuous / 1.0, continuous, seed=0)
    factors[0] = 9  # alone with it, this row has variance 0 in every dimension
    assert factor_vae_metric_of_codes(factors / 1.0, factors, seed=0, num_votes=2000, batch_size=20) == 1.0


def test_a_table_too_small_to_vote_is_refused_and_noise_scores_near_chance_from_there_on(pixels):
    rng = np.random.default_rng(0)
    with pytest.raises(Unavailable, match="the votes of 8 rows say nothing: even noise scores high; give 1,000"):
        factor_vae_metric_of_codes(rng.normal(size=(8, 6)), pixels.sample_factors(8, rng), seed=0)
    factors = pixels.sample_factors(FEWEST_ROWS, rng)
    chance = factor_vae_metric_of_codes(rng.normal(size=(FEWEST_ROWS, 6)), factors, seed=0, num_votes=2000)
    assert chance == pytest.approx(1 / 3, abs=0.1)
    with pytest.raises(Unavailable, match="the votes tell factors apart, and there is 1"):
        factor_vae_metric_of_codes(factors / 1.0, factors[:, :1], seed=0)


@pytest.mark.parametrize("num_votes", [20, 60, 2000])
def test_what_noise_scores_with_so_many_votes_is_told_beside_the_score(num_votes, pixels):
    rng, scores = np.random.default_rng(0), []
    factors = pixels.sample_factors(FEWEST_ROWS, rng)
    for seed in range(8):
        found = of_codes(rng.normal(size=(FEWEST_ROWS, 10)), factors, seed, num_votes)
        scores.append([found["fvm"], found["fvm_chance"]])
    noise_scores, chance = np.mean(scores, axis=0)
    assert noise_scores == pytest.approx(chance, abs=0.06)
    perfect = of_codes(factors / 1.0, factors, 0, num_votes, threshold=0.0)
    assert perfect["fvm"] == 1.0 and perfect["fvm_chance"] < 0.62
    assert (chance > 0.6) == (num_votes == 20)


def test_votes_that_nobody_cast_have_no_chance():
    assert chance({}) == 0.0


def test_nan_codes_are_an_error(pixels):
    with pytest.raises(NonFiniteError, match="codes hold .* non-finite"):
        score(lambda image: np.full((len(image), 2), np.nan), pixels)


def test_wrong_shapes_and_counts_are_errors(pixels):
    with pytest.raises(ConfigError, match=r"codes must be \[N, D\]"):
        score(lambda image: np.zeros(len(image)), pixels)
    with pytest.raises(ConfigError, match="num_votes must be >= 20"):
        score(first_pixels(3), pixels, num_votes=1)
    with pytest.raises(ConfigError, match="threshold must be finite, got nan"):
        score(first_pixels(3), pixels, threshold=float("nan"))


def test_the_face_agrees_with_the_core_and_tells_its_protocol(pixels, codes_method):
    method = codes_method(lambda x: 3.0 * x[:, :3] + 2.0 * tf.roll(x[:, :3], 1, 1))
    protocol = {"num_votes": 150, "batch_size": 20, "threshold": 0.05}
    result = fvm(method, pixels, 4, num_variance_samples=None, num_evaluation_votes=100, **protocol)
    core = factor_vae_metric(lambda image: method.encode(image)[0], pixels, 4, num_variance_samples=None, **protocol)
    assert result.values["fvm"] == core and result.values["fvm_active_dims"] == 3
    assert abs(result.values["fvm_eval"] - core) < 0.15
    assert result.protocol.pop("votes").count(":") <= 3
    assert result.protocol == {**protocol, "num_variance_samples": 60, "num_evaluation_votes": 100}


def test_the_variance_of_all_images_is_of_the_whole_grid_where_examples_are_correlated_too(pixels, codes_method):
    factors = pixels.factors(np.arange(60))
    correlated = Constrained(pixels, "correlated", correlated=(("b", "c", 0.1),))
    assert not np.array_equal(np.sort(correlated.factors(np.arange(60)), axis=0), np.sort(factors, axis=0))
    for count in (60, None):
        found = _variance(lambda factors: factors.astype(np.float32), correlated, None, count)
        np.testing.assert_allclose(found, np.var(factors, axis=0, ddof=1), rtol=1e-6)


def test_fvm_and_mig_encode_every_image_once(pixels, codes_method, monkeypatch):
    encoded = []
    take = pixels.take
    monkeypatch.setattr(pixels, "take", lambda rows, seed: encoded.extend(np.unique(rows)) or take(rows, seed))
    method = codes_method(lambda x: x[:, :5])
    fvm(method, pixels, 0, num_votes=20)
    mig(method, pixels, 1, num_samples=500)
    assert sorted(encoded) == list(range(60))


def test_a_colour_that_is_a_factor_is_held_still_too(codes_method):
    dataset = TinyColours()
    method = codes_method(lambda x: x[:, :2])
    assert fvm(method, dataset, 0, num_votes=200, batch_size=20).values["fvm"] == 1.0
    assert mig(method, dataset, 0, num_samples=2000).values["mig"] == pytest.approx(1.0, abs=0.02)
    dataset.num_examples = 500  # of a whole dataset that cannot be listed, as many images
    whole = fvm(method, dataset, 0, num_votes=200, batch_size=20, num_variance_samples=None)
    assert (whole.values["fvm"], whole.protocol["num_variance_samples"]) == (1.0, 500)


def test_a_method_that_was_trained_further_is_encoded_again(pixels, codes_method):
    method = codes_method(lambda x: x[:, :3])
    assert representation.of(method, pixels) is representation.of(method, pixels)
    before = representation.of(method, pixels)
    method.step.assign_add(1)
    assert representation.of(method, pixels) is not before


def test_a_gan_without_an_encoder_cannot_have_it(pixels):
    class Gan:
        pass

    with pytest.raises(Unavailable, match="Gan has no encoder"):
        fvm(Gan(), pixels, 0)


@pytest.mark.parametrize("count", [1, 2.5, "all"])
def test_variances_are_of_two_images_or_more(count, pixels):
    with pytest.raises(ConfigError, match="num_variance_samples must be"):
        score(first_pixels(3), pixels, num_variance_samples=count)
