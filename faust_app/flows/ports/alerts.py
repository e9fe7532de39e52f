"""How flows report platform faults, read and update alerts, and send messages to people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from faust_app.core.alerts.alert import Alert, FaultKind, PlatformFault
from faust_app.core.alerts.decide import AlertsSnapshot, Step
from faust_app.core.alerts.digest import DigestCounts, Span
from faust_app.core.alerts.message import AlertMessage, Delivered, Undelivered, WaitingMessage
from faust_app.core.alerts.recovery import Aftermath, Recovery
from faust_app.core.alerts.text import Impact
from faust_app.core.operators.audit import AuditEntry


class Alerts(Protocol):
    """Accepts reports of platform faults from any part of the process. Neither method blocks or raises."""

    def open(
        self, kind: FaultKind, *, detail: str = "", host: str | None = None, shop_no: int | None = None, subject: str | None = None,
        waiting: int = 0,
    ) -> None:  # fmt: skip
        """Report that a fault is present; call again at any time with new facts.

        `detail` is one line without secrets. `shop_no` is the shop of a fault that is a shop's: it has one for each host and
        shop. `subject` tells faults of one kind apart. `waiting` counts the images the fault holds up in this process.
        """
        ...

    def close(self, kind: FaultKind, *, host: str | None = None, shop_no: int | None = None, subject: str | None = None) -> None:
        """Report that a fault is over; a no-op for one that was never opened."""
        ...


class Faults(Protocol):
    """Stores platform faults as alerts. Every method raises Unavailable when the database fails."""

    async def open_fault(self, fault: PlatformFault, *, age: timedelta, reported_ago: timedelta | None) -> None:
        """Record that a process has the fault: counts once per process; a repeated report only keeps the fault alive.

        A shop's fault counts once per episode for its shop, and so reaches people by the digest. The alert is backdated by
        `age`. `reported_ago` is how long ago people were notified without the database, None if they were not.
        """
        ...

    async def close_fault(self, fault: PlatformFault) -> None:
        """Record that this process no longer has the fault; the alert ends when no process has it. A no-op for an unknown fault."""
        ...

    async def ping(self) -> None:
        """Check that the database answers."""
        ...

    async def present(self) -> list[FaultKind]:
        """Return the kinds of fault that at least one process has now."""
        ...


class AlertRepository(Protocol):
    """The alerts as their sender reads and updates them. Every method raises Unavailable when the database fails."""

    async def snapshot(self, now: datetime) -> AlertsSnapshot:
        """Return what the sender decides on at `now` (the database's): alerts, recent messages and the last digest. Takes no lock."""
        ...

    async def open_alerts(self, limit: int) -> list[Alert]:
        """Return up to `limit` open alerts, platform alerts first, then by occurrences, most first."""
        ...

    async def impact(self, alerts: Sequence[Alert], now: datetime) -> dict[str, Impact]:
        """Return the impact of each alert's current episode, by fingerprint."""
        ...

    async def digest_counts(self, span: Span) -> DigestCounts:
        """Count the images that shops lost to their own sources and files in the span."""
        ...

    async def record(self, step: Step, holder: str) -> bool:
        """Write a step in one transaction; return False, with nothing written, if the lease is lost or the alerts have changed.

        They have changed when an alert to close was counted, reported or closed since it was read, or a message is already waiting.
        """
        ...


class TakenAlerts(Protocol):
    """Who works on which open alert. Every method raises Unavailable when the database fails."""

    async def take(self, fingerprint: str, audit: AuditEntry) -> bool:
        """Write that the actor works on the alert, whoever did before, with the entry; return False if it is not open."""
        ...

    async def release(self, fingerprint: str, audit: AuditEntry) -> bool:
        """Write that nobody works on the alert, with the entry; return False if it is not open or nobody does."""
        ...


class Recoveries(Protocol):
    """Faults that are over, and what they left to do. Every method raises Unavailable when the database fails."""

    async def open(self) -> list[tuple[Recovery, int]]:
        """Return the recoveries that are not caught up, oldest first, each with the episode that its alert is at now."""
        ...

    async def begin(self, recovery: Recovery) -> None:
        """Write a recovery; it replaces that of an earlier end in the same episode."""
        ...

    async def held_up(self, since: datetime) -> int:
        """Count the unfinished images that were asked for up to then and wait for us, not for their sources."""
        ...

    async def done_since(self, end: datetime) -> int:
        """Count the images that were asked for up to the end of a fault and ended after it: they were held up, and are done."""
        ...

    async def aftermath(self, recovery: Recovery, codes: tuple[str, ...], until: datetime) -> Aftermath:
        """Count the images that failed with these codes from the fault's beginning to `until`, and those that wait for their sources.

        For a suspicion: those that the suspected release failed, unless the shops were blamed for them, and nothing that waits.
        """
        ...


class AlertOutbox(Protocol):
    """Messages waiting for delivery. Every method raises Unavailable when the database fails."""

    async def claim(self, lease: timedelta) -> WaitingMessage | None:
        """Claim the oldest waiting message if it is due, None if it is not or none waits; later ones wait behind it.

        No other process gets it within `lease`. Counts an attempt.
        """
        ...

    async def mark_sent(self, number: int) -> None:
        """Record that the messenger accepted the message."""
        ...

    async def mark_failed(self, number: int, reason: str, again: timedelta) -> None:
        """Record that delivery failed, and schedule the next attempt after `again`."""
        ...

    async def forget_old(self) -> int:
        """Delete a bounded number of rows of alerts and messages past their retention; return how many."""
        ...


class Messenger(Protocol):
    """Delivers messages to people."""

    async def send(self, webhook_id: str, message: AlertMessage) -> Delivered | Undelivered:
        """Deliver the message, in seconds at most. A repeated `webhook_id` marks the same message. Never raises."""
        ...
