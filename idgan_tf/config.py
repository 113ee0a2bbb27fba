"""A configuration as a value: read from gin files once, handed on, and put in force where gin is asked.

What gin lets pass silently is an error here: a macro nobody reads, a scope nobody opens, an import outside `idgan_tf`
and `keras`, a binding that a file gives twice.
"""

import ast
import contextlib
import dataclasses
import difflib
import io
import pathlib
import re

import gin
from gin import config_parser

from idgan_tf import gin_state
from idgan_tf.errors import ConfigError, message

PACKAGE = pathlib.Path(__file__).resolve().parent
PROJECT = PACKAGE if (PACKAGE / "gin").is_dir() else PACKAGE.parent  # holds gin/: a wheel's package, or a checkout
IMPORTS = ("idgan_tf", "keras")
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
# Modules that the gin files of users and of old runs import under an earlier name: {earlier: today's, several where it
# was split}.
RENAMED = {
    "idgan_tf.commands.sweep": ("idgan_tf.experiments.sweep",),
    "idgan_tf.methods.label_baselines": (
        "idgan_tf.methods.cvae",
        "idgan_tf.methods.cvaegan",
        "idgan_tf.methods.label_cgan",
    ),
    "idgan_tf.evaluation.generation": ("idgan_tf.evaluation.samples.generation",),
    "idgan_tf.evaluation.features": ("idgan_tf.evaluation.feature_networks.inception",),
}


def located(gin_file):
    """The path of a gin file, looked up from the current folder, then where this project's lie; None without one."""
    return next((path for folder in (pathlib.Path(), PROJECT) if (path := folder / gin_file).is_file()), None)


