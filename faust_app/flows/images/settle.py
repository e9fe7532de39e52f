"""Writes outcomes: many in one transaction, each dead letter before its row, however long that takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import structlog

from faust_app.core.alerts.alert import of_record
from faust_app.core.failure import Dependency, Permanent, Unavailable
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import Failed, GiveUp, Kept, Outcome, Removed, Retry, Settlement, Stored, unstorable
from faust_app.core.images.row import ImageRow, ImageState, Origin
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.record import Record
from faust_app.core.messages.rejection import EntryPoint, rejected_record
from faust_app.flows.group_commit import GroupCommit
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.metrics import Metrics

log = structlog.get_logger()

MAX_SPURIOUS_OUTAGES: Final = 3
"""Failures of one event while the dependency's probe succeeds, after which it is treated as an internal error."""


class Step(Enum):
    """Where a settlement stands; a step is repeated through outages until it is done."""

    DEAD_LETTER = auto()  #: Kafka acknowledges the dead letter before a row may say FAILED
    WRITE = auto()  #: the row and its traces are committed, in one transaction with those of other events
    DONE = auto()


@dataclass(slots=True)
class Settling:
    """One event's settlement: its next step, how often in a row a dependency refused it spuriously, and the metric's word for its end."""

    record: Record
    outcome: Outcome | GiveUp
    step: Step
    refused: int = 0
    end: str = ""

    def close(self, end: str) -> None:
        """End the settlement."""
        self.step, self.end = Step.DONE, end


@dataclass(frozen=True, slots=True)
class RejectedEvent:
    """A record that is given up."""

    record: Record
    outcome: GiveUp


class Settler:
    """Writes one event's outcome and returns when it is committed; only a cancellation ends the wait for that."""

    def __init__(
        self,
        repository: ImageRepository,
        dead_letters: DeadLetters,
        breakers: Breakers,
        internal_errors: InternalErrorBreaker,
        metrics: Metrics,
        *,
        grace: timedelta,
    ) -> None:
        self._repository = repository
        self._dead_letters = dead_letters
        self._breakers = breakers
        self._internal_errors = internal_errors
        self._metrics = metrics
        self._grace = grace
        self._groups: GroupCommit[Outcome, Settlement] = GroupCommit(self._settle_group)
        self._records: GroupCommit[RejectedEvent, None] = GroupCommit(self._reject_group)

    async def settle(self, record: Record, outcome: Outcome | GiveUp) -> str:
        """Dead-letter what has failed, then write; return the word by which the event's end is counted."""
        settling = Settling(record, outcome, Step.DEAD_LETTER if _is_buried(outcome) else Step.WRITE)
        while settling.step is not Step.DONE:
            try:
                await self._take(settling)
            except Unavailable as failure:
                await self._wait_out(settling, failure)
            except Permanent as failure:
                _replace_refused(settling, failure)
            except Exception as error:  # noqa: BLE001 - logged with its traceback
                settling.close(_unsettled(settling, error))
        return settling.end

    async def settle_now(self, outcome: Outcome) -> bool:
        """Settle an outcome that needs no dead letter, and wait out no outage; return whether the row took it. Raises Failure."""
        return (await self._groups.submit(outcome)).row is not None

    async def _take(self, settling: Settling) -> None:
        """Do the next step. Raises Unavailable, Permanent."""
        if settling.step is Step.DEAD_LETTER:
            await self._bury(settling.record, settling.outcome)
            self._breakers[Dependency.KAFKA].succeeded()
            settling.step = Step.WRITE
            return
        settling.close(await self._write(settling))
        self._breakers[Dependency.DATABASE].succeeded()

    async def _bury(self, record: Record, outcome: Outcome | GiveUp) -> None:
        if isinstance(outcome, Failed):
            await self._dead_letters.of_image(record, outcome)
        elif isinstance(outcome, GiveUp):
            await self._dead_letters.of_record(record, outcome.code, outcome.detail)

    async def _write(self, settling: Settling) -> str:
        outcome = settling.outcome
        if isinstance(outcome, GiveUp):
            await self._records.submit(RejectedEvent(settling.record, outcome))
            log.warning("record dead-lettered", **record_ids(settling.record), code=outcome.code.value)
            return "dead_letter"
        with self._metrics.step["settle"].time():
            settlement = await self._groups.submit(outcome)
        self._time(settling.record.topic, outcome, settlement)
        return self._end(outcome, settlement)

    async def _wait_out(self, settling: Settling, failure: Unavailable) -> None:
        """Wait until the dependency is back. One that answers its probe and refuses this event again and again is not waited for."""
        settling.refused = 0 if await self._breakers.failed(failure) else settling.refused + 1
        if settling.refused == MAX_SPURIOUS_OUTAGES:
            settling.close(_unsettled(settling, failure))
        else:
            await self._breakers[failure.dependency].closed()

    async def _settle_group(self, outcomes: Sequence[Outcome]) -> list[Settlement]:
        return await self._repository.change(
            [outcome.row.key for outcome in outcomes], lambda locked: settle_all(outcomes, locked, self._grace)
        )

    async def _reject_group(self, events: Sequence[RejectedEvent]) -> list[None]:
        """Count and keep records that no row stands behind."""
        occurrences = [of_record(each.outcome.code, each.outcome.detail) for each in events]
        rejections = [rejected_record(each.record, each.outcome.detail, EntryPoint.EVENTS) for each in events]
        await self._repository.change([], lambda _: (Changes(occurrences=occurrences, rejections=rejections), None))
        return [None] * len(events)

    def _end(self, outcome: Outcome, settlement: Settlement) -> str:
        if settlement.row is None:
            return "refused"
        self._internal_errors.count(outcome)
        if isinstance(outcome, Failed) and settlement.row.state is ImageState.DONE:
            log.debug("good image not fetched again", **row_ids(outcome.row), code=outcome.code.value, detail=outcome.detail)
        elif isinstance(outcome, Failed | Retry):
            self._count(outcome)
        return settlement.history.outcome if settlement.history else "deferred"

    def _time(self, topic: str, outcome: Outcome, settlement: Settlement) -> None:
        """Observe how long a shop waited. A repair counts from its failure or later, and nobody asked for it: it is left out."""
        if isinstance(outcome, Stored | Kept | Removed) and settlement.history is not None and outcome.row.origin is Origin.SHOP:
            dwell = (settlement.history.at - outcome.row.requested_at).total_seconds()
            self._metrics.dwell(topic).observe(max(0.0, dwell))

    def _count(self, outcome: Failed | Retry) -> None:
        final = isinstance(outcome, Failed)
        (self._metrics.failures if final else self._metrics.retries).labels(outcome.code.value).inc()
        what = "image failed" if final else "image is tried again"
        log.debug(what, **row_ids(outcome.row), attempt=outcome.row.attempt, code=outcome.code.value, detail=outcome.detail)


