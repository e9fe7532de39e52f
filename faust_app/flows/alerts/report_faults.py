"""Carries platform faults from where they are detected to their alerts, even while the database itself is the fault.

A report is kept in memory and written by the next pass. Every pass pings the database, so every process detects its outage.
During an outage each process sends what it holds directly to the messenger, once. When the database is back, the alerts
are written as already reported: nobody is notified twice of an opening, and the closing is sent once for all processes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

import structlog

from faust_app.core.alerts.alert import Alert, FaultKind, PlatformFault
from faust_app.core.alerts.decide import Chosen, due_at
from faust_app.core.alerts.message import AlertMessage, Delivered, Form, Undelivered, again_after, new_webhook_id
from faust_app.core.alerts.notices import Notice
from faust_app.core.alerts.text import Impact, compose
from faust_app.core.failure import Unavailable
from faust_app.core.text import Place
from faust_app.flows.ports.alerts import Faults, Messenger
from faust_app.metrics import Metrics

log = structlog.get_logger()

REPEAT: Final = 60.0
"""Seconds after which a persisting fault is reported again; a process silent for longer (`REPEATED_WITHIN`) counts as dead."""
DATABASE_SECONDS: Final = 10.0
"""Seconds a pass gives the database: a frozen one neither answers nor refuses."""
DIRECT_AFTER: Final = 15.0
"""Seconds of outage after which a process sends directly; a shorter outage is left to the alert sender."""
DIRECT_AGAIN: Final = 1800.0
"""Seconds between two direct messages of a process."""

_SENT_DIRECTLY: Final = (
    "Sent directly, because the database that counts alerts is unavailable; every process that cannot reach it sends this once."
)

Key = tuple[FaultKind, str | None, int | None, str | None]
"""Kind, host, shop and subject of a fault."""


@dataclass(slots=True)
class _Held:
    """A fault of this process. Times are seconds of the process's clock; `over` is set once it was closed."""

    fault: PlatformFault
    since: float
    written_at: float | None = None
    reported_at: float | None = None
    over: bool = False
    changed: bool = True

    def is_due(self, now: float) -> bool:
        """Return whether the fault must be written: it changed, or its last report is REPEAT seconds old."""
        return self.changed or self.written_at is None or now - self.written_at >= REPEAT

    @property
    def is_unreported(self) -> bool:
        """Whether neither an alert nor a direct message has reported the fault."""
        return not self.over and self.written_at is None and self.reported_at is None


@dataclass(slots=True)
class _DirectMessage:
    """A message this process sends directly; it keeps its id until the messenger accepts it."""

    webhook_id: str
    message: AlertMessage
    faults: tuple[_Held, ...]
    attempts: int = 0


