"""Deletes rows past their retention: found by index, a limited number at a time."""

from datetime import datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_writes import groups, values_table

TOMBSTONES_BEFORE: Final = """
SELECT shop_no, image_id FROM image FORCE INDEX (by_deleted) WHERE deleted_at < %s ORDER BY deleted_at LIMIT %s
"""
# Joined in key order, as rows are locked everywhere; checked again under the lock, since the image may be registered again.
_PURGE: Final = """
DELETE image FROM ({values}) x STRAIGHT_JOIN image ON image.shop_no = x.s AND image.image_id = x.i
WHERE image.state = 'DELETED' AND image.deleted_at < %s
"""


class MariaOldRows:
    """Implements `flows.ports.maintenance.OldRows` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def purge_tombstones(self, before: datetime, limit: int) -> int:
        keys = sorted(await self._database.rows(TOMBSTONES_BEFORE, (before, limit)))
        gone = 0
        for group in groups(keys):
            flat = [part for key in group for part in key]
            gone += await self._database.change(_PURGE.format(values=values_table(("s", "i"), len(group))), [*flat, before])
        return gone

    async def oldest_garbage(self) -> datetime | None:
        ((oldest,),) = await self._database.rows("SELECT MIN(due_at) FROM garbage")
        return oldest  # type: ignore[no-any-return]

    async def forget_workers(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM worker WHERE seen_at < %s LIMIT %s", (before, limit))

    async def forget_sources(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` records of sources that were not written since then; return how many."""
        return await self._database.change("DELETE FROM source_host WHERE updated_at < %s LIMIT %s", (before, limit))
