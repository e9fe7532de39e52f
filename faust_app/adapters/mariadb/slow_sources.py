"""How long the images of each source take, by the newest lines of the history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from faust_app.adapters.mariadb.database import Database
from faust_app.core.statistics.slow_source import SAMPLED, SlowSource

# The newest lines first, then their images: a day of a large platform has millions of lines.
_SLOWEST: Final = f"""
SELECT i.source_host, COUNT(*), CAST(ROUND(AVG(newest.took_ms)) AS SIGNED), MAX(newest.took_ms)
FROM (
    SELECT shop_no, image_id, took_ms FROM image_history FORCE INDEX (by_at)
    WHERE at >= %s AND took_ms IS NOT NULL ORDER BY at DESC LIMIT {SAMPLED}
) newest
JOIN image i ON i.shop_no = newest.shop_no AND i.image_id = newest.image_id
WHERE i.source_host IS NOT NULL
GROUP BY i.source_host HAVING COUNT(*) >= %s ORDER BY AVG(newest.took_ms) DESC, i.source_host LIMIT %s
"""  # noqa: S608 - a number of ours


class MariaSlowSources:
    """Implements `flows.ports.sources.SlowSources` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def slowest(self, since: datetime, *, at_least: int, limit: int) -> Sequence[SlowSource]:
        return [SlowSource(*row) for row in await self._database.rows(_SLOWEST, (since, at_least, limit))]
