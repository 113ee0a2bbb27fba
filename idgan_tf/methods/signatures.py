"""What a trained method takes and gives, for people and for programs: inputs that know what is right for them.

Values are looked at in eager calls (`Input.given`) and in exports (`Signature.checked`), never inside a training step.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from idgan_tf.errors import ConfigError, require, require_unmasked

IMAGES = "images in [0, 1]"
ROUNDING = 1e-3  # by which floats may leave their range


class Input(NamedTuple):
    """An input of a signature, or an argument of a face.

    Attributes:
        name: of the argument in the export.
        shape: of the tensor; None is any number, the same for inputs that go together. No shape at all is any.
        text: what it holds.
        dtype: of the tensor.
        example: a value to try, where zeros would show nothing.
        low, high: the range of its values; without one, all that are finite.
    """

    name: str
    shape: list | None
    text: str
    dtype: tf.DType = tf.float32
    example: Any = None
    low: float | None = None
    high: float | None = None

    @property
    def spec(self):
        return tf.TensorSpec(self.shape, self.dtype, self.name)  # pyright: ignore[reportArgumentType] - None is any

    def given(self, value):
        """An array, tensor or list that somebody gives as this input -> a tensor of its type.

        Images as uint8 or uint16 become [0, 1] by their type, in a graph, too, where nothing else is looked at.

        Raises:
            ConfigError: it has another shape, or values that are not finite or outside the range.
        """
        if not tf.executing_eagerly():
            return (
                self._scaled(value) if tf.is_tensor(value) else tf.cast(self._scaled(self._tensor(value)), self.dtype)
            )
        value = self._scaled(self._tensor(value))
        if self.shape is not None and not value.shape.is_compatible_with(self.shape):
            raise ConfigError(f"{self.name} must have the shape {self._shape_text()}, got {value.shape.as_list()}")
        if value.shape.rank == 4:  # images, of which a convolution asks for one at least
            require(value.shape[0] != 0, f"{self.name} is empty")
        value = tf.cast(value, self.dtype if self.dtype.is_floating else tf.int64)
        if not self._holds(value):
            raise ConfigError(f"{self.name} must be {self.wanted}, got {_range(value)}")
        return tf.cast(value, self.dtype)

    def assertion(self, value):
        """What fails, in a graph, unless a tensor has values that are right."""
        return tf.debugging.Assert(self._holds(value), [f"{self.name} must be {self.wanted}"])

    @property
    def wanted(self):
        """Which values are right, as text."""
        if self.low is None:
            return "finite"
        return f"in [{self.low:g}, {self.high:g}]" if self.dtype.is_floating else f"{self.low} to {self.high}"

    def _tensor(self, value):
        """A tensor of numbers of the right kind."""
        kind = "numbers" if self.dtype.is_floating else "integers" if self.shape else "an integer"
        require_unmasked(value, f"{self.name} has masked values, whose mask would be lost")
        try:
            value = tf.convert_to_tensor(value)
        except (ValueError, TypeError) as error:  # texts, rows of several lengths
            raise ConfigError(f"{self.name} must be {kind}, got {str(value)[:60]!r}") from error
        dtype = value.dtype
        right = dtype.is_integer or (self.dtype.is_floating and (dtype.is_floating or dtype.is_bool))
        require(right, f"{self.name} must be {kind}, got {dtype.name}")
        return value

    def _scaled(self, value):
        """Of an image that is stored as bytes, parts of the largest number of its type; of others, the value itself."""
        is_image = self.dtype.is_floating and self.low is not None
        if not is_image or value.dtype not in (tf.uint8, tf.uint16):
            return value
        require(
            not tf.executing_eagerly() or tf.reduce_max(tf.cast(value, tf.int32)) != 1,
            f"{self.name} holds 0 and 1 alone as {value.dtype.name}, of which {value.dtype.max} is white: "
            "give them as floats or bools",
        )
        return tf.cast(value, tf.float32) / value.dtype.max

    def _holds(self, value):
        if self.low is None or self.high is None:
            return tf.reduce_all(tf.math.is_finite(value)) if value.dtype.is_floating else tf.constant(True)
        slack = ROUNDING if self.dtype.is_floating else 0  # nan is in no range
        return tf.reduce_all((value >= self.low - slack) & (value <= self.high + slack))

    def _shape_text(self):
        return "[" + ", ".join("any" if size is None else str(size) for size in self.shape or ()) + "]"


class Signature(NamedTuple):
    """function(*tensors, one for each of `inputs`) -> a tensor, or {name: tensor}.

    Attributes:
        gives: what the tensor holds, or {name: what it holds}.
    """

    function: Callable
    inputs: list
    gives: str | dict = IMAGES

    def checked(self, *values):
        """`function`, which in a graph fails where values are not what `inputs` say."""
        with tf.control_dependencies([i.assertion(value) for i, value in zip(self.inputs, values, strict=True)]):
            return self.function(*map(tf.identity, values))


def image(name, shape, text="in [0, 1]"):
    """The `Input` of images [B, H, W, C], `shape` being (H, W, C)."""
    return Input(name, [None, *shape], text, low=0, high=1)


def _range(value):
    if value.dtype.is_floating and not np.all(np.isfinite(value)):
        return "nan or infinity"
    return f"{np.min(value):g} to {np.max(value):g}" if value.shape.rank else f"{value.numpy()}"
