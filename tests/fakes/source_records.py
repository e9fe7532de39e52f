"""What is known of the sources, in memory."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.sources.health import DecideSources, RecordKey, Source, SourceRecord, keys_of

R = TypeVar("R")


def _utc() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class FakeSourceRecords:
    """Implements `SourceRecords`; `away` makes every call Unavailable, `changes` counts transactions."""

    def __init__(self, clock: Callable[[], datetime] = _utc) -> None:
        self.records: dict[RecordKey, SourceRecord] = {}
        self.written_at: dict[RecordKey, datetime] = {}
        self.unavailable = False
        self.advance = timedelta(0)
        self.changes = 0
        self._clock = clock
        self._lock = asyncio.Lock()

    @property
    def now(self) -> datetime:
        return self._clock() + self.advance

    async def load(self) -> list[SourceRecord]:
        await self._answer()
        return sorted(self.records.values(), key=lambda each: each.answered_at or datetime.min)  # noqa: DTZ901 - as the database's

    async def changed_since(self, since: datetime) -> list[SourceRecord]:
        await self._answer()
        return [self.records[key] for key, at in self.written_at.items() if at >= since]

    async def change(self, hosts: Collection[str], decide: DecideSources[R]) -> R:
        async with self._lock:
            await self._answer()
            self.changes += 1
            now = self.now
            locked = {key: record for key, record in self.records.items() if key[0] in hosts}
            locked |= {(host, 0): SourceRecord(host, 0) for host in hosts if (host, 0) not in locked}
            written, result = decide(locked, now)
            for record in written:
                self.records[record.key] = replace(record)
                self.written_at[record.key] = now
            return result

    async def answering(self, shop_no: int) -> SourceRecord | None:
        await self._answer()
        found = [each for each in self.records.values() if each.answered_for == shop_no and each.answer_seconds is not None]
        return max(found, key=lambda each: each.answered_at or datetime.min, default=None)  # noqa: DTZ901 - as the database's

    async def of(self, source: Source) -> list[SourceRecord]:
        await self._answer()
        return [self.records[key] for key in keys_of(source) if key in self.records]

    async def _answer(self) -> None:
        await asyncio.sleep(0)
        if self.unavailable:
            raise Unavailable(Dependency.DATABASE, "fake")
