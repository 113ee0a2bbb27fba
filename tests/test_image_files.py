import io
import struct
import sys
import types
import zlib

import numpy as np
import pytest
from PIL import Image

from idgan_tf import image_files
from idgan_tf.data import dsprites_variants
from idgan_tf.data.image_folder import ImageFolder
from idgan_tf.data.preparation.writing import prepare
from idgan_tf.errors import DataError
from idgan_tf.experiments import outside
from idgan_tf.explorer import explorer
from idgan_tf.visualize import masks
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
        (encoded(picture(0), "TIFF", save_all=True, append_images=[picture(1)]), "2 pages"),
        (encoded(picture(0), "GIF", save_all=True, append_images=[picture(1)]), "animated"),
        (encoded(picture(0), "PNG", save_all=True, append_images=[picture(1)]), "animated"),
        (encoded(picture(0), "WEBP", save_all=True, append_images=[picture(1)]), "animated"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n", "not an image"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_bad_images_name_the_file(data, message):
    with pytest.raises(DataError, match=f"^x/1.png (is|has) .*{message}.*; (get it again|make it smaller|save .*)$"):
        image_files.read(data, 3, "x/1.png")


def test_kinds_that_have_a_meaning_are_converted():
    grey = picture(0, mode="L")
    np.testing.assert_array_equal(image_files.read(encoded(grey), 3, "x"), np.stack([grey] * 3, -1))
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))  # red
    for kind in ("TIFF", "JPEG"):
        red = np.asarray(image_files.read(encoded(cmyk, kind), 3, "x")).astype(int)
        assert np.abs(red - [255, 0, 0]).max() < 4, kind
    deep = Image.fromarray(np.array([[0, 257 * 7, 65535]], np.uint16))
    np.testing.assert_array_equal(image_files.read(encoded(deep), 1, "x"), [[0, 7, 255]])
    palette = picture(1).convert("P")
    np.testing.assert_array_equal(image_files.read(encoded(palette), 3, "x"), palette.convert("RGB"))


def test_photographs_of_phones_are_their_first_picture():
    photograph, depth = picture(0, 32, 32), picture(1, 32, 32)
    both = encoded(photograph, "MPO", save_all=True, append_images=[depth])
    assert Image.open(io.BytesIO(both)).n_frames == 2
    np.testing.assert_array_equal(
        image_files.read(both, 3, "x"), np.asarray(Image.open(io.BytesIO(encoded(photograph, "JPEG"))))
    )


def test_photographs_are_turned_as_their_camera_says():
    wide = picture(0, 12, 8)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    data = encoded(wide, "PNG", exif=exif.tobytes())
    np.testing.assert_array_equal(image_files.read(data, 3), np.rot90(wide, -1))
    np.testing.assert_array_equal(image_files.read(data, 3, turn=False), wide)
    damaged = encoded(wide, "PNG", exif=b"Exif\0\0XX" + exif.tobytes()[8:])
    with pytest.raises(DataError, match="^x is damaged .*; get it again$"):
        image_files.read(damaged, 3, "x")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_what_damage_makes_of_a_file_is_an_image_or_one_line(rng):
    """Bytes changed and cut at random, in every format: Pillow raises a dozen kinds of error."""
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        whole = encoded(picture(0, 9, 9), kind)
        for _ in range(60):
            data = np.frombuffer(whole, np.uint8).copy()
            data[rng.integers(0, min(len(data), 200), 4)] = rng.integers(0, 256, 4)
            try:
                image = image_files.read(data.tobytes()[: rng.integers(1, 2 * len(data))], 3, "x")
                assert image.mode == "RGB"
            except DataError as error:
                assert str(error).startswith("x ") and "; " in str(error)


CORNERS = [[0, 0, 40, 40], [0, 0, 40, 40], [80, 80, 120, 120], [80, 80, 120, 120]]


MODES = [*((kind, mode) for kind in ("PNG", "TIFF") for mode in ("RGBA", "LA", "P", "I;16", "RGB", "L"))]
MODES += [*((kind, mode) for kind in ("WEBP", "AVIF") for mode in ("RGBA", "RGB")), ("JPEG", "RGB"), ("JPEG", "L")]


@pytest.mark.parametrize("kind, mode", MODES)
def test_every_mode_is_turned(kind, mode):
    """Orientation 6: to be turned a quarter clockwise."""
    grey = Image.fromarray(np.array(CORNERS, np.uint8).repeat(16, 0).repeat(16, 1))
    image = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = np.asarray(image_files.read(encoded(image, kind, exif=exif.tobytes()), 1, "x")).astype(int)
    assert np.abs(upright - np.rot90(np.asarray(grey), -1)).max() <= (0 if kind in ("PNG", "TIFF") else 12)


