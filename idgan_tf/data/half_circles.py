"""The toy set of the label-relevant / irrelevant VAE (appendix B.1): three half circles, one per class."""

import functools

import gin
import numpy as np
import tensorflow as tf

from idgan_tf.data.base import Dataset
from idgan_tf.errors import require_number

SHIFTS = (0.0, 2.2, -2.2)  # of classes 0, 1, 2 along x
DEVIATION = 0.15
EXTENT = 8.0  # points within +-4 become images within [0, 1]


@gin.register
class HalfCircles(Dataset):
    """Points as images of one pixel with two channels, (x, y) / 8 + 1/2; `points` turns them back.

    Args:
        per_class: points of each class; 600,000 in ZhilZheng/Lr-LiVAE.
        seed: of the noise.
    """

    name = "toy"
    image_shape = (1, 1, 2)
    num_classes = 3
    source = "procedural"
    home, weight, licence, layout = "drawn here", "nothing", "that of this project", "none"
    class_names = ("middle", "right", "left")

    def __init__(self, per_class, seed=0):
        require_number("HalfCircles.per_class", per_class, minimum=1, integer=True)
        self.per_class, self.seed = per_class, seed

    @functools.cached_property
    def arrays(self):
        angle = np.linspace(0.0, np.pi, self.per_class)
        arc = np.stack([np.cos(angle), np.sin(angle) - 0.5], axis=-1)
        point = np.concatenate([arc + [shift, 0.0] for shift in SHIFTS])
        point += np.random.default_rng(self.seed).normal(0.0, DEVIATION, point.shape)
        return {
            "point": point.astype(np.float32),
            "label": np.repeat(np.arange(3, dtype=np.int32), self.per_class),
        }

    @property
    def num_examples(self):
        return 3 * self.per_class

    def decode(self, rows, seed):
        del seed  # nothing random
        return {
            "image": rows["point"][:, None, None, :] / EXTENT + 0.5,
            "label": tf.cast(rows["label"], tf.int32),
        }


def points(images):
    """Images [B, 1, 1, 2] -> points [B, 2]."""
    return (np.asarray(images)[:, 0, 0, :] - 0.5) * EXTENT
