"""Faults of the platform, from the part that notices one to its alert, also while the database is the fault.

A report is kept in memory and written by the next pass. Every pass asks the database for an answer, so its absence is
noticed here, in every process. While it lasts, each process sends what it holds straight to the messenger, once; when the
database is back the alerts are written as told, so that nobody is told twice of what began, and once by all of what is over.
"""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf
from typing import Final

import structlog

from faust_app.core.alert import Alert, FaultKind, PlatformFault, Word
from faust_app.core.alert_message import AlertMessage, Chosen, Delivered, Due, Form, Undelivered, again_after
from faust_app.core.alert_text import Place, Reach, compose
from faust_app.core.failure import Unavailable
from faust_app.flows.ports.alerts import Faults, Messenger
from faust_app.metrics import Metrics

log = structlog.get_logger()

REPEAT: Final = 60.0
"""Seconds after which a fault that is still there is reported again; others take a silent process for a dead one later."""
DATABASE_SECONDS: Final = 10.0
"""Seconds a pass gives the database; a frozen one answers neither yes nor no."""
DIRECT_AFTER: Final = 15.0
"""Seconds without the database after which a process sends by itself; a shorter absence is told by the sender."""
DIRECT_AGAIN: Final = 1800.0
"""Seconds between two messages that a process sends by itself."""

_SENT_DIRECTLY: Final = "Sent without the database, where alerts are counted: every process that misses it says so once."

Key = tuple[FaultKind, str | None]


@dataclass(slots=True)
class _Held:
    """A fault of this process; times are seconds of the process's clock. `over` once it was closed."""

    fault: PlatformFault
    since: float
    written_at: float | None = None
    told_at: float | None = None
    over: bool = False
    changed: bool = True

    def is_due(self, now: float) -> bool:
        """Return whether the fault is to be written: it changed, or it is still there and others would take us for dead."""
        return self.changed or self.written_at is None or now - self.written_at >= REPEAT

    @property
    def is_untold(self) -> bool:
        """Whether neither an alert nor a message of this process tells of the fault."""
        return not self.over and self.written_at is None and self.told_at is None


@dataclass(slots=True)
class _DirectMessage:
    """A message this process sends by itself; it keeps its id until it is taken."""

    webhook_id: str
    message: AlertMessage
    faults: tuple[_Held, ...]
    attempts: int = 0


