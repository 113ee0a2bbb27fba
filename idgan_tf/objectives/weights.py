"""Weights of loss terms and other magnitudes: numbers, or schedules of the step."""

import gin
import tensorflow as tf
from keras.optimizers.schedules import CosineDecay, LearningRateSchedule, PiecewiseConstantDecay, PolynomialDecay

from idgan_tf.errors import require, require_number

AT_LAST = 1 << 30  # a step after which no schedule moves


@gin.register
class PiecewiseLinear(LearningRateSchedule):
    """A value for each of some steps, on straight lines between them, and as at the ends before and after.

    Args:
        steps: rising.
        values: as many, >= 0.
    """

    def __init__(self, steps, values):
        rising = all(first < then for first, then in zip(steps, steps[1:], strict=False))
        require(
            len(steps) == len(values) > 0 and rising,
            f"PiecewiseLinear takes a value for each of its rising steps, got {steps!r} and {values!r}",
        )
        for value in values:
            require_number("PiecewiseLinear.values", value, minimum=0)
        self.steps, self.values = tuple(steps), tuple(values)

    def __call__(self, step):
        step, value = tf.cast(step, tf.float32), tf.constant(self.values[0], tf.float32)
        for first, last, before, after in zip(self.steps, self.steps[1:], self.values, self.values[1:], strict=False):
            part = tf.minimum((step - first) / (last - first), 1.0)
            value = tf.where(step > first, (1.0 - part) * before + part * after, value)  # exact at every given step
        return value

    def get_config(self):
        return {"steps": self.steps, "values": self.values}


def require_weights(owner, **weights):
    """Raises ConfigError, which names the owner, unless each weight is a number >= 0, or a schedule of none below 0."""
    for name, weight in weights.items():
        for value in _values(weight):
            require_number(f"{owner}.{name}", value, minimum=0)


def _values(weight):
    """The values of a weight, or the numbers of a schedule of Keras that are below 0 where one of its values is."""
    names = ("initial_learning_rate", "end_learning_rate", "warmup_target", "alpha", "decay_rate")
    found = [getattr(weight, name, None) for name in names]
    numbers = [*getattr(weight, "values", ()), *(value for value in found if value is not None)]
    return numbers if follows(weight) else [weight]


def follows(weight):
    """Whether it is a schedule of the step, not a number."""
    return isinstance(weight, LearningRateSchedule)


def weight_at(weight, step):
    """The weight at a step: a number as it is, or a schedule's float32 value."""
    return tf.cast(weight(step), tf.float32) if follows(weight) else weight


def cut_short(weights, num_steps):
    """{name: (value after so many steps, last value)} of those {name: weight} that come to rest later."""
    resting = (PiecewiseLinear, PiecewiseConstantDecay, PolynomialDecay, CosineDecay)  # others move for ever
    schedules = {name: value for name, value in weights.items() if isinstance(value, resting)}
    ends = {name: (float(value(num_steps)), float(value(AT_LAST))) for name, value in schedules.items()}
    return {name: (now, last) for name, (now, last) in ends.items() if now != last}


def is_zero(weight):
    """Whether a term of this weight can be left out in every step."""
    return not follows(weight) and weight == 0


def scheduled(weights, step, values):
    """{name: float32 value at a step} of those {name: weight} that follow a schedule, for the log beside `values`.

    One that is called like one of the values is <name>_weight.
    """
    now = {name: weight_at(weight, step) for name, weight in weights.items() if follows(weight)}
    return {f"{name}_weight" if name in values else name: value for name, value in now.items()}


def product(first, second):
    """The weight that is one weight times another; what is no weight is left for `require_weights` to refuse."""
    numbers = all(isinstance(weight, int | float) for weight in (first, second))
    return first * second if numbers else _Product(first, second)


class _Product(LearningRateSchedule):
    def __init__(self, first, second):
        self.first, self.second = first, second

    def __call__(self, step):
        return weight_at(self.first, step) * weight_at(self.second, step)

    def get_config(self):
        return {"first": self.first, "second": self.second}