class FaultReporter:
    """Implements `flows.ports.alerts.Alerts`. `seconds` counts them in this process, `now` is the time of day (UTC without a zone)."""

    def __init__(
        self, faults: Faults, messenger: Messenger | None, metrics: Metrics, *, worker: str, place: Place,
        seconds: Callable[[], float], now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._faults = faults
        self._messenger = messenger
        self._metrics = metrics
        self._worker = worker
        self._place = place
        self._seconds = seconds
        self._now = now
        self._held: dict[Key, _Held] = {}
        self._unavailable_since: float | None = None
        self._direct: _DirectMessage | None = None
        self._direct_from = -inf

    @property
    def database_is_unavailable(self) -> bool:
        """Whether the last completed pass got no answer. A frozen database blocks calls instead of failing them, so no breaker opens."""
        return self._unavailable_since is not None

    def open(
        self, kind: FaultKind, *, detail: str = "", host: str | None = None, shop_no: int | None = None, subject: str | None = None,
        waiting: int = 0,
    ) -> None:  # fmt: skip
        """Report that a fault is present; the next pass writes it."""
        fault = PlatformFault(kind, self._worker, detail, host, waiting, shop_no, subject)
        key = (kind, host, shop_no, subject)
        held = self._held.get(key)
        if held is None:
            self._held[key] = _Held(fault, self._seconds())
            log.warning("fault opened", kind=kind.value, host=host, shop_no=shop_no, subject=subject, detail=detail)
            return
        held.fault = fault  # new facts alone are written with the next repetition
        if held.over:
            held.over, held.changed = False, True

    def close(self, kind: FaultKind, *, host: str | None = None, shop_no: int | None = None, subject: str | None = None) -> None:
        """Report that a fault is over; the next pass writes it."""
        held = self._held.get((kind, host, shop_no, subject))
        if held is not None and not held.over:
            held.over, held.changed = True, True
            log.warning("fault closed", kind=kind.value, host=host, shop_no=shop_no, subject=subject)

    async def run_pass(self) -> None:
        """Write new and due reports; during an outage of the database send them directly. Does not raise Unavailable."""
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await self._write_all()
        except Unavailable as failure:
            await self._without_database(failure.detail)
        except TimeoutError:
            await self._without_database(f"The database did not answer within {DATABASE_SECONDS:.0f} s.")

    async def _write_all(self) -> None:
        await self._faults.ping()
        if self._unavailable_since is not None:
            self._database_is_back()
        for key, held in list(self._held.items()):
            await self._write(key, held)

    async def _write(self, key: Key, held: _Held) -> None:
        now = self._seconds()
        if not held.is_due(now):
            return
        held.changed = False  # cleared before the write: a report that arrives during it is left to the next pass
        try:
            await self._write_one(held, now)
        except (Unavailable, asyncio.CancelledError):
            held.changed = True
            raise
        if held.over and not held.changed:
            self._held.pop(key, None)

    async def _write_one(self, held: _Held, now: float) -> None:
        """Open the alert, then close it if the fault is over: a fault that came and went between two passes counts too."""
        if not held.over or held.written_at is None:
            reported_ago = None if held.reported_at is None else timedelta(seconds=now - held.reported_at)
            await self._faults.open_fault(held.fault, age=timedelta(seconds=now - held.since), reported_ago=reported_ago)
            held.written_at = now
        if held.over:
            await self._faults.close_fault(held.fault)

    def _database_is_back(self) -> None:
        """Drop the direct message: from now on the alert sender reports what is left."""
        self._unavailable_since = None
        self._direct = None
        self.close(FaultKind.DEPENDENCY_DATABASE)

    async def _without_database(self, reason: str) -> None:
        now = self._seconds()
        if self._unavailable_since is None:
            self._unavailable_since = now
        if now - self._unavailable_since < DIRECT_AFTER:
            return
        self.open(FaultKind.DEPENDENCY_DATABASE, detail=reason)
        database = self._held[FaultKind.DEPENDENCY_DATABASE, None, None, None]
        database.since = min(database.since, self._unavailable_since)
        if self._messenger is not None and now >= self._direct_from:
            await self._send_directly(self._messenger, now)

    async def _send_directly(self, messenger: Messenger, now: float) -> None:
        """Send every unreported fault in one message, which stays the same until the messenger accepts it."""
        direct = self._direct = self._direct or self._direct_message()
        if direct is None:
            return
        direct.attempts += 1
        result = await messenger.send(direct.webhook_id, direct.message)
        self._metrics.count_message(result.end, accepted=isinstance(result, Delivered))
        match result:
            case Delivered():
                self._sent_directly(direct, now)
            case Undelivered():
                self._direct_from = now + again_after(result, direct.attempts).total_seconds()
                log.warning("alert not sent", reason=result.reason, refused=result.refused, attempts=direct.attempts)

    def _direct_message(self) -> _DirectMessage | None:
        """Return one message about all unreported faults, None if there are none."""
        unreported = tuple(held for held in self._held.values() if held.is_unreported)
        return _DirectMessage(new_webhook_id(), self._message(unreported), unreported) if unreported else None

    def _sent_directly(self, direct: _DirectMessage, now: float) -> None:
        self._direct = None
        self._direct_from = now + DIRECT_AGAIN
        for held in direct.faults:
            held.reported_at, held.changed = now, True
        log.info("alert sent without the database", title=direct.message.title)

    def _message(self, unreported: tuple[_Held, ...]) -> AlertMessage:
        now = self._now()
        due = tuple(due_at(self._alert(held, now), Notice.OPENED, now) for held in unreported)
        impact = {held.fault.fingerprint: Impact(workers=(self._worker,), waiting=held.fault.waiting) for held in unreported}
        message = compose(Chosen(Form.ALERT if len(due) == 1 else Form.GROUP, due), impact, self._place, now)
        return replace(message, text=f"{message.text}\n{_SENT_DIRECTLY}")

    def _alert(self, held: _Held, now: datetime) -> Alert:
        fault = held.fault
        opened_at = now - timedelta(seconds=self._seconds() - held.since)
        return Alert(fault.fingerprint, fault.kind.value, fault.host, fault.kind.severity, 1, opened_at, now, 1, fault.detail)
