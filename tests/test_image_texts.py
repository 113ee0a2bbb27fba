"""What stands in image files beside the picture: long texts and profiles, what turns it, the order of bytes."""

import io
import struct

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from idgan_tf import image_files
from tests.data.files import encoded, picture


@pytest.mark.parametrize("how", ["add_text", "add_itxt", "icc_profile"])
def test_a_png_with_a_long_text_or_profile_is_read(how):
    """Pillow reads 1 MB of them at most, and calls the whole file too large."""
    info = PngInfo()
    if how == "icc_profile":
        more = {how: bytes(2_000_000)}
    else:
        getattr(info, how)("workflow", "x" * 2_000_000, zip=True)
        more = {"pnginfo": info}
    data = encoded(picture(0, 8, 8), "PNG", **more)
    np.testing.assert_array_equal(image_files.read(data, 3, "x.png"), picture(0, 8, 8))
    assert image_files.is_picture("x", lambda: data[: image_files.START], lambda: data)


def test_the_orientation_that_xmp_says_is_heard():
    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>')
    data = encoded(picture(0, 8, 12), "PNG", pnginfo=info)
    assert image_files.read(data, 3, "x.png").size == Image.open(io.BytesIO(data)).size[::-1]


def test_the_orientation_in_a_compressed_text_is_heard_as_imagemagick_writes_it():
    info, data = PngInfo(), exif(TURNED)
    info.add_text("Raw profile type exif", f"\nexif\n{len(data):8d}\n{data.hex()}\n", zip=True)
    data = encoded(picture(0, 8, 12), "PNG", pnginfo=info)
    assert image_files.read(data, 3, "x.png").size == Image.open(io.BytesIO(data)).size[::-1]


def exif(*entries):
    """EXIF of (tag, type, count, bytes), of which those of more than four bytes lie behind the others."""
    data, directory = b"", struct.pack("<4sIH", b"II*\0", 8, len(entries))
    for tag, kind, count, value in entries:
        place = struct.pack("<I", 14 + 12 * len(entries) + len(data)) if len(value) > 4 else value.ljust(4, b"\0")
        directory += struct.pack("<HHI", tag, kind, count) + place
        data += value if len(value) > 4 else b""
    return b"Exif\0\0" + directory + bytes(4) + data


TURNED = (0x0112, 3, 1, struct.pack("<H", 6))
NO_NUMBER = (0x011A, 5, 1, struct.pack("<II", 0, 0))
TWO = (0x011A, 5, 2, struct.pack("<IIII", 72, 1, 72, 1))


@pytest.mark.parametrize(
    "given", [exif(TURNED), exif(TURNED, NO_NUMBER), exif(TURNED, TWO), b"Exif\0\0" + exif(TURNED)]
)
def test_a_camera_that_writes_wrong_numbers_is_heard_all_the_same(given):
    data = encoded(picture(0, 8, 12), "JPEG", exif=given)
    assert image_files.read(data, 3, "x.jpg").size == Image.open(io.BytesIO(data)).size[::-1]


@pytest.mark.parametrize("given", [b"Exif\0\0", b"Exif\0\0garbage", exif((0x0112, 3, 1, b"\x09"))])
def test_exif_that_says_nothing_turns_nothing(given):
    data = encoded(picture(0, 8, 12), "JPEG", exif=given)
    assert image_files.read(data, 3, "x.jpg").size == Image.open(io.BytesIO(data)).size


@pytest.mark.parametrize("order", "<>")
def test_sixteen_bits_in_both_orders_of_bytes(order):
    grey = np.arange(256).reshape(16, 16)
    mode = {"<": "I;16", ">": "I;16B"}[order]
    image = Image.frombytes(mode, (16, 16), (grey * 257).astype(f"{order}u2").tobytes())
    np.testing.assert_array_equal(image_files.read(encoded(image, "TIFF"), 1, "x.tif"), grey)


def tiff(rows, bits, photometric):
    """A grey TIFF of the bytes of its rows, [8, any]."""
    tags = {256: 8, 257: 8, 258: bits, 259: 1, 262: photometric, 273: 8, 277: 1, 278: 8, 279: rows.size}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    start = struct.pack("<4sI", b"II*\0", 8 + rows.size) + rows.tobytes()
    return start + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_a_tiff_whose_nought_is_white_and_one_of_twelve_bits():
    grey = np.arange(64).reshape(8, 8) * 4
    wide = (grey * 257).astype("<u2").view(np.uint8)
    even, odd = (grey[:, first::2] * 4095 // 255 for first in (0, 1))
    packed = np.stack([even >> 4, (even & 15) << 4 | odd >> 8, odd & 255], -1).reshape(8, 12).astype(np.uint8)
    np.testing.assert_array_equal(image_files.read(tiff(wide, 16, 1), 1, "x"), grey)
    np.testing.assert_array_equal(image_files.read(tiff(wide, 16, 0), 1, "x"), 255 - grey)
    np.testing.assert_allclose(image_files.read(tiff(packed, 12, 1), 1, "x"), grey, atol=1)


def test_rows_and_columns_of_an_image_that_is_wider_than_high_stay_apart():
    wide = (np.arange(8 * 16 * 3) % 251).astype(np.uint8).reshape(8, 16, 3)
    image = image_files.read(encoded(Image.fromarray(wide)), 3, "x.png")
    np.testing.assert_array_equal(image_files.resize(image, 8, 16, "lanczos"), wide)
