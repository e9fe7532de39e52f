"""Writing outcomes: many of them in one transaction, each dead letter before its row, however long that takes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import structlog

from faust_app.core.alerts.alert import Occurrence, of_record
from faust_app.core.failure import Dependency, FailureCode, Permanent, Unavailable
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import Failed, Outcome, Retry, Settlement, unstorable
from faust_app.core.images.row import ImageRow
from faust_app.core.images.transitions import settle
from faust_app.core.messages.record import Record
from faust_app.flows.group_commit import GroupCommit
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.resilience.breakers import Breakers
from faust_app.flows.resilience.internal_error_breaker import InternalErrorBreaker
from faust_app.metrics import Metrics

log = structlog.get_logger()

MAX_SPURIOUS_OUTAGES: Final = 3
"""Failures of one event while the dependency's probe succeeds, after which it is treated as an internal error."""


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
        self._counts: GroupCommit[Occurrence, None] = GroupCommit(self._count_group)

    async def __call__(self, record: Record, outcome: Outcome) -> str:
        """Settle the outcome; return by which word it is counted."""
        buried = not isinstance(outcome, Failed)
        refused = 0
        while True:
            try:
                if isinstance(outcome, Failed) and not buried:
                    await self._dead_letters.of_image(record, outcome)
                    self._breakers[Dependency.KAFKA].succeeded()
                    buried = True
                with self._metrics.step_seconds.labels("settle").time():
                    settlement = await self._groups.submit(outcome)
            except Unavailable as failure:
                refused = await self._wait_out(failure, refused)
                if refused < MAX_SPURIOUS_OUTAGES:
                    continue
                return _unsettled(outcome, failure)
            except Permanent as failure:
                if isinstance(outcome, Failed) and outcome.code is failure.code:
                    return _unsettled(outcome, failure)
                log.error("outcome is refused for its content", **row_ids(outcome.row), detail=failure.detail)  # noqa: TRY400 - told whole
                outcome, buried = unstorable(outcome, failure), False
                continue
            except Exception as error:  # noqa: BLE001 - told with its traceback
                return _unsettled(outcome, error)
            self._breakers[Dependency.DATABASE].succeeded()
            return self._end(outcome, settlement)

    async def once(self, outcome: Outcome) -> bool:
        """Settle an outcome that needs no dead letter, without waiting for anybody; return whether the row took it. Raises Unavailable."""
        return (await self._groups.submit(outcome)).row is not None

    async def give_up(self, record: Record, code: FailureCode, detail: str) -> str:
        """Send a record without a row to the dead letters and count it, however long Kafka and database are unavailable."""
        buried, refused = False, 0
        while True:
            try:
                if not buried:
                    await self._dead_letters.of_record(record, code, detail)
                    buried = True
                await self._counts.submit(of_record(code, detail))
            except Unavailable as failure:
                refused = await self._wait_out(failure, refused)
                if refused < MAX_SPURIOUS_OUTAGES:
                    continue
                return _unburied(record, code, failure)
            except Exception as error:  # noqa: BLE001 - told with its traceback
                return _unburied(record, code, error)
            log.warning("record dead-lettered", **record_ids(record), code=code.value)
            return "dead_letter"

    async def _wait_out(self, failure: Unavailable, refused: int) -> int:
        """Wait until the dependency is back; return how often in a row it was there all the time and refused this event."""
        refused = 0 if await self._breakers.failed(failure) else refused + 1
        if refused < MAX_SPURIOUS_OUTAGES:
            await self._breakers[failure.dependency].closed()
        return refused

    async def _settle_group(self, outcomes: Sequence[Outcome]) -> list[Settlement]:
        return await self._repository.change(
            [outcome.row.key for outcome in outcomes], lambda locked: settle_all(outcomes, locked, self._grace)
        )

    async def _count_group(self, occurrences: Sequence[Occurrence]) -> list[None]:
        await self._repository.change([], lambda _: (Changes(occurrences=list(occurrences)), None))
        return [None] * len(occurrences)

    def _end(self, outcome: Outcome, settlement: Settlement) -> str:
        if settlement.row is None:
            return "refused"
        self._internal_errors.note(outcome)
        if isinstance(outcome, Failed | Retry):
            self._count(outcome)
        return settlement.history.outcome if settlement.history else "deferred"

    def _count(self, outcome: Failed | Retry) -> None:
        final = isinstance(outcome, Failed)
        (self._metrics.failures if final else self._metrics.retries).labels(outcome.code.value).inc()
        what = "image failed" if final else "image is tried again"
        log.info(what, **row_ids(outcome.row), attempt=outcome.row.attempt, code=outcome.code.value, detail=outcome.detail)


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


def _unsettled(outcome: Outcome, error: Exception) -> str:
    """Log an outcome that cannot be written: its row stays in progress and is found, and the record blocks no other."""
    log.error("outcome cannot be written", **row_ids(outcome.row), outcome=type(outcome).__name__, exc_info=error)
    return "unsettled"


def _unburied(record: Record, code: FailureCode, error: Exception) -> str:
    """Log a record that nobody stands behind and Kafka will not take: it blocks no other."""
    log.error("record cannot be dead-lettered", **record_ids(record), code=code.value, exc_info=error)
    return "unsettled"


def row_ids(row: ImageRow) -> dict[str, object]:
    """Return what names an image in the log."""
    return {"shop_no": row.shop_no, "image_id": row.image_id.decode(), "version": row.version}


def record_ids(record: Record) -> dict[str, object]:
    """Return what names a record in the log."""
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