class FaultReporter:
    """Implements `flows.ports.alerts.Alerts`. `clock` counts seconds, `now` is the time of day (UTC without a zone)."""

    def __init__(
        self, faults: Faults, messenger: Messenger | None, metrics: Metrics, *, worker: str, place: Place,
        clock: Callable[[], float], now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._faults = faults
        self._messenger = messenger
        self._metrics = metrics
        self._worker = worker
        self._place = place
        self._clock = clock
        self._now = now
        self._held: dict[Key, _Held] = {}
        self._away_since: float | None = None
        self._direct: _DirectMessage | None = None
        self._direct_from = -inf

    @property
    def database_is_away(self) -> bool:
        """Whether the newest pass that ended had no answer: a frozen database keeps calls waiting and opens no breaker."""
        return self._away_since is not None

    def open(self, kind: FaultKind, *, detail: str = "", host: str | None = None, waiting: int = 0) -> None:
        """Say that the fault is there; again, with other facts, any time. `detail` is one line without secrets."""
        fault = PlatformFault(kind, self._worker, detail, host, waiting)
        held = self._held.get((kind, host))
        if held is None:
            self._held[kind, host] = _Held(fault, self._clock())
            log.warning("fault opened", kind=kind.value, host=host, detail=detail)
            return
        held.fault = fault
        if held.over:
            held.over, held.changed = False, True

    def close(self, kind: FaultKind, *, host: str | None = None) -> None:
        """Say that it is over; one that was never opened is no error."""
        held = self._held.get((kind, host))
        if held is not None and not held.over:
            held.over, held.changed = True, True
            log.warning("fault closed", kind=kind.value, host=host)

    async def run_pass(self) -> None:
        """Write what changed and what is to be repeated; without the database, tell people of it. Raises nothing foreseen."""
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                await self._write_all()
        except Unavailable as failure:
            await self._without_database(failure.detail)
        except TimeoutError:
            await self._without_database(f"The database did not answer within {DATABASE_SECONDS:.0f} s.")

    async def _write_all(self) -> None:
        await self._faults.ping()
        if self._away_since is not None:
            self._database_is_back()
        for key, held in list(self._held.items()):
            await self._write(key, held)

    async def _write(self, key: Key, held: _Held) -> None:
        now = self._clock()
        if not held.is_due(now):
            return
        held.changed = False  # what is reported while this is being written is written by the next pass
        try:
            await self._write_one(held, now)
        except (Unavailable, asyncio.CancelledError):
            held.changed = True
            raise
        if held.over and not held.changed:
            self._held.pop(key, None)

    async def _write_one(self, held: _Held, now: float) -> None:
        """Open the alert, then close it where the fault is over: one that came and went between two passes counts too."""
        if not held.over or held.written_at is None:
            told_ago = None if held.told_at is None else timedelta(seconds=now - held.told_at)
            await self._faults.open_fault(held.fault, age=timedelta(seconds=now - held.since), told_ago=told_ago)
            held.written_at = now
        if held.over:
            await self._faults.close_fault(held.fault)

    def _database_is_back(self) -> None:
        """Leave what is untold to the sender."""
        self._away_since = None
        self._direct = None
        self.close(FaultKind.DEPENDENCY_DATABASE)

    async def _without_database(self, reason: str) -> None:
        now = self._clock()
        if self._away_since is None:
            self._away_since = now
        if now - self._away_since < DIRECT_AFTER:
            return
        self.open(FaultKind.DEPENDENCY_DATABASE, detail=reason)
        database = self._held[FaultKind.DEPENDENCY_DATABASE, None]
        database.since = min(database.since, self._away_since)
        if self._messenger is not None and now >= self._direct_from:
            await self._send_directly(self._messenger, now)

    async def _send_directly(self, messenger: Messenger, now: float) -> None:
        """Send what no alert tells yet, in one message; until the messenger takes it, it stays the same message."""
        direct = self._direct = self._direct or self._direct_message()
        if direct is None:
            return
        direct.attempts += 1
        result = await messenger.send(direct.webhook_id, direct.message)
        self._metrics.alert_messages.labels(result.word).inc()
        match result:
            case Delivered():
                self._sent_directly(direct, now)
            case Undelivered():
                self._direct_from = now + again_after(result, direct.attempts).total_seconds()
                log.warning("alert not sent", reason=result.reason, refused=result.refused, attempts=direct.attempts)

    def _direct_message(self) -> _DirectMessage | None:
        """Return the message about every fault that nobody was told of, None where there is none."""
        untold = tuple(held for held in self._held.values() if held.is_untold)
        return _DirectMessage(f"msg_{uuid.uuid4().hex}", self._message(untold), untold) if untold else None

    def _sent_directly(self, direct: _DirectMessage, now: float) -> None:
        self._direct = None
        self._direct_from = now + DIRECT_AGAIN
        for held in direct.faults:
            held.told_at, held.changed = now, True
        log.info("alert sent without the database", title=direct.message.title)

    def _message(self, untold: tuple[_Held, ...]) -> AlertMessage:
        now = self._now()
        due = tuple(Due(self._alert(held, now), Word.OPENED) for held in untold)
        reach = {held.fault.fingerprint: Reach(workers=(self._worker,), waiting=held.fault.waiting) for held in untold}
        message = compose(Chosen(Form.ALERT if len(due) == 1 else Form.GROUP, due), reach, self._place, now)
        return replace(message, text=f"{message.text}\n{_SENT_DIRECTLY}")

    def _alert(self, held: _Held, now: datetime) -> Alert:
        fault = held.fault
        opened_at = now - timedelta(seconds=self._clock() - held.since)
        return Alert(fault.fingerprint, fault.kind.value, fault.host, fault.kind.severity, 1, opened_at, now, 1, fault.detail)
