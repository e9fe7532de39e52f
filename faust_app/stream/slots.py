"""Judges every second how many slots a worker has."""

from collections.abc import Callable
from typing import Final

from faust_app.core.dispatch.slot_limit import SlotLimit

SLOTS_SECONDS: Final = 1.0
"""Seconds between two passes."""


class AdjustSlots:
    """Tells the limit how many events run and how late the loop comes to each pass; `seconds` is a clock that never goes back.

    Call `run_pass` every SLOTS_SECONDS. It waits for nothing, so that only a loop that has other things to do delays the next one.
    """

    def __init__(self, limit: SlotLimit, running: Callable[[], int], seconds: Callable[[], float]) -> None:
        self._limit = limit
        self._running = running
        self._seconds = seconds
        self._due: float | None = None

    async def run_pass(self) -> None:
        """Judge the last second."""
        now = self._seconds()
        lag = 0.0 if self._due is None else max(0.0, now - self._due)
        self._due = now + SLOTS_SECONDS
        self._limit.judge(now, self._running(), lag)
