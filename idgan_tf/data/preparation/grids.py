"""Writing the images of a grid of factors: in the order of their source, each to the row of its factors.

Nothing but a block of the source is in memory. A kill starts the work anew: it is that of copying a file.
"""

import math

import numpy as np

from idgan_tf.data.preparation.target import commit, create, write_all
from idgan_tf.data.preparation.tfds_source import TfdsSource
from idgan_tf.errors import DataError
from idgan_tf.progress import bar


class Grid:
    """One preparation of a `factor_images.FactorImages` in the folder `work`."""

    done = ()  # nothing to go on from

    def __init__(self, dataset, source, work):
        self._dataset, self._source, self._work = dataset, source, work

    def run(self):
        """Returns the manifest.

        Raises:
            DataError: the source is damaged, or does not hold every image of the grid once.
        """
        dataset, source = self._dataset, self._source
        plan = {"rule": dataset.rule, "source": source.fingerprint()}
        count, row_bytes = dataset.num_examples, math.prod(dataset.image_shape)
        blocks = dataset.blocks_tfds(source) if isinstance(source, TfdsSource) else dataset.blocks(source)
        seen = np.zeros(count, bool)
        shape = (count, *dataset.image_shape)
        progress = bar(what=dataset.name, unit="images", total=count)
        with create(self._work / "images.npy", shape) as (descriptor, offset), progress:
            for rows, images in blocks:
                if len(np.unique(rows)) < len(rows) or np.any(seen[rows]):
                    raise DataError(f"{source.path} holds two images of the same factors; it is no {dataset.name}")
                seen[rows] = True
                for run in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1):
                    write_all(descriptor, images[run[0] : run[-1] + 1], offset + int(rows[run[0]]) * row_bytes)
                progress.update(len(rows))
            if not seen.all():
                missing = np.count_nonzero(~seen)
                raise DataError(f"{source.path} lacks {missing:,} of the {count:,} images of {dataset.name}")
        return commit(dataset, self._work, plan, count, ["images.npy"])
