"""Counts and lists unfinished and failed rows, each by index, so that finished rows are never read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_row import ROW, image_rows
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.positions import TopicPartition
from faust_app.core.monitoring.unfinished import OVERDUE, Positions, RowCounts

# FORCE INDEX throughout: a scan of the table would read millions of finished rows.
TOPS: Final = (
    "SELECT topic, `partition`, MAX(`offset`) FROM image FORCE INDEX (by_position) WHERE topic IS NOT NULL GROUP BY topic, `partition`"
)
SCHEDULED: Final = """
SELECT COUNT(*), COALESCE(SUM(scheduled_at <= %s), 0), COALESCE(SUM(scheduled_at <= %s), 0), MIN(scheduled_at)
FROM image FORCE INDEX (by_scheduled) WHERE scheduled_at IS NOT NULL{shop}
"""
PLACED: Final = "SELECT COUNT(*) FROM image FORCE INDEX (by_position) WHERE topic IS NOT NULL{shop}"
OLD: Final = "SELECT COUNT(*) FROM image FORCE INDEX (by_open_since) WHERE open_since <= %s{shop}"
OLDEST: Final = "SELECT open_since FROM image FORCE INDEX (by_open_since) WHERE open_since IS NOT NULL{shop} ORDER BY open_since LIMIT 1"
FAILED: Final = "SELECT COUNT(*) FROM image FORCE INDEX (by_state) WHERE state = 'FAILED'{shop}"
IN_RANGE: Final = "image FORCE INDEX (by_position) WHERE topic = %s AND `partition` = %s AND `offset` >= %s AND `offset` < %s{shop}"
LOST: Final = f"SELECT COUNT(*) FROM {IN_RANGE}"  # noqa: S608 - our own text
OLD_LOST: Final = f"SELECT COUNT(*) FROM {IN_RANGE} AND open_since <= %s"  # noqa: S608 - as above
LIST_PLACED: Final = f"SELECT {ROW} FROM {IN_RANGE} ORDER BY `offset` LIMIT %s"  # noqa: S608 - our own columns
LIST_OLD: Final = f"SELECT {ROW} FROM image FORCE INDEX (by_open_since) WHERE open_since <= %s{{shop}} ORDER BY open_since LIMIT %s"  # noqa: S608
LIST_SCHEDULED: Final = (
    f"SELECT {ROW} FROM image FORCE INDEX (by_scheduled) WHERE scheduled_at IS NOT NULL{{shop}} ORDER BY scheduled_at LIMIT %s"  # noqa: S608
)
LIST_FAILED: Final = f"SELECT {ROW} FROM image FORCE INDEX (by_state) WHERE state = 'FAILED'{{shop}} LIMIT %s"  # noqa: S608 - as above

READ_AT_MOST: Final = 20_000
"""Most lost rows that are read to find which of them are also old. Beyond that they are only counted in the index and every old
row is assumed to be lost, so that the count of stalled rows is a lower bound."""


class MariaStalledRows:
    """Implements `flows.ports.images.StalledRows` on MariaDB or MySQL.

    The same indexes find one shop's rows, since they end in the primary key.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tops(self) -> dict[TopicPartition, int]:
        return {(topic, partition): offset for topic, partition, offset in await self._database.rows(TOPS)}

    async def counts(self, now: datetime, stalled_after: timedelta, shop_no: int | None) -> RowCounts:
        ((scheduled, due, overdue, next_due),) = await self._ask(SCHEDULED, shop_no, now, now - OVERDUE)
        ((placed,),) = await self._ask(PLACED, shop_no)
        ((old,),) = await self._ask(OLD, shop_no, now - stalled_after)
        oldest = await self._ask(OLDEST, shop_no)
        ((failed,),) = await self._ask(FAILED, shop_no)
        return RowCounts(
            scheduled=scheduled, due=int(due), overdue=int(overdue), next_due=next_due, placed=placed, old=old,
            oldest_open=oldest[0][0] if oldest else None, failed=failed,
        )  # fmt: skip

    async def lost(
        self, where: Sequence[Positions], counts: RowCounts, young_since: datetime, shop_no: int | None, limit: int
    ) -> tuple[RowCounts, list[ImageRow]]:
        ranges = [_range(each, shop_no) for each in where]
        found = await self._count_each(LOST.format(shop=_shop(shop_no)), ranges)
        filled = [each for each, count in zip(ranges, found, strict=True) if count]
        lost = sum(found)
        old = await self._old_among(filled, young_since, shop_no) if lost <= READ_AT_MOST and counts.old else counts.old
        return replace(counts, lost=lost, lost_young=max(0, lost - old)), await self._first(filled, shop_no, limit)

    async def _old_among(self, ranges: Sequence[tuple[Any, ...]], young_since: datetime, shop_no: int | None) -> int:
        """Count the rows of the ranges that have been in progress since that time or longer."""
        return sum(await self._count_each(OLD_LOST.format(shop=_shop(shop_no)), [(*each, young_since) for each in ranges]))

    async def _first(self, ranges: Sequence[tuple[Any, ...]], shop_no: int | None, limit: int) -> list[ImageRow]:
        """Return up to `limit` rows of the ranges, one range after the other."""
        rows: list[ImageRow] = []
        for each in ranges:
            if len(rows) == limit:
                break
            sql = LIST_PLACED.format(shop=_shop(shop_no))
            rows += image_rows(await self._database.rows(sql, (*each, limit - len(rows))))
        return rows

    async def old(self, open_until: datetime, shop_no: int | None, limit: int) -> list[ImageRow]:
        return await self._list(LIST_OLD, shop_no, limit, open_until)

    async def queued(self, where: Sequence[Positions], shop_no: int | None, limit: int) -> list[ImageRow]:
        """Read the first rows of every range, more of each until there are enough.

        No index orders queued rows by age: by age they are mixed with scheduled rows, which can be many more and older.
        """
        first: dict[Positions, list[ImageRow]] = {each: [] for each in where}
        unread, share = list(where), -(-limit // max(1, len(where)))
        while unread and sum(map(len, first.values())) < limit:
            first |= await self._first_of_each(unread, shop_no, share)
            unread = [each for each in unread if len(first[each]) == share]
            share *= 2
        return sorted((row for rows in first.values() for row in rows), key=lambda row: row.open_since or row.requested_at)[:limit]

    async def scheduled(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        return await self._list(LIST_SCHEDULED, shop_no, limit)

    async def failed(self, shop_no: int | None, limit: int) -> list[ImageRow]:
        return await self._list(LIST_FAILED, shop_no, limit)

    async def knows_shop(self, shop_no: int) -> bool:
        return bool(await self._database.rows("SELECT 1 FROM image WHERE shop_no = %s LIMIT 1", (shop_no,)))

    async def _first_of_each(self, where: Sequence[Positions], shop_no: int | None, share: int) -> dict[Positions, list[ImageRow]]:
        """Read the first `share` rows of each range, in one statement."""
        union = " UNION ALL ".join([f"({LIST_PLACED.format(shop=_shop(shop_no))})"] * len(where))
        found = await self._database.rows(union, [value for each in where for value in (*_range(each, shop_no), share)])
        first: dict[Positions, list[ImageRow]] = {each: [] for each in where}
        by_place = {each.place: each for each in where}
        for row in image_rows(found):
            if row.position is not None:
                first[by_place[row.position.topic, row.position.partition]].append(row)
        return first

    async def _count_each(self, sql: str, parameters: Sequence[tuple[Any, ...]]) -> list[int]:
        """Run one count with each set of parameters, in one statement."""
        if not parameters:
            return []
        union = " UNION ALL ".join([f"({sql})"] * len(parameters))
        return [count for (count,) in await self._database.rows(union, [value for each in parameters for value in each])]

    async def _list(self, sql: str, shop_no: int | None, limit: int, *parameters: Any) -> list[ImageRow]:
        shop = () if shop_no is None else (shop_no,)
        return image_rows(await self._database.rows(sql.format(shop=_shop(shop_no)), (*parameters, *shop, limit)))

    async def _ask(self, sql: str, shop_no: int | None, *parameters: Any) -> Sequence[tuple[Any, ...]]:
        shop = () if shop_no is None else (shop_no,)
        return await self._database.rows(sql.format(shop=_shop(shop_no)), (*parameters, *shop))


def _shop(shop_no: int | None) -> str:
    return "" if shop_no is None else " AND shop_no = %s"


def _range(where: Positions, shop_no: int | None) -> tuple[Any, ...]:
    return (*where.place, where.start, where.end, *(() if shop_no is None else (shop_no,)))


_IN_RANGE: Final = f"""
SELECT {ROW} FROM image FORCE INDEX (by_position)
WHERE topic = %s AND `partition` = %s AND `offset` {{comparison}} %s AND state = 'IN_PROGRESS' AND scheduled_at IS NULL
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
            found += image_rows(await self._database.rows(sql, (topic, partition, bound, limit - len(found))))
        return found
