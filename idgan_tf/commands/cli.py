"""Running a command: parse flags, call it, and end with one line and the right exit code."""

import os
import sys
import traceback

from absl import flags, logging

from idgan_tf.errors import UserError, message

flags.DEFINE_bool("debug", False, "Show the traceback of errors.")
FLAGS = flags.FLAGS


def run(main, usage):
    """Runs `main()` as a command of bin/.

    Args:
        main: does the work; imports TensorFlow itself, so that --help is fast.
        usage: the text above the flags in --help.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # oneDNN's convolutions are about 1.5 times as fast here, and TensorFlow leaves them off on some processors.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    name = os.path.basename(sys.argv[0])
    try:
        rest = FLAGS(sys.argv[:1] + [a for a in sys.argv[1:] if a not in ("--help", "-h", "-help")])
        if len(sys.argv) > 1 and any(a in ("--help", "-h", "-help") for a in sys.argv[1:]):
            module = sys.modules[main.__module__]
            print(f"{usage.strip()}\n\n{FLAGS.module_help(module)}\n{FLAGS.module_help(sys.modules[__name__])}")
            sys.exit(0)
        if len(rest) > 1:
            raise flags.Error(f"unexpected argument {rest[1]!r}; flags look like --name=value")
    except flags.Error as error:
        _end(name, error, 2)
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)
    logging.get_absl_handler().setFormatter(None)
    try:
        main()
    except UserError as error:
        if FLAGS.debug:
            traceback.print_exc()
        _end(name, error, error.exit_code)
    except KeyboardInterrupt:
        _end(name, "interrupted", 130)
    except Exception as error:
        if FLAGS.debug:
            raise
        _end(name, f"{type(error).__name__}: {error} (--debug shows where)", 1)


def _end(name, error, code):
    print(f"{name}: {message(error)}", file=sys.stderr, flush=True)
    sys.exit(code)
