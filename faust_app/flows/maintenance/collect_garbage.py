"""Deletes due garbage: objects that no row can show any more, by the one rule `may_collect`.

Each pass first checks whether it may delete: with a database restored from a backup it would delete what the rows show
again, and after a mistake elsewhere it would delete far too much at once.
"""

from collections.abc import Sequence
from typing import Final

import structlog

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.images.objects import version_of
from faust_app.core.images.outcome import Garbage
from faust_app.core.images.row import ImageRow
from faust_app.core.images.transitions.collect import may_collect
from faust_app.core.maintenance.garbage import COUNTER, CollectorState, counter_key, most_of_a_pass, passes_in_bucket, went_back
from faust_app.flows.ports.alerts import Alerts
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.maintenance import CollectorRow, GarbageRepository
from faust_app.flows.ports.transfer import ObjectStore
from faust_app.metrics import Metrics

log = structlog.get_logger()

ENTRIES_AT_ONCE: Final = 200


class GarbageCollector:
    """Deletes what `garbage` lists.

    Risk: a deletion cannot be undone. A pass deletes nothing, and raises an alert, when the bucket has seen more passes
    than the database (which is then older than the bucket) or when more is due than `most_of_a_pass` allows. Two at once
    are harmless: deleting twice is deleting once.
    """

    def __init__(
        self,
        *,
        garbage: GarbageRepository,
        row: CollectorRow,
        rows: ImageRepository,
        store: ObjectStore,
        alerts: Alerts,
        metrics: Metrics,
    ) -> None:
        self._garbage = garbage
        self._row = row
        self._rows = rows
        self._store = store
        self._alerts = alerts
        self._metrics = metrics

    async def run_pass(self) -> int:
        """Delete what is due, if allowed; return how many objects. Raises Unavailable; what was deleted stays deleted.

        The due entries are read before the pass is counted: a database that knows the pass also knows them as garbage.
        """
        state = await self._row.state()
        counter = [key async for key in self._store.list_keys(COUNTER)]
        most = most_of_a_pass(await self._row.images_about())
        if self._went_back(state, counter) or await self._is_too_much(state, most):
            return 0
        entries = await self._garbage.due_garbage(most)
        if not entries or not await self._count_pass(state, counter):
            return 0
        return sum([await self._collect(entries[start : start + ENTRIES_AT_ONCE]) for start in range(0, len(entries), ENTRIES_AT_ONCE)])

    def _went_back(self, state: CollectorState, counter: Sequence[str]) -> bool:
        """Report and return whether the database is older than the bucket."""
        back = self._report(FaultKind.DATABASE_WENT_BACK, went_back(state, passes_in_bucket(counter)))
        if back:  # how much is due does not matter while nothing may be deleted
            self._alerts.close(FaultKind.TOO_MUCH_GARBAGE)
        return back

    async def _is_too_much(self, state: CollectorState, most: int) -> bool:
        """Report and return whether more is due than a pass may delete unasked."""
        too_much = await self._garbage.count_due(state.allowed_before, most + 1) > most
        return self._report(FaultKind.TOO_MUCH_GARBAGE, f"more than {most} entries are due" if too_much else None)

    async def _count_pass(self, state: CollectorState, counter: Sequence[str]) -> bool:
        """Count the pass in the database before the bucket: a crash in between leaves the bucket behind, which is harmless."""
        if not await self._row.begin_pass(state.passes):
            return False
        # The new mark before the old ones go: without any, the bucket would have seen no pass at all.
        await self._store.put_mark(counter_key(state.passes + 1))
        await self._store.delete(counter)
        return True

    def stand_down(self) -> None:
        """Close the faults this process reported: another process runs the passes now."""
        for kind in (FaultKind.DATABASE_WENT_BACK, FaultKind.TOO_MUCH_GARBAGE):
            self._alerts.close(kind)

    def _report(self, kind: FaultKind, reason: str | None) -> bool:
        if reason is None:
            self._alerts.close(kind)
        else:
            self._alerts.open(kind, detail=reason)
        return reason is not None

    async def _collect(self, entries: Sequence[tuple[int, Garbage]]) -> int:
        rows = await self._rows.load([entry.key for _, entry in entries])
        doomed: list[str] = []
        for _, entry in entries:
            keys = await self._keys(entry)
            collectable = [key for key in keys if may_collect(key, version_of(key), rows.get(entry.key))]
            self._report_kept(entry, rows.get(entry.key), len(keys) - len(collectable))
            doomed += collectable
        if doomed:
            await self._store.delete(doomed)
            self._metrics.collected.inc(len(doomed))
        await self._garbage.remove_garbage([number for number, _ in entries])
        return len(doomed)

    async def _keys(self, entry: Garbage) -> list[str]:
        if not entry.target.endswith("/"):
            return [entry.target]
        return [key async for key in self._store.list_keys(entry.target)]

    def _report_kept(self, entry: Garbage, row: ImageRow | None, kept: int) -> None:
        if kept:
            self._metrics.kept_garbage.inc(kept)
            log.info("garbage kept", shop_no=entry.key[0], target=entry.target, objects=kept, row="missing" if row is None else row.state)
