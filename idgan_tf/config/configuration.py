"""A configuration as a value: read from gin files once, handed on, and put in force where gin is asked.

What gin lets pass silently is an error here: a macro nobody reads, a scope nobody opens, an import outside `idgan_tf`
and `keras`, a binding that a file gives twice.
"""

import ast
import contextlib
import contextvars
import dataclasses
import difflib
import re
from collections.abc import Sequence

import gin

from idgan_tf.config import gin_state
from idgan_tf.config.gin_files import (
    given_in,
    headings_in,
    located,
    macros_in,
    reading_todays,
    references_in,
    require_readable,
    scopes_in,
    todays,
    todays_line,
    whole_text,
)
from idgan_tf.errors import ConfigError, message

OURS = __name__.partition(".")[0]
# A line that binds in scopes, as gin writes it: vae/keras.optimizers.Adam.learning_rate = 1e-4.
SCOPED = re.compile(r"^((?P<scopes>[\w/]+)/(?:\w+\.)*(?P<name>\w+)\.\w+) =", re.MULTILINE)
# Bindings that may differ between a run and its continuation: they change what is shown, not what is learnt.
HARMLESS = (
    "train.evaluate_every",
    "train.keep_every",
    "train.log_every",
    "train.metrics",
    "train.num_steps",
    "train.picture_every",
    "train.resident_bytes",
    "train.rollback",
    "train.save_every",
)
_allowed: contextvars.ContextVar[Sequence[str]] = contextvars.ContextVar("_allowed", default=())


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What gin files say, and bindings after them.

    Reading one leaves gin as it was, but for the modules that the files import and the optimizers of Keras, whose names
    gin knows from then on.

    Attributes:
        gin_files: paths, as `find` looks them up.
        bindings: such as "train.seed = 1"; they override the files.
        allow_imports: packages outside idgan_tf and keras that the files may import.
        is_part: whether it is a part of experiments, which may set macros that other files read.
        text: every binding, as a gin file that gives the same configuration again, whatever was imported before it.

    Raises:
        ConfigError: a file is missing, or something in it is unknown, unused or not allowed.
    """

    gin_files: Sequence
    bindings: Sequence[str] = ()
    allow_imports: Sequence[str] = ()
    is_part: bool = False
    text: str = dataclasses.field(init=False, repr=False, compare=False)
    _state: tuple = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self):
        given = {name: tuple(map(str, getattr(self, name))) for name in ("gin_files", "bindings", "allow_imports")}
        with gin_state.restored():
            gin_state.put(gin_state.EMPTY)
            _parse(**given)
            _forget_overridden(given["gin_files"], given["bindings"])
            gin.parse_config("".join(f"import {module}\n" for module in gin_state.modules_bound(OURS)))
            read = {"text": gin.config_str(), "_state": gin_state.now()}
        if not self.is_part:
            _check_macros(read["text"])
        _check_scopes(read["text"])
        for name, value in (given | read).items():
            object.__setattr__(self, name, value)

    @contextlib.contextmanager
    def in_force(self):
        """Makes this the configuration of gin while the block runs; what was there before comes back after it.

        What the block binds is forgotten with it.
        """
        before = _allowed.set(self.allow_imports)
        try:
            with gin_state.restored(), gin.config_scope(None):
                gin_state.put(self._state)
                yield self
        finally:
            _allowed.reset(before)

    def bindings_of(self, name):
        """{parameter: value} bound for the configurable `name`; references are left unresolved."""
        with self.in_force():
            return gin.get_bindings(name, resolve_references=False)

    def values_of(self, names):
        """{name: value} of those parameters, such as "train.seed", and macros, "%SIZE", that are bound."""
        found = {}
        with self.in_force():
            for name in names:
                with contextlib.suppress(ValueError):  # gin's word for what is not bound
                    found[name] = gin.query_parameter(name)
        return found

    def with_bindings(self, *bindings):
        """This configuration with more bindings, which override its own."""
        return dataclasses.replace(self, bindings=(*self.bindings, *bindings))

    def differences(self, old):
        """Lines ("-old", "+new") in which a text differs from this, but for HARMLESS bindings, a teacher's too.

        A long value, over several indented lines in the texts, is one line here.
        """
        changed = difflib.unified_diff(_lines(old), _lines(self.text), lineterm="", n=0)
        return [line for line in changed if line[0] in "+-" and line[1:].strip() and line[:3] not in ("+++", "---")]


def allowed_imports():
    """What gin files may import by the configuration in force; () without one."""
    return _allowed.get()


def _parse(gin_files, bindings, allow_imports):
    """Adds files and bindings to the configuration of gin."""
    paths = require_readable(gin_files, bindings, allow_imports)
    _register_optimizers()
    bindings = list(map(todays_line, bindings))
    try:
        with gin_state.reading_with(reading_todays, located):
            gin.parse_config_files_and_bindings(paths, bindings, finalize_config=False, skip_unknown=False)
    except Exception as error:  # gin raises ValueError, SyntaxError, OSError, ImportError ...
        _check_names()
        raise ConfigError(message(error)) from error
    _check_names()


def _check_names():
    """Refuses a configurable of the user's that has the name of one of ours, such as `train`."""
    for ours, other in gin_state.namesakes(OURS):
        raise ConfigError(f"{other} has the name of {ours}, and no binding could tell them apart; rename it")


