"""A server that does not answer is left alone for a while, so that it does not cost each report its time-out."""

import time
from collections.abc import Callable
from typing import Final

from faust_app.core.statistics.unavailable import StoreUnavailable

_PAUSED: Final = "The statistics store did not answer a moment ago."


class Pause:
    """Refuses every attempt for `length` seconds after one that was not answered; 0 refuses none.

    The first attempt after a pause tries alone: the others are refused until it ended, or for `attempt` seconds, which is how long
    one may take.
    """

    def __init__(self, length: float, attempt: float, seconds: Callable[[], float] = time.monotonic) -> None:
        self._length = length
        self._attempt = attempt
        self._seconds = seconds
        self._until: float | None = None

    def check(self) -> None:
        """Allow an attempt. Raises StoreUnavailable."""
        if self._until is not None:
            now = self._seconds()
            if now < self._until:
                raise StoreUnavailable(_PAUSED)
            self._until = now + self._attempt

    def begin(self) -> None:
        """Pause: an attempt was not answered."""
        if self._length:
            self._until = self._seconds() + self._length

    def end(self) -> None:
        """Allow all attempts: one was answered."""
        self._until = None
