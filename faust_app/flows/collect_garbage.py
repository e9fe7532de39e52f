"""Objects that no row can show any more are deleted, when they are due and only by the one rule."""

from collections.abc import Sequence
from typing import Final

import structlog

from faust_app.core.image import ImageRow, version_of
from faust_app.core.outcome import Garbage, may_collect
from faust_app.flows.ports import GarbageRepository, ImageRepository, ObjectStore
from faust_app.metrics import Metrics

log = structlog.get_logger()

GROUP: Final = 200


class GarbageCollector:
    """Deletes what `garbage` lists. Two at once do no harm: deleting twice is deleting once."""

    def __init__(self, garbage: GarbageRepository, rows: ImageRepository, store: ObjectStore, metrics: Metrics) -> None:
        self._garbage = garbage
        self._rows = rows
        self._store = store
        self._metrics = metrics

    async def run_pass(self) -> int:
        """Delete all that is due; return how many objects were. Raises Unavailable; what is done stays done."""
        deleted = 0
        while entries := await self._garbage.due_garbage(GROUP):
            deleted += await self._collect(entries)
        return deleted

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
