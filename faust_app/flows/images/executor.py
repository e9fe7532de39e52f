"""One event, from its record to its outcome: load, plan, transfer, decide, settle."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final, assert_never

import structlog

from faust_app.core.failure import Dependency, Failure, FailureCode, Permanent, Transient, Unavailable
from faust_app.core.images.outcome import AckedEarly, Deferred, Outcome, Removed, Stored
from faust_app.core.images.plan import Plan, Remove, Skip, Store, Unknown, plan
from faust_app.core.images.retry import Backoff, decide_retry
from faust_app.core.images.row import ImageKey, ImageRow, source_host
from faust_app.core.messages.events import ImageEvent
from faust_app.core.messages.record import Record, Unparseable, parse_event
from faust_app.core.sources.health import Source
from faust_app.flows.group_commit import GroupCommit
from faust_app.flows.images.settle import MAX_SPURIOUS_OUTAGES, Settler, record_ids, row_ids
from faust_app.flows.images.transfer import Transfer
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.flows.resilience.sources import Sources
from faust_app.metrics import Metrics

log = structlog.get_logger()


OURS: Final = "An error of our own code; the log of the worker has its traceback."


class Handled(Enum):
    """What became of a record that was handed in."""

    DONE = auto()  #: dealt with: it may be acknowledged
    RETURNED = auto()  #: a dependency is unavailable: as if it had never started


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A record that no row stands behind: it goes to the dead letters as it is."""

    code: FailureCode
    detail: str


Decided = Outcome | Skip | GiveUp
"""What is known of an event before anything is written."""

CarryOut = Callable[[Plan, float], Awaitable[Decided]]
"""Does what was planned before a time of the event loop's clock."""


@dataclass(frozen=True, slots=True)
class Event:
    """A record, what it asks for, and the shop and host it will be fetched from; without a host, nothing will be."""

    record: Record
    asks: ImageEvent | Unparseable
    source: Source


@dataclass(frozen=True, slots=True)
class Rules:
    """How long an event may take (seconds), when failures are tried again, and the factor that spreads them."""

    deadline: float
    backoff: Backoff
    jitter: Callable[[], float]


