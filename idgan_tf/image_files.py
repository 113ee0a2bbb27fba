"""Image files: read with Pillow, refused where they are no good, cropped and sized as the papers do, and written."""

import importlib
import io
import pathlib
import re

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from idgan_tf.errors import DataError
from idgan_tf.files import replacing

# What Pillow reads as one picture; none of these runs a program, as EPS does. TGA has no first bytes of its own: its
# files are known by their names alone.
FORMATS = (
    "AVIF", "BMP", "DDS", "GIF", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "QOI", "SGI", "SUN", "TIFF", "WEBP"
)  # fmt: skip
SUFFIXES = tuple(
    suffix for suffix, kind in sorted(Image.registered_extensions().items()) if kind in (*FORMATS, "MPO", "TGA")
)
# What Pillow reads with a package: how it begins, what it is, the package, its module, and what Pillow calls it then.
PLUGINS = (
    (rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)", "HEIC", "pillow-heif", "pillow_heif.HeifImagePlugin", "HEIF"),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", "JPEG XL", "pillow-jxl-plugin", "pillow_jxl", "JXL"),
)
PNG_DEPTH = 24  # the byte of a PNG that says how many bits a channel has
START = 32  # bytes that tell what a file is
PNG = b"\x89PNG\r\n\x1a\n"
TURNING = (b"XML:com.adobe.xmp\0", b"Raw profile type exif\0")  # texts in which the orientation may stand
BITS, PHOTOMETRIC, WHITE_IS_ZERO = 258, 262, 0  # tags of a TIFF, which Pillow leaves to us where it has 16 bits
MAX_PIXELS = 1 << 26  # 8192 x 8192; more is taken for a bomb
FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
}


def read(file, channels, name=None, turn=True):
    """An image file -> a Pillow image of mode "RGB" or "L".

    What it is, its content says. Grey, palette and CMYK images are converted; what is transparent becomes white; 16
    bits become 8; of the several pictures that some cameras put into one JPEG, the first is taken.

    Args:
        file: its path, or its bytes.
        channels: 3 or 1.
        name: how messages call it; by default the path.
        turn: whether to turn it upright, as its camera says (EXIF). Published boxes are of images as they are stored.

    Raises:
        DataError: the file cannot be read, or is empty, damaged, cut, animated, of several pages, too large, of a kind
            that needs a package, or has 32 bits a channel.
    """
    name = str(file) if name is None else name
    data = _without_texts(file if isinstance(file, bytes) else _bytes(file, name))
    if not data:
        raise DataError(f"{name} is empty (0 bytes); get it again")
    try:
        image = _opened(data, name)
        if image.width * image.height > MAX_PIXELS:
            raise DataError(f"{name} has {image.width}x{image.height} pixels, more than {MAX_PIXELS}; make it smaller")
        count = getattr(image, "n_frames", 1)
        if count > 1 and image.format != "MPO":
            what = f"has {count} pages" if image.format == "TIFF" else f"is animated ({count} frames)"
            raise DataError(f"{name} {what}; save one as a PNG")
        image.load()
        _check_whole(data, image)
        upright = ImageOps.exif_transpose(image) if turn else image
        return _convert(upright, image, data, name, {1: "L", 3: "RGB"}[channels])
    except Image.DecompressionBombError as error:
        raise DataError(f"{name} has more than {MAX_PIXELS} pixels; make it smaller") from error
    except DataError:
        raise
    except Exception as error:  # Pillow raises many kinds
        reason = "not an image" if isinstance(error, UnidentifiedImageError) else error
        raise DataError(f"{name} is damaged ({reason}); get it again") from error


def _bytes(path, name):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise DataError(f"cannot read {name}: {error.strerror}") from error


def _without_texts(data):
    """A PNG without its compressed texts and its colour profile, of which Pillow takes 1 MB at most; all else as it is.

    `TURNING` stay.
    """
    if not data.startswith(PNG):
        return data
    kept, place = [PNG], len(PNG)
    while place + 8 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        if kind not in (b"zTXt", b"iTXt", b"iCCP") or data.startswith(TURNING, place + 8) or end > len(data):
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def _opened(data, name):
    """A Pillow image whose pixels are still to be read; with a package, if it is there, of what Pillow asks one for."""
    formats = (*FORMATS, "TGA") if name.lower().endswith(".tga") else FORMATS
    try:
        return Image.open(io.BytesIO(data), formats=formats)
    except UnidentifiedImageError:
        lacking = package_for(data)
        if lacking:
            raise DataError(f"{name} is {lacking}, or save it as a PNG") from None
        formats = [kind for start, *_, kind in PLUGINS if re.match(start, data, re.DOTALL)]
        return Image.open(io.BytesIO(data), formats=formats)


def package_for(start):
    """What a file that begins with the bytes `start` is, and the package that it lacks; "" where it lacks none."""
    for pattern, what, package, module, _ in PLUGINS:
        if re.match(pattern, start, re.DOTALL):
            try:
                importlib.import_module(module)
            except ImportError:
                return f"{what}, which Pillow does not read alone: pip install {package}"
    return ""


def is_picture(name, start, read):
    """Whether a file is a picture that `read` of this module takes, unless it is damaged.

    An ending that Pillow knows is believed: what is wrong with such a file is to be said when it is read.

    Args:
        name: of the file.
        start: () -> its first `START` bytes.
        read: () -> all of them.
    """
    if name.lower().endswith(SUFFIXES):
        return True
    first = start()
    known = [Image.OPEN[kind][1] for kind in FORMATS if kind in Image.OPEN]
    may_be = any(knows is not None and knows(first) is True for knows in known)
    if not may_be and not any(re.match(pattern, first, re.DOTALL) for pattern, *_ in PLUGINS):
        return False
    try:
        size(read(), name)  # two bytes may be chance: a text may begin with those of a BMP
    except DataError:
        return False
    return True


