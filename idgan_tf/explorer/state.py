"""Where the sliders of a tab stand, and the same as the query of its address, which reloads and can be passed on."""

import dataclasses
from urllib.parse import urlencode

import numpy as np

from idgan_tf.errors import require

LONGEST = 9  # digits of a number


@dataclasses.dataclass
class State:
    """Where the sliders stand.

    Attributes:
        c: the code, float32 [D].
        draws: how many nuisances were drawn: the last one is that of now, 0 stands for s = 0.
        label: the class whose mean zs is, or None.
        image: the number of the image of the gallery that was encoded last, or None.
        seen: the image that was encoded last, uint8 [H, W, 3], or None.
    """

    c: np.ndarray
    draws: int = 0
    label: int | None = None
    image: int | None = None
    seen: np.ndarray | None = None


def to_query(state):
    """A state as "?c=0.5,-1&draws=1": the code to four digits; of an encoded image, which of the gallery it is."""
    said = {"c": ",".join(f"{value:.4g}" for value in state.c), "draws": state.draws}
    said |= {name: value for name in ("label", "image") if (value := getattr(state, name)) is not None}
    return f"?{urlencode(said, safe=',')}"


def from_query(query, count, classes, images):
    """The `State` of {name: text}, but for `seen`.

    Args:
        count: of dimensions.
        classes, images: how many there are to choose from.

    Raises:
        ConfigError: it is no state of a code like this one.
    """
    c = np.array([_number(text) for text in query.get("c", "").split(",")], np.float32)
    require(len(c) == count, f"the address has a code of {len(c)} dimensions, not {count}")
    require(bool(np.all(np.abs(c) < 1e6)), "the address has a code of no finite, sensible numbers")
    return State(
        c,
        draws=_whole(query, "draws", 1_000_000) or 0,
        label=_whole(query, "label", classes),
        image=_whole(query, "image", images),
    )


def _number(text):
    try:
        return float(text)
    except ValueError:
        return np.nan


def _whole(query, name, end):
    """A number 0 .. end - 1, or None where there is none."""
    if name not in query:
        return None
    text = query[name]
    known = text.isascii() and text.isdigit() and len(text) <= LONGEST and int(text) < end
    require(known, f"the address has {name}={text[:20]}, which there is not here")
    return int(text)
