"""Finds objects orphaned by crashed workers: a slow walk over every key of the bucket, one part per pass.

The database keeps the key the walk has reached, so any process can continue it; after the last key it starts over. What it
finds is listed as garbage; the collector applies the same rule again before it deletes.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import structlog

from faust_app.core.images.objects import OBJECTS, Folder, folder_of, image_prefix, version_of
from faust_app.core.images.outcome import LATE_PUT, Garbage
from faust_app.core.images.row import ImageRow
from faust_app.core.images.transitions.collect import may_collect
from faust_app.flows.ports.clock import Clock
from faust_app.flows.ports.images import ImageFolders
from faust_app.flows.ports.maintenance import CollectorRow, GarbageRepository
from faust_app.flows.ports.transfer import ObjectStore
from faust_app.metrics import Metrics

log = structlog.get_logger()

PART: Final = 1000
"""Keys per part: one page of a listing. At one part in 30 seconds, a million objects take about eight hours."""


class BucketAudit:
    """Lists objects that can never be shown again as garbage.

    Risk: a wrong `may_collect` would list objects that are needed, and only the collector's limit on a pass would stop
    their deletion. An object without a row is counted and kept. Two at once are harmless: what both find is listed twice
    and deleted once.
    """

    def __init__(
        self,
        garbage: GarbageRepository,
        row: CollectorRow,
        folders: ImageFolders,
        store: ObjectStore,
        metrics: Metrics,
        *,
        clock: Clock,
    ) -> None:
        self._garbage = garbage
        self._row = row
        self._clock = clock
        self._folders = folders
        self._store = store
        self._metrics = metrics

    async def run_part(self) -> int:
        """Audit the next keys; return how many were listed as garbage. Raises Unavailable; the part is then repeated."""
        state = await self._row.state()
        keys = [key async for key in self._next(state.audited_to)]
        rows = await self._folders.rows_in({found for key in keys if (found := folder_of(key)) is not None})
        doomed = await self._unlisted(keys, rows)
        await self._garbage.add_garbage(doomed)
        await self._row.audited(keys[-1] if len(keys) == PART else "")
        self._count_findings(keys, rows, doomed)
        return len(doomed)

    async def _next(self, after: str) -> AsyncIterator[str]:
        count = 0
        async for key in self._store.list_keys(OBJECTS, after=after):
            yield key
            count += 1
            if count == PART:
                return

    async def _unlisted(self, keys: Sequence[str], rows: Mapping[Folder, ImageRow]) -> list[Garbage]:
        """Return the objects that can never be shown again and are not listed yet, due once no late PUT of them can land."""
        found = [(row, key) for key in keys if (row := _row_of(key, rows)) and may_collect(key, version_of(key), row)]
        if not found:
            return []
        listed = await self._garbage.listed([row.key for row, _ in found])
        due_at = await self._clock.now() + LATE_PUT
        return [Garbage(row.key, key, due_at) for row, key in found if listed.isdisjoint((key, image_prefix(*row.key)))]

    def _count_findings(self, keys: Sequence[str], rows: Mapping[Folder, ImageRow], doomed: Sequence[Garbage]) -> None:
        strangers = [key for key in keys if _row_of(key, rows) is None]
        self._metrics.audited.inc(len(keys))
        self._metrics.audit_findings.labels("garbage").inc(len(doomed))
        self._metrics.audit_findings.labels("no_row").inc(len(strangers))
        if doomed:
            log.info("garbage found", objects=len(doomed), first=doomed[0].target)
        if strangers:
            log.warning("objects without a row are kept", objects=len(strangers), first=strangers[0][:200])


def _row_of(key: str, rows: Mapping[Folder, ImageRow]) -> ImageRow | None:
    found = folder_of(key)
    return None if found is None else rows.get(found)
