"""What TFDS has prepared on this machine, or prepares now, read like an archive.

TFDS keeps image files byte for byte (CIFAR's pixels as PNG), so the pixels are those of the published archives.
"""

import contextlib
import hashlib
import os
import pathlib
import re
import struct

import tensorflow as tf
from absl import logging
from google.protobuf.message import DecodeError

from idgan_tf.data.preparation.sources import Source
from idgan_tf.errors import DataError, message
from idgan_tf.files import at_home
from idgan_tf.progress import bar

AGAIN = "delete the folder to have TFDS prepare it again"
SPLITS = ("train", "validation", "test")  # all of them, in this order


class TfdsSource(Source):
    """The examples of a builder, of all splits; read in any order, as TFDS itself reads them only in sequence.

    Args:
        builder: of TFDS, prepared as TFRecord files.

    Attributes:
        names: "<split>/<number>", numbered in the order of TFDS's files, which is a shuffled one.
    """

    def __init__(self, builder):
        self._info = builder.info
        self._places = {}  # name: (file, offset, length)
        checksums = hashlib.sha256()
        for split in (split for split in SPLITS if split in self._info.splits):
            files = self._info.splits[split].filepaths
            places = [(path, *place) for path in files for place in _records(pathlib.Path(path), checksums)]
            self._places.update({f"{split}/{number:06d}": place for number, place in enumerate(places)})
            if len(places) != self._info.splits[split].num_examples:
                raise DataError(
                    f"{self._info.data_dir}: {split} has {len(places):,} of "
                    f"{self._info.splits[split].num_examples:,} examples; {AGAIN}"
                )
        super().__init__(self._info.data_dir, self._places)
        self.names = list(self._places)
        self._records_sha256 = checksums.hexdigest()

    def read(self, name):
        return self.values(name, "image")[0]

    def examples(self, *features):
        """(name, value, ...) of every example, in the order of `names`; reads all files once.

        Yields:
            Texts and images as bytes, numbers as int or float, boxes as list of float.
        """
        for name in bar(self.names, f"looking through {self._info.full_name}", "examples"):
            yield name, *self.values(name, *features)

    def values(self, name, *features):
        """Values of one example, as `examples` gives them."""
        path, offset, length = self._places[name]
        try:
            with open(path, "rb") as file:
                values = tf.train.Example.FromString(os.pread(file.fileno(), length, offset)).features.feature
        except (OSError, DecodeError) as error:
            raise DataError(f"{path}: {name} is damaged ({error}); {AGAIN}") from error
        for feature in features:
            if feature not in values:
                raise DataError(f"{self._info.full_name} has no {feature!r}; {AGAIN}")
        return [_value(values[feature]) for feature in features]

    def class_names(self):
        return tuple(self._info.features["label"].names)

    def fingerprint(self):
        """Of TFDS's own checksums, one for each example, and the version."""
        return {
            "path": str(self.path),
            "tfds": self._info.full_name,
            "records_sha256": self._records_sha256,
        }


def open_tfds(name, data_dir=None):
    """The newest version of a builder that TFDS has prepared; where there is none, TFDS downloads and prepares it.

    Args:
        name: "builder" or "builder/config".
        data_dir: of TFDS; its own default where there is none.

    Raises:
        DataError: TFDS cannot prepare it, or has not done so in a way that can be read here.
    """
    import tensorflow_datasets as tfds

    data_dir = data_folder(data_dir)
    newest = _newest(data_dir / name)
    if newest is None:
        _build(name, data_dir)
        newest = _newest(data_dir / name)
    try:
        builder = tfds.builder_from_directory(str(newest))
        found, file_format = builder.info.full_name, builder.info.file_format.value
    except Exception as error:  # TFDS raises many kinds
        raise DataError(f"TFDS cannot read {newest}: {message(error)}; {AGAIN}") from error
    if found.rsplit("/", 1)[0] != name:
        raise DataError(f"{newest} holds {found}, not {name}; move it away to have TFDS prepare it again")
    if file_format != "tfrecord":
        raise DataError(f"{newest} is stored as {file_format}, which is not read here, only tfrecord; {AGAIN}")
    return TfdsSource(builder)


def data_folder(data_dir=None):
    """Where TFDS keeps what it has prepared: in `data_dir`, or in its own default."""
    return at_home(data_dir or os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets"))


@contextlib.contextmanager
def impatient():
    """Within, TFDS asks a server that cannot be reached twice, not eleven times in 200 s."""
    from tensorflow_datasets.core.download import downloader

    patient, downloader.MAX_RETRIES = downloader.MAX_RETRIES, 1
    try:
        yield
    finally:
        downloader.MAX_RETRIES = patient


def _newest(folder):
    """The folder of the newest version in a builder's folder, or None."""
    versions = [path.parent for path in folder.glob("*/dataset_info.json")]
    versions = [path for path in versions if re.fullmatch(r"\d+\.\d+\.\d+", path.name)]
    return max(versions, key=lambda path: [int(part) for part in path.name.split(".")], default=None)


def _build(name, data_dir):
    """Has TFDS download and prepare a builder."""
    import tensorflow_datasets as tfds

    logging.info("TFDS downloads and prepares %s in %s", name, data_dir)
    try:
        builder = tfds.builder(name, data_dir=str(data_dir))
        config = tfds.download.DownloadConfig(try_download_gcs=False)  # what is stored there may be of another format
        with impatient():
            builder.download_and_prepare(download_config=config, file_format="tfrecord")
    except Exception as error:  # TFDS raises many kinds
        raise DataError(
            f"TFDS cannot prepare {name} in {data_dir}: {message(error)}; get the files yourself and pass their path "
            "as --source (--list names them)"
        ) from error


def pixels(box, size):
    """TFDS's box (ymin, xmin, ymax, xmax) in parts of the image -> (left, top, right, bottom) in its pixels.

    Args:
        box: float [4].
        size: (width, height) of the image.
    """
    (top, left, bottom, right), (width, height) = box, size
    return round(left * width), round(top * height), round(right * width), round(bottom * height)


def _records(path, checksums):
    """[(offset, length)] of the records of a TFRecord file; adds their checksums to `checksums`.

    A record is its length (8 bytes), a checksum of that (4), the data, and a checksum of the data (4).
    """
    places, offset = [], 0
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            while offset < size:
                header = os.pread(file.fileno(), 12, offset).ljust(12, b"\xff")
                length = struct.unpack("<Q", header[:8])[0]
                if offset + 16 + length > size:
                    raise DataError(f"{path} is cut; {AGAIN}")
                checksums.update(header + os.pread(file.fileno(), 4, offset + 12 + length))
                places.append((offset + 12, length))
                offset += 16 + length
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; {AGAIN}") from error
    return places


def _value(feature):
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value
    return values[0] if len(values) == 1 else list(values)
