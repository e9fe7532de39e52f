"""What a process knows of paused lanes: read before it starts and twice a second, kept while the database does not answer."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from faust_app.core.dispatch.lanes import Lane, LanePause, paused_at
from faust_app.core.failure import Unavailable
from faust_app.flows.ports.controls import Controls

log = structlog.get_logger()

_FIRST_SECONDS: Final = 5.0
"""Seconds that a start waits for the first read."""
_UNKNOWN: Final = "the pauses of lanes are not known, for the database has not answered since the start"


class LanePauses:
    """The pauses that hold. `topics` names the lane of each topic, `now` is the time of day, UTC without a zone.

    Every lane counts as paused until they were read once. `changed` is called when a lane was paused or resumed.
    """

    def __init__(
        self, controls: Controls, topics: Mapping[str, Lane], *, now: Callable[[], datetime], changed: Callable[[], None] = lambda: None
    ) -> None:
        self._controls = controls
        self._topics = topics
        self._now = now
        self._changed = changed
        self._pauses: Mapping[Lane, LanePause] | None = None

    async def read_first(self) -> None:
        """Read the pauses before any event starts; where the database does not answer in time, later passes do."""
        try:
            async with asyncio.timeout(_FIRST_SECONDS):
                await self.run_pass()
        except (Unavailable, TimeoutError):
            log.warning("every lane waits until its pauses are known", reason=_UNKNOWN)

    async def run_pass(self) -> None:
        """Read the pauses. Raises Unavailable; those that were known last then hold on."""
        pauses = paused_at(await self._controls.pauses(), self._now())
        known, self._pauses = self._pauses, pauses
        before = known or {}
        if known is not None and known.keys() == pauses.keys():
            return
        for lane in sorted(pauses.keys() - before.keys()):
            log.info("lane paused", lane=lane.value, by=pauses[lane].by, reason=pauses[lane].reason)
        for lane in sorted(before.keys() - pauses.keys()):
            log.info("lane resumed", lane=lane.value)
        self._changed()

    def is_paused(self, topic: str) -> bool:
        """Return whether no event of the topic may start."""
        return topic in self._topics and (self._pauses is None or self._topics[topic] in self._pauses)

    def reasons(self) -> list[str]:
        """Return which lanes are paused, by whom and why, in a sentence each."""
        if self._pauses is None:
            return [_UNKNOWN]
        return [pause.sentence for _, pause in sorted(self._pauses.items())]