def _register_optimizers():
    """Makes keras.optimizers.{Adam,RMSprop,SGD} and schedules of the step known to gin, once."""
    import keras

    schedules = keras.optimizers.schedules

    class PiecewiseConstantDecay(schedules.PiecewiseConstantDecay):
        """Keras', whose values may be whole numbers beside others: (0, 3e-4)."""

        def __init__(self, boundaries, values, name="PiecewiseConstant"):
            super().__init__(boundaries, [float(value) for value in values], name)

    optimizers = (keras.optimizers.Adam, keras.optimizers.RMSprop, keras.optimizers.SGD)
    resting = (PiecewiseConstantDecay, schedules.PolynomialDecay, schedules.CosineDecay)
    for known in (*optimizers, *resting):
        try:
            gin.get_configurable(f"keras.optimizers.{known.__name__}")
        except ValueError:
            gin.external_configurable(known, module="keras.optimizers")


def _lines(text):
    """The lines of a configuration text that matter, sorted: no imports, no scoped bindings that nothing reads.

    Of a teacher, the number of steps does.
    """
    text = todays(text)
    lines, name, references = [], "teacher.gin_params = ", references_in(text)
    for line in re.sub(r"( \\)?\n +", " ", text).splitlines():
        scoped = SCOPED.match(line)
        if scoped and scoped["name"] not in _read_within(scoped["scopes"], references):
            continue
        if line.startswith(name):
            with contextlib.suppress(ValueError, SyntaxError):  # a macro stays one
                given = ast.literal_eval(line.removeprefix(name))
                line = name + repr([p for p in given if not p.startswith(HARMLESS) or p.startswith("train.num_steps")])
        if not line.startswith((*HARMLESS, "#", "import ")):
            lines.append(line)
    return sorted(lines)


def _forget_overridden(gin_files, bindings):
    """Forgets macros and scoped bindings of files that nothing reads any more, as a binding overrides what did.

    So, too, what the config.gin of an earlier version kept of them.
    """
    macros_given, scoped_given = given_in(bindings)
    files = "\n".join(map(whole_text, gin_files))
    macros, scoped = macros_in(files) - macros_given, (references_in(files) | headings_in(files)) - scoped_given
    while gin_state.forget(macros - macros_in(text := gin.config_str()), scoped - references_in(text)):
        pass


def _macros_set(config):
    return set(re.findall(r"^(\w+) =", config, flags=re.MULTILINE))


def _check_macros(config):
    """Refuses macros that are set and never read, or read and never set: most often a misspelt name."""
    known, read = _macros_set(config), macros_in(config)
    for name in sorted(known - read):
        raise ConfigError(f"nothing reads the macro {name}; the macros in use are {', '.join(sorted(read)) or 'none'}")
    for name in sorted(read - known):
        known = ", ".join(sorted(known)) or "none"
        raise ConfigError(f"nothing sets the macro {name}; set are {known}; --gin_param='{name} = ...' sets it")


def _read_within(scopes, references):
    """The names that references read in scopes, or deeper within."""
    return {name for within, name in references if {*scopes.split("/")} <= {*within.split("/")}}


def _check_scopes(config):
    """Refuses bindings that no reference reads: of a misspelt player, or of a schedule that is not the one in use."""
    references = references_in(config)
    for binding, scopes, name in SCOPED.findall(config):
        inside = _read_within(scopes, references)
        if not inside:
            known = ", ".join(sorted(scopes_in(config))) or "none"
            raise ConfigError(f"nothing reads {binding}: no @{scopes}/ is in use; the scopes in use are {known}")
        if name not in inside:
            known = ", ".join(f"@{scopes}/{read}" for read in sorted(inside))
            raise ConfigError(f"nothing reads {binding}: no @{scopes}/{name} is in use, but {known}")
