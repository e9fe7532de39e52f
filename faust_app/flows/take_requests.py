"""Records of the topic `requests` become rows, in order, with the reader's offset in the same transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from faust_app.core.accept import Decision
from faust_app.core.changes import Changes, IntakeOffset, Locked
from faust_app.core.events import ImageRequest
from faust_app.core.failure import Failure, FailureCode
from faust_app.core.record import Record, Unparseable, parse_request
from faust_app.flows.dead_letters import DeadLetters
from faust_app.flows.intake import Intake, Terms, decide
from faust_app.flows.ports import EventLog, ImageRepository

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Request:
    """A valid request and the record it came in."""

    record: Record
    asked: ImageRequest


class TakeRequests:
    """Takes one batch of one partition at a time. A batch that is taken again changes nothing."""

    def __init__(
        self, repository: ImageRepository, intake: Intake, dead_letters: DeadLetters, event_log: EventLog, *, group: str, lease: timedelta
    ) -> None:
        self._repository = repository
        self._intake = intake
        self._dead_letters = dead_letters
        self._event_log = event_log
        self._group = group
        self._terms = Terms(lease)

    async def start_offset(self, topic: str, partition: int) -> int | None:
        """Return where to read on from, None where nothing was ever read. Raises Unavailable."""
        stored = await self._repository.intake_offset(topic, partition)
        return None if stored is None else stored.next_offset

    async def take(self, records: Sequence[Record]) -> None:
        """Write the rows of a batch of one partition, in offset order, and its next offset with them.

        An invalid record is in the dead letters, acknowledged, before its offset is stored. Raises Unavailable; then
        nothing of the batch is written and it is to be taken again.
        """
        try:
            await self._take_fresh(records)
        except Failure:
            raise
        except Exception:
            log.exception("requests failed unexpectedly", partition=records[0].partition, records=len(records))
            await self._take_one_by_one(records)

    async def _take_one_by_one(self, records: Sequence[Record]) -> None:
        """Find the record that met an error of ours: it goes to the dead letters, the others into their rows."""
        for record in records:
            try:
                await self._take_fresh([record])
            except Failure:
                raise
            except Exception as error:  # noqa: BLE001 - its traceback is logged above
                detail = type(error).__name__
                await self._dead_letters.of_record(record, FailureCode.INTERNAL_ERROR, detail, group=self._group)
                await self._pass_over(record)

    async def _pass_over(self, record: Record) -> None:
        offset_of = (record.topic, record.partition)
        await self._repository.change([], lambda locked: _decide([record], [], locked, self._terms, timedelta(0)), offset_of=offset_of)

    async def _take_fresh(self, records: Sequence[Record]) -> None:
        first = records[0]
        stored = await self._repository.intake_offset(first.topic, first.partition)
        fresh = [record for record in records if _is_fresh(record, stored)]
        if not fresh:
            return
        requests = [request for record in fresh if (request := await self._parse(record)) is not None]
        ahead = await self._clock_difference()
        decisions = await self._repository.change(
            [request.asked.key for request in requests],
            lambda locked: _decide(fresh, requests, locked, self._terms, ahead),
            create=True,
            offset_of=(first.topic, first.partition),
        )
        self._intake.follow_up(decisions, door="topic")

    async def _parse(self, record: Record) -> Request | None:
        request = parse_request(record)
        if isinstance(request, Unparseable):
            await self._dead_letters.of_record(record, FailureCode.UNPARSEABLE, request.detail, group=self._group)
            log.warning("request dead-lettered", partition=record.partition, offset=record.offset, detail=request.detail)
            return None
        return Request(record, request)

    async def _clock_difference(self) -> timedelta:
        """Return what an append time lacks to the database's clock, measured against this process's own."""
        before = time.time()
        now = await self._repository.now()
        database_ahead = now.replace(tzinfo=UTC).timestamp() - (before + time.time()) / 2
        broker_ahead = self._event_log.clock_ahead
        return timedelta(seconds=database_ahead - broker_ahead) if broker_ahead is not None else timedelta(0)


def _is_fresh(record: Record, stored: IntakeOffset | None) -> bool:
    """Tell whether the record is not yet in the rows: at or past the offset, or appended later, which is another log."""
    if stored is None or record.offset >= stored.next_offset:
        return True
    return stored.appended_at is not None and _appended_at(record) > stored.appended_at


def _decide(
    records: Sequence[Record], requests: Sequence[Request], locked: Locked, terms: Terms, ahead: timedelta
) -> tuple[Changes, list[Decision]]:
    stored = locked.offset
    fresh = [request for request in requests if _is_fresh(request.record, stored)]
    reached = [_appended_at(request.record) + ahead for request in fresh]
    changes, decisions = decide([request.asked for request in fresh], locked, terms, reached_at=reached.__getitem__)
    last = records[-1]
    if stored is not None and last.offset < stored.next_offset and _is_fresh(last, stored):
        log.error("requests come from another log; going on from it", partition=last.partition, offset=last.offset)
    if _is_fresh(last, stored):
        changes.offset = IntakeOffset(last.topic, last.partition, last.offset + 1, _appended_at(last))
    return changes, decisions


def _appended_at(record: Record) -> datetime:
    seconds, milliseconds = divmod(record.timestamp, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) + timedelta(milliseconds=milliseconds)
