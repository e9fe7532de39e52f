"""The tables `shop_stats_daily` and `stats_load`: the statistics store of an installation without ClickHouse."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.core.statistics.figures import COUNTS, Times, figures_of
from faust_app.core.statistics.load import SUMMED_COLUMNS, Manifest, Marker, ShopRow, Totals, counted_totals
from faust_app.core.statistics.report import ShopTotal

_TIMES: Final = ("lat_count", "lat_sum_ms", "lat_max_ms", "lat_hist")
_COLUMNS: Final = ("shop_id", *COUNTS, "bytes_before", *_TIMES)
_ADD: Final = f"INSERT INTO shop_stats_daily (report_date, load_id, {', '.join(_COLUMNS)}) VALUES "  # noqa: S608 - our own columns
_MARK: Final = f"({','.join(['%s'] * (len(_COLUMNS) + 2))})"
_AT_ONCE: Final = 1000
_SUMS: Final = ", ".join(f"CAST(COALESCE(SUM({name}), 0) AS SIGNED)" for name in SUMMED_COLUMNS)
_PUBLISHED: Final = "(SELECT report_date, MAX(load_id) AS load_id FROM stats_load GROUP BY report_date)"
# All rows in the order of the table, each looked up among the published: by the key of days it would read the table row by row.
_OVER: Final = f"d IGNORE INDEX (by_date) STRAIGHT_JOIN {_PUBLISHED} p ON p.report_date = d.report_date AND p.load_id = d.load_id"
_TOTALS: Final = f"SELECT COUNT(*), {_SUMS} FROM shop_stats_daily WHERE report_date = %s AND load_id = %s"  # noqa: S608
_ALL_TOTALS: Final = f"""
SELECT d.report_date, COUNT(*), {_SUMS} FROM shop_stats_daily {_OVER} GROUP BY d.report_date
"""  # noqa: S608 - made of constants
_SHOP: Final = f"""
SELECT report_date, load_id, {", ".join(_COLUMNS)} FROM shop_stats_daily WHERE shop_id = %s AND report_date >= %s AND report_date <= %s
"""  # noqa: S608 - made of constants
_COUNT_SUMS: Final = ", ".join(f"CAST(SUM({name}) AS SIGNED)" for name in (*COUNTS, "bytes_before"))
_PLATFORM: Final = f"""
SELECT d.report_date, {_COUNT_SUMS}, CAST(SUM(lat_count) AS SIGNED), CAST(SUM(lat_sum_ms) AS SIGNED), MAX(lat_max_ms)
FROM shop_stats_daily {_OVER} WHERE d.report_date >= %s AND d.report_date <= %s GROUP BY d.report_date
"""  # noqa: S608 - made of constants
_HISTOGRAMS: Final = f"""
SELECT d.report_date, d.lat_hist, COUNT(*) FROM shop_stats_daily {_OVER}
WHERE d.report_date >= %s AND d.report_date <= %s AND lat_count > 0 GROUP BY d.report_date, d.lat_hist
"""  # noqa: S608 - made of constants
_TOP: Final = f"""
SELECT d.shop_id, {_COUNT_SUMS} FROM shop_stats_daily {_OVER} WHERE d.report_date >= %s AND d.report_date <= %s
GROUP BY d.shop_id ORDER BY SUM(registered + updated) DESC, d.shop_id LIMIT %s
"""  # noqa: S608 - made of constants
# A load without a marker is old once a later one has been read for long.
_SUPERSEDED: Final = """
SELECT DISTINCT d.report_date, d.load_id FROM shop_stats_daily d
LEFT JOIN (
    SELECT l.report_date, l.load_id, l.loaded_at FROM stats_load l
    JOIN (SELECT report_date, MAX(load_id) AS load_id FROM stats_load GROUP BY report_date) m USING (report_date, load_id)
) p ON p.report_date = d.report_date
WHERE (p.load_id IS NULL AND d.load_id < (SELECT COALESCE(MAX(load_id), 0) FROM stats_load WHERE loaded_at < %s))
    OR (d.load_id < p.load_id AND p.loaded_at < %s)
