"""What an operator does with an open alert: takes it, so that it repeats no more, or gives it back."""

from dataclasses import dataclass

from faust_app.core.alerts.alert import Alert
from faust_app.core.alerts.recovery import Backlog, Recovery, backlog_of
from faust_app.core.alerts.text import NOWHERE, Impact
from faust_app.core.alerts.urgency import Urgency, urgency_of
from faust_app.core.operators.audit import Actor, AuditEntry
from faust_app.flows.alerts.recover import left_of
from faust_app.flows.ports.alerts import AlertRepository, Recoveries, TakenAlerts
from faust_app.flows.ports.clock import Clock


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An open alert, its impact, and whether it wakes people now."""

    alert: Alert
    impact: Impact
    urgency: Urgency


class AlertDesk:
    """Lists open alerts and writes who works on them, each with its audit entry. Every method raises Unavailable."""

    def __init__(self, alerts: AlertRepository, taken: TakenAlerts, recoveries: Recoveries, *, clock: Clock) -> None:
        self._alerts = alerts
        self._taken = taken
        self._recoveries = recoveries
        self._clock = clock

    async def open(self, limit: int) -> list[OpenAlert]:
        """Return up to `limit` open alerts, platform alerts first, then by occurrences, most first."""
        now = await self._clock.now()
        alerts = await self._alerts.open_alerts(limit)
        impact = await self._alerts.impact(alerts, now)
        return [OpenAlert(alert, impact.get(alert.fingerprint, NOWHERE), urgency_of(alert, now)) for alert in alerts]

    async def recovering(self) -> list[tuple[Recovery, Backlog]]:
        """Return the faults that are over and what is left to do after each, oldest first."""
        now, found = await self._clock.now(), await self._recoveries.open()
        return [(recovery, backlog_of(recovery, await left_of(self._recoveries, recovery), now)) for recovery, _ in found]

    async def take(self, fingerprint: str, actor: Actor) -> bool:
        """Write that the actor works on the alert: until it is released or over, only its end is told. False if it is not open."""
        return await self._taken.take(fingerprint, await self._entry("alert.take", fingerprint, actor))

    async def release(self, fingerprint: str, actor: Actor) -> bool:
        """Write that nobody works on the alert any more. False if it is not open or nobody does."""
        return await self._taken.release(fingerprint, await self._entry("alert.release", fingerprint, actor))

    async def _entry(self, action: str, fingerprint: str, actor: Actor) -> AuditEntry:
        return AuditEntry(await self._clock.now(), actor, action, fingerprint, {})
