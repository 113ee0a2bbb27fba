"""Weights of loss terms: numbers, or schedules of the step."""

from keras.optimizers.schedules import LearningRateSchedule

from idgan_tf.errors import require_number


def require_weight(name, weight):
    """Raises ConfigError unless `weight` is a number >= 0 or one of Keras' schedules."""
    if not isinstance(weight, LearningRateSchedule):
        require_number(name, weight, minimum=0)


def weight_at(weight, step):
    """The weight at a step: a number as it is, or a schedule's float32 value."""
    return weight(step) if isinstance(weight, LearningRateSchedule) else weight


def is_zero(weight):
    """Whether a term of this weight can be left out in every step."""
    return not isinstance(weight, LearningRateSchedule) and weight == 0


def reported(name, weight, value):
    """{name: value} of a weight that follows a schedule, for the log; {} of a number, which config.gin has."""
    return {name: value} if isinstance(weight, LearningRateSchedule) else {}