"""
_DELETE: Final = "DELETE FROM shop_stats_daily WHERE report_date = %s AND load_id = %s LIMIT 10000"


class MariaDailyStatistics:
    """Implements `flows.ports.statistics.StatisticsStore` on MariaDB or MySQL. Raises Unavailable, as the database does."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(self) -> None:
        """Do nothing: migrations created the tables."""

    async def manifest(self) -> Manifest:
        rows = await self._database.rows("SELECT report_date, load_id, totals, loaded_at FROM stats_load ORDER BY load_id")
        return {day: Marker(day, load_id, Totals.from_json(json.loads(totals)), at) for day, load_id, totals, at in rows}

    async def highest_load(self) -> int:
        sql = (
            "SELECT GREATEST((SELECT COALESCE(MAX(load_id), 0) FROM shop_stats_daily), (SELECT COALESCE(MAX(load_id), 0) FROM stats_load))"
        )
        ((highest,),) = await self._database.rows(sql)
        return int(highest)

    async def add_rows(self, day: date, load_id: int, rows: Sequence[ShopRow]) -> None:
        for start in range(0, len(rows), _AT_ONCE):
            group = rows[start : start + _AT_ONCE]
            flat = [value for row in group for value in (day, load_id, *row.values, _joined(row.figures.times.histogram))]
            await self._database.change(_ADD + ",".join([_MARK] * len(group)), flat)

    async def totals(self, day: date, load_id: int) -> Totals:
        ((shops, *sums),) = await self._database.rows(_TOTALS, (day, load_id))
        return counted_totals(shops, sums)

    async def publish(self, marker: Marker) -> None:
        sql = "INSERT INTO stats_load (report_date, load_id, totals, loaded_at) VALUES (%s, %s, %s, %s)"
        await self._database.change(sql, (marker.day, marker.load_id, json.dumps(marker.totals.to_json()), marker.loaded_at))

    async def shop_rows(self, shop_no: int, first: date, last: date) -> list[tuple[date, int, ShopRow]]:
        return [_shop_row(*values) for values in await self._database.rows(_SHOP, (shop_no, first, last))]

    async def platform_rows(self, first: date, last: date) -> dict[date, ShopRow]:
        times: dict[date, list[int]] = {}
        for day, histogram, count in await self._database.rows(_HISTOGRAMS, (first, last)):
            weighted = [bucket * count for bucket in _split(histogram)]
            times[day] = [a + b for a, b in zip(times[day], weighted, strict=True)] if day in times else weighted
        found = {}
        for day, *sums in await self._database.rows(_PLATFORM, (first, last)):
            *counts, before, count, total, longest = sums
            of_day = Times(count, total, longest, tuple(times[day])) if day in times else Times()
            found[day] = ShopRow(0, figures_of(counts, of_day), before)
        return found

    async def top_shops(self, first: date, last: date, limit: int) -> list[ShopTotal]:
        rows = await self._database.rows(_TOP, (first, last, limit))
        return [ShopTotal(shop_no, figures_of(counts[:-1])) for shop_no, *counts in rows]

    async def all_totals(self) -> dict[date, Totals]:
        return {day: counted_totals(shops, sums) for day, shops, *sums in await self._database.rows(_ALL_TOTALS)}

    async def collect(self, before: datetime) -> int:
        deleted = 0
        for load in await self._database.rows(_SUPERSEDED, (before, before)):
            while some := await self._database.change(_DELETE, load):
                deleted += some
        return deleted

    async def drop_before(self, month: date) -> list[date]:
        async def unit(session: Session) -> list[date]:
            sql = "SELECT DISTINCT report_date FROM stats_load WHERE report_date < %s"
            months = sorted({day.replace(day=1) for (day,) in await session.rows(sql, (month,))})
            session.enqueue("DELETE FROM stats_load WHERE report_date < %s", (month,))
            return months

        months = await self._database.run(unit)
        while await self._database.change("DELETE FROM shop_stats_daily WHERE report_date < %s LIMIT 10000", (month,)):
            pass
        return months

    async def compact(self) -> None:
        """Do nothing: the primary key keeps a shop's days together."""


def _joined(histogram: Sequence[int]) -> str:
    return ",".join(map(str, histogram))


def _split(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _shop_row(day: date, load_id: int, shop_no: int, *values: Any) -> tuple[date, int, ShopRow]:
    *counts, before, count, total, longest, histogram = values
    return day, load_id, ShopRow(shop_no, figures_of(counts, Times(count, total, longest, _split(histogram))), before)