def row_of(row, width, bits, kind, transparent):
    """A PNG of one row of pixels, the bytes `row`, with a transparent colour; kind 0 is grey, 2 is RGB."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, 1, bits, kind, 0, 0, 0))
    colour = chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
    return image_files.PNG + header + colour + chunk(b"IDAT", zlib.compress(b"\0" + row)) + chunk(b"IEND", b"")


def test_transparent_pixels_become_white():
    image = Image.fromarray(np.array([[[9, 9, 9, 0], [9, 8, 7, 255]]], np.uint8))
    np.testing.assert_array_equal(image_files.read(encoded(image), 3, "x"), [[[255, 255, 255], [9, 8, 7]]])


def test_so_does_a_colour_that_a_file_calls_transparent():
    grey = Image.fromarray(np.array([[7, 8]], np.uint8))
    colour = Image.fromarray(np.array([[[9, 8, 7], [9, 8, 8]]], np.uint8))
    deep = Image.fromarray(np.array([[257 * 7, 257 * 8]], np.uint16))
    for channels in (1, 3):
        for image, transparent in ((grey, 7), (deep, 257 * 7)):
            row = np.asarray(image_files.read(encoded(image, transparency=transparent), channels, "x"))
            np.testing.assert_array_equal(row.reshape(2, -1)[:, 0], [255, 8])
    row = image_files.read(encoded(colour, transparency=(9, 8, 7)), 3, "x")
    np.testing.assert_array_equal(row, [[[255, 255, 255], [9, 8, 8]]])
    values = (261, 522, 783), (65535, 0, 0)  # high bytes 1, 2, 3
    data = row_of(b"".join(struct.pack(">3H", *value) for value in values), 2, 16, 2, values[0])
    np.testing.assert_array_equal(image_files.read(data, 3, "x"), [[[255, 255, 255], [255, 0, 0]]])


@pytest.mark.parametrize(
    "bits, row, expected",
    [(1, 0b01000000, [0, 255, 0, 0]), (2, 0b00011011, [0, 85, 170, 255]), (4, 0x37, [51, 119]), (8, 9, [9])],
)
def test_so_does_a_grey_of_few_bits(bits, row, expected):
    for level, grey in {value * ((1 << bits) - 1) // 255: value for value in expected}.items():
        data = row_of(bytes([row]), len(expected), bits, 0, (level,))
        found = np.asarray(image_files.read(data, 1, "x")).reshape(-1).tolist()
        assert found == [255 if value == grey else value for value in expected]


def smooth(mode):
    values = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    return Image.fromarray(values).resize((128, 128)).convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
def test_half_a_jpeg_is_none(mode, options):
    """Where it ends early, with its end mark or zeros behind it, Pillow draws grey, or what it knows so far."""
    whole = encoded(smooth(mode), "JPEG", **options)
    for data in (whole, whole + b"behind the picture" * 9, encoded(Image.new(mode, (64, 64), 128), "JPEG", **options)):
        image_files.read(data, 3, "x")
    for part in (0.3, 0.6, 0.95):
        for end in (b"", b"\xff\xd9", bytes(100_000)):
            with pytest.raises(DataError, match="^x is damaged .*; get it again$"):
                image_files.read(whole[: int(part * len(whole))] + end, 3, "x")


def test_bytes_that_fill_the_place_before_a_marker_of_a_jpeg_are_no_cut():
    """Any number of 0xff may stand there (ITU-T T.81, B.1.1.2)."""
    plain = encoded(picture(0, 16, 16), "JPEG")
    data = plain.replace(b"\xff\xdb", b"\xff\xff\xdb", 1).replace(b"\xff\xda", b"\xff\xff\xff\xda", 1)
    assert len(data) == len(plain) + 3
    np.testing.assert_array_equal(image_files.read(data, 3, "x"), image_files.read(plain, 3, "x"))


def test_half_a_png_is_none():
    whole = encoded(picture(0, 128, 128))
    for part in (0.3, 0.6, 0.95):
        with pytest.raises(DataError, match="^x is damaged .*; get it again$"):
            image_files.read(whole[: int(part * len(whole))].ljust(len(whole), b"\0"), 3, "x")


def test_sixteen_bits_of_a_pgm_become_eight():
    for text, top in ((b"65535", 65535), (b"1023", 1023)):
        data = b"P5 3 1 " + text + b"\n" + struct.pack(">3H", 0, top // 2, top)
        np.testing.assert_array_equal(np.asarray(image_files.read(data, 1, "x"))[0], [0, 127, 255])


def test_what_needs_a_package_names_it(monkeypatch):
    data = bytes(4) + b"ftypheic" + bytes(60)
    monkeypatch.setitem(sys.modules, "pillow_heif.HeifImagePlugin", None)  # not installed
    with pytest.raises(DataError, match="^x.jpg is HEIC, .*: pip install pillow-heif, or save it as a PNG$"):
        image_files.read(data, 3, "x.jpg")
    with pytest.raises(DataError, match="^x is JPEG XL, .*: pip install pillow-jxl-plugin, or save it as a PNG$"):
        image_files.read(b"\xff\x0a" + bytes(30), 3, "x")


def test_a_package_that_is_there_is_used(monkeypatch):
    """A reader that registers itself with Pillow when its module is imported, as those packages do."""
    monkeypatch.setitem(sys.modules, "pillow_heif.HeifImagePlugin", types.ModuleType("plugin"))
    monkeypatch.setitem(Image.OPEN, "HEIF", (lambda file, name: Image.new("RGB", (3, 2), "red"), None))
    if "HEIF" not in Image.ID:
        monkeypatch.setattr(Image, "ID", [*Image.ID, "HEIF"])
    assert image_files.read(bytes(4) + b"ftypheic" + bytes(60), 3, "x").getpixel((0, 0)) == (255, 0, 0)


def test_centre_crop_keeps_the_middle():
    image = picture(0, 178, 218)
    expected = np.asarray(image)[29:189, 9:169]
    np.testing.assert_array_equal(image_files.centre_crop(image, 160, 160, "x"), expected)
    with pytest.raises(DataError, match="^x is 178x218, smaller than the crop of 200x100"):
        image_files.centre_crop(image, 200, 100, "x")


def by_evaluate(path):
    return next(outside.read_images([path]))[0]


def by_visualize(path):
    return np.repeat(masks.read(path, 8, 6), 3, axis=-1)


def by_explore(path):
    method = types.SimpleNamespace(image_shape=(8, 6, 3))
    page = types.SimpleNamespace(encoder=types.SimpleNamespace(method=method))
    return explorer.Explorer.read(page, path.read_bytes(), path.name)


def by_prepare_data(path):
    dataset = ImageFolder("mine", (8, 6, 3), labels=False, crop="none", data_dir=str(path.parent / "prepared"))
    prepare(dataset, path.parent)
    return dataset.take([0])["image"][0].numpy()


def by_a_painting(path):
    return dsprites_variants._read_painting(path)


COMMANDS = [by_evaluate, by_visualize, by_explore, by_prepare_data, by_a_painting]


@pytest.mark.parametrize("read", COMMANDS)
def test_every_command_turns_images_and_sees_white_through_them(read, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: the left half becomes the upper one
    width, height = (600, 450) if read is by_a_painting else (8, 6)
    half = np.full((height, width, 4), (0, 0, 0, 255), np.uint8)
    half[:, : width // 2] = (255, 0, 0, 0)  # red that nobody sees
    (tmp_path / "1.png").write_bytes(encoded(Image.fromarray(half), "PNG", exif=exif.tobytes()))
    image = read(tmp_path / "1.png")
    middle = len(image) // 2
    assert image.shape[0] > image.shape[1] and (image[: middle - 1] == 1).all() and (image[middle + 1 :] == 0).all()


@pytest.mark.parametrize("read", COMMANDS)
def test_every_command_reads_by_content_not_by_name(read, tmp_path):
    width, height = (600, 450) if read is by_a_painting else (6, 8)
    (tmp_path / "1.jpg").write_bytes(encoded(Image.new("RGB", (width, height), "white"), "AVIF"))
    assert np.asarray(read(tmp_path / "1.jpg")).min() > 0.98


@pytest.mark.parametrize("read", COMMANDS)
@pytest.mark.parametrize(
    "data, message",
    [
        (encoded(picture(0), "GIF", save_all=True, append_images=[picture(1)]), "is animated .*; save one as a PNG"),
        (encoded(picture(0, 64, 64), "JPEG")[:-400], "is damaged .*; get it again"),
    ],
    ids=["animated", "cut"],
)
def test_every_command_refuses_with_advice_that_it_can_take(read, data, message, tmp_path):
    (tmp_path / "1.gif").write_bytes(data)
    advice = ", or pass --on_error=skip" if read is by_prepare_data else ""
    with pytest.raises(DataError, match=f"1.gif {message}{advice}$"):
        read(tmp_path / "1.gif")


@pytest.mark.parametrize("name", ["row", "row.png"])
def test_a_picture_is_saved_under_a_name_as_text_or_as_a_path(name, tmp_path):
    for path in (str(tmp_path / name), tmp_path / name):
        assert image_files.save(path, np.zeros((2, 2, 3), np.uint8)) == tmp_path / "row.png"
    assert [path.name for path in tmp_path.iterdir()] == ["row.png"]
