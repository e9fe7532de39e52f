"""Ctrl-C and similar signals: the first requests an orderly stop, the second an immediate one."""

from __future__ import annotations

import signal
import threading

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Raised in the main thread by the first signal, whatever it executes."""


class Interruption:
    """Handles SIGINT, SIGTERM and SIGHUP.

    The first signal raises Interrupted in the main thread. Later ones interrupt nothing, so that stopping always
    completes; they set `hurry`.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.hurry = threading.Event()

    def install(self) -> None:
        """Install the handlers for the rest of the process's life; main thread only."""
        for number in SIGNALS:
            signal.signal(number, self._handle)

    def _handle(self, _number: int, _frame: object) -> None:
        if self.asked.is_set():
            self.hurry.set()
            return
        self.asked.set()
        raise Interrupted
