"""Signals that ask a training to end."""

import os
import signal
import threading

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Signals:
    """Turns the first SIGINT, SIGTERM or SIGHUP into a flag; a second one ends the process at once.

    A SIGHUP that is ignored, as under `nohup`, stays so. In a thread other than the main one, where Python hears no
    signals, it hears none.
    """

    def __enter__(self):
        self.received = 0
        here = threading.current_thread() is threading.main_thread()
        before = {number: signal.getsignal(number) for number in ENDING} if here else {}
        if before.get(getattr(signal, "SIGHUP", None)) == signal.SIG_IGN:
            del before[signal.SIGHUP]
        self._before = before
        self.listen()
        return self

    def __exit__(self, *exception):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def listen(self):
        """Takes the signals, again if others have taken them meanwhile."""
        for number in self._before:
            signal.signal(number, self._handle)

    def _handle(self, number, frame):
        del frame
        if self.received:
            os._exit(128 + number)
        self.received = number
