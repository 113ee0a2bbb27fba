"""Arrays of MATLAB files of level 5 ("MAT-File Format", MathWorks), read with every length and checksum compared.

scipy's reader, for which a damaged file is no matter, can crash on one.
"""

import itertools
import math
import struct
import zlib
from typing import Any

import numpy as np

from idgan_tf.data.preparation import refusals
from idgan_tf.errors import DataError, message

STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8", 16: "u1"}
MATRIX, COMPRESSED = 14, 15  # the other types of an element
NUMBERS = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}
STRUCT, CHARACTERS = 2, 4  # the other classes of an array
COMPLEX = 0x800


def read(source, name, key, what) -> Any:
    """An array of numbers, or the records of an array of structs: [{field: array or text}].

    Args:
        source: a `sources.Source` that holds the file `name`.
        key: of the array.
        what: the file should be, for messages.

    Raises:
        DataError: the file is empty, cut or damaged, or holds no such array.
    """
    data = source.read(name)
    if not data:
        raise DataError(f"{source.path}: {name} is empty (0 bytes); get it again")
    try:
        order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
        if order is None:
            raise ValueError("its header is not that of level 5")
        for kind, element in _elements(memoryview(data)[128:], order):
            if kind == COMPRESSED:
                [(kind, element)] = _elements(memoryview(_unpacked(element)), order)
            if kind == MATRIX and _name(element, order) == key:
                return _array(element, order)
    except Exception as error:  # damage shows in many ways
        raise DataError(f"{source.path}: {name} is damaged or no {what} ({message(error)}); get it again") from error
    raise DataError(f"{source.path}: {name} has no {key!r} and is no {what}; get it again")


def _elements(data, order):
    """Yields (type, bytes) of the elements that lie in `data` one behind the other."""
    place = 0
    while place < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, place)
        place += 8
        if kind >> 16:  # a small one, which holds its bytes itself
            kind, size, place = kind & 0xFFFF, kind >> 16, place - 4
            following = place + 4
        else:
            following = place + (size if kind == COMPRESSED else -(-size // 8) * 8)
        if place + size > min(following, len(data)):
            raise ValueError("it is cut")
        yield kind, data[place : place + size]
        place = following


def _unpacked(element):
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(element, refusals.MAX_MEMBER)
    if not unpacking.eof:  # at which the checksum is compared
        raise ValueError("it is cut, or a bomb")
    return data


def _name(matrix, order):
    _flags, _shape, (_, name) = itertools.islice(_elements(matrix, order), 3)
    return bytes(name).decode()


def _array(matrix, order):
    """What `read` gives, of one matrix: its flags, its shape, its name, and what is in it."""
    (_, flags), (_, shape), _, *parts = _elements(matrix, order)
    flags, shape = np.frombuffer(flags, f"{order}u4")[0], np.frombuffer(shape, f"{order}i4").tolist()
    count, kind = math.prod(shape), flags & 0xFF
    if min(shape) < 0 or flags & COMPLEX:
        raise ValueError(f"an array of shape {shape} and flags {flags:#x}")
    if kind == STRUCT:
        (_, length), (_, names), *values = parts
        length, names = int(np.frombuffer(length, f"{order}i4")[0]), bytes(names)
        fields = [names[i : i + length].split(b"\0")[0].decode() for i in range(0, len(names), length)]
        if len(values) != count * len(fields):
            raise ValueError(f"{len(values)} values of {count} times {len(fields)} fields")
        values = iter([_array(value, order) for _, value in values])
        return [{field: next(values) for field in fields} for _ in range(count)]
    [(stored, data)] = parts
    data = np.frombuffer(data, f"{order}{STORED[stored]}")
    if len(data) != count:
        raise ValueError(f"{len(data)} numbers in an array of shape {shape}")
    if kind == CHARACTERS:
        return "".join(map(chr, data))
    return data.astype(NUMBERS[kind]).reshape(shape, order="F")
