"""Unsupervised disentanglement ranking: of runs that differ in their seed, which agrees most with the others?

Duan et al., "Unsupervised Model Selection for Variational Disentangled Representation Learning", ICLR 2020,
arXiv:1905.12614, with the settings of disentanglement_lib (evaluation/udr/metrics/udr.py). Nothing is known of the
factors: what many runs find alike is taken to be disentangled.
"""

import numpy as np

from idgan_tf.errors import CheckpointError, ConfigError, message, require
from idgan_tf.evaluation.checks import checked_codes, standardised
from idgan_tf.evaluation.metric import Result, Unavailable, metric, require_available

PENALTY = 0.1  # of the Lasso
KL = 0.01  # nats from N(0, I) up to which a dimension is uninformative


def scores(codes, informative=None):
    """The score of each run: the median, over the other runs, of how nearly its code is theirs, permuted.

    Of two runs, with the weights |R| [D, D'] of a Lasso from one standardised code to the other: half of the mean over
    rows, and half of the mean over columns, of max^2 / sum; here and there only of informative dimensions.

    Args:
        codes: a list of M >= 2 codes [N, D] of the same N images.
        informative: for each run the dimensions [D] that count; by default those that lie further than `KL` from
            N(0, I), as far as their means tell: half of their variance.

    Returns:
        [M], 1 for codes that are the same up to order and sign of their dimensions, but for the shrinkage of the Lasso:
        0.9 with its penalty of 0.1.

    Raises:
        Unavailable: there are fewer than two, or of other numbers of images.
    """
    codes = [checked_codes(one) for one in codes]
    require_available(len(codes) >= 2, f"UDR compares runs with one another, two at least, got {len(codes)}")
    counts = [str(len(one)) for one in codes]
    require_available(len(set(counts)) == 1, f"UDR needs codes of the same images, got {', '.join(counts)} of them")
    if informative is None:
        informative = [_told_by_means(one) > KL for one in codes]
    seen = [standardised(one, one)[0] * mask for one, mask in zip(codes, informative, strict=True)]
    pairs = np.zeros([len(codes), len(codes)])
    for i, j in np.ndindex(*pairs.shape):
        if i != j:
            weights = lasso(seen[i], seen[j])[np.ix_(informative[i], informative[j])]
            pairs[i, j] = one_to_one(weights)
    return np.array([np.median(np.delete(pairs[:, j], j)) for j in range(len(codes))])


def lasso(codes, others):
    """|weights| [D, D'] with which a Lasso makes `others` [N, D'] of `codes` [N, D], each standardised."""
    from sklearn.linear_model import Lasso

    return np.abs(np.transpose(np.atleast_2d(Lasso(alpha=PENALTY).fit(codes, others).coef_)))


def one_to_one(weights):
    """Half of the mean over rows and half of that over columns of max^2 / sum; 0 for those without weight."""
    if not weights.size:
        return 0.0
    means = []
    for axis in (0, 1):
        total, best = np.sum(weights, axis=axis), np.max(weights, axis=axis)
        means.append(np.mean(np.where(total > 0, best**2 / np.where(total > 0, total, 1.0), 0.0)))
    return float(np.mean(means))


def of_runs(codes, seed):
    """The values of each of several runs' codes."""
    del seed  # nothing random
    return [{"udr": score} for score in scores(codes)]


@metric(better="higher", cost="seconds", of_runs=of_runs)
def udr(method, dataset, seed, others=(), num_samples=1_000, steps="equal"):
    """Agreement of the code with those of other runs, without labels.

    Args:
        method: has `encode`.
        dataset: any images.
        seed: of the images.
        others: the run directories that this run is compared with: of the same configuration, with other seeds.
        num_samples: images.
        steps: "equal" refuses others that are at another step than this run; "any" compares all as they are, and the
            protocol says at which steps they stand.
    """
    from idgan_tf.evaluation.samples import generation

    require_available(others, "udr compares runs: udr.others names the run directories of other seeds")
    require(steps in ("equal", "any"), f'udr.steps is "equal" or "any", got {steps!r}')
    compared = [method, *map(_run, others)]
    at = [int(one.step) for one in compared]
    for folder, step in zip(others, at[1:], strict=True):
        require_available(
            steps == "any" or step == at[0],
            f'udr.others: {folder} is at step {step}, this run at {at[0]}; udr.steps = "any" compares them as they are',
        )
    images = [batch["image"] for batch in generation.real(dataset, num_samples, seed)]
    found = [_encoded(one, images) for one in compared]
    means, divergences = zip(*found, strict=True)
    score = scores(means, [kl > KL for kl in divergences])[0]
    told = {"steps": f"{at[0]} against {', '.join(map(str, at[1:]))}"} if steps == "any" else {}
    return Result({"udr": score}, {"num_samples": num_samples, "others": len(others), **told})


def _run(folder):
    """The method of another run.

    Raises:
        Unavailable: it is not there yet.
    """
    from idgan_tf import runs
    from idgan_tf.config import allowed_imports

    try:
        return runs.load(folder, allowed_imports())
    except (ConfigError, CheckpointError) as error:
        raise Unavailable(f"udr.others: {message(error)}") from error


def _encoded(method, images):
    """(mean code [N, D], how much each dimension tells [D], in nats) of batches of images.

    That is its KL; of a point, which has none, as much as of a given code.
    """
    from idgan_tf.methods.faces import can

    require_available(can(method, "encode"), f"{type(method).__name__} has no encoder")
    mean = np.concatenate([method.encode(image)[0] for image in images])
    kl = np.average([method.kl_per_dimension(image) for image in images], axis=0, weights=[len(x) for x in images])
    return mean, np.where(kl == 0.0, _told_by_means(mean), kl)


def _told_by_means(codes):
    """[D], in nats: half of the variance."""
    return 0.5 * np.var(codes, axis=0)
