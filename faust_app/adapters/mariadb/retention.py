"""What is older than is kept: rows deleted some at a time, months of the history dropped whole."""

from datetime import datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_writes import groups, values_table
from faust_app.adapters.mariadb.result_feed import drop_results
from faust_app.core.maintenance.retention import Month

TOMBSTONES_BEFORE: Final = """
SELECT shop_no, image_id FROM image FORCE INDEX (by_deleted) WHERE deleted_at < %s ORDER BY deleted_at LIMIT %s
"""
# Joined in key order, as rows are locked everywhere; checked again under the lock, since the image may be registered again.
_PURGE: Final = """
DELETE image FROM ({values}) x STRAIGHT_JOIN image ON image.shop_no = x.s AND image.image_id = x.i
WHERE image.state = 'DELETED' AND image.deleted_at < %s
"""

_OLDEST_REPUBLISH: Final = """
SELECT id FROM republish WHERE planned_at < %s AND status NOT IN ('running', 'paused', 'cancelling') ORDER BY planned_at LIMIT 1
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
        return await self._database.change("DELETE FROM source_host WHERE updated_at < %s LIMIT %s", (before, limit))

    async def forget_runs(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM job_run WHERE started < %s LIMIT %s", (before, limit))

    async def forget_imports(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM import_run WHERE updated_at < %s ORDER BY updated_at LIMIT %s", (before, limit))

    async def forget_rejections(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM rejection WHERE at < %s ORDER BY at LIMIT %s", (before, limit))

    async def forget_results(self, before: datetime, limit: int) -> int:
        return await drop_results(self._database, before, limit)

    async def forget_republishes(self, before: datetime, limit: int) -> int:
        found = await self._database.rows(_OLDEST_REPUBLISH, (before,))
        if not found:
            return 0
        gone = await self._database.change("DELETE FROM republish_item WHERE run_id = %s LIMIT %s", (*found[0], limit))
        return gone or await self._database.change("DELETE FROM republish WHERE id = %s", found[0])

    async def forget_causes(self, before: datetime, limit: int) -> int:
        asked = await self._database.change("DELETE FROM cause_asked WHERE asked_at < %s LIMIT %s", (before, limit))
        return asked + await self._database.change("DELETE FROM cause WHERE updated_at < %s LIMIT %s", (before, limit))

    async def forget_controls(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM control WHERE ends_at < %s LIMIT %s", (before, limit))

    async def forget_audit(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM audit WHERE at < %s ORDER BY at LIMIT %s", (before, limit))

    async def forget_sessions(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM session WHERE seen_at < %s ORDER BY seen_at LIMIT %s", (before, limit))

    async def forget_one_time(self, before: datetime, limit: int) -> int:
        sql = "DELETE FROM one_time_log_in WHERE expires_at < %s ORDER BY expires_at LIMIT %s"
        return await self._database.change(sql, (before, limit))

    async def forget_failed_log_ins(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM log_in_failure WHERE failed_at < %s ORDER BY failed_at LIMIT %s", (before, limit))

    async def forget_report_sessions(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM report_session WHERE seen_at < %s ORDER BY seen_at LIMIT %s", (before, limit))

    async def forget_report_links(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM report_link_use WHERE ends_at < %s ORDER BY ends_at LIMIT %s", (before, limit))

    async def forget_test_fetches(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM test_fetch WHERE asked_at < %s ORDER BY asked_at LIMIT %s", (before, limit))


NAMES_OF_MONTHS: Final = (
    "SELECT PARTITION_NAME FROM information_schema.PARTITIONS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'image_history' AND PARTITION_NAME IS NOT NULL"
)
_WAIT_SECONDS: Final = 5
"""How long a partition change waits for open transactions; every settle waits behind it meanwhile."""


def split_off(month: Month) -> str:
    """Return the statement that splits the month off the last partition."""
    return (
        "ALTER TABLE image_history REORGANIZE PARTITION later INTO"
        f" (PARTITION {month.name} VALUES LESS THAN ('{month.end:%Y-%m-%d}'), PARTITION later VALUES LESS THAN (MAXVALUE))"
    )


class MariaHistoryMonths:
    """Implements `flows.ports.maintenance.HistoryMonths` on MariaDB or MySQL."""

    def __init__(self, database: Database, wait_seconds: int = _WAIT_SECONDS) -> None:
        self._database = database
        self._wait_seconds = wait_seconds

    async def names(self) -> list[str]:
        return [name for (name,) in await self._database.rows(NAMES_OF_MONTHS)]

    async def overflows(self) -> bool:
        return bool(await self._database.rows("SELECT 1 FROM image_history PARTITION (later) LIMIT 1"))

    async def add(self, month: Month) -> bool:
        return await self._database.alter(split_off(month), wait_seconds=self._wait_seconds)

    async def drop(self, name: str) -> bool:
        return await self._database.alter(f"ALTER TABLE image_history DROP PARTITION {name}", wait_seconds=self._wait_seconds)
