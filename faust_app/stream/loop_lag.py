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
        self._largest = 0.0

    def take_largest(self) -> float:
        """Return the largest lag since the last call, in seconds, and forget it; 0 before the first sleep is over."""
        largest, self._largest = self._largest, 0.0
        return largest

    @Service.task
    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.should_stop:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            self._observe(max(0.0, loop.time() - due))

    def _observe(self, lag: float) -> None:
        self._observed.observe(lag)
        self._largest = max(self._largest, lag)
