"""idgan_tf: what bin/ holds, for who installed the package and has no checkout.

    idgan_tf train --gin_file=gin/quickstart.gin
    idgan_tf COMMAND --help
    idgan_tf --version

gin/... and the names of studies are those of the package where the current folder has no such file.
"""

import difflib
import importlib
import sys

from idgan_tf.commands import cli

COMMANDS = ("train", "evaluate", "visualize", "report", "reproduce", "explore", "export", "benchmark", "prepare_data")


def start():
    """Runs the command that the first argument names."""
    name, *rest = sys.argv[1:] or ["--help"]
    sys.argv = [f"{cli.INSTALLED}{name}", *rest]
    if name in COMMANDS:
        _module(name).start()
    elif name == "--version":
        from idgan_tf.training import environment

        print(*environment.packages().split(", "), sep="\n")
    elif name in ("--help", "-h"):
        print(__doc__, *(f"  {name:14}{cli.named(_purpose(name))}" for name in COMMANDS), sep="\n")
    else:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(COMMANDS)}, --help and --version"
        print(f"idgan_tf: no command {name!r}; {hint}", file=sys.stderr)
        sys.exit(2)


def _module(name):
    return importlib.import_module(f"idgan_tf.commands.{name}")


def _purpose(name):
    """The first line of what a command says of itself, without its name."""
    return (_module(name).__doc__ or "").splitlines()[0].split(": ", 1)[1]


if __name__ == "__main__":
    start()