def size(data, name):
    """(width, height) of the bytes of an image file, from its first lines.

    Raises:
        DataError: it is no image.
    """
    try:
        return _opened(_without_texts(data), name).size
    except DataError:
        raise
    except Exception as error:  # Pillow raises many kinds
        raise DataError(f"{name} is damaged or no image; get it again") from error


def _check_whole(data, image):
    """Refuses files of which a part is missing and that Pillow reads: it draws black or grey in its place.

    Of a JPEG that ends early, libjpeg makes up the rest. Bytes put before its end are read as picture then, and change
    it; after a whole picture they are passed over. Asked are those that end in libjpeg's grey and progressive ones.
    """
    if image.format == "PNG":
        Image.open(io.BytesIO(data), formats=("PNG",)).verify()  # checksums of all its chunks
    if image.format not in ("JPEG", "MPO"):
        return
    end = _end_of_jpeg(data)
    corner = np.atleast_1d(image.getpixel((image.width - 1, image.height - 1))).astype(int)
    if end > 0 and ("progressive" in image.info or np.all(np.abs(corner - 128) <= 1)):
        longer = Image.open(io.BytesIO(data[:end] + bytes(range(255)) + data[end:]), formats=("JPEG",))
        end = end if longer.tobytes() == image.tobytes() else -1
    if end < 0:
        raise ValueError("it is cut: its lower part is missing")


def _end_of_jpeg(data):
    """The place of the marker that ends the (first) picture of a JPEG, -1 where there is none."""
    place = 2
    while data[place : place + 1] == b"\xff" and data[place + 1 : place + 2] != b"\xda":  # until the picture begins
        is_fill = data[place + 1 : place + 2] == b"\xff"  # which may stand before any marker
        place += 1 if is_fill else 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return data.find(b"\xff\xd9", min(place, len(data)))


def _convert(image, opened, data, name, mode):
    """`image` in `mode`; `opened` is its file, the bytes `data`, as Pillow has it."""
    if image.mode.startswith("I;16") or (image.mode == "I" and opened.format == "PPM"):  # PPM has 16 bits at most
        image = _eight_bits(image, getattr(opened, "tag_v2", {}))
    elif image.mode in ("I", "F"):
        raise DataError(f"{name} has 32 bits a channel, or 16 with a sign; save it with 8 bits")
    if image.has_transparency_data:
        colour = image.info.get("transparency")
        if isinstance(colour, tuple) and max(colour) > 255:  # of 16 bits, while Pillow has made 8 of the pixels
            image.info["transparency"] = tuple(value >> 8 for value in colour)
        elif isinstance(colour, int) and image.mode == "L" and opened.format == "PNG":
            most = (1 << data[PNG_DEPTH]) - 1  # of 2 or 4 bits, while Pillow has made 8 of the pixels
            image.info["transparency"] = colour * 255 // most if colour <= most else colour
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


def _eight_bits(image, tags):
    """A grey image of 16 bits, or as many as the `tags` of a TIFF say, as one of 8, white where it is transparent."""
    values, most = np.asarray(image).astype(np.int64), (1 << tags.get(BITS, (16,))[0]) - 1
    eight = (most - values if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else values) * 255 // most
    return Image.fromarray(np.where(values == image.info.get("transparency"), 255, eight).astype(np.uint8))


def centre_crop(image, width, height, name):
    """The middle width x height pixels; with an odd margin the spare pixel stays at the right and bottom.

    Raises:
        DataError: the image is smaller.
    """
    if image.width < width or image.height < height:
        raise DataError(
            f"{name} is {image.width}x{image.height}, smaller than the crop of {width}x{height}; replace it"
        )
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def resize(image, height, width, resampling):
    """uint8 [height, width, C] of a Pillow image; `resampling` is a key of `FILTERS`."""
    if image.size != (width, height):
        image = image.resize((width, height), FILTERS[resampling])
    return np.asarray(image).reshape(height, width, -1)


def save(path, picture, about=None):
    """Writes a picture uint8 [H, W, 3] as PNG, or a list of them as an endless GIF, whole or not at all.

    Args:
        path: text or a `pathlib.Path`, with or without ending.
        about: {name: value} to keep in the file's metadata.

    Returns:
        The path with its ending.
    """
    about = about or {}
    frames = picture if isinstance(picture, list) else [picture]
    data, ending = (gif(frames, about), "gif") if len(frames) > 1 else (png(frames[0], about), "png")
    path = pathlib.Path(path)
    path = path.with_name(f"{path.name.removesuffix(f'.{ending}')}.{ending}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_bytes(data)
    return path


def png(picture, about):
    """A picture uint8 [H, W, 3] as the bytes of a PNG file, with {name: value} in its metadata."""
    info, file = PngInfo(), io.BytesIO()
    for name, value in about.items():
        info.add_text(name, str(value))
    Image.fromarray(picture).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def gif(frames, about):
    """Pictures uint8 [H, W, 3] as the bytes of an endless GIF file, with {name: value} in its comment."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    comment, file = "; ".join(f"{name}: {value}" for name, value in about.items()), io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=others, duration=120, loop=0, comment=comment)
    return file.getvalue()