def _is_buried(outcome: Outcome | GiveUp) -> bool:
    """Return whether the end has a dead letter; a good image whose second fetch failed stays good."""
    return isinstance(outcome, GiveUp) or (isinstance(outcome, Failed) and not outcome.row.refetched)


def settle_all(outcomes: Sequence[Outcome], locked: Locked, replaced_grace: timedelta) -> tuple[Changes, list[Settlement]]:
    """Apply outcomes to their locked rows, in order: of two for one version, the second is refused."""
    rows = dict(locked.rows)
    changes, settlements = Changes(), list[Settlement]()
    for outcome in outcomes:
        before = rows.get(outcome.row.key)
        settlement = settle(before, outcome, now=locked.now, replaced_grace=replaced_grace)
        settlements.append(settlement)
        changes.take(settlement, attempt=outcome.row.attempt if before is None else before.attempt)
        if settlement.row is not None:
            rows[settlement.row.key] = settlement.again or settlement.row
    return changes, settlements


def _replace_refused(settling: Settling, failure: Permanent) -> None:
    """Fail the image whose outcome the database refuses for its content; a failure that is refused itself stays unwritten."""
    outcome = settling.outcome
    if isinstance(outcome, GiveUp) or (isinstance(outcome, Failed) and outcome.code is failure.code):
        settling.close(_unsettled(settling, failure))
        return
    log.error("outcome is refused for its content", **row_ids(outcome.row), detail=failure.detail)
    settling.outcome = unstorable(outcome, failure)
    settling.step = Step.DEAD_LETTER if _is_buried(settling.outcome) else Step.WRITE


def _unsettled(settling: Settling, error: Exception) -> str:
    """Log an outcome that cannot be written; the record blocks no other, and a row that stays in progress is rescued."""
    outcome = settling.outcome
    if isinstance(outcome, GiveUp):
        log.error("record cannot be dead-lettered", **record_ids(settling.record), code=outcome.code.value, exc_info=error)
    else:
        log.error("outcome cannot be written", **row_ids(outcome.row), outcome=type(outcome).__name__, exc_info=error)
    return "unsettled"


def row_ids(row: ImageRow) -> dict[str, object]:
    """Return what names an image in the log."""
    ids = {"shop_no": row.shop_no, "image_id": row.image_id.decode(), "version": row.version}
    return ids if row.correlation_id is None else {**ids, "correlation_id": row.correlation_id}


def record_ids(record: Record) -> dict[str, object]:
    """Return what names a record in the log."""
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
