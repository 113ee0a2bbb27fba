"""Running a command: its flags, parsed; calling it; ending with one line and the right exit code."""

import contextlib
import errno
import functools
import io
import os
import re
import sys
import tempfile
import traceback
import warnings

from absl import flags, logging

from idgan_tf.errors import DataError, UserError, message

UNUSED = ("matplotlib", "sklearn")  # by what Keras has of them, and a third of the time until it is imported
SIGPIPE = 13  # which Windows does not have
INSTALLED = "idgan_tf "  # before the name of a command that `idgan_tf` was asked for, in place of bin/


def _flag(define, default, help, **more):
    """What declares a flag, once it is given its name."""
    return functools.partial(define, default=default, help=help, **more)


COMMON = {  # flags of all commands
    "debug": _flag(flags.DEFINE_bool, False, "Show the traceback of errors."),
    "gin_allow_import": _flag(
        flags.DEFINE_multi_string,
        [],
        "A package or module outside idgan_tf and keras, of this folder or installed, that gin files may import.",
    ),
}
SHARED = {  # of several
    "gin_file": _flag(flags.DEFINE_multi_string, [], "A gin file; later ones override earlier ones."),
    "gin_param": _flag(flags.DEFINE_multi_string, [], "A binding; overrides the files."),
    "run_dir": _flag(flags.DEFINE_string, None, "The run, or pretrained:<name>."),
    "best": _flag(flags.DEFINE_bool, False, "Take the checkpoint that scored best during the training."),
    "seed": _flag(flags.DEFINE_integer, 0, "Of every sample.", lower_bound=0, upper_bound=2**31 - 1),
}
flags.disclaim_key_flags()  # --help shows what is declared here as the command's own


def flags_of(*names, **texts):
    """The flags of one command, to which it adds its own: those of all commands, and some of `SHARED`.

    Args:
        *names: which.
        **texts: more of them, with what --help says in place of the text there.
    """
    found = flags.FlagValues()
    for name, declare in COMMON.items():
        declare(name, flag_values=found)
    for name in names:
        SHARED[name](name, flag_values=found)
    for name, text in texts.items():
        SHARED[name](name, help=text, flag_values=found)
    return found


def named(text):
    """A text with the commands of bin/ in it as who reads it can start them: as this one was started."""
    return re.sub(r"\bbin/(?=\w)", INSTALLED, text) if sys.argv[0].startswith(INSTALLED) else text


def run(main, usage, known, check=None, needs_tensorflow=lambda: True):
    """Runs `main()` as a command of bin/.

    Args:
        main: does the work; what it needs from TensorFlow it imports itself, so that --help is fast.
        usage: the text above the flags in --help.
        known: the flags of the command, from `flags_of`; they are parsed here.
        check: raises what is wrong as far as it shows without TensorFlow, which takes seconds to load (`early`).
        needs_tensorflow: whether to start TensorFlow first, asked when the flags are known.
    """
    with _reader_may_leave():
        _run(main, usage, known, check, needs_tensorflow)


def _run(main, usage, known, check, needs_tensorflow):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # oneDNN's convolutions are about 1.5 times as fast here, and TensorFlow leaves them off on some processors.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    if os.path.expanduser("~") == "~":  # nobody's home is known, and Keras would make a folder of this name here
        os.environ.setdefault("KERAS_HOME", os.path.join(tempfile.gettempdir(), ".keras"))
    warnings.filterwarnings("ignore", module="PIL")  # what is wrong with an image its reader says, with its name
    if isinstance(sys.stdout, io.TextIOWrapper):  # and nothing else stands in for it
        sys.stdout.reconfigure(errors="backslashreplace")  # letters that the terminal does not know
    name = os.path.basename(sys.argv[0])
    try:
        if set(sys.argv[1:]) & {"--help", "-h", "-help"}:
            print(named(usage.strip()), known.module_help(sys.modules[main.__module__]), sep="\n\n")
            sys.exit(0)
        rest = known(sys.argv)
        if len(rest) > 1:
            raise flags.Error(f"unexpected argument {rest[1]!r}; flags look like --name=value")
        _expand_home(known)
    except flags.Error as error:
        _end(name, error, 2)
    if known.gin_allow_import:  # what is imported may lie here, as for python -m, but takes no other module's place
        sys.path.append(os.getcwd())
    flags.FLAGS.mark_as_parsed()  # absl's logging has flags there, which no command takes
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().setFormatter(None)
    try:
        if check:
            check()
        if needs_tensorflow():
            with _quiet(), _hidden(*UNUSED):
                import tensorflow as tf

                tf.config.list_physical_devices()
        main()
    except UserError as error:
        if known.debug:
            traceback.print_exc()
        _end(name, error, error.exit_code)
    except KeyboardInterrupt:
        _end(name, "interrupted", 130)
    except BrokenPipeError:
        raise
    except Exception as error:
        if known.debug:
            raise
        from idgan_tf.files import FULL, remedy, said_by_system

        if reason := said_by_system(error, (*FULL, errno.EROFS)):
            file_name = getattr(error, "filename", None)
            where = f" to {file_name}" if file_name else ""
            help = f"{remedy(error, 'choose a folder')}, and start again"
            _end(name, f"cannot write{where}: {reason}; {help}", DataError.exit_code)
        _end(name, f"{type(error).__name__}: {message(error)} (--debug shows where)", 1)


def _expand_home(known):
    """Reads ~ at the beginning of a flag's text as the home folder: shells leave it alone after the = of --flag=~/x."""
    for flag in map(known.__getitem__, known):
        if isinstance(flag.value, str):
            flag.value = os.path.expanduser(flag.value)
        elif isinstance(flag.value, list):
            flag.value = [os.path.expanduser(item) if isinstance(item, str) else item for item in flag.value]


@contextlib.contextmanager
def _reader_may_leave():
    """Ends without a word, as SIGPIPE ends other programs, when who reads the output has seen enough: `| head`."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
        sys.exit(128 + SIGPIPE)


@contextlib.contextmanager
def _quiet():
    """Keeps what TensorFlow's C++ prints while it starts off the terminal; none of it needs an answer."""
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


@contextlib.contextmanager
def _hidden(*packages):
    """To what is imported in the block, these packages are not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _end(name, error, code):
    text = message(error) if isinstance(error, Exception) else error
    print(f"{name}: {named(text)}", file=sys.stderr, flush=True)
    sys.exit(code)
