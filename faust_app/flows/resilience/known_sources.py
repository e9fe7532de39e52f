"""One worker's view of what all workers know of the sources: failures are counted in the database, answers written in batches."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.failure import FailureCode
from faust_app.core.sources.health import (
    ALL_SHOPS,
    RecordKey,
    Records,
    Source,
    SourceAnswer,
    SourceFailure,
    SourceRecord,
    after_answer,
    after_claim,
    after_failure,
    deferral,
    is_worth_writing,
    keys_of,
)
from faust_app.flows.group_commit import GroupCommit
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.sources import SourceRecords

_REMEMBERED: Final = 50_000
"""Records in memory; beyond it the one that was learnt first is forgotten and read again when it is met."""
_OVERLAP: Final = timedelta(seconds=10)
"""How far a refresh reads back before the one before it: a transaction commits later than the time it writes."""


class KnownSources:
    """The records, with what this worker adds. Nothing here is final before the database has it.

    `on_learnt` is called with every record that is read or written, `on_deferred` with one that images wait for from now
    on, `on_ended` with one that they wait for no more.
    """

    def __init__(self, records: SourceRecords, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._view: OrderedDict[RecordKey, SourceRecord] = OrderedDict()
        self._shops: dict[str, set[int]] = {}
        self._answers: dict[Source, SourceAnswer] = {}
        self._answered_at: OrderedDict[str, datetime] = OrderedDict()
        self._held: set[Source] = set()
        self._time: tuple[datetime, float] | None = None
        self._failures: GroupCommit[SourceFailure, bool] = GroupCommit(self._count)
        self._loading: asyncio.Task[None] | None = None
        self.on_learnt: Callable[[SourceRecord], None] = lambda _: None
        self.on_deferred: Callable[[SourceRecord], None] = lambda _: None
        self.on_ended: Callable[[SourceRecord], None] = lambda _: None

    @property
    def now(self) -> datetime:
        """The database's clock, as last read and gone on since; only once loaded."""
        if self._time is None:
            raise RuntimeError("the records are not loaded")
        at, read = self._time
        return at + timedelta(seconds=asyncio.get_running_loop().time() - read)

    async def ensure_loaded(self) -> None:
        """Read what is known, once. Raises Unavailable."""
        if self._time is not None:
            return
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(), name="load sources")
        await asyncio.shield(self._loading)

    async def refresh(self) -> None:
        """Write what this worker learnt, then learn what others wrote. Raises Unavailable; what was not written is by the next call."""
        await self.ensure_loaded()
        await self._write()
        if self._time is None:
            raise RuntimeError("the records are not loaded")
        now = await self._clock.now()
        records = await self._records.changed_since(self._time[0] - _OVERLAP)
        self._set_time(now)
        self._learn(records)

    def deferral(self, source: Source) -> SourceRecord | None:
        """Return the record that the source's images wait for, None where they may be fetched."""
        return deferral(self._view, source)

    def deferred(self) -> list[SourceRecord]:
        """Return every record that images wait for."""
        return [record for record in self._view.values() if record.is_deferred]

    def shops_of(self, host: str) -> list[int]:
        """Return the shops that failed at the host or waited for it."""
        return sorted(self._shops.get(host, ()))

    def hold(self, source: Source) -> None:
        """Count an image that waits, so that whoever hears from the host knows its shop."""
        if keys_of(source)[1] not in self._view:
            self._held.add(source)

    def answer(self, source: Source, origin: str) -> None:
        """Count an answer of the source."""
        if self._time is None:
            return
        answer = SourceAnswer(source, origin, self.now)
        self._answered_at[source[1]] = answer.at
        self._answered_at.move_to_end(source[1])
        if len(self._answered_at) > _REMEMBERED:
            self._answered_at.popitem(last=False)
        if is_worth_writing(self._view, answer):
            self._answers[source] = answer

    async def fail(self, source: Source, code: FailureCode) -> bool:
        """Count a failure in a row over all workers; return whether images wait for the source from now on. Raises Unavailable."""
        await self.ensure_loaded()
        return await self._failures.submit(SourceFailure(source, code, self._answered_at.get(source[1])))

    async def claim(self, record: SourceRecord) -> bool:
        """Take the record's probe if it is due and no other worker was faster. Raises Unavailable."""
        if record.probe_at is not None and record.probe_at > self.now:
            return False

        def decide(records: Records, now: datetime) -> tuple[Sequence[SourceRecord], list[SourceRecord]]:
            claimed = after_claim(records.get(record.key), now)
            return ([claimed], [claimed]) if claimed is not None else ((), [])

        claimed = await self._records.change([record.host], decide)
        if claimed:
            self._learn(claimed)
        else:
            self._learn(await self._records.of((record.shop_no, record.host)))
        return bool(claimed)

    async def _count(self, failures: Sequence[SourceFailure]) -> list[bool]:
        def decide(records: Records, now: datetime) -> tuple[Sequence[SourceRecord], list[SourceRecord]]:
            known = dict(records)
            for failure in failures:
                known |= {record.key: record for record in after_failure(known, failure, now)}
            changed = list(dict.fromkeys(key for failure in failures for key in keys_of(failure.source)))
            return [known[key] for key in changed], [known[key] for key in changed]

        self._learn(await self._records.change({failure.source[1] for failure in failures}, decide))
        return [self.deferral(failure.source) is not None for failure in failures]

    async def _write(self) -> None:
        answers, held = dict(self._answers), set(self._held)
        if not answers and not held:
            return

        def decide(records: Records, _: datetime) -> tuple[Sequence[SourceRecord], list[SourceRecord]]:
            known, changed = dict(records), dict[RecordKey, SourceRecord]()
            for answer in answers.values():
                after = {record.key: record for record in after_answer(known, answer)}
                known |= after
                changed |= after
            for source in held:
                key = keys_of(source)[1]
                if key not in known:
                    known[key] = changed[key] = SourceRecord(*key)
            return list(changed.values()), list(changed.values())

        self._learn(await self._records.change({host for _, host in (*answers, *held)}, decide))
        self._answers = {source: answer for source, answer in self._answers.items() if answers.get(source) is not answer}
        self._held -= held

    def _learn(self, records: Sequence[SourceRecord]) -> None:
        before = {record.key: self._is_deferred(record.key) for record in records}
        for record in records:
            self._view[record.key] = record
            if record.shop_no != ALL_SHOPS:
                self._shops.setdefault(record.host, set()).add(record.shop_no)
        for record in records:
            self.on_learnt(record)
            if record.is_deferred and not before[record.key]:
                self.on_deferred(record)
            elif before[record.key] and not record.is_deferred:
                self.on_ended(record)
        while len(self._view) > _REMEMBERED:
            self._forget(self._view.popitem(last=False)[0])

    def _is_deferred(self, key: RecordKey) -> bool:
        record = self._view.get(key)
        return record is not None and record.is_deferred

    def _forget(self, key: RecordKey) -> None:
        host, shop = key
        shops = self._shops.get(host)
        if shops is not None:
            shops.discard(shop)
            if not shops:
                del self._shops[host]

    async def _load(self) -> None:
        now = await self._clock.now()
        records = await self._records.load()
        self._set_time(now)
        self._learn(records)

    def _set_time(self, now: datetime) -> None:
        self._time = (now, asyncio.get_running_loop().time())
