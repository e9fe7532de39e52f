"""The monthly partitions of `image_history`: created ahead of time, dropped whole."""

from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.core.maintenance.months import Month

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
