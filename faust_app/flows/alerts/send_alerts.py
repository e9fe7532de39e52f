"""Turns alerts into messages: one process at a time decides what to report, and sends it until the messenger accepts it.

A message is written in one transaction with the record of what it reports, and only then sent. While it is undelivered no
other is written: what happens meanwhile is reported afterwards, as it then stands, in one message. A sender that dies
between sending and recording sends the same message again under the same id.
"""

from dataclasses import dataclass, replace
from datetime import time, timedelta
from typing import Final

import structlog

from faust_app.core.alerts.decide import (
    HOURLY,
    SENDER,
    AlertsSnapshot,
    Step,
    choose,
    closes_silently,
    digest_step,
    due_notices,
    report_step,
)
from faust_app.core.alerts.digest import digest_message, digest_span
from faust_app.core.alerts.message import Delivered, Undelivered, again_after
from faust_app.core.alerts.text import MAX_CAUSES, NOWHERE, compose
from faust_app.core.maintenance.jobs import due_date
from faust_app.core.text import Place
from faust_app.flows.alerts.recover import FollowRecoveries
from faust_app.flows.ports.alerts import AlertOutbox, AlertRepository, Messenger, Recoveries
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.maintenance import Leases
from faust_app.metrics import Metrics

log = structlog.get_logger()

DELIVERY_LEASE: Final = timedelta(seconds=60)
"""Longer than a delivery takes to succeed or fail, so that two senders never send one message at the same time."""
_STEPS: Final = 50
"""Messages delivered or written per pass."""
_FORGET_EVERY: Final = 720
"""Passes between two deletions of old rows: about an hour."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The platform's zone and address, when its digest is due there, and the name under which this process holds the lease."""

    place: Place
    digest_at: time
    holder: str


class SendAlerts:
    """Runs in every process; the lease picks one, and two at once send nothing twice. Without a messenger it only closes alerts."""

    def __init__(
        self,
        *,
        alerts: AlertRepository,
        outbox: AlertOutbox,
        recoveries: Recoveries,
        clock: Clock,
        leases: Leases,
        messenger: Messenger | None,
        metrics: Metrics,
        delivery: Delivery,
    ) -> None:
        self._alerts = alerts
        self._outbox = outbox
        self._recovering = FollowRecoveries(recoveries, delivery.place)
        self._clock = clock
        self._leases = leases
        self._messenger = messenger
        self._metrics = metrics
        self._delivery = delivery
        metrics.alert_messenger.set(messenger is not None)
        self._passes = 0

    async def run_pass(self) -> int:
        """Send what is due and close what is over; return how many messages were accepted. Raises Unavailable."""
        taken = 0
        for _ in range(_STEPS):
            if not await self._leases.hold(SENDER, self._delivery.holder):
                self._metrics.open_alerts.clear()
                self._metrics.forget_failing()
                return taken
            delivered = await self._deliver()
            taken += delivered is True
            if delivered is False or (delivered is None and not await self._write_next()):
                break
        self._metrics.alerts_decided.set_to_current_time()
        await self._forget_now_and_then()
        return taken

    async def release(self) -> None:
        """Release the lease, so that another process can take over at once. Raises Unavailable."""
        await self._leases.release(SENDER, self._delivery.holder)

    async def _deliver(self) -> bool | None:
        """Send the waiting message; return whether it was accepted, None if no message is due."""
        waiting = await self._outbox.claim(DELIVERY_LEASE) if self._messenger is not None else None
        if waiting is None or self._messenger is None:
            return None
        result = await self._messenger.send(waiting.webhook_id, waiting.message)
        match result:
            case Delivered():
                await self._outbox.mark_sent(waiting.number)
                self._metrics.count_message(result.end, accepted=True)
                log.info("alert sent", title=waiting.message.title, webhook_id=waiting.webhook_id, attempts=waiting.attempts)
                return True
            case Undelivered():
                await self._retry_later(waiting.number, waiting.attempts, result)
                return False

    async def _retry_later(self, number: int, attempts: int, failed: Undelivered) -> None:
        again = again_after(failed, attempts)
        await self._outbox.mark_failed(number, failed.reason, again)
        self._metrics.count_message(failed.end, accepted=False)
        log.warning("alert not sent", reason=failed.reason, refused=failed.refused, attempts=attempts, again_s=again.total_seconds())

    async def _write_next(self) -> bool:
        """Close alerts that need no message, then write the next message; return whether one was written."""
        snapshot = await self._alerts.snapshot(await self._clock.now())
        self._show(snapshot)
        silent = closes_silently(snapshot, unreported=self._messenger is None)
        if silent:
            await self._alerts.record(Step(snapshot.now, closed=silent), self._delivery.holder)
        if self._messenger is None:
            return False
        await self._recovering.observe(snapshot)
        if snapshot.undelivered:
            return False
        step = await self._next_step(snapshot)
        return step is not None and await self._alerts.record(step, self._delivery.holder)

    async def _next_step(self, snapshot: AlertsSnapshot) -> Step | None:
        chosen = choose(
            due_notices(snapshot), sent_in_hour=snapshot.sent_in_hour, messenger_was_unavailable=snapshot.messenger_was_unavailable
        )
        if chosen is None:
            recovered = await self._recovering.step(snapshot) if snapshot.sent_in_hour < HOURLY else None
            return recovered or await self._digest(snapshot)
        impact = await self._alerts.impact([due.alert for due in chosen.due[:MAX_CAUSES]], snapshot.now)
        told = await self._recovering.told(chosen.due, snapshot.now)
        for fingerprint, backlog in told.backlogs.items():
            impact[fingerprint] = replace(impact.get(fingerprint, NOWHERE), backlog=backlog)
        step = report_step(snapshot, compose(chosen, impact, self._delivery.place, snapshot.now), chosen.due)
        return replace(step, recovered=told.recovered)

    async def _digest(self, snapshot: AlertsSnapshot) -> Step | None:
        """Return the step that writes the daily digest, None unless it is due and the hour has a message left."""
        last = snapshot.last_digest
        day = due_date(snapshot.now, self._delivery.place.zone, self._delivery.digest_at, last.day if last else None)
        if day is None or snapshot.sent_in_hour >= HOURLY:
            return None
        span = digest_span(snapshot.now, last.started if last else None)
        message = digest_message(await self._alerts.digest_counts(span), span, self._delivery.place, snapshot.now)
        return digest_step(snapshot, message, day)

    def _show(self, snapshot: AlertsSnapshot) -> None:
        for severity, count in snapshot.open_by_severity:
            self._metrics.open_alerts.labels(severity).set(count)

    async def _forget_now_and_then(self) -> None:
        if self._passes % _FORGET_EVERY == 0:
            gone = await self._outbox.forget_old()
            if gone:
                log.info("old alerts deleted", rows=gone)
        self._passes += 1
