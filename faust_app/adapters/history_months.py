"""The partitions of `image_history`, one a month: made ahead, and dropped as a whole."""

from typing import Final

from faust_app.adapters.database import Database
from faust_app.core.months import Month

NAMES_OF_MONTHS: Final = (
    "SELECT PARTITION_NAME FROM information_schema.PARTITIONS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'image_history' AND PARTITION_NAME IS NOT NULL"
)
_WAIT_SECONDS: Final = 5
"""A change of partitions waits so long for open transactions, and whoever settles waits behind it meanwhile."""


def split_off(month: Month) -> str:
    """Return the statement that splits a month off the last partition."""
    return (
        "ALTER TABLE image_history REORGANIZE PARTITION later INTO"
        f" (PARTITION {month.name} VALUES LESS THAN ('{month.end:%Y-%m-%d}'), PARTITION later VALUES LESS THAN (MAXVALUE))"
    )


class MariaHistoryMonths:
    """Implements `flows.ports.duties.HistoryMonths` on MariaDB or MySQL."""

    def __init__(self, database: Database, wait_seconds: int = _WAIT_SECONDS) -> None:
        self._database = database
        self._wait_seconds = wait_seconds

    async def names(self) -> list[str]:
        """Return the names of the months there are, and of the last partition."""
        return [name for (name,) in await self._database.rows(NAMES_OF_MONTHS)]

    async def overflows(self) -> bool:
        """Tell whether there are rows later than the last month: splitting them would take long."""
        return bool(await self._database.rows("SELECT 1 FROM image_history PARTITION (later) LIMIT 1"))

    async def add(self, month: Month) -> bool:
        """Add a month behind the others; False, and nothing done, when the table is busy."""
        return await self._database.alter(split_off(month), wait_seconds=self._wait_seconds)

    async def drop(self, name: str) -> bool:
        """Drop a month with all its rows; False, and nothing done, when the table is busy."""
        return await self._database.alter(f"ALTER TABLE image_history DROP PARTITION {name}", wait_seconds=self._wait_seconds)
