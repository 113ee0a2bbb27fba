"""What a dataset is to the rest of the project: arrays of examples, and a function that decodes rows of them."""

from typing import Any

import numpy as np
import tensorflow as tf

from idgan_tf.errors import ConfigError, counted, require


class Dataset:
    """Examples a method trains on.

    A subclass sets `name`, `image_shape` (H, W, C), and implements `arrays` and `decode`. How rows reach the
    device, in which order, and how the work is split over devices is up to `training.call` and `training.feed`.

    An example has a number, 0 to num_examples - 1; an index, which `decode` is told (`index_of` the number: another one
    where a dataset is a part of another, two where it gives pairs); and a row of `arrays` (`row_of` the index: another
    one where examples share a row).

    Attributes:
        binary: images hold only 0 and 1, so a Bernoulli likelihood is exact.
        num_classes: number of labels, 0 without labels.
        source: where the data come from, in one word, for logs and results.
        held_out: a `Dataset` of images of the same kind that no training sees, or None.
        whole: the `Dataset` that this one is a part of, and itself where it is none.
        home, weight, licence, layout: where to get it, how much it is, on what terms, and which files must lie where:
            what `bin/prepare_data --list` says.
    """

    name = None
    image_shape: Any = None
    binary = False
    num_classes = 0
    source = None
    held_out: Any = None
    home = weight = licence = layout = ""

    @property
    def arrays(self):
        """{name: array [N, ...]}: examples as stored, uint8 or int; memory-mapped where large."""
        raise NotImplementedError

    def row_of(self, index):
        """Which rows of `arrays` hold examples: those of the same number as their index, but where examples share one.

        Args:
            index: as `index_of` gives it, an array or a tensor.
        """
        return index

    def stored(self, rows):
        """{name: array [B, ...]}: these rows of `arrays`, int64 array [B]."""
        return {name: array[rows] for name, array in self.arrays.items()}

    def decode(self, rows, seed):
        """Rows as stored -> batch, inside the graph.

        Args:
            rows: {name: tensor [B, ...]} rows of `arrays`, and "index", int64 [B], as `index_of` gives it.
            seed: int32 [2], for datasets with random parts; give it to `idgan_tf.noise`.

        Returns:
            {"image": float32 [B, H, W, C] in [0, 1], ...} ("label": int32 [B] where there are labels).
        """
        raise NotImplementedError

    def batch(self, rows, seed):
        """What a method is given: `decode`, and what a kind of dataset knows of every row."""
        return self.decode(rows, seed)

    @property
    def num_examples(self):
        return len(next(iter(self.arrays.values())))

    def index_of(self, numbers, seed):
        """Numbers of examples, int64 tensor [B] of 0..num_examples - 1 -> the "index" that `decode` is told of each.

        The same, but of a dataset that is a part of another, or draws some by `seed`, int32 [2], as `decode` may.
        """
        del seed
        return numbers

    def __len__(self):
        return self.num_examples

    def __getitem__(self, number):
        """dataset[7], an example without a batch axis; dataset[2:5] or dataset[[7, 0]], as `take` gives them.

        Negative numbers count from the end.

        Raises:
            IndexError: there is no such example.
        """
        if isinstance(number, slice):
            return self.take(range(*number.indices(len(self))))
        numbers = _integers(number)
        wrong = numbers[(numbers < -len(self)) | (numbers >= len(self))]
        if wrong.size:
            raise IndexError(f"{self.name} has the examples 0 to {len(self) - 1}, got {wrong[0]}")
        batch = self.take(np.atleast_1d(np.where(numbers < 0, numbers + len(self), numbers)))
        return batch if numbers.ndim else {name: values[0] for name, values in batch.items()}

    def take(self, indices, seed=(0, 0)):
        """The examples with the given numbers [B], decoded eagerly (evaluation and pictures).

        Raises:
            ConfigError: they are no list of numbers from 0 to num_examples - 1.
        """
        seed = tf.constant(seed, tf.int32)
        index = np.asarray(self.index_of(tf.constant(self.numbers(indices)), seed))
        rows = {name: tf.constant(row) for name, row in self.stored(self.row_of(index)).items()}
        return self.batch({**rows, "index": tf.constant(index)}, seed)

    @property
    def whole(self):
        return self

    def numbers(self, indices):
        """Numbers of examples [B] as int64, looked at; see `take`."""
        numbers, last = _integers(indices), self.num_examples - 1
        if numbers.ndim != 1:  # no `require`: it has its text made of the numbers in any case, which takes longest
            raise ConfigError(f"take gives a batch and wants a list of numbers, got {indices!r}; dataset[0] is one")
        wrong = numbers[(numbers < 0) | (numbers > last)]
        require(not wrong.size, f"{self.name} has the examples 0 to {last}, got {', '.join(map(str, wrong[:3]))}")
        return numbers

    @property
    def looks(self):
        """Text that differs where the images do, but for small differences of `source`."""
        return self.name

    def describe(self):
        """One line for logs: name, source, size."""
        height, width, channels = self.image_shape
        return f"{self.name} ({self.source}): {counted(self.num_examples, 'image')} of {height}x{width}x{channels}"


def _integers(numbers):
    """int64 array of one number, or of many; no number is also many."""
    found = np.asarray(numbers)
    if found.size and found.dtype.kind not in "iu":
        raise ConfigError(f"examples have whole numbers, got {str(numbers)[:60]}")
    return found.astype(np.int64)
