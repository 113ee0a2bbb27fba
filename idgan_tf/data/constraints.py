"""Factors that come together in the training, and combinations that it never sees, of any dataset with known factors.

Correlations: Träuble et al., "On Disentangled Representations Learned from Correlated Data", ICML 2021,
arXiv:2006.07886, with factors scaled to [0, 1] and several pairs multiplied as in datasets/utils.py of
facebookresearch/disentangling-correlated-factors (`provide_correlation_sampler`). Combinations left out: Montero et
al., "The Role of Disentanglement in Generalisation", ICLR 2021 (constraints/montero.yaml there).
"""

import functools

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.data.factors import Derived, FactorDataset
from idgan_tf.data.pairs import Pairs
from idgan_tf.errors import ConfigError, require, require_number

PARTS = ("kept", "left_out")


@gin.register
class Constrained(Derived):
    """Another dataset, of which some images are trained on more often than others, or never.

    An example is a row of the other dataset. With correlated factors there are as many examples as rows, drawn once
    by `seed`: a row of probability p is there floor(N p) or ceil(N p) times, those below 1 / N mostly not at all.
    Metrics of factors draw them uniformly from the whole grid; those that compare with real images take examples.
    `held_out` has the left-out images, and metrics of it draw factors from these alone.

    Args:
        dataset: a `FactorDataset`.
        name: of this one, in logs and results.
        correlated: (factor, factor, sigma), ...: with classes f of n, divided by n - 1, p(f1, f2) is proportional to
            exp(-(f1 - f2)^2 / (2 sigma^2)).
        left_out: boxes, each ((factor, first, last), ...): the images whose named factors all have classes from first
            to last are left out.
        part: "kept" for the training, or "left_out" for evaluating a run on what it was trained without.
        seed: of the draw.
    """

    def __init__(self, dataset, name, correlated=(), left_out=(), part="kept", seed=0):
        require(isinstance(dataset, FactorDataset), f"Constrained.dataset must have known factors, got {dataset!r}")
        require(not isinstance(dataset, Pairs), "Constrained of Pairs would show partners that it should leave out")
        super().__init__(dataset, name)
        self.part, self.seed = part, seed
        self.correlated, self.left_out = tuple(correlated), tuple(left_out)
        require(self.correlated or self.left_out, "Constrained needs correlated or left_out")
        require(part in PARTS, f"Constrained.part must be one of {PARTS}, got {part!r}")
        require(part == "kept" or self.left_out, 'Constrained.part = "left_out" needs left_out')
        require_number("Constrained.seed", seed, minimum=0, integer=True)
        for pair in self.correlated:
            self._check_pair(pair)
        for box in self.left_out:
            self._check_box(box)

    def _check_pair(self, pair):
        require(
            isinstance(pair, (tuple, list)) and len(pair) == 3 and pair[0] != pair[1],
            f"Constrained.correlated must hold (factor, another factor, sigma), got {pair!r}",
        )
        self._check_factors(pair[:2])
        require_number("sigma in Constrained.correlated", pair[2], above=0)

    def _check_box(self, box):
        require(
            isinstance(box, (tuple, list)) and box and all(isinstance(s, (tuple, list)) and len(s) == 3 for s in box),
            f"Constrained.left_out must hold boxes such as ((factor, first, last),), got {box!r}",
        )
        self._check_factors([name for name, _, _ in box])
        for name, first, last in box:
            size = self.factor_sizes[self.factor_names.index(name)]
            require(
                isinstance(first, int) and isinstance(last, int) and 0 <= first <= last < size,
                f"Constrained.left_out: {name} has the classes 0 to {size - 1}, got {first!r} to {last!r}",
            )

    def _check_factors(self, names):
        for name in names:
            require(name in self.factor_names, f"{self.dataset.name} has no factor {name!r}, only {self.factor_names}")

    @functools.cached_property
    def rows(self):
        """Rows int64 [N] of the examples in the other dataset, ascending."""
        factors = self.dataset.factors(np.arange(self.dataset.num_examples))
        out = np.zeros(len(factors), bool)
        for box in self.left_out:
            classes = factors[:, [self.factor_names.index(name) for name, _, _ in box]]
            _, first, last = zip(*box, strict=True)
            out |= np.all((np.array(first) <= classes) & (classes <= np.array(last)), axis=1)
        rows = np.flatnonzero(out if self.part == "left_out" else ~out)
        require(len(rows) > 0, f"Constrained.left_out leaves nothing of {self.dataset.name} to train on")
        return rows if self.part == "left_out" or not self.correlated else rows[self._draw(factors[rows])]

    def _draw(self, factors):
        """As many numbers of the rows of `factors` [N, K] as there are, each as often as its probability says.

        Systematic sampling: rows of the same correlated factors lie together, so that these come as often as they
        should to one row, and in random order, so that no class of another factor is favoured.
        """
        scaled = factors / np.maximum(np.array(self.factor_sizes) - 1, 1)
        values = dict(zip(self.factor_names, scaled.T, strict=True))
        log_p = -sum((values[f1] - values[f2]) ** 2 / (2.0 * sigma**2) for f1, f2, sigma in self.correlated)
        rng, count = np.random.default_rng(self.seed), len(factors)
        order = np.lexsort([rng.random(count), *(values[name] for pair in self.correlated for name in pair[:2])])
        total = np.cumsum(np.exp(log_p - np.max(log_p))[order])
        places = (np.arange(count) + rng.random()) / count * total[-1]
        return np.sort(order[np.minimum(np.searchsorted(total, places, side="right"), count - 1)])

    @functools.cached_property
    def held_out(self):
        if self.part == "left_out" or not self.left_out:
            return None
        return Constrained(self.dataset, f"{self.name}_held_out", (), self.left_out, "left_out")

    @property
    def source(self):
        drawn = self.correlated if self.part == "kept" else ()
        parts = [f"{first} and {second} correlated with sigma {sigma:g}" for first, second, sigma in drawn]
        boxes = [" and ".join(f"{name} {first} to {last}" for name, first, last in box) for box in self.left_out]
        if boxes:
            parts.append(f"{'only' if self.part == 'left_out' else 'without'} {', '.join(boxes)}")
        return "; ".join([self.dataset.source, *parts])

    @property
    def num_examples(self):
        return len(self.rows)

    def index_of(self, numbers, seed):
        return self.dataset.index_of(tf.gather(tf.constant(self.rows), numbers), seed)

    def factors(self, indices):
        return self.dataset.factors(self.rows[indices])

    def index(self, factors):
        raise ConfigError("factors do not tell an example here: it may be there twice, or not; use images")

    def sample_factors(self, count, rng):
        if self.part == "left_out":
            return self.factors(rng.integers(0, self.num_examples, count))
        return self.dataset.sample_factors(count, rng)

    @functools.cached_property
    def drawn_classes(self):
        if self.part == "left_out":
            return [np.unique(classes) for classes in self.dataset.factors(self.rows).T]
        return self.dataset.drawn_classes

    @property
    def drawn_freely(self):
        if self.part == "left_out":
            return len(self.rows) == np.prod([len(classes) for classes in self.drawn_classes])
        return self.dataset.drawn_freely
