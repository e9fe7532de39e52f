"""Finds rows whose event was lost without an outcome, within a minute, and republishes those and no others."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.row import ImageKey, ImageRow
from faust_app.core.images.transitions.repair import lost_repeatedly, may_be_rescued, rescued, still_lost
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.positions import Offsets, TopicPartition
from faust_app.core.monitoring.unfinished import MAX_OFFSET, PAST_END_AFTER, UnfinishedState, classify_unfinished, lost_below
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageRepository, UnfinishedRows
from faust_app.flows.ports.kafka import ConsumerOffsets
from faust_app.metrics import Metrics

log = structlog.get_logger()

RESCUED_A_SECOND: Final = 200
"""Rows rescued per second: a mistaken rescue of many must not flood Kafka."""
RESCUED_A_PASS: Final = 15 * RESCUED_A_SECOND
"""Rows rescued per pass."""


class Rescue:
    """Republishes rows whose event was consumed, or is gone, without an outcome.

    Risk: a row taken for lost by mistake is worked on twice. The row's version keeps that safe, but it spends one of the
    row's rescues, and after the last one the image fails. Two passes at once are harmless: a row is checked under its lock.
    """

    def __init__(
        self,
        *,
        repository: ImageRepository,
        clock: Clock,
        unfinished: UnfinishedRows,
        offsets: ConsumerOffsets,
        dead_letters: DeadLetters,
        alerts: Alerts,
        metrics: Metrics,
    ) -> None:
        self._repository = repository
        self._clock = clock
        self._unfinished = unfinished
        self._offsets = offsets
        self._dead_letters = dead_letters
        self._alerts = alerts
        self._metrics = metrics
        self._past_end: dict[ImageKey, tuple[ImageRow, datetime]] = {}

    async def run_pass(self) -> int:
        """Rescue lost rows; return how many were found. Raises Unavailable; rows rescued before that stay rescued."""
        lost = await self.find_lost(RESCUED_A_PASS)
        self._report(len(lost))
        for start in range(0, len(lost), RESCUED_A_SECOND):
            if start:
                await asyncio.sleep(1.0)
            await self._rescue(lost[start : start + RESCUED_A_SECOND])
        return len(lost)

    def stand_down(self) -> None:
        """Close the fault this process reported: another process searches for lost rows now."""
        self._alerts.close(FaultKind.LOST)

    def _report(self, lost: int) -> None:
        if lost:
            self._alerts.open(FaultKind.LOST, detail=f"{lost} images were found lost in one pass.", waiting=lost)
        else:
            self._alerts.close(FaultKind.LOST)

    async def find_lost(self, limit: int) -> list[ImageRow]:
        """Return up to `limit` lost rows. Raises Unavailable."""
        # The order of reading is part of the rule: committed offsets, then rows, then log ends. A row that still has a
        # position below an offset committed before the row was read has no worker left.
        offsets = await self._offsets.committed()
        rows = await self._unfinished.below({place: lost_below(partition) for place, partition in offsets.items()}, limit)
        # Nobody consumes these: lost at any offset. A partition that was added since then has an end.
        elsewhere = await self._unfinished.places() - offsets.keys() - (await self._offsets.ends()).keys()
        rows += await self._unfinished.below(dict.fromkeys(elsewhere, MAX_OFFSET), limit)
        rows += await self._made_anew(offsets, limit)
        return [row for row in rows[:limit] if classify_unfinished(row, offsets) is UnfinishedState.LOST or row.key in self._past_end]

    async def _made_anew(self, offsets: Offsets, limit: int) -> list[ImageRow]:
        """Return rows past their log's end that already were so PAST_END_AFTER ago."""
        now = await self._clock.now()
        before = await self._unfinished.from_on(_ends_seen(offsets, await self._offsets.ends()), limit)
        known = {row.key: self._past_end.get(row.key, (row, now)) for row in before}
        self._past_end = {row.key: known[row.key] if _same(known[row.key][0], row) else (row, now) for row in before}
        return [row for row, since in self._past_end.values() if now - since >= PAST_END_AFTER]

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
        if not row.refetched:  # the dead letter before the row: a FAILED row always has one; a good image stays good
            await self._dead_letters.of_row(failed)
        ended = await self._repository.change([row.key], lambda locked: _fail(row, locked))
        if ended and not row.refetched:
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
    return changes, len(changes.scheduled)


def _fail(row: ImageRow, locked: Locked) -> tuple[Changes, bool]:
    current, changes = locked.rows.get(row.key), Changes()
    if still_lost(current, row):
        changes.take(settle(current, lost_repeatedly(row), now=locked.now, replaced_grace=timedelta(0)), attempt=row.attempt)
    return changes, bool(changes.finished)
