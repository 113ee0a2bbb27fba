"""How far generated toy points reach along the label-irrelevant axis.

Zheng & Sun, "Disentangling Latent Space for VAE by Label Relevant/Irrelevant Dimensions", CVPR 2019, section 4.1:
x is label relevant and y is not; Figure 2 shows that cVAE-GAN keeps y within a limited range.
"""

import numpy as np

from idgan_tf.data.half_circles import HalfCircles, points
from idgan_tf.evaluation.metric import Result, metric, require_available
from idgan_tf.evaluation.samples import generation
from idgan_tf.methods.faces import can


def coverage(real, generated, bins=20):
    """Overlap of the histograms of real and generated values: 1 where these cover those, 0 where they never meet.

    Args:
        real, generated: [N] and [M].
        bins: between quantiles of the real values, an equal share of which is in each.
    """
    edges = np.quantile(real, np.linspace(0.0, 1.0, bins + 1))
    shares = np.histogram(generated, edges)[0] / len(generated)
    return float(np.sum(np.minimum(shares, 1.0 / bins)))


@metric(better="higher", cost="seconds", values={"toy_coverage": "higher", "toy_distance": "lower"})
def toy_spread(method, dataset, seed, points_per_class=10_000):
    """Of toy points along y, each class: standard deviation over the real one, coverage, Wasserstein distance.

    Args:
        method: generates by class.
        dataset: `HalfCircles`.
        seed: of both samples.
        points_per_class: real and generated points of each class.
    """
    from scipy.stats import wasserstein_distance

    require_available(isinstance(dataset, HalfCircles), f"{dataset.name} has no axis y")
    require_available(can(method, "sample"), f"{type(method).__name__} does not generate by class")
    labels, rng = np.asarray(dataset.arrays["label"]), np.random.default_rng(seed)
    values = {"toy_coverage": 0.0, "toy_distance": 0.0}
    made = generation.of_classes(method, dataset, range(3), points_per_class, seed)
    for label, images in enumerate(made):
        rows = rng.choice(np.flatnonzero(labels == label), points_per_class)
        real, fake = points(dataset.take(rows)["image"])[:, 1], points(images)[:, 1]
        values[f"toy_spread_{dataset.class_names[label]}"] = float(np.std(fake) / np.std(real))
        values["toy_coverage"] += coverage(real, fake) / 3
        values["toy_distance"] += float(wasserstein_distance(real, fake)) / 3
    return Result(values, {"points_per_class": points_per_class, "axis": "y"})
