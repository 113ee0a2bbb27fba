"""The images and the seed that all figures share, so that those of two runs can be laid side by side."""

import numpy as np

EXAMPLES = 64
SEED = 2001


def examples(dataset, count=EXAMPLES):
    """The same `count` images of a dataset every time, [count, H, W, C]."""
    return labelled_examples(dataset, count)["image"]


def labelled_examples(dataset, count=EXAMPLES):
    """The same, with what else the dataset says of them: {"image": [count, H, W, C], "label": [count], ...}."""
    return dataset.take(np.random.default_rng(SEED).integers(dataset.num_examples, size=count))
