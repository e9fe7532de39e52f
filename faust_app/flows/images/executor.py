"""One event, from its record to its outcome: load, plan, perform, judge, settle."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final, assert_never

import structlog

from faust_app.core.failure import Dependency, Failure, FailureCode, Permanent, Transient, Unavailable
from faust_app.core.images.outcome import HandedOver, Outcome, Park, Removed, Stored
from faust_app.core.images.plan import Plan, Remove, Skip, Store, Unknown, plan
from faust_app.core.images.retry import Backoff, judge
from faust_app.core.images.row import ImageKey, ImageRow, source_host
from faust_app.core.messages.events import ImageEvent
from faust_app.core.messages.record import Record, Unparseable, parse_event
from faust_app.core.sources.health import Source
from faust_app.flows.group_commit import GroupCommit
from faust_app.flows.images.settle import GUILTY, Settler, record_ids, row_ids
from faust_app.flows.images.transfer import Performer
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.internal_error_breaker import Bugs
from faust_app.flows.resilience.sources import Sources
from faust_app.metrics import Metrics

log = structlog.get_logger()


OURS: Final = "An error of our own code; the log of the worker has its traceback."


class Handled(Enum):
    """What became of a record that was handed in."""

    DONE = auto()  #: dealt with: it may be acknowledged
    RETURNED = auto()  #: a dependency is away: as if it had never started


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A record that no row stands behind: it goes to the dead letters as it is."""

    code: FailureCode
    detail: str


Judged = Outcome | Skip | GiveUp
"""What is known of an event before anything is written."""

Perform = Callable[[Plan, float], Awaitable[Judged]]
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


class Ingest:
    """Works on one record at a time, many at once. It returns when the record is dealt with, or given back.

    It never raises for what a record or the outside does: a dependency that is away gives the event back, and an error
    of our own is judged like a failure, with its traceback in the log.
    """

    def __init__(
        self,
        *,
        repository: ImageRepository,
        performer: Performer,
        settler: Settler,
        sources: Sources,
        bugs: Bugs,
        breakers: Breakers,
        metrics: Metrics,
        rules: Rules,
    ) -> None:
        self._repository = repository
        self._performer = performer
        self._settle = settler
        self._sources = sources
        self._bugs = bugs
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
        """Deal with the event, unless a dependency is away."""
        started = time.perf_counter()
        handled = await self._handle(event, self._perform)
        if handled is Handled.DONE:
            self._metrics.event_seconds.observe(time.perf_counter() - started)
        return handled

    async def put_off(self, event: Event, delay: timedelta) -> Handled:
        """Let the image be due after the delay, if it is still to be fetched; nothing is counted against it."""

        async def park(decided: Plan, deadline: float) -> Judged:
            if isinstance(decided, Store):
                return self._bugs.admit(decided.row) or Park(decided.row, delay)
            return await self._perform(decided, deadline)

        return await self._handle(event, park)

    async def hand_over(self, event: Event) -> bool:
        """Give the row of an event that is being worked on a time by which it is published again; tell whether it has one."""
        if isinstance(event.asks, Unparseable):
            return False
        try:
            decided = plan(event.asks, await self._load(event.asks.key, asyncio.get_running_loop().time() + self._rules.deadline))
            if not isinstance(decided, Store):
                return False
            return await self._settle.once(HandedOver(decided.row, timedelta(seconds=self._rules.deadline)))
        except Unavailable as failure:
            await self._breakers.failed(failure)
            return False
        except Permanent:
            log.exception("row takes no time of its own", **record_ids(event.record))
            return False

    async def _handle(self, event: Event, perform: Perform) -> Handled:
        if isinstance(event.asks, Unparseable):
            judged: Judged | None = GiveUp(FailureCode.UNPARSEABLE, event.asks.detail)
        else:
            judged = await self._judged(event.record, event.asks, perform)
        if judged is None:
            self._metrics.events.labels("returned").inc()
            return Handled.RETURNED
        self._metrics.events.labels(await self._end(event.record, judged)).inc()
        return Handled.DONE

    async def _end(self, record: Record, judged: Judged) -> str:
        if isinstance(judged, Skip):
            return judged.reason.value
        if isinstance(judged, GiveUp):
            return await self._settle.give_up(record, judged.code, judged.detail)
        return await self._settle(record, judged)

    async def _judged(self, record: Record, event: ImageEvent, perform: Perform) -> Judged | None:
        """Return what the event comes to, None while a dependency is away.

        An event that finds a dependency away which answers its own probe tries again at once, and is judged as a bug
        the third time.
        """
        row: ImageRow | None = None
        for _ in range(GUILTY):
            deadline = asyncio.get_running_loop().time() + self._rules.deadline
            try:
                row = await self._load(event.key, deadline)
                return await perform(plan(event, row), deadline)
            except Unavailable as failure:
                if await self._breakers.failed(failure):
                    return None
                guilty: Exception = failure
            except Exception as error:  # noqa: BLE001 - told with its traceback
                guilty = error
                break
        log.error("event failed unexpectedly", **record_ids(record), exc_info=guilty)
        if row is None:
            return GiveUp(FailureCode.INTERNAL_ERROR, OURS)
        return self._bug(row)

    async def _load(self, key: ImageKey, deadline: float) -> ImageRow | None:
        try:
            async with asyncio.timeout_at(deadline):
                with self._metrics.step_seconds.labels("load").time():
                    row = await self._loads.submit(key)
        except TimeoutError as error:
            raise Unavailable(Dependency.DATABASE, "The row was not loaded before its deadline.") from error
        self._breakers[Dependency.DATABASE].succeeded()
        return row

    async def _perform(self, decided: Plan, deadline: float) -> Judged:
        """Do what was planned and judge it: a failure of the image is an outcome, an absence of ours is raised."""
        match decided:
            case Store():
                held = self._bugs.admit(decided.row) or await self._sources.admit(decided.row)
                return held or await self._store(decided, deadline)
            case Remove():
                return Removed(decided.row)
            case Skip():
                return decided
            case Unknown():
                return GiveUp(FailureCode.UNKNOWN_VERSION, decided.detail)
            case _:
                assert_never(decided)

    async def _store(self, decided: Store, deadline: float) -> Outcome:
        began = asyncio.get_running_loop().time()
        try:
            outcome = await self._performer.store(decided, deadline)
        except Unavailable:
            self._sources.answered(decided.row)
            raise
        except Failure as failure:
            blamed = await self._sources.failed(decided.row, failure, began)
            return blamed if isinstance(blamed, Park) else self._judge(decided.row, blamed)
        except Exception:
            log.exception("image failed unexpectedly", **row_ids(decided.row))
            return self._bug(decided.row)
        self._sources.answered(decided.row)
        if isinstance(outcome, Stored):
            self._breakers[Dependency.STORAGE].succeeded()
        return outcome

    def _judge(self, row: ImageRow, failure: Failure) -> Outcome:
        judged = judge(row, failure, self._rules.backoff, jitter=self._rules.jitter())
        if isinstance(judged, Unavailable):
            raise judged
        return judged

    def _bug(self, row: ImageRow) -> Outcome:
        """Judge an error of ours: it is tried again like a failure of the source."""
        return self._judge(row, Transient(FailureCode.INTERNAL_ERROR, OURS))

    async def _load_group(self, keys: Sequence[ImageKey]) -> list[ImageRow | None]:
        rows = await self._repository.load(keys)
        return [rows.get(key) for key in keys]
