"""The table `sample`: one row a minute, with what ended since the one before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.monitoring.samples import Sample

_COLUMNS: Final = "at, behind, oldest_seconds, stalled, failed_images, done, failed, pictureless"
_MOST_LINES: Final = 500_000
"""Lines of the history that are counted for one sample. After a pause of days the rest is left out of the curves."""
# Ids rise with time but for transactions that commit late: what commits after its sample was taken is in none, and a curve can
# be off by that.
_ENDED: Final = """
SELECT COALESCE(SUM(outcome IN ('stored', 'same_bytes', 'not_modified', 'deleted')), 0), COALESCE(SUM(outcome = 'failed'), 0)
FROM image_history WHERE id > %s AND id <= %s
"""
# Two processes may both see the sample before this one as the newest: the lock of a row says nothing of one that is yet to come.
_ADD: Final = f"""
INSERT INTO sample ({_COLUMNS}, history_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE at = sample.at
"""  # noqa: S608 - our own columns


class MariaSamples:
    """Implements `flows.ports.monitoring.Samples` on MariaDB or MySQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> datetime | None:
        ((newest,),) = await self._database.rows("SELECT MAX(at) FROM sample")
        return newest  # type: ignore[no-any-return]

    async def add(self, sample: Sample) -> bool:
        async def unit(session: Session) -> bool:
            last = await session.rows("SELECT at, history_id FROM sample ORDER BY at DESC LIMIT 1 FOR UPDATE")
            if last and last[0][0] >= sample.at:
                return False
            ((newest,),) = await session.rows("SELECT COALESCE(MAX(id), 0) FROM image_history")
            counted_from = max(last[0][1], newest - _MOST_LINES) if last else newest
            ((done, failed),) = await session.rows(_ENDED, (counted_from, newest))
            values = (sample.at, sample.behind, sample.oldest_seconds, sample.stalled, sample.failed_images)
            return await session.change(_ADD, (*values, int(done), int(failed), sample.pictureless, newest)) == 1

        return await self._database.run(unit)

    async def since(self, since: datetime) -> list[Sample]:
        sql = f"SELECT {_COLUMNS} FROM sample WHERE at >= %s ORDER BY at"  # noqa: S608 - our own columns
        return [_sample(row) for row in await self._database.rows(sql, (since,))]

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._database.change("DELETE FROM sample WHERE at < %s ORDER BY at LIMIT %s", (before, limit))


def _sample(values: Sequence[Any]) -> Sample:
    return Sample(*values)
