"""Follows what a fault of the platform left to do, until it is done: how much, how fast, and what failed because of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.alerts.decide import AlertsSnapshot, Due, Step
from faust_app.core.alerts.notices import Notice
from faust_app.core.alerts.recovery import (
    Backlog,
    Recovery,
    Stage,
    backlog_of,
    caught_up_message,
    failed_by,
    holds_up,
    recovers,
    republish_path,
    stage_of,
)  # fmt: skip
from faust_app.core.text import Place
from faust_app.flows.ports.alerts import Recoveries

COUNT_EVERY: Final = timedelta(seconds=30)
"""Between two counts of what is left: each reads every image that was held up."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the end of some faults left to do, by fingerprint, and the recoveries that this tells to the end."""

    backlogs: Mapping[str, Backlog]
    recovered: tuple[Recovery, ...]


async def left_of(recoveries: Recoveries, recovery: Recovery) -> int:
    """Return how many images that the fault held up are not done. Raises Unavailable."""
    return await recoveries.held_up(recovery.ended_at) if holds_up(recovery.alert) else 0


class FollowRecoveries:
    """Used by the sender of alerts under its lease. Every method raises Unavailable."""

    def __init__(self, recoveries: Recoveries, place: Place) -> None:
        self._recoveries = recoveries
        self._place = place
        self._counted_at: datetime | None = None

    async def observe(self, snapshot: AlertsSnapshot) -> None:
        """Count what faults held up that are over now, as soon as that is seen, with what is done already."""
        ended = [candidate.alert for candidate in snapshot.candidates if recovers(candidate.alert)]
        if not ended:
            return
        known = {(each.alert.fingerprint, each.alert.episode): each.ended_at for each, _ in await self._recoveries.open()}
        for alert in ended:
            if alert.ended_at is not None and known.get((alert.fingerprint, alert.episode)) != alert.ended_at:
                recovery = Recovery(alert, alert.ended_at, 0, alert.ended_at)
                if holds_up(alert):
                    done = await self._recoveries.done_since(alert.ended_at)
                    recovery = replace(recovery, delayed=done + await left_of(self._recoveries, recovery))
                await self._recoveries.begin(recovery)

    async def told(self, due: Sequence[Due], now: datetime) -> Told:
        """Return what is left after the faults whose end is told now, and the recoveries of which nothing is."""
        ends = {(each.alert.fingerprint, each.alert.episode) for each in due if each.notice is Notice.CLOSED}
        backlogs, recovered = dict[str, Backlog](), list[Recovery]()
        for recovery, _ in await self._recoveries.open() if ends else ():
            alert = recovery.alert
            if (alert.fingerprint, alert.episode) not in ends:
                continue
            backlog = backlog_of(recovery, await left_of(self._recoveries, recovery), now)
            if not backlog.left:
                aftermath = await self._recoveries.aftermath(recovery, failed_by(alert), now)
                backlog = replace(backlog, failed=aftermath.failed, republish=republish_path(alert, aftermath, now))
                recovered.append(recovery)
            backlogs[alert.fingerprint] = backlog
        return Told(backlogs, tuple(recovered))

    async def step(self, snapshot: AlertsSnapshot) -> Step | None:
        """Return the step that tells of a fault that is recovered from, or that drops one that returned; None without one."""
        now = snapshot.now
        if self._counted_at is not None and now - self._counted_at < COUNT_EVERY:
            return None
        self._counted_at = now
        for recovery, episode in await self._recoveries.open():
            left = await left_of(self._recoveries, recovery)
            match stage_of(recovery, episode, left, now):
                case Stage.RETURNED:
                    return Step(now, recovered=(recovery,))
                case Stage.CAUGHT_UP:
                    aftermath = await self._recoveries.aftermath(recovery, failed_by(recovery.alert), now)
                    message = caught_up_message(recovery, left, aftermath, self._place, now)
                    return Step(now, message, recovered=(recovery,))
                case Stage.NOT_TOLD | Stage.UNDER_WAY:
                    continue
        return None
