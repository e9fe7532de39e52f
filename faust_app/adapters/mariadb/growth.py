"""Reads the tables' sizes: rows are counted where that is quick, else estimated by the database."""

from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.core.maintenance.growth import TableSize

_TABLES: Final = """
SELECT TABLE_NAME, COALESCE(TABLE_ROWS, 0), COALESCE(DATA_LENGTH, 0) + COALESCE(INDEX_LENGTH, 0) FROM information_schema.TABLES
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' AND TABLE_NAME <> 'alembic_version' ORDER BY TABLE_NAME
"""
_HISTORY: Final = "image_history"
_IMAGE: Final = "image"


class MariaTableSizes:
    """Implements `flows.ports.maintenance.TableSizes` and `TableBytes` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self) -> list[TableSize]:
        """List tombstones apart from the images that share their table.

        The history is not counted, which would read all its months: its rows are the database's estimate, its growth is measured
        by its ids.
        """
        sizes = []
        for table, estimate, size in await self._database.rows(_TABLES):
            if table == _HISTORY:
                newest = await self._number("SELECT COALESCE(MAX(id), 0) FROM image_history")
                sizes.append(TableSize(table, int(estimate), int(size), newest))
                continue
            rows = await self._number(f"SELECT COUNT(*) FROM `{table}`")  # noqa: S608 - a name of the database's own
            sizes.append(TableSize(table, rows, int(size)))
            if table == _IMAGE:
                tombstones = await self._number("SELECT COUNT(*) FROM image WHERE deleted_at IS NOT NULL")
                sizes.append(TableSize("image (tombstones)", tombstones, int(size) * tombstones // max(rows, 1)))
        return sizes

    async def table_bytes(self) -> dict[str, int]:
        """Return the bytes of every table, as `flows.ports.monitoring.TableBytes` has it: nothing is counted for it."""
        return {table: int(size) for table, _, size in await self._database.rows(_TABLES)}

    async def _number(self, sql: str) -> int:
        ((number,),) = await self._database.rows(sql)
        return int(number)
