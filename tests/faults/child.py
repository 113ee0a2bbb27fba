"""A command that dies, or fails to write, at a place it is told: python -m tests.faults.child PLACE COUNT FLAGS...

The product knows nothing of this: the place is a function of it, wrapped here.
"""

import errno
import importlib
import os
import shutil
import signal
import sys

import numpy as np

from idgan_tf import files, image_files, run_log
from idgan_tf.training import call, checkpoint, loop

PLACES = ("call", "half of the data", "sync", "rename", "delete", "half of a log line")


def die():
    """Ends this process as a lost machine would."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(place, count):
    """Makes the `count`-th arrival at `place` the last thing this process does."""
    left = [count]

    def due():
        left[0] -= 1
        return left[0] == 0

    def before(owner, name):
        honest = getattr(owner, name)

        def wrapped(*args, **kwargs):
            if due():
                die()
            return honest(*args, **kwargs)

        setattr(owner, name, wrapped)

    def half_of_the_data(file, **arrays):
        savez(file, **arrays)
        if due():
            file.truncate(file.tell() // 2)
            die()

    def half_of_a_log_line(path, record):
        if due():
            with open(path, "a") as file:
                file.write('{"step": ' + str(record["step"]))
            die()
        append(path, record)

    savez, append = np.savez, run_log.append_metrics
    if place == "half of the data":
        np.savez = half_of_the_data
    elif place == "half of a log line":
        run_log.append_metrics = half_of_a_log_line
    else:
        before(
            *{
                "call": (call.TrainingCall, "__call__"),
                "sync": (files, "sync"),
                "rename": (os, "replace"),
                "delete": (shutil, "rmtree"),
            }[place]
        )


def forget(prefix):
    """Leaves the variables whose key begins with `prefix` out of every checkpoint: what a careless state would do."""
    honest = checkpoint.state
    checkpoint.state = lambda *args, **loop: {
        key: variable for key, variable in honest(*args, **loop).items() if not key.startswith(prefix)
    }


def full_disk(place):
    """Lets writes at `place` fail as on a full disk."""

    def fail(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if place == "save":
        np.savez = fail
    elif place == "log":
        run_log.append_metrics = fail
    elif place == "start":
        loop.write_text = fail
    elif place == "picture":
        image_files.save = fail


def start(command, flags, place, argument):
    """Runs bin/<command>, armed.

    Args:
        place, argument: one of PLACES, and which arrival there is the last; "full disk", and a place of `full_disk`;
            "forget", and the prefix of keys to leave out of checkpoints with which call is the last (0: none);
            or "nowhere".
    """
    if place == "forget":
        prefix, count = argument
        forget(prefix)
        arm("call", count)
    elif place == "full disk":
        full_disk(argument)
    elif place != "nowhere":
        arm(place, int(argument))
    sys.argv = [command, *flags]
    importlib.import_module(f"idgan_tf.commands.{command}").start()


if __name__ == "__main__":
    place, argument, *flags = sys.argv[1:]
    start("train", flags, place, argument)
