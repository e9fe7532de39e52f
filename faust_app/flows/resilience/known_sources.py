"""What all workers know of the sources, shared through the database: failures are counted there, answers written in batches."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from faust_app.core.dispatch.pace.source_pace import SourcePace
from faust_app.core.failure import FailureCode
from faust_app.core.sources.health import (
    RecordKey,
    Records,
    Source,
    SourceAnswer,
    SourceFailure,
    SourceRecord,
    after_answer,
    after_claim,
    after_failure,
    keys_of,
)
from faust_app.core.sources.known_records import KnownRecords
from faust_app.flows.group_commit import GroupCommit
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.sources import SourceRecords
from faust_app.flows.resilience.deferral import Deferral
from faust_app.flows.resilience.host_faults import HostFaults

_REMEMBERED: Final = 50_000
"""Hosts whose last answer here is remembered."""
_OVERLAP: Final = timedelta(seconds=10)
"""How far a refresh reads back before the one before it: a transaction commits later than the time it writes."""


class KnownSources:
    """The records of the sources, and what follows when this worker learns that one defers its images, or no longer does.

    A change of this worker's counts once the database has it.
    """

    def __init__(self, records: SourceRecords, clock: Clock, pace: SourcePace, faults: HostFaults, deferral: Deferral) -> None:
        self._shared = records
        self._clock = clock
        self._pace = pace
        self._faults = faults
        self._deferral = deferral
        self.records = KnownRecords()
        """What this worker knows; it changes with every call that reads or writes."""
        self._answers: dict[Source, SourceAnswer] = {}
        self._answered_at: OrderedDict[str, datetime] = OrderedDict()
        self._held: set[Source] = set()
        self._time: tuple[datetime, float] | None = None
        self._failures: GroupCommit[SourceFailure, bool] = GroupCommit(self._count)
        self._loading: asyncio.Task[None] | None = None

    @property
    def now(self) -> datetime:
        """The database's clock: its last value and the time since; only once loaded."""
        if self._time is None:
            raise RuntimeError("the records are not loaded")
        at, read = self._time
        return at + timedelta(seconds=_now() - read)

    async def ensure_loaded(self) -> None:
        """Read the records, once. Raises Unavailable."""
        if self._time is not None:
            return
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load(), name="load sources")
        await asyncio.shield(self._loading)

    async def refresh(self) -> None:
        """Write what this worker has learnt, then read what others have written. Raises Unavailable; the next call writes the rest."""
        await self.ensure_loaded()
        await self._write()
        if self._time is None:
            raise RuntimeError("the records are not loaded")
        now = await self._clock.now()
        records = await self._shared.changed_since(self._time[0] - _OVERLAP)
        self._time = (now, _now())
        self._learn(records)

    def hold(self, source: Source) -> None:
        """Count a deferred image, so that the worker whose probe the host answers knows its shop."""
        if not self.records.knows_shop(source):
            self._held.add(source)

    def answer(self, source: Source, origin: str) -> None:
        """Count an answer of the source."""
        if self._time is None:
            return
        answer = SourceAnswer(source, origin, self.now, self._pace.mean_of(source))
        self._answered_at[source[1]] = answer.at
        self._answered_at.move_to_end(source[1])
        if len(self._answered_at) > _REMEMBERED:
            self._answered_at.popitem(last=False)
        if self.records.is_worth_writing(answer):
            self._answers[source] = answer

    async def fail(self, source: Source, code: FailureCode) -> bool:
        """Count a failure in a row over all workers; return whether the source's images are deferred by now. Raises Unavailable."""
        await self.ensure_loaded()
        return await self._failures.submit(SourceFailure(source, code, self._answered_at.get(source[1])))

    async def claim(self, record: SourceRecord) -> bool:
        """Claim the record's probe; return whether this worker has it: it is due, and no other worker was faster. Raises Unavailable."""
        if record.probe_at is not None and record.probe_at > self.now:
            return False

        def decide(records: Records, now: datetime) -> tuple[Sequence[SourceRecord], list[SourceRecord]]:
            claimed = after_claim(records.get(record.key), now)
            return ([claimed], [claimed]) if claimed is not None else ((), [])

        claimed = await self._shared.change([record.host], decide)
        self._learn(claimed or await self._shared.of((record.shop_no, record.host)))
        return bool(claimed)

    async def _count(self, failures: Sequence[SourceFailure]) -> list[bool]:
        def decide(records: Records, now: datetime) -> tuple[Sequence[SourceRecord], list[SourceRecord]]:
            known = dict(records)
            for failure in failures:
                known |= {record.key: record for record in after_failure(known, failure, now)}
            changed = list(dict.fromkeys(key for failure in failures for key in keys_of(failure.source)))
            return [known[key] for key in changed], [known[key] for key in changed]

        self._learn(await self._shared.change({failure.source[1] for failure in failures}, decide))
        return [self.records.deferral(failure.source) is not None for failure in failures]

    async def _write(self) -> None:
        answers, held = dict(self._answers), set(self._held)
        if not answers and not held:
            return

        def decide(records: Records, _: datetime) -> tuple[Sequence[SourceRecord], list[SourceRecord]]:
            changed = _after(records, answers.values(), held)
            return changed, changed

        self._learn(await self._shared.change({host for _, host in (*answers, *held)}, decide))
        self._answers = {source: answer for source, answer in self._answers.items() if answers.get(source) is not answer}
        self._held -= held

    def _learn(self, records: Sequence[SourceRecord]) -> None:
        learnt = self.records.learn(records)
        for record in records:
            self._pace.egress.learn(record, self.now, _now())
        for record in learnt.deferred:
            self._begin(record)
        for record in learnt.ended:
            self._end(record)
        self.records.forget_oldest()

    def _begin(self, record: SourceRecord) -> None:
        if record.is_of_all_shops:
            self._pace.left_alone(record.host, is_left_alone=True)
        self._faults.deferred(record)

    def _end(self, record: SourceRecord) -> None:
        if record.is_of_all_shops:
            self._pace.left_alone(record.host, is_left_alone=False)
        sources = self.records.sources_of(record)
        self._deferral.reopen(sources)
        self._faults.ended(record, shops=len(sources))

    async def _load(self) -> None:
        now = await self._clock.now()
        records = await self._shared.load()
        self._time = (now, _now())
        self._learn(records)


def _after(records: Records, answers: Iterable[SourceAnswer], held: Iterable[Source]) -> list[SourceRecord]:
    """Return the records that answers and deferred images change: a shop without a record gets an empty one."""
    known, changed = dict(records), dict[RecordKey, SourceRecord]()
    for answer in answers:
        after = {record.key: record for record in after_answer(known, answer)}
        known |= after
        changed |= after
    for source in held:
        key = keys_of(source)[1]
        if key not in known:
            known[key] = changed[key] = SourceRecord(*key)
    return list(changed.values())


def _now() -> float:
    return asyncio.get_running_loop().time()
