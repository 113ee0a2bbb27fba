"""DCI with random forests in place of boosted trees: what papers since 2023 report, and faster.

The scores are those of `dci`; the settings those of kylehkhsu/tripod (disentangle/metrics/dci.py): 100 random trees
of depth 10 that split by entropy, fitted on nine tenths of the codes and scored on the rest. Values of `dci` and
`dci_forest` do not compare.
"""

import numpy as np

from idgan_tf.errors import require_number
from idgan_tf.evaluation.checks import checked_pair
from idgan_tf.evaluation.codes.dci import completeness, disentanglement
from idgan_tf.evaluation.metric import Result, metric, require_available
from idgan_tf.progress import bar

TREES, DEPTH = 100, 10


def importances(codes, factors, seed=0, trees=TREES, depth=DEPTH):
    """(importance [D, K], accuracy [K] on the tenth of the codes that is not fitted to).

    Args:
        codes: [N, D].
        factors: classes [N, K].
        seed: of the split and of the trees.
        trees, depth: how many, and how deep.
    """
    from sklearn.ensemble import RandomForestClassifier

    require_number("trees", trees, minimum=1, integer=True)
    require_number("depth", depth, minimum=1, integer=True)
    codes, factors = checked_pair(codes, factors)
    require_available(len(codes) >= 20, f"a tenth of {len(codes)} rows is too few to score on; give 20 or more")
    order = np.random.default_rng(seed).permutation(len(codes))
    test, train = np.split(order, [-(-len(codes) // 10)])
    importance, accuracy = [], []
    for v in bar(factors.T, "DCI", "factors"):
        model = RandomForestClassifier(trees, criterion="entropy", max_depth=depth, random_state=seed)
        model.fit(codes[train], v[train])
        importance.append(model.feature_importances_)
        accuracy.append(np.mean(model.predict(codes[test]) == v[test]))
    return np.transpose(importance), np.array(accuracy)


def of_codes(codes, factors, seed, trees=TREES, depth=DEPTH):
    """The values of a table of codes.

    Raises:
        Unavailable: there is one factor, or one dimension.
    """
    sizes = np.shape(codes)[-1], np.shape(factors)[-1]
    require_available(min(sizes) >= 2, "DCI needs 2 code dimensions and 2 factors, got {} and {}".format(*sizes))
    importance, accuracy = importances(codes, factors, seed, trees, depth)
    return {
        "dci_forest_disentanglement": disentanglement(importance),
        "dci_forest_completeness": completeness(importance),
        "dci_forest_informativeness": float(np.mean(accuracy)),
    }


@metric(better="higher", cost="minutes", of_codes=of_codes)
def dci_forest(method, dataset, seed, num_samples=10_000, trees=TREES, depth=DEPTH):
    """DCI of the mean code by random forests.

    Args:
        method: has `encode`.
        dataset: a `FactorDataset`.
        seed: of the sample and of the fits.
        num_samples: images, a tenth of which is scored on.
        trees, depth: as in `importances`.
    """
    from idgan_tf.evaluation.samples import representation

    codes, factors = representation.sample(method, dataset, seed, num_samples, fewest=2)
    protocol = {"num_samples": num_samples, "trees": trees, "depth": depth, **representation.of_factors(dataset)}
    return Result(of_codes(codes, factors, seed, trees, depth), protocol)
