"""Executes one event: load, plan, transfer, decide, settle."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import structlog

from faust_app.core.failure import Dependency, Failure, FailureCode, Permanent, Transient, Unavailable, without_frames
from faust_app.core.images.outcome import AckedEarly, Deferred, GiveUp, Kept, Outcome, Removed, Stored
from faust_app.core.images.plan import Plan, Remove, Skip, Store, Unknown, plan
from faust_app.core.images.retry import Backoff, decide_retry
from faust_app.core.images.row import ImageKey, ImageRow, source_host
from faust_app.core.messages.events import ImageEvent
from faust_app.core.messages.record import Record, Unparseable, parse_event
from faust_app.core.sources.health import Source
from faust_app.flows.group_commit import GroupCommit
from faust_app.flows.images.deadline import Deadline, Wait
from faust_app.flows.images.settle import MAX_SPURIOUS_OUTAGES, Settler, record_ids, row_ids
from faust_app.flows.images.transfer import Transfer
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.flows.resilience.sources import Sources
from faust_app.metrics import Metrics

log = structlog.get_logger()

OURS: Final = "An error of our own code; the log of the worker has its traceback."


def nothing() -> None:
    """Do nothing."""


class Handled(Enum):
    """What became of an event."""

    DONE = auto()  #: settled: it may be acknowledged
    RETURNED = auto()  #: a dependency is unavailable: as if the event had never started


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


@dataclass(slots=True)
class Execution:
    """One event on its way through the steps: each step reads what the steps before it have written.

    `began` is a time of the event loop's clock. With `defer_by` a fetch is deferred instead of done.
    """

    event: Event
    defer_by: timedelta | None = None
    fetched: Callable[[], None] = nothing
    began: float = 0.0
    deadline: Deadline = field(init=False)
    row: ImageRow | None = None
    plan: Plan | None = None
    failure: Failure | None = None  #: why the image was not transferred
    decision: Outcome | GiveUp | Skip | None = None
    error: Exception | None = None  #: why there is no decision: an outage, or an error of our own code
    outages: int = 0  #: how often in a row a dependency failed this event while it answered its probe
    handled: Handled | None = None

    def begin(self, now: float, seconds: float) -> None:
        """Start the steps from the beginning; of a try that met an outage only the row is kept, for who has to blame an image."""
        self.began, self.deadline = now, Deadline(now + seconds)
        self.plan = self.failure = self.decision = None

    def forget_error(self) -> None:
        """Drop the error: its frames hold the bytes of the image, and this."""
        if isinstance(self.error, Failure):
            without_frames(self.error)
        self.error = None


class Executor:
    """Executes one event at a time, many at once; returns when the event is settled, or returned.

    It raises nothing for what a record or the outside does: while a dependency is unavailable the event is returned, and an
    error of our own code is retried like a failure of the source, with its traceback in the log.
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
        self._transfers = transfer
        self._settler = settler
        self._sources = sources
        self._internal_errors = internal_errors
        self._breakers = breakers
        self._metrics = metrics
        self._rules = rules
        self._loads: GroupCommit[ImageKey, ImageRow | None] = GroupCommit(self._load_group)

    def read(self, record: Record) -> Event:
        """Return what the record asks for, within milliseconds whatever it holds."""
        asks = parse_event(record)
        if isinstance(asks, Unparseable):
            return Event(record, asks, (0, ""))
        return Event(record, asks, (asks.shop_no, source_host(asks.source_url) if asks.source_url else ""))

    async def execute(self, event: Event, *, defer_by: timedelta | None = None, fetched: Callable[[], None] = nothing) -> Handled:
        """Run the five steps for the event; with `defer_by` its image becomes due after that time instead of being fetched.

        `fetched` is called when a fetch has ended: its host may serve another, though the event still holds its slot.
        """
        started = time.perf_counter()
        run = Execution(event, defer_by, fetched)
        while run.handled is None:
            run.begin(asyncio.get_running_loop().time(), self._rules.deadline)
            try:
                await self._load(run)
                self._plan(run)
                await self._transfer(run)
                await self._decide(run)
            except Exception as error:  # noqa: BLE001 - settled like every other end, with its traceback in the log
                run.error = error
            finally:
                run.deadline.close()
            await self._settle(run)
        if run.handled is Handled.DONE and defer_by is None:
            self._metrics.event_seconds.unlabelled.observe(time.perf_counter() - started)
        return run.handled

    async def _load(self, run: Execution) -> None:
        """Read the row; events that ask at the same time share one query. Raises Unavailable."""
        if isinstance(run.event.asks, Unparseable):
            return
        with run.deadline.during(Wait.ROW), self._metrics.step["load"].time():
            run.row = await self._loads.submit(run.event.asks.key)
        self._breakers[Dependency.DATABASE].succeeded()

    def _plan(self, run: Execution) -> None:
        """Compare the event with its row; what needs no transfer is decided by that."""
        if isinstance(run.event.asks, Unparseable):
            run.decision = GiveUp(FailureCode.UNPARSEABLE, run.event.asks.detail)
            return
        run.plan = plan(run.event.asks, run.row)
        match run.plan:
            case Remove(row):
                run.decision = Removed(row)
            case Skip():
                run.decision = run.plan
            case Unknown(detail):
                run.decision = GiveUp(FailureCode.UNKNOWN_VERSION, detail)

    async def _transfer(self, run: Execution) -> None:
        """Fetch, check and store the image, unless its source or shop is given time. Raises Unavailable."""
        if not isinstance(run.plan, Store):
            return
        run.decision = await self._deferral(run, run.plan.row)
        if run.decision is not None:
            return
        try:
            run.decision = await self._transfers.store(run.plan, run.deadline, run.fetched)
        except Unavailable:
            self._sources.answered(run.plan.row)  # it was one of our dependencies that failed, after the fetch
            raise
        except Failure as failure:
            run.failure = without_frames(failure)

    async def _decide(self, run: Execution) -> None:
        """Decide whose a failure is, and whether the image is retried, deferred or failed. Raises Unavailable."""
        if isinstance(run.plan, Store) and run.failure is not None:
            blamed = await self._sources.failed(run.plan.row, run.failure, run.began)
            run.decision = blamed if isinstance(blamed, Deferred) else self._retry(run.plan.row, blamed)
        elif isinstance(run.decision, Stored | Kept):
            self._sources.answered(run.decision.row)
            if isinstance(run.decision, Stored):
                self._breakers[Dependency.STORAGE].succeeded()

    async def _settle(self, run: Execution) -> None:
        """Write the decision, however long that takes. An outage returns the event; a spurious one leaves it to be executed again."""
        if run.error is not None:
            run.decision = await self._decide_on_error(run, run.error)
            run.forget_error()  # the write may wait for the database
            if run.decision is None:
                return
        if isinstance(run.decision, Skip):
            end = run.decision.reason.value
        else:
            end = await self._settler.settle(run.event.record, _decided(run))
        self._metrics.event_ended(end).inc()
        run.handled = Handled.DONE

    async def _decide_on_error(self, run: Execution, error: Exception) -> Outcome | GiveUp | None:
        """Decide on an error of our own code, or on an outage that is blamed on the event; return None for any other outage."""
        if isinstance(error, Unavailable):
            if await self._breakers.failed(error):
                self._metrics.event_ended("returned").inc()
                run.handled = Handled.RETURNED
                return None
            run.outages += 1
            if run.outages < MAX_SPURIOUS_OUTAGES:
                return None
        return self._internal_error(run, error)

    async def ack_early(self, event: Event) -> bool:
        """Give the row of an event under way a time by which it is published again; return whether the row took it.

        From then on the event's message is not needed: should the worker die, the row brings the event back.
        """
        run = Execution(event)
        run.begin(asyncio.get_running_loop().time(), self._rules.deadline)
        try:
            await self._load(run)
            self._plan(run)
            if not isinstance(run.plan, Store):
                return False
            return await self._settler.settle_now(AckedEarly(run.plan.row, timedelta(seconds=self._rules.deadline)))
        except Unavailable as failure:
            await self._breakers.failed(failure)
            return False
        except Permanent:
            log.exception("row takes no time of its own", **record_ids(event.record))
            return False
        finally:
            run.deadline.close()

    async def _deferral(self, run: Execution, row: ImageRow) -> Outcome | None:
        """Return what becomes of an image that is not to be fetched now, None where it is. Raises Unavailable."""
        held = self._internal_errors.admit(row)
        if held is None and run.defer_by is not None:
            return Deferred(row, run.defer_by)
        return held or await self._sources.admit(row)

    def _retry(self, row: ImageRow, failure: Failure) -> Outcome:
        decided = decide_retry(row, failure, self._rules.backoff, jitter=self._rules.jitter())
        if isinstance(decided, Unavailable):
            raise decided
        return decided

    def _internal_error(self, run: Execution, error: Exception) -> Outcome | GiveUp:
        """Log an error of our own code and decide on it: a row's image is retried, a record without a row is given up."""
        if run.row is None:
            log.error("event failed unexpectedly", **record_ids(run.event.record), exc_info=error)
            return GiveUp(FailureCode.INTERNAL_ERROR, OURS)
        log.error("image failed unexpectedly", **row_ids(run.row), exc_info=error)
        return self._retry(run.row, Transient(FailureCode.INTERNAL_ERROR, OURS))

    async def _load_group(self, keys: Sequence[ImageKey]) -> list[ImageRow | None]:
        rows = await self._repository.load(keys)
        return [rows.get(key) for key in keys]


def _decided(run: Execution) -> Outcome | GiveUp:
    if run.decision is None or isinstance(run.decision, Skip):
        raise AssertionError("the steps ended without a decision")
    return run.decision
