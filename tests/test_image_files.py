import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from idgan_tf import image_files
from idgan_tf.errors import DataError
from tests.data.files import encoded, picture


def png_header(width, height):
    """A PNG that claims a size and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "data, message",
    [
        (b"", "empty"),
        (b"<html>no</html>", "not an image"),
        (encoded(picture(0, 64, 64), "JPEG")[:-400], "truncated"),
        (encoded(picture(0, 64, 64), "PNG")[:200], "damaged"),
        (png_header(50_000, 50_000), "pixels"),
        (png_header(9_000, 9_000), "pixels"),
        (encoded(Image.fromarray(np.zeros((4, 4), np.int32)), "TIFF"), "32 bits"),
        (encoded(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"), "32 bits"),
        (encoded(picture(0), "GIF", save_all=True, append_images=[picture(1)]), "animated"),
        (encoded(picture(0), "PNG", save_all=True, append_images=[picture(1)]), "animated"),
        (encoded(picture(0), "WEBP", save_all=True, append_images=[picture(1)]), "animated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n", "not an image"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bad_images_name_the_file(data, message):
    with pytest.raises(DataError, match=f"^x/1.png .*{message}.*; .*, or pass --on_error=skip$"):
        image_files.decode(data, "x/1.png", 3)


def test_kinds_that_have_a_meaning_are_converted():
    grey = picture(0, mode="L")
    np.testing.assert_array_equal(image_files.decode(encoded(grey), "x", 3), np.stack([grey] * 3, -1))
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # red
    for kind in ("TIFF", "JPEG"):
        red = np.asarray(image_files.decode(encoded(cmyk, kind), "x", 3)).astype(int)
        assert np.abs(red - [255, 0, 0]).max() < 4, kind
    deep = Image.fromarray(np.array([[0, 257 * 7, 65535]], np.uint16))
    np.testing.assert_array_equal(image_files.decode(encoded(deep), "x", 1), [[0, 7, 255]])
    palette = picture(1).convert("P")
    np.testing.assert_array_equal(image_files.decode(encoded(palette), "x", 3), palette.convert("RGB"))


def test_photographs_of_phones_are_their_first_picture():
    photograph, depth = picture(0, 32, 32), picture(1, 32, 32)
    both = encoded(photograph, "MPO", save_all=True, append_images=[depth])
    assert Image.open(io.BytesIO(both)).n_frames == 2
    np.testing.assert_array_equal(
        image_files.decode(both, "x", 3), np.asarray(Image.open(io.BytesIO(encoded(photograph, "JPEG"))))
    )


def test_photographs_are_turned_as_their_camera_says():
    wide = picture(0, 12, 8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    data = encoded(wide, "PNG", exif=exif.tobytes())
    turned = image_files.upright(image_files.decode(data, "x", 3), "x")
    np.testing.assert_array_equal(turned, np.rot90(wide, -1))
    damaged = encoded(wide, "PNG", exif=b"Exif\0\0XX" + exif.tobytes()[8:])
    with pytest.raises(DataError, match="^x is damaged .*; get it again, or pass --on_error=skip$"):
        image_files.upright(image_files.decode(damaged, "x", 3), "x")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_damage_makes_of_a_file_is_an_image_or_one_line(rng):
    """Bytes changed and cut at random, in every format: Pillow raises a dozen kinds of error."""
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        whole = encoded(picture(0, 9, 9), kind)
        for _ in range(60):
            data = np.frombuffer(whole, np.uint8).copy()
            data[rng.integers(0, min(len(data), 200), 4)] = rng.integers(0, 256, 4)
            try:
                image = image_files.upright(
                    image_files.decode(data.tobytes()[: rng.integers(1, 2 * len(data))], "x", 3), "x"
                )
                assert image.mode == "RGB"
            except DataError as error:
                assert str(error).startswith("x ") and "--on_error=skip" in str(error)


def test_transparent_pixels_become_white():
    image = Image.fromarray(np.array([[[9, 9, 9, 0], [9, 8, 7, 255]]], np.uint8))
    np.testing.assert_array_equal(image_files.decode(encoded(image), "x", 3), [[[255, 255, 255], [9, 8, 7]]])


def test_centre_crop_keeps_the_middle():
    image = picture(0, 178, 218)
    expected = np.asarray(image)[29:189, 9:169]
    np.testing.assert_array_equal(image_files.centre_crop(image, 160, 160, "x"), expected)
    with pytest.raises(DataError, match="^x is 178x218, smaller than the crop of 200x100"):
        image_files.centre_crop(image, 200, 100, "x")
