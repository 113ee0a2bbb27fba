"""The jobs of a study side by side: a process for each, on cores of its own.

A process is a share of one job, `bin/reproduce --only=7/20`. While a teacher trains in one, jobs that need it wait and
others go first. One whose metrics ask a feature network that another process trains waits for it when it has trained.
"""

import os
import subprocess
import sys
import threading
import time
from typing import NamedTuple

from absl import logging

from idgan_tf.errors import Interrupted, require
from idgan_tf.studies import measured
from idgan_tf.studies.jobs import Job
from idgan_tf.training.signals import Signals

SECONDS = 0.5  # between two looks at what runs
THREADS = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class _Running(NamedTuple):
    """A job that runs, its process, the thread that passes its lines on, and its cores."""

    job: Job
    process: subprocess.Popen
    lines: "_Lines"
    cores: list


class _Lines(threading.Thread):
    """Passes what a process says on, each line with the name of its job, and remembers the last."""

    def __init__(self, name, stream):
        super().__init__(daemon=True)
        self._name, self._stream, self.last = name, stream, ""
        self.start()

    def run(self):
        for line in self._stream:
            self.last = line.strip() or self.last
            sys.stderr.write(f"{self._name}: {line}")
            sys.stderr.flush()


class _Forwarding(Signals):
    """Gives every signal to what runs, whose first one lets a training save and whose second one ends it at once."""

    def __init__(self, running):
        self._running = running

    def _handle(self, number, frame):
        del frame
        self.received = number
        for one in list(self._running):
            one.process.send_signal(number)


def places(count):
    """The cores of each of `count` processes, as lists: all that this process may use, each in one.

    Raises:
        ConfigError: there are fewer cores.
    """
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone knows
    cores = sorted(allowed(0)) if allowed else list(range(os.cpu_count() or 1))
    require(count <= len(cores), f"--jobs={count}: there are {len(cores)} cores, and each job gets one or more")
    return [cores[len(cores) * i // count : len(cores) * (i + 1) // count] for i in range(count)]


def run(planned, command, count):
    """Runs jobs until all have ended.

    Args:
        planned: {"7/20": job}, by the shares that they are.
        command: what runs a share, as a list, but for --only.
        count: of processes at a time.

    Returns:
        [(job, exit code, its last line)] of those that ended with another code than 0.

    Raises:
        Interrupted: a signal came; every process has saved what it had and ended.
    """
    waiting, free, running, failed = dict(planned), places(count), [], []
    began = time.monotonic()
    with _Forwarding(running) as signals:
        while True:
            while free and not signals.received and (share := _next(waiting, running)):
                running.append(_begin(waiting.pop(share), [*command, f"--only={share}"], free.pop(0)))
                if signals.received:  # before it was in the list
                    running[-1].process.send_signal(signals.received)
            if not running:
                break
            time.sleep(SECONDS)
            for one in [one for one in running if one.process.poll() is not None]:
                running.remove(one)
                free.append(one.cores)
                one.lines.join()
                minutes, left = (time.monotonic() - began) / 60, len(waiting) + len(running)
                logging.info(
                    "%s, seed %d, has ended; %d jobs left after %.0f min", one.job.row.id, one.job.seed, left, minutes
                )
                if one.process.returncode:
                    failed.append((one.job, one.process.returncode, one.lines.last))
    if signals.received:
        done = len(planned) - len(waiting) - len(failed)
        raise Interrupted(f"stopped with {done} of {len(planned)} jobs done; start again to go on", signals.received)
    return failed


def _next(waiting, running):
    """The first share whose job trains nothing that a running one does; None where there is none."""
    busy = set().union(*(_trains(one.job) for one in running))
    return next((share for share, job in waiting.items() if not _trains(job) & busy), None)


def _trains(job):
    """The folders of the runs that a job trains before it is measured, as far as they are not done."""
    return {each.run.path for each in (*job.teachers, job) if measured.finished_step(each) is None}


def _begin(job, command, cores):
    threads = dict.fromkeys(THREADS, str(len(cores)))
    process = subprocess.Popen(
        command, env=os.environ | threads, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        errors="replace",
        start_new_session=True,  # a terminal's Ctrl-C reaches it once, through us
    )  # fmt: skip
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, cores)  # before its Python has started threads
    return _Running(job, process, _Lines(_name(job), process.stderr), cores)


def _name(job):
    return f"{job.row.id}, seed {job.seed}"
