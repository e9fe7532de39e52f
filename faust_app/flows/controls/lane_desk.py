"""What an operator does with lanes: pauses one in every worker, and resumes it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from faust_app.core.dispatch.lanes import Lane, LanePause, paused_at, reason_fault
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.controls import Controls

LONGEST: Final = timedelta(days=7)
"""Longest pause with an end: Kafka keeps events of a lane for seven days."""


class PauseRefusedError(ValueError):
    """A pause that cannot be set; `field` is what is wrong, `reason` why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class LaneDesk:
    """Shows and sets the pauses, each change with its audit entry. Every method raises Unavailable."""

    def __init__(self, controls: Controls, *, clock: Clock) -> None:
        self._controls = controls
        self._clock = clock

    async def pauses(self) -> Mapping[Lane, LanePause]:
        """Return the pauses that hold now."""
        return paused_at(await self._controls.pauses(), await self._clock.now())

    async def pause(self, lane: Lane, reason: str, lasts: timedelta | None, actor: Actor) -> LanePause:
        """Pause the lane in every worker, in place of its former pause, until it is resumed or the time is over.

        Raises PauseRefusedError for `reason` and `for`.
        """
        if fault := reason_fault(reason):
            raise PauseRefusedError("reason", fault)
        if lasts is not None and not timedelta() < lasts <= LONGEST:
            raise PauseRefusedError("for", f"must be above 0 and at most {LONGEST.days} days, for so long Kafka keeps events")
        now = await self._clock.now()
        pause = LanePause(lane, reason.strip(), actor.name, now, None if lasts is None else now + lasts)
        detail = {"reason": pause.reason, "seconds": None if lasts is None else round(lasts.total_seconds())}
        await self._controls.pause(pause, AuditEntry(now, actor, "lane.pause", lane.value, detail))
        return pause

    async def resume(self, lane: Lane, actor: Actor) -> bool:
        """Resume the lane in every worker; return whether it was paused."""
        return await self._controls.resume(lane, AuditEntry(await self._clock.now(), actor, "lane.resume", lane.value))
