"""Progress of long work: a bar on a terminal, one line every half minute elsewhere."""

import sys
import time
from typing import Any

import tqdm
from absl import logging

LINE_EVERY = 30.0  # seconds


def bar(items: Any = None, what="", unit="", total=None, done=0):
    """Shows how far work is that is not training.

    Args:
        items: to iterate over; without them, call `update(n)` on the result within its `with` block.
        what: is being done.
        unit: what is counted, in the plural.
        total: of how many; by default all `items`.
        done: of them before.

    Returns:
        Iterable, and a context manager. A bar goes when the work is done; lines tell of work above half a minute.
    """
    if total is None and hasattr(items, "__len__"):
        total = len(items)
    if sys.stderr.isatty():
        return tqdm.tqdm(items, what, total, leave=False, unit=f" {unit}", initial=done)
    return _Lines(items, what, unit, total, done)


class _Lines:
    """What a log file gets of a bar."""

    def __init__(self, items, what, unit, total, done):
        self._items, self._what, self._unit, self._total = items, what, unit, total
        self._first = self._done = done
        self._began = self._shown = time.monotonic()

    def __iter__(self):
        for item in self._items:
            yield item
            self.update(1)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass

    def update(self, count):
        """Counts finished items."""
        self._done += count
        now = time.monotonic()
        if now - self._shown < LINE_EVERY:
            return
        self._shown = now
        of = left = ""
        if self._total and self._done > self._first:
            seconds = (self._total - self._done) * (now - self._began) / (self._done - self._first)
            of, left = f" of {self._total:,}", f", {_clock(seconds)} left"
        logging.info("%s: %s%s %s%s", self._what, f"{self._done:,}", of, self._unit, left)


class Progress:
    """Shows how far a run is, its speed, and its newest values.

    Args:
        name: what is running.
        start, total: steps done before, and in the end.
    """

    def __init__(self, name, start, total):
        self._name, self._start, self._total = name, start, total
        self._step = start
        self._values = ""
        self._began = self._shown = time.monotonic()
        self._bar = None
        self._recent = None
        self.rate = 0.0

    def __enter__(self):
        if sys.stderr.isatty():
            self._bar = tqdm.tqdm(total=self._total, initial=self._start, desc=self._name, unit="step")
        return self

    def __exit__(self, *exception):
        if self._bar is not None:
            self._bar.close()

    def advance(self, steps):
        """Counts finished steps; `rate` is steps per second over the last ten seconds or so."""
        self._step += steps
        now = time.monotonic()
        if self._recent is None:  # the first call traced the graph: it does not count
            self._recent = (now, self._step)
        elif now - self._recent[0] > 0:
            self.rate = (self._step - self._recent[1]) / (now - self._recent[0])
            if now - self._recent[0] > 10.0:
                self._recent = (now, self._step)
        if self._bar is not None:
            self._bar.update(steps)
        elif now - self._shown > LINE_EVERY or self._step == self._total:
            self._shown = now
            left = (self._total - self._step) / self.rate if self.rate else 0.0
            logging.info(
                "%s: step %d of %d, %.1f steps/s, %s left  %s",
                self._name, self._step, self._total, self.rate, _clock(left), self._values,
            )  # fmt: skip

    def back_to(self, step):
        """Forgets the steps after `step`."""
        self._step, self._recent = step, None
        if self._bar is not None:
            self._bar.n = step
            self._bar.refresh()

    def show(self, means):
        """The newest values, beside the bar and in the lines."""
        self._values = " ".join(f"{name} {value:.4g}" for name, value in list(means.items())[:4])
        if self._bar is not None:
            self._bar.set_postfix_str(self._values)

    def write(self, text):
        """A line that does not break the bar."""
        if self._bar is not None:
            self._bar.write(text)
        else:
            logging.warning(text)


def _clock(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{seconds:02d}s"
