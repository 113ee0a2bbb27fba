"""FactorVAE metric: does the code dimension that moves least tell which factor was held still?

Kim & Mnih, "Disentangling by Factorising", ICML 2018, arXiv:1802.05983, section 4. The defaults are those of
ID-GAN and IB-GAN (800 votes of 100 images, scored on the votes themselves); gin/eval/disentanglement_lib.gin
has the others.
"""

import collections

import numpy as np
from absl import logging

from idgan_tf.errors import require_number
from idgan_tf.evaluation.checks import checked_codes, checked_pair
from idgan_tf.evaluation.metric import Result, metric, require_available

FEWEST_VOTES = 20  # the majority of one or two is right about itself whatever the code
SHUFFLES = 20  # of the votes, whose mean score is chance
FEWEST_ROWS = 1_000  # of a table: noise scores no more there than in larger ones, and far more below (docs/metrics.md)


def factor_vae_metric(
    represent, dataset, seed, num_votes=800, batch_size=100, num_variance_samples=10_000, threshold=0.05
):
    """Accuracy of the majority vote from the code dimension of least relative variance to the fixed factor.

    Chance is 1 / K, or a little more: the votes that choose the classifier also score it. Dimensions whose
    variance is below `threshold` are collapsed and do not vote; when all are, the score is 0.

    A vote holds one factor still while the others vary. So factors that are constant in a part of a dataset are not
    asked for: no dimension can be right about them. Of a part whose factors depend on one another there is no such
    metric: with one of them held still, another varies less, too.

    Args:
        represent: image [B, H, W, C] -> codes [B, D].
        dataset: a `FactorDataset`, of which two factors vary.
        seed: of the images.
        num_votes, batch_size: votes, and images of each.
        num_variance_samples: images for the variance of every dimension; None, or as many as there are, for the
            whole dataset.
        threshold: variance below which a dimension is collapsed.

    Raises:
        Unavailable: fewer than two factors vary, or they depend on one another.
        NonFiniteError: the codes hold NaN or infinity.
    """
    from idgan_tf.evaluation.samples import representation

    varying = representation.varying(dataset, fewest=2, freely=True)

    def codes_of(factors):
        parts = np.array_split(factors, max(1, len(factors) // batch_size))
        return np.concatenate([np.asarray(represent(dataset.images(part))) for part in parts])

    rng = np.random.default_rng(seed)
    variance = _variance(codes_of, dataset, rng, num_variance_samples)
    votes = _votes(codes_of, variance, threshold, *draw(dataset, rng, num_votes, batch_size, varying))
    return accuracy(votes)


def factor_vae_metric_of_codes(codes, factors, seed, num_votes=800, batch_size=100, threshold=0.05):
    """The same for a table of codes [N, D] and classes [N, K] that holds the images at random.

    The images of a vote are rows that share a factor's value, drawn with replacement; the variances are those
    of the whole table.

    Raises:
        Unavailable: there are fewer than `FEWEST_ROWS` rows or two factors, or a factor has another value in every row,
            so that nothing can be held still.
    """
    return accuracy(_votes_of_codes(codes, factors, seed, num_votes, batch_size, threshold))


def _votes_of_codes(codes, factors, seed, num_votes, batch_size, threshold):
    """`_votes` of a table, as in `factor_vae_metric_of_codes`."""
    codes, factors = checked_pair(codes, factors)
    _check_counts(num_votes, batch_size)
    require_available(
        len(codes) >= FEWEST_ROWS,
        f"the votes of {len(codes)} rows say nothing: even noise scores high; give {FEWEST_ROWS:,} or more",
    )
    require_available(factors.shape[1] >= 2, "the votes tell factors apart, and there is 1")
    rng = np.random.default_rng(seed)
    fixed = rng.integers(0, factors.shape[1], num_votes)
    rows = np.empty([num_votes, batch_size], np.int64)
    shared = [_with_company(v, k) for k, v in enumerate(factors.T)]
    for vote, k in enumerate(fixed):
        alike = np.flatnonzero(factors[:, k] == factors[rng.choice(shared[k]), k])
        rows[vote] = rng.choice(alike, batch_size)
    return _votes(lambda r: codes[r], np.var(codes, axis=0, ddof=1), threshold, rows, fixed)


def of_codes(codes, factors, seed, num_votes=800, batch_size=100, threshold=0.05):
    """The values of a table of codes."""
    votes = _votes_of_codes(codes, factors, seed, num_votes, batch_size, threshold)
    return {"fvm": accuracy(votes), "fvm_chance": chance(votes)}


def _with_company(v, k):
    """The rows whose class another row has too, of the classes [N] of factor k: a row alone does not vary."""
    _, inverse, counts = np.unique(v, return_inverse=True, return_counts=True)
    rows = np.flatnonzero(counts[inverse] > 1)
    require_available(
        len(rows) > 0, f"factor {k} has another value in each of the {len(v)} rows: is it continuous? give classes"
    )
    return rows


def _check_counts(num_votes, batch_size):
    require_number("num_votes", num_votes, minimum=FEWEST_VOTES, integer=True)
    require_number("batch_size", batch_size, minimum=2, integer=True)


def draw(dataset, rng, num_votes, batch_size, varying):
    """Factor classes [V, L, K] of images that share the value of one factor of `varying`, and that factor [V]."""
    _check_counts(num_votes, batch_size)
    fixed = varying[rng.integers(0, len(varying), num_votes)]
    factors = dataset.sample_factors(num_votes * batch_size, rng).reshape(num_votes, batch_size, -1)
    votes = np.arange(num_votes)
    factors[votes, :, fixed] = factors[votes, :1, fixed]
    return factors, fixed


def accuracy(votes, new_votes=None):
    """How often the majority among `votes` is right about `new_votes`, by default about the votes themselves.

    Args:
        votes, new_votes: {(dimension, factor): count}.
    """
    new_votes = votes if new_votes is None else new_votes
    majority = {}
    for (dimension, factor), count in sorted(votes.items()):
        if count > majority.get(dimension, (0, None))[0]:
            majority[dimension] = count, factor
    right = sum(n for (dimension, factor), n in new_votes.items() if majority.get(dimension, (0, None))[1] == factor)
    return right / max(1, sum(new_votes.values()))


def chance(votes):
    """What dimensions that know nothing score: the mean accuracy of these votes with their factors shuffled.

    It is 1 / K for very many votes, and more for few: with 20, a majority is easily right about itself.
    """
    if not votes:
        return 0.0
    dimensions, factors = np.repeat(sorted(votes), [votes[pair] for pair in sorted(votes)], axis=0).T
    rng = np.random.default_rng(0)
    shuffled = [zip(dimensions.tolist(), rng.permutation(factors).tolist(), strict=True) for _ in range(SHUFFLES)]
    return float(np.mean([accuracy(collections.Counter(pairs)) for pairs in shuffled]))


def votes_as_text(votes, names):
    """{(dimension, factor): count} as "2: x 151 y 3; 5: scale 80": the factors that each dimension was quietest for.

    Args:
        votes: from `_votes`.
        names: of the factors.
    """
    rows = {}
    for (dimension, factor), count in sorted(votes.items()):
        rows.setdefault(dimension, []).append(f"{names[factor]} {count}")
    return "; ".join(f"{dimension}: {' '.join(row)}" for dimension, row in rows.items())


def _variance(codes_of, dataset, rng, num_samples):
    """Variance [D] of every code dimension over `num_samples` random images; all of them where that is their number."""
    if num_samples is None:
        num_samples = dataset.num_examples
    require_number("num_variance_samples", num_samples, minimum=2, integer=True)
    if num_samples == dataset.num_examples == np.prod(dataset.factor_sizes):
        grid = np.unravel_index(np.arange(num_samples), dataset.factor_sizes)  # its examples may be correlated
        factors = np.stack(grid, axis=-1)
    else:
        factors = dataset.sample_factors(num_samples, rng)
    return np.var(checked_codes(codes_of(factors)), axis=0, ddof=1)


def _votes(codes_of, variance, threshold, drawn, fixed):
    """{(dimension of least relative variance, fixed factor): count}.

    Args:
        codes_of: a row each, [N, ...], of what is drawn -> codes [N, D].
        variance: [D].
        threshold: variance below which a dimension is collapsed.
        drawn: [V, L, ...], what `codes_of` takes, for votes of L images.
        fixed: factor [V].
    """
    require_number("threshold", threshold)
    active = variance >= threshold
    if not np.any(active):
        logging.warning("every code dimension has a variance below %g: the code has collapsed, FVM is 0", threshold)
        return {}
    count, size = drawn.shape[:2]
    codes = checked_codes(codes_of(drawn.reshape(count * size, *drawn.shape[2:]))).reshape(count, size, -1)
    spread = np.var(codes, axis=1, ddof=1) / np.where(active, variance, 1.0)
    quietest = np.argmin(np.where(active, spread, np.inf), axis=1)
    return collections.Counter(zip(quietest.tolist(), fixed.tolist(), strict=True))


@metric(better="higher", cost="seconds", of_codes=of_codes)
def fvm(
    method,
    dataset,
    seed,
    num_votes=800,
    batch_size=100,
    num_variance_samples=10_000,
    threshold=0.05,
    num_evaluation_votes=0,
):
    """FactorVAE metric of the mean code.

    The papers take the variances from the whole dataset; 10,000 images know them to 1.4 %, in an eighth of
    the time. `fvm.num_variance_samples = None` takes the whole dataset; where the colour is a factor, too, which
    no row of the data fixes, as many random images. `fvm_chance` is what codes that know nothing score with as many
    votes: a score is to be read from there on. Which factors each dimension voted for stands in the protocol as
    `votes`. Of a part of a dataset (`Constrained.part`), see `factor_vae_metric`: its constant factors stand in the
    protocol.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the images.
        num_votes, batch_size, num_variance_samples, threshold: as in `factor_vae_metric`.
        num_evaluation_votes: new votes that score the classifier as `fvm_eval`; 0 for none.
    """
    from idgan_tf.evaluation.samples import representation

    codes_of, rng = representation.of(method, dataset), np.random.default_rng(seed)
    varying = representation.varying(dataset, fewest=2, freely=True)
    variance = _variance(codes_of, dataset, rng, num_variance_samples)
    votes = _votes(codes_of, variance, threshold, *draw(dataset, rng, num_votes, batch_size, varying))
    values = {
        "fvm": accuracy(votes),
        "fvm_chance": chance(votes),
        "fvm_active_dims": float(np.sum(variance >= threshold)),
    }
    if num_evaluation_votes:
        new = _votes(codes_of, variance, threshold, *draw(dataset, rng, num_evaluation_votes, batch_size, varying))
        values["fvm_eval"] = accuracy(votes, new)
    protocol = {
        "num_votes": num_votes,
        "batch_size": batch_size,
        "num_variance_samples": num_variance_samples or dataset.num_examples,
        "threshold": threshold,
        "num_evaluation_votes": num_evaluation_votes,
        "votes": votes_as_text(votes, dataset.factor_names),
        **representation.of_factors(dataset),
    }
    return Result(values, protocol)
