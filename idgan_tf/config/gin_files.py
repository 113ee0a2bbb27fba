"""Gin files as texts: where they lie, what may stand in them, and what old ones mean today; nothing in them is run."""

import contextlib
import difflib
import io
import pathlib
import re

from gin import config_parser

from idgan_tf.errors import ConfigError

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
PROJECT = PACKAGE if (PACKAGE / "gin").is_dir() else PACKAGE.parent  # holds gin/: a wheel's package, or a checkout
IMPORTS = ("idgan_tf", "keras")
QUOTED = ("True", "False", "None")  # no text is meant where these stand in quotes
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
    "idgan_tf.evaluation.dci": ("idgan_tf.evaluation.codes.dci",),
    "idgan_tf.evaluation.fvm": ("idgan_tf.evaluation.codes.fvm",),
    "idgan_tf.evaluation.mig": ("idgan_tf.evaluation.codes.mig",),
    "idgan_tf.evaluation.modularity": ("idgan_tf.evaluation.codes.modularity",),
    "idgan_tf.evaluation.sap": ("idgan_tf.evaluation.codes.sap",),
}

NUMBER = r"\s*([\d.][\w.+-]*)\s*"
OLD_NOISE = rf"^\s*(\w+\.instance_noise)\s*=\s*[(\[]{NUMBER},{NUMBER},{NUMBER},?\s*[)\]]"


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
    close = [f"gin/{name}" for name in difflib.get_close_matches(pathlib.Path(gin_file).name, known, n=3)]
    hint = f"did you mean {', '.join(close)}?" if close else f"there are {len(known)}, such as gin/quickstart.gin"
    raise ConfigError(f"no gin file {gin_file!r}; {hint}")


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
        list(_statements(binding, f"--gin_param={binding!r}"))
    return paths


def literals(path):
    """{"IBGAN.beta": 0.141, ...}: the bindings of one gin file, read without importing or calling anything.

    References and macros are given as their names.
    """
    bindings = (found for found in _statements_of(path) if isinstance(found, config_parser.BindingStatement))
    return {f"{found.selector}.{found.arg_name}": found.value for found in bindings if not found.scope}


def macros_in(text):
    """The macros that a gin file's text reads."""
    return set(re.findall(r"%([A-Za-z_]\w*)(?![\w.])", _code(text)))


def references_in(text):
    """{(scopes, name)} of a gin file's references that open scopes: ("vae", "Adam") of @vae/keras.optimizers.Adam."""
    return set(re.findall(r"@([\w/]+)/(?:\w+\.)*(\w+)", _code(text)))


def headings_in(text):
    """{(scopes, name)} that have a heading in the config.gin of a run, as gin writes it."""
    return set(re.findall(r"^# Parameters for ([\w/]+)/(?:\w+\.)*(\w+):", text, flags=re.MULTILINE))


def scopes_in(text):
    """The scopes that references in a gin file's text open."""
    return {scope for scopes, _ in references_in(text) for scope in scopes.split("/")}


def _code(text):
    """A gin file's text without comments and what stands in quotes."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|#.*", "", text)


def whole_text(gin_file):
    """The text of a gin file and of those that it includes, with today's names."""
    path = find(gin_file)
    included = (found for found in _statements_of(path) if isinstance(found, config_parser.IncludeStatement))
    return "\n".join([todays(path.read_text("utf-8")), *(whole_text(found.filename) for found in included)])


def given_in(bindings):
    """(macros, {(scopes, name)}) that bindings set; `NAME/macro.value = ...` is `NAME = ...` to gin."""
    macros, scoped = set(), set()
    for statement in (one for text in bindings for one in _statements(text, f"--gin_param={text!r}")):
        if isinstance(statement, config_parser.BindingStatement):
            if statement.selector.removeprefix("gin.") == "macro":
                macros.add(statement.scope)
            elif statement.arg_name:
                scoped.add((statement.scope, statement.selector.rpartition(".")[2]))
            else:
                macros.add(statement.selector)
    return macros, scoped


def _check_statements(path, allowed):
    """Refuses, in includes too, `import` statements outside the allowed packages before gin runs them, and doubles."""
    bound = set()
    for statement in _statements_of(path):
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


def _statements_of(path):
    """The statements of a gin file."""
    try:
        text = pathlib.Path(path).read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    return _statements(text, path)


def _statements(text, where):
    """The statements of a text, up to a mistake in it: gin will say where that is, but for text without quotes.

    Raises:
        ConfigError: there is text without quotes; `where` says where.
    """
    try:
        for statement in config_parser.ConfigParser(text, _Delegate()):
            value = getattr(statement, "value", None)
            if isinstance(value, str) and value in QUOTED:
                raise ConfigError(f"{where}: {value!r} is a text, which counts as true; write {value} without quotes")
            yield statement
    except (SyntaxError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        bare = re.search(r"malformed node(?s:.*)Failed to parse token '(\w+)' \((line \d+)\)", str(error))
        if bare:
            word, line = bare.groups()
            raise ConfigError(
                f"{where}, {line}: {word} is no value; text needs quotes, as in --gin_param='name = \"{word}\"', and "
                "True, False and None their capitals"
            ) from error


class _Delegate(config_parser.ParserDelegate):
    """Reads references and macros without looking them up."""

    def configurable_reference(self, scoped_configurable_name, evaluate):
        return scoped_configurable_name

    def macro(self, scoped_name):
        return scoped_name


@contextlib.contextmanager
def reading_todays(path):
    """A gin file as gin reads it: with today's names."""
    file = io.StringIO(todays(pathlib.Path(path).read_text("utf-8")))
    file.name = str(path)  # gin says where a mistake is
    yield file


def todays(text):
    """A gin file's text with today's names of what it, or the version that wrote it, calls otherwise.

    Modules; the baselines of IB-GAN, which were IBGAN without an encoder, and their noise, which was (first, last,
    steps); games, which were strings.
    """
    text = re.sub(r"^modularity\.num_test = .*\n", "", text, flags=re.MULTILINE)  # of explicitness, now a metric itself
    if re.search(r"^IBGAN\.encoder = None", text, re.MULTILINE):
        is_gan = re.search(r"^IBGAN\.alpha = 0(\.0)?\b", text, re.MULTILINE)
        gone = "encoder|beta|divergence_guard" + ("|alpha" if is_gan else "")
        text = re.sub(rf"^IBGAN\.({gone}) = .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"\bIBGAN\b", "DCGAN" if is_gan else "DCInfoGAN", text)
    return todays_line(text)


def todays_line(text):
    """The same of what needs no other line, as a binding of a command has none."""
    text = "".join(_today(line) for line in text.splitlines(keepends=True))
    text = re.sub(r"""^(\w+\.game = )["'](log|hinge)["']""", r"\1@\2_game()", text, flags=re.MULTILINE)
    text = re.sub(r"^modularity\.num_train\b", "modularity.num_samples", text, flags=re.MULTILINE)
    return re.sub(OLD_NOISE, _noise_on_a_line, text, flags=re.MULTILINE)


def _noise_on_a_line(found):
    name, first, last, steps = found.groups()
    line, steps = "instance_noise/PiecewiseLinear", steps if float(steps) else "1"
    return f"{name} = @{line}()\n{line}.steps = (0, {steps})\n{line}.values = ({first}, {last})"


def _today(line):
    """A line of a gin file, with today's name of the module that it imports."""
    found = re.match(r"import ([\w.]+)( as \w+)?\s*(#.*)?$", line)
    return "".join(f"import {name}\n" for name in RENAMED[found[1]]) if found and found[1] in RENAMED else line
