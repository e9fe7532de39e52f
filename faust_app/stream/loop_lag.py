"""Samples how late the event loop wakes a sleeper: what keeps it busy keeps every image waiting."""

import asyncio
from typing import Final

from mode import Service

from faust_app.metrics import Metrics

_EVERY: Final = 0.5


class LoopLag(Service):
    """Sleeps for half a second again and again, and observes by how much each sleep was too long."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__()
        self._lag = metrics.loop_lag

    @Service.task
    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while not self.should_stop:
            due = loop.time() + _EVERY
            await asyncio.sleep(_EVERY)
            self._lag.observe(max(0.0, loop.time() - due))
