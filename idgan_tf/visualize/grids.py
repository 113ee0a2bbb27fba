"""Images into one picture: arrays in, one uint8 array out."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

BACKGROUND, TEXT = (255, 255, 255), (40, 40, 40)
SMALLEST = 48  # pixels: smaller images are shown at a whole multiple of their size, up to this


def to_uint8(images):
    """Images [..., H, W, C] in [0, 1], C 1 or 3 -> uint8 [..., H, W, 3]."""
    images = np.clip(np.asarray(images, np.float32), 0.0, 1.0)
    images = np.rint(images * 255.0).astype(np.uint8)
    return np.repeat(images, 3, axis=-1) if images.shape[-1] == 1 else images


def grid(images, columns, padding=2, smallest=SMALLEST):
    """Images [N, H, W, C] in [0, 1] -> uint8 [H', W', 3], row by row, white lines between."""
    images = to_uint8(images)
    zoom = max(1, smallest // max(images.shape[1:3]))
    images = images.repeat(zoom, axis=1).repeat(zoom, axis=2)
    count, height, width = images.shape[:3]
    rows = -(-count // columns)
    picture = np.full(
        (rows * (height + padding) + padding, columns * (width + padding) + padding, 3), BACKGROUND, np.uint8
    )
    for i, image in enumerate(images):
        y, x = padding + i // columns * (height + padding), padding + i % columns * (width + padding)
        picture[y : y + height, x : x + width] = image
    return picture


def letters(width):
    """The letter height in pixels that can still be read when a picture of `width` is shown on a page."""
    return max(12, width // 80)


def label(picture, title=None, rows=(), columns=(), size=None):
    """A picture [H, W, 3] with a title above, names left of its rows and above its columns.

    Args:
        rows, columns: names, top to bottom and left to right, evenly spread; those of columns are cut to their width.
        size: letter height in pixels, by default as `letters` says.
    """
    size = size or letters(picture.shape[1])
    font = ImageFont.load_default(size)
    left = max((int(font.getlength(name)) for name in rows), default=0) + (size if rows else 0)
    above = (size * 2 if title else 0) + (size * 2 if columns else 0)
    width = max(picture.shape[1] + left, int(font.getlength(title or "")) + 4)
    canvas = Image.new("RGB", (width, picture.shape[0] + above), BACKGROUND)
    canvas.paste(Image.fromarray(picture), (left, above))
    draw = ImageDraw.Draw(canvas)
    if title:
        draw.text((left + 2, size // 2), title, TEXT, font)
    row_height = picture.shape[0] / max(1, len(rows))
    column_width = picture.shape[1] / max(1, len(columns))
    for i, name in enumerate(rows):
        draw.text((size // 2, above + (i + 0.5) * row_height - size * 0.6), name, TEXT, font)
    for i, name in enumerate(columns):
        name = _cut(name, column_width, font)
        draw.text((left + (i + 0.5) * column_width, above - 1.5 * size), name, TEXT, font, anchor="ma")
    return np.asarray(canvas)


def _cut(name, width, font):
    """As much of a name as fits into `width` pixels."""
    if font.getlength(name) <= width:
        return name
    while name and font.getlength(f"{name}..") > width:
        name = name[:-1]
    return f"{name}.."


def beside(pictures, gap=12):
    """Pictures [H, W, 3] side by side, aligned at the bottom."""
    height = max(picture.shape[0] for picture in pictures)
    columns = []
    for i, picture in enumerate(pictures):
        filler = np.full((height - picture.shape[0], picture.shape[1], 3), BACKGROUND, np.uint8)
        columns.append(np.concatenate([filler, picture]))
        if i + 1 < len(pictures):
            columns.append(np.full((height, gap, 3), BACKGROUND, np.uint8))
    return np.concatenate(columns, axis=1)


def under(pictures, gap=12):
    """Pictures [H, W, 3] under each other, aligned at the right, so that names left of their rows do not shift them."""
    width = max(picture.shape[1] for picture in pictures)
    rows = []
    for i, picture in enumerate(pictures):
        filler = np.full((picture.shape[0], width - picture.shape[1], 3), BACKGROUND, np.uint8)
        rows.append(np.concatenate([filler, picture], axis=1))
        if i + 1 < len(pictures):
            rows.append(np.full((gap, width, 3), BACKGROUND, np.uint8))
    return np.concatenate(rows)
