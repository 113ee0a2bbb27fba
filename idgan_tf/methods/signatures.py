"""What an exported model can do, and how it says so: functions with named inputs, each with a text for people."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

IMAGES = "images in [0, 1]"


class Input(NamedTuple):
    """An input of a signature.

    Attributes:
        name: of the argument in the export.
        shape: of the tensor; None is any number, the same for inputs that go together.
        text: what it holds.
        dtype: of the tensor.
        example: a value to try, where zeros would show nothing.
    """

    name: str
    shape: list
    text: str
    dtype: tf.DType = tf.float32
    example: Any = None

    @property
    def spec(self):
        return tf.TensorSpec(self.shape, self.dtype, self.name)


class Signature(NamedTuple):
    """function(*tensors, one for each of `inputs`) -> a tensor, or {name: tensor}.

    Attributes:
        gives: what the tensor holds, or {name: what it holds}.
    """

    function: Callable
    inputs: list
    gives: str | dict = IMAGES
