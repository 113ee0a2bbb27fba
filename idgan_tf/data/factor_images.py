"""Datasets with known factors that are downloaded: `bin/prepare_data` writes them in the order of their factors.

Published are one large array, or few; a dataset says how its file is read, block by block, and which factors each
image has. `preparation.grids.Grid` does the rest. What stands in `source`, and so in every log and result, is the
name and the checksum of the file.
"""

import hashlib
import pathlib

from idgan_tf.data.base import Dataset
from idgan_tf.data.factors import FactorDataset
from idgan_tf.data.prepared import PreparedDataset


class FactorImages(FactorDataset, PreparedDataset):
    """Images of a whole grid of factors, memory-mapped.

    A subclass sets the attributes of both base classes, and implements `blocks` and, where TFDS has a builder,
    `blocks_tfds`.

    Attributes:
        files: names of published files that are read as they are: --source is the one, or a folder that holds them.
            () where the source is an archive, or a folder of files (`archives`).
    """

    files = ()
    resize = "none"

    def blocks(self, source):
        """Yields the images of a `sources.Source`: (rows int [n], images uint8 [n, H, W, C]), in any order.

        Raises:
            DataError: the source is damaged, or another.
        """
        raise NotImplementedError

    def blocks_tfds(self, source):
        """The same of a `tfds_source.TfdsSource`."""
        raise NotImplementedError

    @property
    def rule(self):
        return {**super().rule, "factors": dict(zip(self.factor_names, self.factor_sizes, strict=True))}

    @property
    def source(self):
        """Where the images come from and the first letters of its checksum, "prepared" where there are none."""
        manifest = self.read_manifest()
        return _origin(manifest["source"]) if manifest else "prepared"

    take = Dataset.take


def _origin(source):
    """What a `fingerprint` of a source says, in a few words."""
    name, kind = pathlib.Path(source["path"]).name, "sha256"
    checksum = source.get("sha256") or source.get("records_sha256")
    if "tfds" in source:
        name = f"TFDS {source['tfds']}"
    if "parts" in source:
        checksum = hashlib.sha256("".join(part["sha256"] for part in source["parts"]).encode()).hexdigest()
    if "listing_sha256" in source:
        kind, checksum = "sha256 of names and sizes", source["listing_sha256"]
    return f"{name}, {kind} {checksum[:12]}"
