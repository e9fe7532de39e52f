"""Finds unfinished rows by the position of their event."""

from collections.abc import Mapping
from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import COLUMNS, image_row
from faust_app.core.images.row import ImageRow
from faust_app.core.monitoring.stall import TopicPartition

_IN_RANGE: Final = f"""
SELECT {COLUMNS} FROM image FORCE INDEX (by_position)
WHERE topic = %s AND `partition` = %s AND `offset` {{comparison}} %s AND state = 'IN_PROGRESS' AND wake_at IS NULL
ORDER BY `offset` LIMIT %s
"""  # noqa: S608 - our own columns
_PLACES: Final = "SELECT DISTINCT topic, `partition` FROM image WHERE topic IS NOT NULL"


class MariaUnfinishedRows:
    """Implements `flows.ports.images.UnfinishedRows` on MariaDB or MySQL, by the index of positions only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def below(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        return await self._find(bounds, "<", limit)

    async def from_on(self, bounds: Mapping[TopicPartition, int], limit: int) -> list[ImageRow]:
        return await self._find(bounds, ">=", limit)

    async def places(self) -> set[TopicPartition]:
        return {(topic, partition) for topic, partition in await self._database.rows(_PLACES)}

    async def _find(self, bounds: Mapping[TopicPartition, int], comparison: str, limit: int) -> list[ImageRow]:
        found: list[ImageRow] = []
        for (topic, partition), bound in bounds.items():
            if len(found) >= limit:
                break
            sql = _IN_RANGE.format(comparison=comparison)
            found += map(image_row, await self._database.rows(sql, (topic, partition, bound, limit - len(found))))
        return found
