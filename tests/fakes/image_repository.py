"""Rows in memory, under the contract that the real repository keeps."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from faust_app.core.alerts.alert import Occurrence
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.images.changes import Changes, Decide, Locked
from faust_app.core.images.outcome import SUPERSEDED, Garbage, HistoryEntry
from faust_app.core.images.row import ImageKey, ImageRow, ImageState
from faust_app.core.images.transitions.accept import placeholder
from faust_app.core.images.transitions.publish import leased, placed, released
from faust_app.core.messages.events import ImageRequest
from faust_app.core.messages.positions import IntakeOffset, Position
from faust_app.core.messages.rejection import Rejection
from faust_app.core.results.result import Result

R = TypeVar("R")


class FakeImageRepository:
    """Implements `ImageRepository` and `Clock`, and keeps the garbage that settling lists; `away` makes every call Unavailable."""

    def __init__(self) -> None:
        self.rows: dict[ImageKey, ImageRow] = {}
        self.entries: list[HistoryEntry] = []
        self.occurrences: list[Occurrence] = []
        self.rejections: list[Rejection] = []
        self.outbox: list[Result] = []
        self.garbage: dict[int, Garbage] = {}
        self.offsets: dict[tuple[str, int], IntakeOffset] = {}
        self.unavailable = False
        self.advance = timedelta(0)
        self.changes = 0
        self.release: str | None = None
        self._last_now = datetime.min  # noqa: DTZ901 - UTC without a zone, like the database's times
        self._lock = asyncio.Lock()

    async def load(self, keys: Sequence[ImageKey]) -> dict[ImageKey, ImageRow]:
        await self._answer()
        return {key: self.rows[key] for key in keys if key in self.rows}

    async def change(
        self,
        keys: Sequence[ImageKey],
        decide: Decide[R],
        *,
        create: bool = False,
        asked: Sequence[ImageRequest] = (),
        offset_of: tuple[str, int] | None = None,
    ) -> R:
        del asked
        async with self._lock:
            await self._answer()
            self.changes += 1
            now = self._clock()
            rows = {key: self.rows[key] for key in keys if key in self.rows}
            if create:
                rows |= {key: placeholder(key, now) for key in keys if key not in rows}
            offset = self.offsets.get(offset_of, IntakeOffset(*offset_of, 0, None)) if offset_of else None
            changes, result = decide(Locked(rows, now, offset))
            self._write(changes, now)
            return result

    async def mark_published(self, published: Sequence[tuple[ImageRow, Position]]) -> int:
        await self._answer()
        written = 0
        for row, position in published:
            after = placed(self.rows.get(row.key), row, position)
            if after is not None:
                self.rows[row.key] = after
                written += 1
        return written

    async def claim_due(self, limit: int, lease: timedelta) -> list[ImageRow]:
        await self._answer()
        now = self._clock()
        due = [row for row in self.rows.values() if row.scheduled_at is not None and row.scheduled_at <= now]
        claimed = [leased(row, now + lease) for row in sorted(due, key=lambda row: str(row.scheduled_at))[:limit]]
        self.rows |= {row.key: row for row in claimed}
        return claimed

    async def release_deferred(self, shop_no: int, host: str | None, limit: int) -> int:
        await self._answer()
        now = self._clock()
        asked = [row for row in self.rows.values() if row.shop_no == shop_no and host in {None, row.source_host}]
        due = [after for row in asked if (after := released(row, now)) is not None][:limit]
        self.rows |= {row.key: row for row in due}
        return len(due)

    async def history(self, key: ImageKey, limit: int) -> list[HistoryEntry]:
        await self._answer()
        return [entry for entry in reversed(self.entries) if entry.key == key][:limit]

    async def intake_offset(self, topic: str, partition: int) -> IntakeOffset | None:
        await self._answer()
        return self.offsets.get((topic, partition))

    async def now(self) -> datetime:
        await self._answer()
        return self._clock()

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.unavailable:
            raise Unavailable(Dependency.DATABASE, "fake")

    def _clock(self) -> datetime:
        """Strictly rising, like the times of statements that wait for each other's locks."""
        now = datetime.now(UTC).replace(tzinfo=None) + self.advance
        self._last_now = max(now, self._last_now + timedelta(microseconds=1)) if self._last_now > now else now
        return self._last_now

    def _write(self, changes: Changes, now: datetime) -> None:
        for row in changes.repeated:
            current = self.rows.get(row.key)
            if current is not None and current.version == row.version:
                at = max(current.requested_at, row.requested_at)
                self.rows[row.key] = replace(
                    current, requested_at=at, correlation_id=row.correlation_id, product_name=row.product_name, sku=row.sku
                )
        self._accept(changes.accepted, now)
        for row in changes.hidden:
            current = self.rows.get(row.key)
            if current is not None:
                self._write_over(replace(current, version=row.version, shown=None), now)
        for row in changes.finished:
            self._write_over(replace(row, judged_by=self.release), now)
        for row in changes.restored:
            self._write_over(row, now)
        self._accept(changes.again, now)
        for item in changes.scheduled:
            self._write_over(item.row, now, attempt=item.attempt)
        known = {(entry.key, entry.version) for entry in self.entries if entry.outcome == SUPERSEDED}
        self.entries += [entry for entry in changes.history if entry.outcome != SUPERSEDED or (entry.key, entry.version) not in known]
        self.occurrences += changes.occurrences
        self.rejections += changes.rejections
        self.outbox += changes.results
        for entry in changes.garbage:
            self.garbage[max(self.garbage, default=0) + 1] = entry
        if changes.offset is not None:
            self.offsets[changes.offset.topic, changes.offset.partition] = changes.offset

    def _accept(self, rows: Sequence[ImageRow], now: datetime) -> None:
        for row in rows:
            current = self.rows.get(row.key)
            if current is None or current.version < row.version:
                kept = (current.shown_version, current.shown) if current else (0, None)
                begun = replace(row, state=ImageState.IN_PROGRESS, error_code=None, error_detail=None, fingerprint=None)
                self.rows[row.key] = replace(begun, shown_version=kept[0], shown=kept[1], updated_at=now)

    def _write_over(self, row: ImageRow, now: datetime, *, attempt: int | None = None) -> None:
        """Write a row over the one in progress of the same version, and of the attempt where one is given."""
        current = self.rows.get(row.key)
        if current is None or (current.version, current.state) != (row.version, ImageState.IN_PROGRESS):
            return
        if attempt is None or current.attempt == attempt:
            self.rows[row.key] = replace(row, updated_at=now)
