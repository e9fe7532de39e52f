"""Rows whose event left no outcome are found within a minute and published again: only those, and not too many at once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from faust_app.core.alert import FaultKind
from faust_app.core.changes import Changes, Locked
from faust_app.core.image import ImageKey, ImageRow
from faust_app.core.outcome import settle
from faust_app.core.rescue import lost_repeatedly, may_be_rescued, rescued, still_lost
from faust_app.core.stall import Offsets, Standing, TopicPartition, lost_below, standing
from faust_app.flows.dead_letters import DeadLetters
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.images import ImageRepository, UnfinishedRows
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.metrics import Metrics

log = structlog.get_logger()

A_SECOND: Final = 200
"""Rows that are rescued in a second: a mistaken rescue of many must not flood Kafka."""
A_PASS: Final = 15 * A_SECOND
PAST_END_SECONDS: Final = timedelta(seconds=30)


class Rescue:
    """One pass finds lost rows and lets them be due. Two passes at once are harmless: a row is judged under its lock."""

    def __init__(
        self,
        *,
        repository: ImageRepository,
        unfinished: UnfinishedRows,
        offsets: ConsumerOffsets,
        dead_letters: DeadLetters,
        alerts: Alerts,
        metrics: Metrics,
    ) -> None:
        self._repository = repository
        self._unfinished = unfinished
        self._offsets = offsets
        self._dead_letters = dead_letters
        self._alerts = alerts
        self._metrics = metrics
        self._past_end: dict[ImageKey, tuple[ImageRow, datetime]] = {}

    async def run_pass(self) -> int:
        """Rescue what is lost; return how many rows. Raises Unavailable, and then judges nothing."""
        lost = await self.find_lost(A_PASS)
        self._report(len(lost))
        for start in range(0, len(lost), A_SECOND):
            if start:
                await asyncio.sleep(1.0)
            await self._rescue(lost[start : start + A_SECOND])
        return len(lost)

    def stand_down(self) -> None:
        """Take back what this process reported: another one looks for lost rows from now on."""
        self._alerts.close(FaultKind.LOST)

    def _report(self, lost: int) -> None:
        if lost:
            self._alerts.open(FaultKind.LOST, detail=f"{lost} images were lost when it was looked last.", waiting=lost)
        else:
            self._alerts.close(FaultKind.LOST)

    async def find_lost(self, limit: int) -> list[ImageRow]:
        """Return lost rows. The order of reading is part of the rule: committed offsets, rows, log ends."""
        offsets = await self._offsets.committed()
        rows = await self._unfinished.below({place: lost_below(partition) for place, partition in offsets.items()}, limit)
        elsewhere = await self._unfinished.places() - offsets.keys()
        rows += await self._unfinished.below(dict.fromkeys(elsewhere, 2**63 - 1), limit)
        rows += await self._made_anew(offsets, limit)
        return [row for row in rows[:limit] if standing(row, offsets) is Standing.LOST or row.key in self._past_end]

    async def _made_anew(self, offsets: Offsets, limit: int) -> list[ImageRow]:
        """Return rows that are past their log's end for the second time, half a minute after the first."""
        now = await self._repository.now()
        before = await self._unfinished.from_on(_ends_seen(offsets, await self._offsets.ends()), limit)
        known = {row.key: self._past_end.get(row.key, (row, now)) for row in before}
        self._past_end = {row.key: known[row.key] if _same(known[row.key][0], row) else (row, now) for row in before}
        return [row for row, since in self._past_end.values() if now - since >= PAST_END_SECONDS]

    async def _rescue(self, rows: Sequence[ImageRow]) -> None:
        again = [row for row in rows if may_be_rescued(row)]
        done = await self._repository.change([row.key for row in again], lambda locked: _rescue_all(again, locked))
        self._metrics.rescued.inc(done)
        if done:
            log.warning("lost rows rescued", rows=done)
        for row in rows:
            if not may_be_rescued(row):
                await self._give_up(row)

    async def _give_up(self, row: ImageRow) -> None:
        failed = lost_repeatedly(row)
        await self._dead_letters.of_row(failed)
        ended = await self._repository.change([row.key], lambda locked: _fail(row, locked))
        if ended:
            self._metrics.failures.labels(failed.code.value).inc()
            log.error("image lost repeatedly", shop_no=row.shop_no, image_id=row.image_id.decode(), version=row.version)


def _ends_seen(offsets: Offsets, ends: dict[TopicPartition, int]) -> dict[TopicPartition, int]:
    return {place: end for place, end in ends.items() if place in offsets}


def _same(known: ImageRow, row: ImageRow) -> bool:
    return (known.version, known.position) == (row.version, row.position)


def _rescue_all(rows: Sequence[ImageRow], locked: Locked) -> tuple[Changes, int]:
    changes = Changes()
    for row in rows:
        changes.take(rescued(locked.rows.get(row.key), row, locked.now), attempt=row.attempt)
    return changes, len(changes.waiting)


def _fail(row: ImageRow, locked: Locked) -> tuple[Changes, bool]:
    current, changes = locked.rows.get(row.key), Changes()
    if still_lost(current, row):
        changes.take(settle(current, lost_repeatedly(row), now=locked.now, replaced_grace=timedelta(0)), attempt=row.attempt)
    return changes, bool(changes.finished)
