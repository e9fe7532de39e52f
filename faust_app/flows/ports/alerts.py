"""Faults, alerts and the messenger, as the flows see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from faust_app.core.alert import Alert, FaultKind, PlatformFault
from faust_app.core.alert_message import AlertMessage, Delivered, Undelivered, WaitingMessage
from faust_app.core.alert_step import Standing, Step
from faust_app.core.alert_text import Reach
from faust_app.core.digest import DigestCounts, Span


class Alerts(Protocol):
    """Where a part of the process reports a fault of the platform. Neither call waits or raises."""

    def open(self, kind: FaultKind, *, detail: str = "", host: str | None = None, waiting: int = 0) -> None:
        """Say that the fault is there; again, with other facts, any time. `detail` is one line without secrets."""
        ...

    def close(self, kind: FaultKind, *, host: str | None = None) -> None:
        """Say that it is over; one that was never opened is no error."""
        ...


class Faults(Protocol):
    """The alerts of platform faults. Every method raises Unavailable when the database does not do its part."""

    async def open_fault(self, fault: PlatformFault, *, age: timedelta, told_ago: timedelta | None) -> None:
        """Count a report of the fault, once per process that has it; repeated, it only says that it still has it.

        The alert is as old as the fault. `told_ago` is how long ago people were told without the database.
        """
        ...

    async def close_fault(self, fault: PlatformFault) -> None:
        """Say that this process has the fault no more; the alert has ended when none has it. An unknown one is no error."""
        ...

    async def ping(self) -> None:
        """Do nothing but ask the database for an answer."""
        ...

    async def present(self) -> list[FaultKind]:
        """Return the kinds of faults that a process has now."""
        ...


class AlertRepository(Protocol):
    """The alerts as their sender sees them. Every method raises Unavailable when the database does not do its part."""

    async def standing(self) -> Standing:
        """Return how things stand, without a lock."""
        ...

    async def open_alerts(self, limit: int) -> list[Alert]:
        """Return the open alerts, the platform's first, then the largest."""
        ...

    async def reach(self, alerts: Sequence[Alert], now: datetime) -> dict[str, Reach]:
        """Return how far each alert reaches in its episode, by fingerprint."""
        ...

    async def digest_counts(self, span: Span) -> DigestCounts:
        """Sum up what shops lost to their own sources and files in the span."""
        ...

    async def record(self, step: Step, holder: str) -> bool:
        """Write a step of the sender; False, and nothing written, when another is the sender or things moved on."""
        ...


class AlertOutbox(Protocol):
    """The messages that wait for the messenger. Raises Unavailable like the alerts."""

    async def claim(self, lease: timedelta) -> WaitingMessage | None:
        """Take the oldest waiting message if its time has come; for so long nobody else gets it."""
        ...

    async def mark_sent(self, number: int) -> None:
        """Note that the messenger took the message."""
        ...

    async def mark_failed(self, number: int, reason: str, again: timedelta) -> None:
        """Note that it did not, and when to try again."""
        ...

    async def forget_old(self) -> int:
        """Delete a part of what is too old to keep; return how many rows went."""
        ...


class Messenger(Protocol):
    """Where messages to people go."""

    async def send(self, webhook_id: str, message: AlertMessage) -> Delivered | Undelivered:
        """Hand the message over, seconds at most; the same id again is the same message. Raises nothing."""
        ...
