"""The published dSprites files, packed to bits as they are read: never all images in memory."""

import os
import pathlib
import tempfile

import numpy as np

from idgan_tf import cache
from idgan_tf.data.preparation import tfds_source
from idgan_tf.data.preparation.formats import npz
from idgan_tf.errors import DataError, message
from idgan_tf.files import reserve, sha256

SHAPE = (737_280, 64, 64)
GRID = {"shape": 3, "scale": 6, "orientation": 40, "x_position": 32, "y_position": 32}  # TFDS: label_<name>
BATCH = 1024  # few megabytes at a time
ROW_BYTES = 64 * 64 // 8
TFDS_REMEDY = "check DSprites.path, its data_dir, or delete the folder dsprites there to have TFDS prepare it again"
HOME = "github.com/deepmind/dsprites-dataset"
FILE_NAME = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64.npz"


def bits_of_npz(path):
    """uint8 [737280, 512], memory-mapped: the images of the .npz file, packed once into the cache.

    Raises:
        DataError: there is no such file, or it is not dSprites.
    """
    if path is None:
        raise DataError(f'source "npz" needs DSprites.path, the file {FILE_NAME} from {HOME}')
    try:
        checksum = sha256(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}; get {FILE_NAME} from {HOME}") from error
    return cache.array(f"dsprites_npz_{checksum[:12]}", lambda progress: _pack_npz(pathlib.Path(path), progress))


def bits_of_tfds(data_dir):
    """uint8 [737280, 512], memory-mapped: the TFDS builder `dsprites`, packed once into the cache.

    Raises:
        DataError: TFDS cannot download or read it, or it is not complete.
    """
    return cache.array("dsprites_tfds_64_v1", lambda progress: _pack_tfds(data_dir, progress))


def _pack_npz(path, progress):
    parts = npz.blocks(path, "imgs", SHAPE, BATCH, "dSprites", HOME)
    for _, images in zip(progress(range(0, SHAPE[0], BATCH)), parts, strict=True):
        yield _pack(images, path)


def _pack_tfds(data_dir, progress):
    seen = np.zeros(SHAPE[0], bool)
    with tempfile.TemporaryFile(dir=cache.folder()) as file:  # TFDS shuffles, and the rows are many
        reserve(file.fileno(), SHAPE[0] * ROW_BYTES)
        for rows, bits in _batches_of_tfds(data_dir, progress):
            for row, image in zip(rows, bits, strict=True):
                os.pwrite(file.fileno(), image, int(row) * ROW_BYTES)
            seen[rows] = True
        if not seen.all():
            raise DataError(f"TFDS dsprites lacks {np.count_nonzero(~seen):,} of {SHAPE[0]:,} images; {TFDS_REMEDY}")
        while block := file.read(BATCH * ROW_BYTES):
            yield np.frombuffer(block, np.uint8).reshape(-1, ROW_BYTES)


def _batches_of_tfds(data_dir, progress):
    """Yields (row numbers [n], bits [n, 512])."""
    import tensorflow_datasets as tfds

    try:
        with tfds_source.impatient():
            examples = tfds.load("dsprites", split="train", data_dir=data_dir, shuffle_files=False)
        for batch in progress(tfds.as_numpy(examples.batch(BATCH))):
            classes: tuple[np.ndarray, ...] = tuple(batch[f"label_{name}"] for name in GRID)
            yield np.ravel_multi_index(classes, tuple(GRID.values())), _pack(batch["image"], "TFDS dsprites")
    except DataError:
        raise
    except Exception as error:  # TFDS raises many kinds
        raise DataError(f"TFDS cannot give dsprites: {message(error)}; {TFDS_REMEDY}") from error


def _pack(images, path):
    if images.max() > 1:
        raise DataError(f"{path}: images hold values above 1; they are not those of dSprites")
    return np.packbits(images.reshape(len(images), -1), axis=-1)
