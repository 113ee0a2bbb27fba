"""The published dSprites files, packed to bits as they are read: no pickle, never all images in memory."""

import os
import pathlib
import tempfile
import zipfile

import numpy as np

from idgan_tf import cache
from idgan_tf.errors import DataError, message
from idgan_tf.files import NOT_OURS, sha256

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
    try:
        with zipfile.ZipFile(path) as archive, archive.open("imgs.npy") as file:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            shape, fortran_order, dtype = read_header(file)
            if shape != SHAPE or fortran_order or dtype != np.uint8:
                raise DataError(f"{path}: imgs is {dtype} {shape}, not the uint8 {SHAPE} of dSprites")
            for first in progress(range(0, SHAPE[0], BATCH)):
                count = min(BATCH, SHAPE[0] - first)
                images = np.frombuffer(file.read(count * 4096), np.uint8).reshape(count, 4096)
                yield _pack(images, path)
    except (*NOT_OURS, RuntimeError) as error:
        raise DataError(f"{path} is damaged or no dSprites file ({error}); get it again from {HOME}") from error


def _pack_tfds(data_dir, progress):
    seen = np.zeros(SHAPE[0], bool)
    with tempfile.TemporaryFile(dir=cache.folder()) as file:  # TFDS shuffles, and the rows are many
        os.posix_fallocate(file.fileno(), 0, SHAPE[0] * ROW_BYTES)
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
        examples = tfds.load("dsprites", split="train", data_dir=data_dir, shuffle_files=False)
        for batch in progress(tfds.as_numpy(examples.batch(BATCH))):
            rows = np.ravel_multi_index([batch[f"label_{name}"] for name in GRID], tuple(GRID.values()))
            yield rows, _pack(batch["image"].reshape(len(rows), 4096), "TFDS dsprites")
    except DataError:
        raise
    except Exception as error:  # TFDS raises many kinds
        raise DataError(f"TFDS cannot give dsprites: {message(error)}; {TFDS_REMEDY}") from error


def _pack(images, path):
    if images.max() > 1:
        raise DataError(f"{path}: images hold values above 1; they are not those of dSprites")
    return np.packbits(images, axis=-1)
