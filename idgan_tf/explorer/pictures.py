"""The pictures of the explorer's code: what is seen now, along one dimension, and on the way between two states."""

import json
import math

import numpy as np
import tensorflow as tf

from idgan_tf.image_files import gif, png
from idgan_tf.visualize.grids import beside, grid, label, letters, to_uint8, under
from idgan_tf.visualize.rendering import traversal_values

STEPS = 7  # images of a strip
FRAMES = 15  # of a movie, one way
STRIP_PIXELS = 64  # no image of the strip beside a slider is larger
FILE_PIXELS = 256  # smaller images are enlarged by a whole factor in files that are to be looked at


def drawings(explorer):
    """[(caption, model, which of its drawings)]: all that is drawn of a code."""
    single = len(explorer.models) == 1
    return [
        (drawn if single else f"{name}: {drawn}", model, drawn)
        for name, model in zip(explorer.names, explorer.models, strict=True)
        for drawn in model.drawn
    ]


def now(explorer, state):
    """{caption: uint8 [H, W, 3]}: what every model draws of a state."""
    return {caption: pictures[0] for caption, pictures in _line(explorer, state.c[None], [state.draws]).items()}


def _line(explorer, c, draws, weights=None):
    """{caption: uint8 [B, H, W, 3]} of codes [B, D], with one nuisance of `draws`, or between two by `weights` [B]."""
    found = {}
    for caption, model, drawn in drawings(explorer):
        s = np.stack([model.nuisance(number) for number in draws])
        s = np.repeat(s, len(c), axis=0) if weights is None else _mixed(*s, weights)
        found[caption] = to_uint8(model.draw(drawn, c, s))
    return found


def _mixed(first, last, weights):
    """Points [B, N] of the straight line from first to last [N]: 0 is the first, 1 the last."""
    return (first + np.asarray(weights)[:, None] * (last - first)).astype(np.float32)


def along(explorer, state, dimension):
    """(codes [V, D], values [V]): the code of a state with one dimension from its lowest to its highest.

    The values are STEPS, or, of a quantised code, as many of its levels if it has so many.
    """
    method = explorer.first.method
    ends = explorer.low[dimension], explorer.high[dimension]
    values = traversal_values(method, STEPS) if method.levels else np.linspace(*ends, STEPS)
    c = np.repeat(state.c[None], len(values), axis=0)
    c[:, dimension] = values
    return c, values


def strip(explorer, state, dimension):
    """uint8 [H', W', 3]: small images over one dimension, a line for every model, of its generator where it has one."""
    c, _ = along(explorer, state, dimension)
    lines = []
    for model in explorer.models:
        height, width, _ = model.method.image_shape
        images = model.draw(model.best, c, np.repeat(model.nuisance(state.draws)[None], len(c), axis=0))
        factor = math.ceil(max(height, width) / STRIP_PIXELS)
        if factor > 1:
            images = tf.image.resize(images, [height // factor, width // factor], "area")
        lines.append(grid(images, len(c), padding=1, smallest=1))  # the page enlarges it
    return lines[0] if len(lines) == 1 else under(lines, gap=1)


def edited(explorer, state, dimension):
    """uint8 [H', W', 3] to be looked at: the encoded image, and its code along one dimension, a line a drawing."""
    c, values = along(explorer, state, dimension)
    title = f"{explorer.called(dimension)}, now {state.c[dimension]:+.2f}"
    lines = _lines(_line(explorer, c, [state.draws]), title, [f"{value:+.2g}" for value in values])
    if state.seen is None:
        return lines
    size = 4 + letters(lines.shape[1])
    return beside([label(grid(state.seen[None] / 255.0, 1, smallest=FILE_PIXELS), "encoded", size=size), lines])


def between(explorer, first, last):
    """uint8 [H', W', 3]: the way from one state to another in equal steps of c and s, a line for each drawing."""
    return _lines(_way(explorer, first, last, STEPS))


def movie(explorer, first, last):
    """The same as frames uint8 [H', W', 3], there and back, the drawings side by side."""
    drawn = _way(explorer, first, last, FRAMES).values()
    frames = [beside([_enlarged(pictures[i]) for pictures in drawn]) for i in range(FRAMES)]
    return [*frames, *frames[-2:0:-1]]


def _way(explorer, first, last, steps):
    weights = np.linspace(0.0, 1.0, steps)
    return _line(explorer, _mixed(first.c, last.c, weights), [first.draws, last.draws], weights)


def _lines(drawn, title=None, columns=()):
    """{caption: uint8 [B, H, W, 3]} as lines of images under each other, with their captions."""
    grids = [grid(pictures / 255.0, len(pictures), smallest=FILE_PIXELS // 2) for pictures in drawn.values()]
    size = 4 + letters(grids[0].shape[1])  # a page shows them smaller
    lines = [label(picture, None, [caption], size=size) for caption, picture in zip(drawn, grids, strict=True)]
    lines[0] = label(grids[0], None, [next(iter(drawn))], columns, size)
    return label(under(lines), title, size=size) if title else under(lines)


def _enlarged(picture):
    factor = max(1, FILE_PIXELS // max(picture.shape[:2]))
    return picture.repeat(factor, axis=0).repeat(factor, axis=1)


def as_json(explorer, *states):
    """The codes of states, and where they belong to, as text: one object, or a list of them."""
    found = [_about(explorer, state) for state in states]
    return json.dumps(found if len(found) > 1 else found[0], indent=1) + "\n"


def _about(explorer, state):
    first, *others = [
        {"run": name, "step": model.step, "s": model.nuisance(state.draws).tolist()}
        for name, model in zip(explorer.names, explorer.models, strict=True)
    ]
    named = {explorer.symbol(d): explorer.name(d) for d in range(explorer.count) if explorer.name(d)}
    return {
        **first,
        "c": state.c.tolist(),
        "label": None if state.label is None else explorer.classes[state.label],
        **({"names": named} if named else {}),
        **({"beside": others} if others else {}),
    }


def now_as_png(explorer, state):
    """The pictures beside each other as the bytes of a PNG, with the codes in its metadata."""
    return png(beside(list(now(explorer, state).values())), {"codes": as_json(explorer, state)})


def edited_as_png(explorer, state, dimension):
    """`edited` as the bytes of a PNG, with the codes in its metadata."""
    return png(edited(explorer, state, dimension), {"codes": as_json(explorer, state)})


def between_as_png(explorer, first, last):
    """`between` as the bytes of a PNG, with both codes in its metadata."""
    return png(between(explorer, first, last), {"codes": as_json(explorer, first, last)})


def movie_as_gif(explorer, first, last):
    """`movie` as the bytes of a GIF."""
    return gif(movie(explorer, first, last), {"runs": explorer.title})


def change(before, after):
    """By how much pictures {caption: uint8 [H, W, 3]} differ, 0 to 1: the largest mean of absolute differences."""
    return max(float(np.mean(np.abs(before[c].astype(float) - picture)) / 255.0) for c, picture in after.items())
