"""Ctrl-C and its kin: the first asks to stop in good order, the second to be quick about it."""

from __future__ import annotations

import signal
import threading

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Raised in the main thread by the first signal, wherever it is."""


class Interruption:
    """Takes over SIGINT, SIGTERM and SIGHUP.

    The first one raises Interrupted in the main thread. Later ones interrupt nothing, so that stopping is always
    carried through; they set `hurry`.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.hurry = threading.Event()

    def install(self) -> None:
        """Take over the signals, for the rest of the process's life; main thread only."""
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: object) -> None:
        if self.asked.is_set():
            self.hurry.set()
            return
        self.asked.set()
        raise Interrupted
