"""Image files: read with Pillow, refused where they are no good, cropped and sized as the papers do, and written."""

import io
import pathlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from idgan_tf.errors import DataError
from idgan_tf.files import replacing

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")  # none of them runs a program
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm")
MAX_PIXELS = 1 << 26  # 8192 x 8192; more is taken for a bomb
FILTERS = {
    "lanczos": Image.Resampling.LANCZOS,
    "bicubic": Image.Resampling.BICUBIC,
    "box": Image.Resampling.BOX,
}


def read(file, channels, name=None, turn=True):
    """An image file -> a Pillow image of mode "RGB" or "L".

    Grey, palette and CMYK images are converted; what is transparent becomes white; 16 bits become 8; of the several
    pictures that some cameras put into one JPEG, the first is taken.

    Args:
        file: its path, or its bytes.
        channels: 3 or 1.
        name: how messages call it; by default the path.
        turn: whether to turn it upright, as its camera says (EXIF). Published boxes are of images as they are stored.

    Raises:
        DataError: the file cannot be read, or is empty, damaged, animated, too large, or has 32 bits a channel.
    """
    name = str(file) if name is None else name
    data = file if isinstance(file, bytes) else _bytes(file, name)
    if not data:
        raise DataError(f"{name} is empty (0 bytes); get it again")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise DataError(f"{name} has {image.width}x{image.height} pixels, more than {MAX_PIXELS}; make it smaller")
        if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
            raise DataError(f"{name} is animated ({image.n_frames} frames); save one as a PNG")
        image.load()
        return _convert(ImageOps.exif_transpose(image) if turn else image, name, {1: "L", 3: "RGB"}[channels])
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


def size(data, name):
    """(width, height) of the bytes of an image file, from its first lines.

    Raises:
        DataError: it is no image.
    """
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS).size
    except Exception as error:  # Pillow raises many kinds
        raise DataError(f"{name} is damaged or no image; get it again") from error


def _convert(image, name, mode):
    if image.mode == mode:
        return image
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) // 257).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise DataError(f"{name} has 32 bits a channel; save it with 8 bits")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert(mode)


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
