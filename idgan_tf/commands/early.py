"""What is wrong with a command line, as far as it shows before TensorFlow is loaded, which takes seconds."""

import ast

from idgan_tf import pretrained
from idgan_tf.config.gin_files import PACKAGE, require_readable
from idgan_tf.errors import ConfigError
from idgan_tf.run_directory import Run

EXAMPLE = "for example --run_dir=runs/quickstart"


def configuration(flags):
    """Raises ConfigError when a gin file of `flags` is missing, or imports or binds what it may not."""
    require_readable(flags.gin_file, flags.gin_param, flags.gin_allow_import)


def run(run_dir, best=False):
    """Raises what `Run.require_checkpoint` does of --run_dir, or ConfigError when there is none."""
    if not run_dir:
        raise ConfigError(f"which run? pass --run_dir, {EXAMPLE}")
    Run(pretrained.folder(run_dir)).require_checkpoint(best)


def names(given, kind, flags):
    """Raises ConfigError when a name is none of the package's, and no module of the user's can bring it.

    Args:
        given: the names.
        kind: "metric" or "figure".
        flags: of the command; what --gin_allow_import allows may have more of them.
    """
    known = own_names(kind) if given and not flags.gin_allow_import else given
    for name in given:
        if name not in known:
            raise ConfigError(f"no {kind} {name!r}; there are {', '.join(known)}")


def own_names(kind):
    """The functions of the package under @metric(...) or @figure(...), by reading its files."""
    folder = {"metric": "evaluation", "figure": "visualize"}[kind]
    texts = (path.read_text("utf-8") for path in sorted((PACKAGE / folder).rglob("*.py")))
    found = (node for text in texts for node in ast.parse(text).body)
    return [
        _argument(mark) or node.name
        for node in found
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == kind
    ]


def _argument(mark):
    """The name that a decorator gives in place of the function's, or None."""
    given = [*mark.args, *(each.value for each in mark.keywords if each.arg == "name")]
    return given[0].value if given else None
