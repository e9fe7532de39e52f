"""Judges every second how many slots a worker has."""

from collections.abc import Callable

from faust_app.core.dispatch.slot_limit import SlotLimit


class AdjustSlots:
    """Passes the number of running events and the largest lag of the loop since the last pass to the limit.

    Call `run_pass` every `slot_limit.SLOTS_SECONDS`; `seconds` is a clock that never goes back. A process that was stopped and continued
    has one large lag, and so one bad pass: too few to take slots away.
    """

    def __init__(
        self, limit: SlotLimit, *, running: Callable[[], int], largest_lag: Callable[[float], float], seconds: Callable[[], float]
    ) -> None:
        self._limit = limit
        self._running = running
        self._largest_lag = largest_lag
        self._seconds = seconds

    async def run_pass(self) -> None:
        """Judge the time since the last pass."""
        now = self._seconds()
        self._limit.judge(now, self._running(), self._largest_lag(now))
