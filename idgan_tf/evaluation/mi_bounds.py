"""The bounds of the information in a bottleneck: I^L <= I(z; G(z)) <= I^U, in nats.

Jeon et al., "IB-GAN: Disentangled Representation Learning with Information Bottleneck GAN", AAAI 2021, Eq. 7 (with
q = N(Q(x), I), as in the released code) and Eq. 10; 10,000 samples as there.
"""

import numpy as np
import tensorflow as tf

from idgan_tf import noise
from idgan_tf.errors import require_number
from idgan_tf.evaluation.checks import finite
from idgan_tf.evaluation.metric import Result, metric, require_available
from idgan_tf.methods.faces import can
from idgan_tf.progress import bar

BATCH = 256


@metric(better="higher", cost="seconds")
def mi_bounds(method, dataset, seed, num_samples=10_000):
    """I^L, and of a method with a bottleneck I^U and the KL of every dimension, which is in the protocol.

    In inference mode, where a training logs its means over batches in training mode.

    Args:
        method: has `information_bounds(count, seed) -> (I^L [N], KL of every dimension [N, D])`.
        dataset: not read; the images are generated.
        seed: of codes and noise.
        num_samples: images.
    """
    del dataset
    name = type(method).__name__
    require_available(can(method, "information_bounds"), f"{name} does not bound the information in its code")
    require_number("mi_bounds.num_samples", num_samples, minimum=1, integer=True)
    bounds, lower, kl = tf.function(lambda seed: method.information_bounds(BATCH, seed)), [], []
    for batch in bar(range(-(-num_samples // BATCH)), "generating", "batches"):
        some_lower, some_kl = bounds(noise.fold(tf.constant([seed, 0]), batch))
        lower.append(some_lower)
        kl.append(some_kl)
    lower, kl = (np.concatenate(parts)[:num_samples].astype(np.float64) for parts in (lower, kl))
    finite(lower, "bounds of the information")
    values = {"mi_bounds_lower": float(np.mean(lower))}
    protocol: dict[str, int | str] = {"num_samples": num_samples}
    if kl.shape[1]:
        per_dimension = np.mean(kl, axis=0)
        values["mi_bounds_upper"] = float(np.sum(per_dimension))
        protocol["kl_per_dimension"] = " ".join(f"{value:.3f}" for value in per_dimension)
    return Result(values, protocol)
