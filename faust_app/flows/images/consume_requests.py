"""Records of the topic `requests` become rows, in order, with the reader's offset in the same transaction."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from faust_app.core.alerts.alert import of_record
from faust_app.core.dispatch.shop_controls import ShopControl
from faust_app.core.failure import Failure, FailureCode, RecordRefused, Unavailable
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.request_rules import Decision
from faust_app.core.images.transitions.told import of_rejected
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.positions import IntakeOffset
from faust_app.core.messages.record import Record, Unparseable, parse_request
from faust_app.core.messages.rejection import EntryPoint, names_in, rejected_record
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.images.intake import Intake, IntakeTerms, decide
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.kafka import EventLog

log = structlog.get_logger()

_LAST_TIMESTAMP: Final = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp() * 1000)
"""Milliseconds; in a topic that takes its producers' times, a record may claim any."""


@dataclass(frozen=True, slots=True)
class Request:
    """A valid request and the record it came in."""

    record: Record
    asked: ImageRequest


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is no request, or one of a paused shop, and why."""

    record: Record
    code: FailureCode
    detail: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one partition, in offset order, and what they come to."""

    records: Sequence[Record]
    requests: list[Request]
    refused: list[Refused]


class TakeRequests:
    """Takes one batch of one partition at a time. A batch that is taken again changes nothing.

    `pause_of` returns the pause of a shop, whose requests are then refused.
    """

    def __init__(
        self,
        repository: ImageRepository,
        intake: Intake,
        dead_letters: DeadLetters,
        event_log: EventLog,
        *,
        clock: Clock,
        pause_of: Callable[[int], ShopControl | None],
        group: str,
        lease: timedelta,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._intake = intake
        self._dead_letters = dead_letters
        self._event_log = event_log
        self._pause_of = pause_of
        self._group = group
        self._terms = IntakeTerms(lease)

    async def start_offset(self, topic: str, partition: int) -> int | None:
        """Return where to read on from, None where nothing was ever read. Raises Unavailable."""
        stored = await self._repository.intake_offset(topic, partition)
        return None if stored is None else stored.next_offset

    async def take(self, records: Sequence[Record]) -> None:
        """Write the rows of a batch of one partition, in offset order, and its next offset with them.

        An invalid record is in the dead letters, acknowledged, before its offset is stored; so is one of a paused shop, and
        one whose row the database refuses. Raises Unavailable; then nothing of the batch is written and it is to be taken again.
        """
        try:
            await self._take_fresh(records)
        except Unavailable:
            raise
        except Exception:
            log.exception("requests failed unexpectedly", partition=records[0].partition, records=len(records))
            await self._take_one_by_one(records)

    async def _take_one_by_one(self, records: Sequence[Record]) -> None:
        """Process each record on its own: one that causes an internal error is dead-lettered, the others reach their rows."""
        for record in records:
            try:
                await self._take_fresh([record])
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - its traceback is logged above
                refused = _refused(record, error)
                await self._bury(refused)
                await self._pass_over(record, refused)

    async def _pass_over(self, record: Record, refused: Refused) -> None:
        batch = Batch([record], [], [refused])
        offset_of = (record.topic, record.partition)
        await self._repository.change([], lambda locked: _decide(batch, locked, self._terms, timedelta(0)), offset_of=offset_of)

    async def _take_fresh(self, records: Sequence[Record]) -> None:
        first = records[0]
        stored = await self._repository.intake_offset(first.topic, first.partition)
        fresh = [record for record in records if _is_fresh(record, stored)]
        if not fresh:
            return
        batch = await self._read(fresh)
        ahead = await self._clock_difference()
        decisions = await self._repository.change(
            [request.asked.key for request in batch.requests],
            lambda locked: _decide(batch, locked, self._terms, ahead),
            create=True,
            asked=[request.asked for request in batch.requests],
            offset_of=(first.topic, first.partition),
        )
        if stored is not None and fresh[-1].offset < stored.next_offset:
            log.error("requests continue from another log", partition=first.partition, offset=fresh[-1].offset)
        self._intake.follow_up(decisions, entry_point="topic")

    async def _read(self, records: Sequence[Record]) -> Batch:
        """Parse the records; what is no request, or one of a paused shop, is in the dead letters when this returns."""
        batch = Batch(records, [], [])
        for record in records:
            request = parse_request(record)
            if isinstance(request, Unparseable):
                refused = Refused(record, FailureCode.UNPARSEABLE, request.detail)
            elif (pause := self._pause_of(request.shop_no)) is not None:
                refused = Refused(record, FailureCode.SHOP_PAUSED, pause.refusal)
                self._intake.count_paused(entry_point="topic")
            else:
                batch.requests.append(Request(record, request))
                continue
            await self._bury(refused)
            batch.refused.append(refused)
        return batch

    async def _bury(self, refused: Refused) -> None:
        """Write the record's dead letter; one that Kafka takes from nobody is only logged, and blocks no other."""
        record = refused.record
        ids = {"partition": record.partition, "offset": record.offset, "code": refused.code.value, "detail": refused.detail}
        try:
            await self._dead_letters.of_record(record, refused.code, refused.detail, group=self._group)
        except RecordRefused as error:
            log.error("request cannot be dead-lettered", **ids, exc_info=error)  # noqa: TRY400
        else:
            log.warning("request dead-lettered", **ids)

    async def _clock_difference(self) -> timedelta:
        """Return what an append time lacks to the database's clock, measured against this process's own."""
        before = time.time()
        now = await self._clock.now()
        database_ahead = now.replace(tzinfo=UTC).timestamp() - (before + time.time()) / 2
        broker_ahead = self._event_log.clock_ahead
        return timedelta(seconds=database_ahead - broker_ahead) if broker_ahead is not None else timedelta(0)


def _refused(record: Record, error: Exception) -> Refused:
    """Return why a record that was taken alone failed: the database refused its content, or an internal error."""
    if isinstance(error, Failure):
        return Refused(record, error.code, error.detail)
    return Refused(record, FailureCode.INTERNAL_ERROR, "An error of our own code; the log of the worker has its traceback.")


def _is_fresh(record: Record, stored: IntakeOffset | None) -> bool:
    """Return whether the record is not yet in the rows: at or past the offset, or appended later, which is another log."""
    if stored is None or record.offset >= stored.next_offset:
        return True
    return stored.appended_at is not None and _appended_at(record) > stored.appended_at


def _decide(batch: Batch, locked: Locked, terms: IntakeTerms, ahead: timedelta) -> tuple[Changes, list[Decision]]:
    stored = locked.offset
    fresh = [request for request in batch.requests if _is_fresh(request.record, stored)]
    reached = [_appended_at(request.record) + ahead for request in fresh]
    changes, decisions = decide([request.asked for request in fresh], locked, terms, reached_at=reached.__getitem__)
    last = batch.records[-1]
    if _is_fresh(last, stored):
        refused = [each for each in batch.refused if _is_fresh(each.record, stored)]
        # A pause is an operator's decision: that a shop goes on sending is on its page, and alerts nobody.
        alarming = [each for each in refused if each.code is not FailureCode.SHOP_PAUSED]
        changes.occurrences += [of_record(each.code, each.detail) for each in alarming]
        changes.rejections += [rejected_record(each.record, each.detail, EntryPoint.REQUESTS) for each in refused]
        told = (of_rejected(names_in(each.record), each.code, each.detail, locked.now) for each in refused)
        changes.results += [result for result in told if result is not None]
        changes.offset = IntakeOffset(last.topic, last.partition, last.offset + 1, _appended_at(last))
    return changes, decisions


def _appended_at(record: Record) -> datetime:
    seconds, milliseconds = divmod(min(max(record.timestamp, 0), _LAST_TIMESTAMP), 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) + timedelta(milliseconds=milliseconds)
