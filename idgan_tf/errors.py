"""Errors a user can act on. Each has an exit code; `cli` prints its message as one line, without a traceback."""

import math


class UserError(Exception):
    """Base of all errors that end a command with one line."""

    exit_code = 2


class ConfigError(UserError, ValueError):
    """A flag, gin file, binding or argument is wrong."""


class DataError(UserError):
    """A dataset is missing, damaged or of the wrong kind, or a disk cannot be written."""

    exit_code = 3


class NonFiniteError(UserError):
    """A loss became NaN or infinite."""

    exit_code = 4


class CheckpointError(UserError):
    """A run has no checkpoint that can be used."""

    exit_code = 5


class WorkerLost(UserError):
    """Another machine of the run has gone; what was saved is whole."""

    exit_code = 1


class OutOfMemory(UserError):
    """A device has less memory than was asked of it."""

    exit_code = 1


class Interrupted(UserError):
    """A signal ended the run after its state was saved."""

    def __init__(self, message, signal_number):
        super().__init__(message)
        self.exit_code = 128 + signal_number


class JobsFailed(UserError):
    """Some of several processes ended with an error; the exit code is that of the first."""

    def __init__(self, message, exit_code):
        super().__init__(message)
        self.exit_code = exit_code


def message(error):
    """What an error says, in one line, without the names of configurables that gin adds; of others', 600 letters."""
    text = " ".join(str(error).split("\n  In call to configurable")[0].split()) or type(error).__name__
    return text if isinstance(error, UserError) or len(text) < 600 else text[:600] + " ..."


def counted(number, what):
    """How many of something, in words: "1 file", "2,000 files"."""
    return f"{number:,} {what}" + ("s" if number != 1 else "")


def require(condition, message):
    """Raises ConfigError(message) unless `condition` holds."""
    if not condition:
        raise ConfigError(message)


def require_unmasked(values, message):
    """Raises ConfigError(message) where an array, or one in a list, has masked values, whose mask would be lost."""
    import numpy as np  # --help does not wait for it

    def masked(part):
        return any(map(masked, part)) if isinstance(part, (list, tuple)) else np.ma.is_masked(part)

    require(not masked(values), message)


def require_number(name, value, minimum=None, integer=False, above=None):
    """Raises ConfigError unless `value` is a finite number (an int when `integer`) >= `minimum` and > `above`."""
    kind = int if integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ConfigError(f"{name} must be {'an integer' if integer else 'a number'}, got {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{name} must be finite, got {value!r}")
    if minimum is not None and not value >= minimum:
        raise ConfigError(f"{name} must be >= {minimum}, got {value!r}")
    if above is not None and not value > above:
        raise ConfigError(f"{name} must be > {above}, got {value!r}")


def require_flag(name, value):
    """Raises ConfigError unless `value` is True or False: any text, "no" too, would count as true."""
    require(isinstance(value, bool), f"{name} must be True or False, got {value!r}")