class Executor:
    """Works on one record at a time, many at once. It returns when the record is dealt with, or given back.

    It never raises for what a record or the outside does: a dependency that is unavailable gives the event back, and an error
    of our own is decided like a failure, with its traceback in the log.
    """

    def __init__(
        self,
        *,
        repository: ImageRepository,
        transfer: Transfer,
        settler: Settler,
        sources: Sources,
        internal_errors: InternalErrorBreaker,
        breakers: Breakers,
        metrics: Metrics,
        rules: Rules,
    ) -> None:
        self._repository = repository
        self._transfer = transfer
        self._settle = settler
        self._sources = sources
        self._internal_errors = internal_errors
        self._breakers = breakers
        self._metrics = metrics
        self._rules = rules
        self._loads: GroupCommit[ImageKey, ImageRow | None] = GroupCommit(self._load_group)

    def read(self, record: Record) -> Event:
        """Say what the record asks for, in milliseconds whatever it holds."""
        asks = parse_event(record)
        if isinstance(asks, Unparseable):
            return Event(record, asks, (0, ""))
        return Event(record, asks, (asks.shop_no, source_host(asks.source_url) if asks.source_url else ""))

    async def __call__(self, event: Event) -> Handled:
        """Deal with the event, unless a dependency is unavailable."""
        started = time.perf_counter()
        handled = await self._handle(event, self._carry_out)
        if handled is Handled.DONE:
            self._metrics.event_seconds.observe(time.perf_counter() - started)
        return handled

    async def defer(self, event: Event, delay: timedelta) -> Handled:
        """Make the image due after the delay, if it is still to be fetched; nothing is counted against it."""

        async def defer_fetch(planned: Plan, deadline: float) -> Decided:
            if isinstance(planned, Store):
                return self._internal_errors.admit(planned.row) or Deferred(planned.row, delay)
            return await self._carry_out(planned, deadline)

        return await self._handle(event, defer_fetch)

    async def ack_early(self, event: Event) -> bool:
        """Give the row of an event that is being worked on a time by which it is published again; return whether it has one."""
        if isinstance(event.asks, Unparseable):
            return False
        try:
            planned = plan(event.asks, await self._load(event.asks.key, asyncio.get_running_loop().time() + self._rules.deadline))
            if not isinstance(planned, Store):
                return False
            return await self._settle.once(AckedEarly(planned.row, timedelta(seconds=self._rules.deadline)))
        except Unavailable as failure:
            await self._breakers.failed(failure)
            return False
        except Permanent:
            log.exception("row takes no time of its own", **record_ids(event.record))
            return False

    async def _handle(self, event: Event, carry_out: CarryOut) -> Handled:
        if isinstance(event.asks, Unparseable):
            decided: Decided | None = GiveUp(FailureCode.UNPARSEABLE, event.asks.detail)
        else:
            decided = await self._decided(event.record, event.asks, carry_out)
        if decided is None:
            self._metrics.events.labels("returned").inc()
            return Handled.RETURNED
        self._metrics.events.labels(await self._end(event.record, decided)).inc()
        return Handled.DONE

    async def _end(self, record: Record, decided: Decided) -> str:
        if isinstance(decided, Skip):
            return decided.reason.value
        if isinstance(decided, GiveUp):
            return await self._settle.give_up(record, decided.code, decided.detail)
        return await self._settle(record, decided)

    async def _decided(self, record: Record, event: ImageEvent, carry_out: CarryOut) -> Decided | None:
        """Return what the event comes to, None while a dependency is unavailable.

        An event that finds a dependency unavailable which answers its own probe tries again at once, and is decided as an internal error
        the third time.
        """
        row: ImageRow | None = None
        for _ in range(MAX_SPURIOUS_OUTAGES):
            deadline = asyncio.get_running_loop().time() + self._rules.deadline
            try:
                row = await self._load(event.key, deadline)
                return await carry_out(plan(event, row), deadline)
            except Unavailable as failure:
                if await self._breakers.failed(failure):
                    return None
                cause: Exception = failure
            except Exception as error:  # noqa: BLE001 - told with its traceback
                cause = error
                break
        log.error("event failed unexpectedly", **record_ids(record), exc_info=cause)
        if row is None:
            return GiveUp(FailureCode.INTERNAL_ERROR, OURS)
        return self._internal_error(row)

    async def _load(self, key: ImageKey, deadline: float) -> ImageRow | None:
        try:
            async with asyncio.timeout_at(deadline):
                with self._metrics.step_seconds.labels("load").time():
                    row = await self._loads.submit(key)
        except TimeoutError as error:
            raise Unavailable(Dependency.DATABASE, "The row was not loaded before its deadline.") from error
        self._breakers[Dependency.DATABASE].succeeded()
        return row

    async def _carry_out(self, planned: Plan, deadline: float) -> Decided:
        """Do what was planned and decide on its failure: a failure of the image is an outcome, an outage of ours is raised."""
        match planned:
            case Store():
                held = self._internal_errors.admit(planned.row) or await self._sources.admit(planned.row)
                return held or await self._store(planned, deadline)
            case Remove():
                return Removed(planned.row)
            case Skip():
                return planned
            case Unknown():
                return GiveUp(FailureCode.UNKNOWN_VERSION, planned.detail)
            case _:
                assert_never(planned)

    async def _store(self, planned: Store, deadline: float) -> Outcome:
        began = asyncio.get_running_loop().time()
        try:
            outcome = await self._transfer.store(planned, deadline)
        except Unavailable:
            self._sources.answered(planned.row)
            raise
        except Failure as failure:
            blamed = await self._sources.failed(planned.row, failure, began)
            return blamed if isinstance(blamed, Deferred) else self._decide(planned.row, blamed)
        except Exception:
            log.exception("image failed unexpectedly", **row_ids(planned.row))
            return self._internal_error(planned.row)
        self._sources.answered(planned.row)
        if isinstance(outcome, Stored):
            self._breakers[Dependency.STORAGE].succeeded()
        return outcome

    def _decide(self, row: ImageRow, failure: Failure) -> Outcome:
        decided = decide_retry(row, failure, self._rules.backoff, jitter=self._rules.jitter())
        if isinstance(decided, Unavailable):
            raise decided
        return decided

    def _internal_error(self, row: ImageRow) -> Outcome:
        """Decide on an error of ours: it is tried again like a failure of the source."""
        return self._decide(row, Transient(FailureCode.INTERNAL_ERROR, OURS))

    async def _load_group(self, keys: Sequence[ImageKey]) -> list[ImageRow | None]:
        rows = await self._repository.load(keys)
        return [rows.get(key) for key in keys]