def find(gin_file):
    """The path of a gin file that must be there, as `located`.

    Raises:
        ConfigError: there is no such file.
    """
    if path := located(gin_file):
        return path
    known = sorted(path.name for path in (PROJECT / "gin").glob("*.gin"))
    close = difflib.get_close_matches(pathlib.Path(gin_file).name, known, n=3) or known[:6]
    raise ConfigError(f"no gin file {gin_file!r}; did you mean {', '.join(f'gin/{name}' for name in close)}?")


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
        text: every binding, as a gin file that gives the same configuration again.

    Raises:
        ConfigError: a file is missing, or something in it is unknown, unused or not allowed.
    """

    gin_files: tuple
    bindings: tuple = ()
    allow_imports: tuple = ()
    is_part: bool = False
    text: str = dataclasses.field(init=False, repr=False, compare=False)
    _state: tuple = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self):
        given = {name: tuple(map(str, getattr(self, name))) for name in ("gin_files", "bindings", "allow_imports")}
        with gin_state.restored():
            gin_state.put(gin_state.EMPTY)
            _parse(**given)
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
        with gin_state.restored(), gin.config_scope(None):
            gin_state.put(self._state)
            yield self

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


def require_readable(gin_files, bindings=(), allow_imports=()):
    """The paths of gin files that may be read; needs no TensorFlow, and runs nothing.

    Raises:
        ConfigError: one is missing, imports or binds what it may not, or a binding is none.
    """
    paths = [str(find(gin_file)) for gin_file in gin_files]
    for path in paths:
        _check_statements(pathlib.Path(path), (*IMPORTS, *allow_imports))
    for binding in bindings:
        if "=" not in binding:
            raise ConfigError(f'--gin_param takes "name.parameter = value", got {binding!r}')
    return paths


def _parse(gin_files, bindings, allow_imports):
    """Adds files and bindings to the configuration of gin."""
    paths = require_readable(gin_files, bindings, allow_imports)
    _register_optimizers()
    try:
        with gin_state.reading_with(_todays, located):
            gin.parse_config_files_and_bindings(paths, list(bindings), finalize_config=False, skip_unknown=False)
    except Exception as error:  # gin raises ValueError, SyntaxError, OSError, ImportError ...
        raise ConfigError(message(error)) from error


def _register_optimizers():
    """Makes keras.optimizers.{Adam,RMSprop,SGD} and two schedules of the step known to gin, once."""
    import keras

    schedules = keras.optimizers.schedules
    optimizers = (keras.optimizers.Adam, keras.optimizers.RMSprop, keras.optimizers.SGD)
    for known in (*optimizers, schedules.PiecewiseConstantDecay, schedules.PolynomialDecay):
        try:
            gin.get_configurable(f"keras.optimizers.{known.__name__}")
        except ValueError:
            gin.external_configurable(known, module="keras.optimizers")


def literals(path):
    """{"IBGAN.beta": 0.141, ...}: the bindings of one gin file, read without importing or calling anything.

    References and macros are given as their names.
    """
    bindings = (found for found in _statements(pathlib.Path(path)) if isinstance(found, config_parser.BindingStatement))
    return {f"{found.selector}.{found.arg_name}": found.value for found in bindings if not found.scope}


def _lines(text):
    """The lines of a configuration text that matter, sorted: no imports; of a teacher, the number of steps does."""
    lines, name = [], "teacher.gin_params = "
    for line in re.sub(r"( \\)?\n +", " ", todays(text)).splitlines():
        if line.startswith(name):
            with contextlib.suppress(ValueError, SyntaxError):  # a macro stays one
                given = ast.literal_eval(line.removeprefix(name))
                line = name + repr([p for p in given if not p.startswith(HARMLESS) or p.startswith("train.num_steps")])
        if not line.startswith((*HARMLESS, "#", "import ")):
            lines.append(line)
    return sorted(lines)


def _check_statements(path, allowed):
    """Refuses, in includes too, `import` statements outside the allowed packages before gin runs them, and doubles."""
    bound = set()
    for statement in _statements(path):
        if isinstance(statement, config_parser.ImportStatement):
            if statement.module.split(".")[0] not in allowed:
                raise ConfigError(
                    f"{path}:{statement.location.line_num} imports {statement.module}, which runs code from outside "
                    f"{' and '.join(IMPORTS)}; pass --gin_allow_import={statement.module.split('.')[0]} to trust it"
                )
        elif isinstance(statement, config_parser.IncludeStatement):
            _check_statements(find(statement.filename), allowed)
        elif isinstance(statement, config_parser.BindingStatement):
            name = "/".join(filter(None, (statement.scope, statement.selector)))
            name = ".".join(filter(None, (name, statement.arg_name)))
            if name in bound:
                raise ConfigError(f"{path}:{statement.location.line_num} binds {name} again; which one is meant?")
            bound.add(name)


def _statements(path):
    """The statements of a gin file, up to a mistake in it: gin will say where that is."""
    try:
        yield from config_parser.ConfigParser(path.read_text(), _Delegate())
    except (SyntaxError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


class _Delegate(config_parser.ParserDelegate):
    """Reads references and macros without looking them up."""

    def configurable_reference(self, scoped_configurable_name, evaluate):
        return scoped_configurable_name

    def macro(self, scoped_name):
        return scoped_name


def _check_macros(config):
    """Refuses macros that are set and never read: most often a misspelt name."""
    for name in re.findall(r"^(\w+) =", config, flags=re.MULTILINE):
        if not re.search(rf"%{name}\b", config):
            known = sorted(set(re.findall(r"%(\w+)", config)))
            raise ConfigError(f"nothing reads the macro {name}; the macros in use are {', '.join(known) or 'none'}")


def _check_scopes(config):
    """Refuses bindings in a scope that no reference opens: most often the misspelt name of a player."""
    opened = {name for scopes in re.findall(r"@([\w/]+)/", config) for name in scopes.split("/")}
    for binding, scopes in re.findall(r"^(([\w/]+)/[\w.]+) =", config, flags=re.MULTILINE):
        if not opened.issuperset(scopes.split("/")):
            known = ", ".join(sorted(opened)) or "none"
            raise ConfigError(f"nothing reads {binding}: no @{scopes}/ is in use; the scopes in use are {known}")


@contextlib.contextmanager
def _todays(path):
    """A gin file as gin reads it: with today's names."""
    file = io.StringIO(todays(pathlib.Path(path).read_text()))
    file.name = str(path)  # gin says where a mistake is
    yield file


def todays(text):
    """A gin file's text with today's names of what it, or the version that wrote it, calls otherwise.

    Modules; the baselines of IB-GAN, which were IBGAN without an encoder; games, which were strings.
    """
    text = "".join(_today(line) for line in text.splitlines(keepends=True))
    text = re.sub(r"""^(\w+\.game = )["'](log|hinge)["']""", r"\1@\2_game()", text, flags=re.MULTILINE)
    if re.search(r"^IBGAN\.encoder = None", text, re.MULTILINE):
        is_gan = re.search(r"^IBGAN\.alpha = 0(\.0)?\b", text, re.MULTILINE)
        gone = "encoder|beta|divergence_guard" + ("|alpha" if is_gan else "")
        text = re.sub(rf"^IBGAN\.({gone}) = .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"\bIBGAN\b", "DCGAN" if is_gan else "DCInfoGAN", text)
    return text


def _today(line):
    """A line of a gin file, with today's name of the module that it imports."""
    found = re.match(r"import ([\w.]+)( as \w+)?\s*(#.*)?$", line)
    return "".join(f"import {name}\n" for name in RENAMED[found[1]]) if found and found[1] in RENAMED else line
