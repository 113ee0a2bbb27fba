"""Does a drawing show what its code knows? The share of drawings in which a classifier finds the factors of x.

x is a real image, its code c ~ q(c|x), and the drawing G(s, c) or the decoder's. No paper has this; it is what
people look for in pictures of dSprites. A code that does not know the shape cannot have it drawn, so the decoder's
share on the same codes stands beside the generator's, and that of real images says what the classifier can do.
"""

import numpy as np

from idgan_tf.data.dsprites import FACTOR_NAMES, TURNS
from idgan_tf.errors import require
from idgan_tf.evaluation.metric import Result, metric

STEPS = 39  # of 2 pi / 39 in a turn: orientations 0 and 39 are one angle


def kept(names, factors, found):
    """Which factors a drawing shows: bool [N, K].

    A factor is kept when its class is found again, a position also within one place, and an orientation of a sprite
    within one step of 2 pi / 39, after as many quarter or half turns as the shape does not show.

    Args:
        names: of the K factors.
        factors: classes int [N, K] of the image that was encoded.
        found: classes int [N, K] in the drawing.

    Raises:
        ConfigError: the shapes differ.
    """
    require(
        np.shape(found) == np.shape(factors) and np.shape(factors)[1:] == (len(names),),
        f"factors and those found must be [N, {len(names)}], got {np.shape(factors)} and {np.shape(found)}",
    )
    off = np.abs(np.asarray(found) - factors)
    allowed = np.array([1 if name.startswith("position_") else 0 for name in names])
    same = off <= allowed
    if tuple(names[:3]) == FACTOR_NAMES[:3]:
        k, shape = names.index("orientation"), factors[:, names.index("shape")]
        period = STEPS / np.array(TURNS)[shape]
        same[:, k] = np.abs(off[:, k] - period * np.round(off[:, k] / period)) <= 1.0
    return same


@metric(
    better="higher", cost="seconds", network="factor_classifier", values={r"\w+_fidelity(_decoder|_real)?": "higher"}
)
def factor_fidelity(method, dataset, seed, network=None, num_samples=2_000):
    """Share of drawings of c ~ q(c|x) that show the factors of x; the mean over factors, and each.

    `<factor>_fidelity` is of the generator, or of the decoder where there is no generator; with both,
    `<factor>_fidelity_decoder` is the decoder's on the same codes. `<factor>_fidelity_real` is of the images x
    themselves: what the classifier can read at best.

    Args:
        method: has `encode`, and `generate(s, c)` or `decode(c)`.
        dataset: a `FactorDataset`.
        seed: of x, c and s.
        network: as in `fid_dsprites`.
        num_samples: images x; 2,000 know a share to 0.011.
    """
    from idgan_tf.evaluation.feature_networks import factor_features
    from idgan_tf.evaluation.samples import generation

    classifier = factor_features.FactorFeatures(network, dataset)
    same = {}  # {suffix of a name: [bool [B, K] of every batch]}
    for factors, drawings, real in generation.redrawn(method, dataset, num_samples, seed):
        for suffix, image in {**drawings, "_real": real}.items():
            found = classifier.classes(image)[:, : factors.shape[1]]  # the network may know more, such as the colour
            same.setdefault(suffix, []).append(kept(dataset.factor_names, factors, found))
    values = {}
    for suffix, parts in same.items():
        shares = np.mean(np.concatenate(parts), axis=0)
        values[f"factor_fidelity{suffix}"] = float(np.mean(shares))
        for name, share in zip(dataset.factor_names, shares, strict=True):
            values[f"{name}_fidelity{suffix}"] = float(share)
    return Result(values, {"num_samples": num_samples, "codes": "c ~ q(c|x)", **classifier.protocol})
