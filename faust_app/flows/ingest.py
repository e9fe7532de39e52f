"""One event, from its record to its outcome: load, plan, perform, judge, settle."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Final, assert_never

import structlog

from faust_app.core.changes import Changes, Locked
from faust_app.core.events import ImageEvent
from faust_app.core.failure import Dependency, Failure, FailureCode, Unavailable
from faust_app.core.image import ImageKey, ImageRow
from faust_app.core.outcome import Failed, Outcome, Removed, Settlement, judge, settle
from faust_app.core.plan import Plan, Remove, Skip, Store, Unknown, plan
from faust_app.core.record import Record, Unparseable, parse_event
from faust_app.flows.dead_letters import DeadLetters
from faust_app.flows.group import GroupCommit
from faust_app.flows.perform import Performer
from faust_app.flows.ports import ImageRepository
from faust_app.metrics import Metrics

log = structlog.get_logger()

TRY_AGAIN: Final = 1.0
"""Seconds an event waits before it asks an absent dependency again."""


class Ingest:
    """Works on one record at a time, many at once. It returns when the record is dealt with and may be acknowledged.

    It never raises for what a record or the outside does: while a dependency is away the event keeps its place and is
    tried again, and an error of our own is judged like a failure, with its traceback in the log.
    """

    def __init__(
        self,
        repository: ImageRepository,
        performer: Performer,
        dead_letters: DeadLetters,
        metrics: Metrics,
        *,
        deadline: float,
        replaced_grace: timedelta,
    ) -> None:
        self._repository = repository
        self._performer = performer
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._deadline = deadline
        self._replaced_grace = replaced_grace
        self._loads: GroupCommit[ImageKey, ImageRow | None] = GroupCommit(self._load_group)
        self._settles: GroupCommit[Outcome, Settlement] = GroupCommit(self._settle_group)

    async def __call__(self, record: Record) -> None:
        """Deal with the record, however long its dependencies are away."""
        started = time.perf_counter()
        event = parse_event(record)
        if isinstance(event, Unparseable):
            end = await self._give_up(record, FailureCode.UNPARSEABLE, event.detail)
        else:
            end = await self._ingest(record, event)
        self._metrics.events.labels(end).inc()
        self._metrics.event_seconds.observe(time.perf_counter() - started)

    async def _ingest(self, record: Record, event: ImageEvent) -> str:
        while True:
            deadline = asyncio.get_running_loop().time() + self._deadline
            try:
                decided = plan(event, await self._load(event.key, deadline))
                outcome = await self._perform(decided, deadline)
            except Unavailable as failure:
                await self._wait(failure)
                continue
            except Exception as error:
                log.exception("event failed unexpectedly", **_ids(record, event))
                return await self._give_up(record, FailureCode.INTERNAL_ERROR, type(error).__name__)
            if isinstance(outcome, Skip):
                return outcome.reason.value
            if isinstance(outcome, Unknown):
                return await self._give_up(record, FailureCode.UNKNOWN_VERSION, outcome.detail)
            return await self._settle(record, outcome)

    async def _load(self, key: ImageKey, deadline: float) -> ImageRow | None:
        try:
            async with asyncio.timeout_at(deadline):
                with self._metrics.step_seconds.labels("load").time():
                    return await self._loads.submit(key)
        except TimeoutError as error:
            raise Unavailable(Dependency.DATABASE, "the event's deadline passed while loading") from error

    async def _perform(self, decided: Plan, deadline: float) -> Outcome | Skip | Unknown:
        """Do what was planned and judge it: a failure of the image is an outcome, an absence of ours is raised."""
        match decided:
            case Store():
                try:
                    return await self._performer.store(decided, deadline)
                except Failure as failure:
                    return self._judged(decided.row, failure)
                except Exception as error:
                    log.exception("image failed unexpectedly", shop_no=decided.row.shop_no, version=decided.row.version)
                    return Failed(decided.row, FailureCode.INTERNAL_ERROR, type(error).__name__)
            case Remove():
                return Removed(decided.row)
            case Skip() | Unknown():
                return decided
            case _:
                assert_never(decided)

    @staticmethod
    def _judged(row: ImageRow, failure: Failure) -> Failed:
        judged = judge(row, failure)
        if isinstance(judged, Unavailable):
            raise judged
        return judged

    async def _settle(self, record: Record, outcome: Outcome) -> str:
        """Write the outcome, however long that takes: a dead letter first, then the row."""
        buried = not isinstance(outcome, Failed)
        while True:
            try:
                if isinstance(outcome, Failed) and not buried:
                    await self._dead_letters.of_image(record, outcome)
                    buried = True
                with self._metrics.step_seconds.labels("settle").time():
                    settlement = await self._settles.submit(outcome)
            except Unavailable as failure:
                await self._wait(failure)
                continue
            except Exception:
                # The row stays in progress behind its position; nothing is lost, and the record does not block others.
                log.exception("outcome cannot be written", **_row_ids(outcome.row), outcome=type(outcome).__name__)
                return "unsettled"
            return self._end(outcome, settlement)

    def _end(self, outcome: Outcome, settlement: Settlement) -> str:
        if settlement.row is None:
            return "refused"
        if isinstance(outcome, Failed):
            self._metrics.failures.labels(outcome.code.value).inc()
            log.info("image failed", **_row_ids(outcome.row), code=outcome.code.value, detail=outcome.detail)
        return settlement.history.outcome if settlement.history else "settled"

    async def _give_up(self, record: Record, code: FailureCode, detail: str) -> str:
        """Send a record without a row to the dead letters, however long Kafka is away."""
        while True:
            try:
                await self._dead_letters.of_record(record, code, detail)
            except Unavailable as failure:
                await self._wait(failure)
                continue
            log.warning("record dead-lettered", topic=record.topic, partition=record.partition, offset=record.offset, code=code.value)
            return "dead_letter"

    async def _wait(self, failure: Unavailable) -> None:
        self._metrics.waits.labels(failure.dependency.value).inc()
        await asyncio.sleep(TRY_AGAIN)

    async def _load_group(self, keys: Sequence[ImageKey]) -> list[ImageRow | None]:
        rows = await self._repository.load(keys)
        return [rows.get(key) for key in keys]

    async def _settle_group(self, outcomes: Sequence[Outcome]) -> list[Settlement]:
        return await self._repository.change(
            [outcome.row.key for outcome in outcomes], lambda locked: settle_all(outcomes, locked, self._replaced_grace)
        )


def settle_all(outcomes: Sequence[Outcome], locked: Locked, replaced_grace: timedelta) -> tuple[Changes, list[Settlement]]:
    """Apply outcomes to their locked rows, in order: of two for one version, the second is refused."""
    rows = dict(locked.rows)
    changes, settlements = Changes(), list[Settlement]()
    for outcome in outcomes:
        settlement = settle(rows.get(outcome.row.key), outcome, now=locked.now, replaced_grace=replaced_grace)
        settlements.append(settlement)
        changes.garbage.extend(settlement.garbage)
        if settlement.row is not None:
            rows[settlement.row.key] = settlement.row
            changes.finished.append(settlement.row)
        if settlement.history is not None:
            changes.history.append(settlement.history)
        if settlement.occurrence is not None:
            changes.occurrences.append(settlement.occurrence)
    return changes, settlements


def _ids(record: Record, event: ImageEvent) -> dict[str, object]:
    return {
        "shop_no": event.shop_no,
        "image_id": event.image_id,
        "version": event.version,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
    }


def _row_ids(row: ImageRow) -> dict[str, object]:
    return {"shop_no": row.shop_no, "image_id": row.image_id.decode(), "version": row.version}
