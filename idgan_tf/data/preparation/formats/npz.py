"""Arrays of .npz files, read block by block: no pickle, never all images in memory."""

import zipfile

import numpy as np

from idgan_tf.errors import DataError
from idgan_tf.files import NOT_OURS


def blocks(path, key, shape, rows, what, home):
    """Yields an array of an .npz file in blocks, uint8 [up to `rows`, ...].

    Args:
        path: of the file.
        key: of the array.
        shape: it must have.
        rows: of a block.
        what: the file should be.
        home: where to get it.

    Raises:
        DataError: the file is damaged, or holds no such array.
    """
    row_bytes = int(np.prod(shape[1:]))
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
            version = np.lib.format.read_magic(file)
            read_header = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }[version]
            found, fortran_order, dtype = read_header(file)
            if found != shape or fortran_order or dtype != np.uint8:
                raise DataError(f"{path}: {key} is {dtype} {found}, not the uint8 {shape} of {what}")
            for first in range(0, shape[0], rows):
                count = min(rows, shape[0] - first)
                yield np.frombuffer(file.read(count * row_bytes), np.uint8).reshape(count, *shape[1:])
    except (*NOT_OURS, RuntimeError) as error:
        raise DataError(f"{path} is damaged or no {what} file ({error}); get it again from {home}") from error
