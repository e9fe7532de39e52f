"""Samples how late the event loop wakes a sleeper: what keeps it busy keeps every image waiting."""

import asyncio
from typing import Final

from mode import Service

from faust_app.metrics import Metrics

_EVERY: Final = 0.5


class LoopLag(Service):
    """Sleeps for half a second again and again, and observes by how many seconds each sleep was too long."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._observed = metrics.loop_lag
        self._due = float("inf")
        self._taken = float("-inf")
        self._largest = 0.0

    def take_largest(self, now: float) -> float:
        """Return the largest lag since the last call, in seconds; `now` is a time of the event loop's clock.

        A sleep that should be over counts as well, and when it is over, only from this call on: no lag counts in full twice.
        """
        largest = max(self._largest, self._lag_since_taken(now))
        self._largest, self._taken = 0.0, now
        return largest

    @Service.task
    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.should_stop:
            self._due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            self._woke(loop.time())

    def _woke(self, now: float) -> None:
        self._observed.observe(max(0.0, now - self._due))
        self._largest = max(self._largest, self._lag_since_taken(now))

    def _lag_since_taken(self, now: float) -> float:
        return max(0.0, now - max(self._due, self._taken))
