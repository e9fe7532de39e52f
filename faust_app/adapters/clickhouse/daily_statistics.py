"""The tables `shop_stats_daily` and `stats_load` of ClickHouse: loads of days, and the marker that makes a load the one that is read.

A load is published by one INSERT of one row, so no reader ever sees part of it, whatever died: replacing partitions, or deleting
before inserting, does not give that (see decision 26).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from clickhouse_connect import common, get_async_client
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError

from faust_app.adapters.clickhouse.pause import Pause
from faust_app.core.statistics.figures import COUNTS, Times, figures_of
from faust_app.core.statistics.load import SUMMED_COLUMNS, Manifest, Marker, ShopRow, Totals, counted_totals
from faust_app.core.statistics.report import ShopTotal
from faust_app.core.statistics.unavailable import StoreUnavailable

# The embedded engine speaks the dialect without its protocol's versions.
common.set_setting("use_protocol_version", False)

_SIGNED: Final = frozenset({"bytes_change", "bytes_before"})
_WIDE: Final = frozenset({"bytes_in"})
_NUMBERS: Final = (*COUNTS, "bytes_before")
_COLUMNS: Final = ("report_date", "load_id", "shop_id", *_NUMBERS, "lat_count", "lat_sum_ms", "lat_max_ms", "lat_hist")


def _type_of(name: str) -> str:
    return "Int64" if name in _SIGNED else "UInt64" if name in _WIDE else "UInt32"


# Whatever was acknowledged is on disk: a marker that outlived its rows would be wrong money.
_DURABLE: Final = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
_SCHEMA: Final = (
    f"""
CREATE TABLE IF NOT EXISTS shop_stats_daily (
    report_date Date, shop_id UInt64, load_id UInt64, {", ".join(f"{name} {_type_of(name)}" for name in _NUMBERS)},
    lat_count UInt32, lat_sum_ms UInt64, lat_max_ms UInt32, lat_hist Array(UInt32)
) ENGINE = MergeTree PARTITION BY toYYYYMM(report_date) ORDER BY (shop_id, report_date, load_id) {_DURABLE}
""",
    f"""
CREATE TABLE IF NOT EXISTS stats_load (
    report_date Date, load_id UInt64, shops UInt64, {", ".join(f"{name} Int64" for name in SUMMED_COLUMNS)},
    rows_hash UInt64, loaded_at DateTime64(6, 'UTC')
) ENGINE = MergeTree PARTITION BY toYYYYMM(report_date) ORDER BY (report_date, load_id) {_DURABLE}
""",
)
_MARKER: Final = ("report_date", "load_id", "shops", *SUMMED_COLUMNS, "rows_hash", "loaded_at")
_MANIFEST: Final = f"SELECT {', '.join(_MARKER)} FROM stats_load ORDER BY report_date, load_id DESC LIMIT 1 BY report_date"  # noqa: S608
_PUBLISHED: Final = "(report_date, load_id) IN (SELECT report_date, max(load_id) FROM stats_load GROUP BY report_date)"
_SUMS: Final = ", ".join(f"sum({name})" for name in SUMMED_COLUMNS)
_TOTALS: Final = f"SELECT count(), {_SUMS} FROM shop_stats_daily WHERE report_date = {{day:Date}} AND load_id = {{load:UInt64}}"  # noqa: S608
_ALL_TOTALS: Final = f"SELECT report_date, count(), {_SUMS} FROM shop_stats_daily WHERE {_PUBLISHED} GROUP BY report_date"  # noqa: S608
_RANGE: Final = "report_date >= {first:Date} AND report_date <= {last:Date}"
# The key names the rows: reading the conditions' columns before the others would only cost a step for each part.
_SHOP: Final = f"""
SELECT {", ".join(_COLUMNS)} FROM shop_stats_daily WHERE shop_id = {{shop:UInt64}} AND {_RANGE} SETTINGS optimize_move_to_prewhere = 0
"""  # noqa: S608 - made of constants
_COUNT_SUMS: Final = ", ".join(f"sum({name})" for name in _NUMBERS)
_PLATFORM: Final = f"""
SELECT report_date, {_COUNT_SUMS}, sum(lat_count), sum(lat_sum_ms), max(lat_max_ms), sumForEach(lat_hist)
FROM shop_stats_daily WHERE {_RANGE} AND {_PUBLISHED} GROUP BY report_date
"""  # noqa: S608 - made of constants
_TOP: Final = f"""
SELECT shop_id, {_COUNT_SUMS} FROM shop_stats_daily WHERE {_RANGE} AND {_PUBLISHED}
GROUP BY shop_id ORDER BY sum(registered) + sum(updated) DESC, shop_id LIMIT {{limit:UInt32}}
"""  # noqa: S608 - made of constants
# A load without a marker is old once a later one has been read for long. A day without a marker joins with the number 0.
_SUPERSEDED: Final = """
SELECT d.report_date, d.load_id, count() FROM shop_stats_daily d
LEFT JOIN (
    SELECT report_date, max(load_id) AS published, argMax(loaded_at, load_id) AS at FROM stats_load GROUP BY report_date
) p ON p.report_date = d.report_date
WHERE (p.published = 0 AND d.load_id < (SELECT max(load_id) FROM stats_load WHERE loaded_at < {before:DateTime64(6)}))
    OR (d.load_id < p.published AND p.at < {before:DateTime64(6)})
GROUP BY d.report_date, d.load_id
"""
_DELETE: Final = """
ALTER TABLE shop_stats_daily DELETE IN PARTITION {month:UInt32} WHERE report_date = {day:Date} AND load_id = {load:UInt64}
SETTINGS mutations_sync = 1
"""
_PARTITIONS: Final = """
SELECT DISTINCT partition FROM system.parts
WHERE active AND database = currentDatabase() AND table IN ('stats_load', 'shop_stats_daily') AND toUInt32OrZero(partition) < {month:UInt32}
ORDER BY partition
"""
_SCATTERED: Final = """
SELECT partition FROM system.parts WHERE active AND database = currentDatabase() AND table = 'shop_stats_daily'
GROUP BY partition HAVING count() > 1 ORDER BY partition
"""


_TABLES: Final = ("stats_load", "shop_stats_daily")


class ClickHouseDailyStatistics:
    """Implements `flows.ports.statistics.StatisticsStore` on ClickHouse."""

    def __init__(self, address: str, seconds: float, pause: float) -> None:
        self._address = address
        self._seconds = seconds
        self._pause = Pause(pause, seconds)
        self._client: AsyncClient | None = None
        self._connecting = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def connect(cls, address: str, *, seconds: float = 60.0, pause: float = 0.0) -> AsyncIterator[Self]:
        """Yield a store that connects when first used, so that a process starts while ClickHouse is unavailable.

        A statement may take `seconds`, connecting included. After one that ClickHouse did not answer, all fail at once for `pause`
        seconds.
        """
        store = cls(address, seconds, pause)
        try:
            yield store
        finally:
            if store._client is not None:
                await store._client.close()

    async def prepare(self) -> None:
        for statement in _SCHEMA:
            await self._command(statement)

    async def version(self) -> str:
        """Return the server's version. Raises StoreUnavailable."""
        ((version,),) = await self._rows("SELECT version()")
        return str(version)

    async def manifest(self) -> Manifest:
        return {marker.day: marker for marker in map(_marker, await self._rows(_MANIFEST))}

    async def highest_load(self) -> int:
        ((highest,),) = await self._rows(
            "SELECT greatest((SELECT max(load_id) FROM shop_stats_daily), (SELECT max(load_id) FROM stats_load))"
        )
        return int(highest)

    async def add_rows(self, day: date, load_id: int, rows: Sequence[ShopRow]) -> None:
        values = [(day, load_id, *row.values, row.figures.times.histogram) for row in rows]
        await self._insert("shop_stats_daily", values, _COLUMNS)

    async def totals(self, day: date, load_id: int) -> Totals:
        ((shops, *sums),) = await self._rows(_TOTALS, day=day, load=load_id)
        return counted_totals(shops, sums)

    async def publish(self, marker: Marker) -> None:
        totals, at = marker.totals, marker.loaded_at.replace(tzinfo=UTC)
        values = (marker.day, marker.load_id, totals.shops, *totals.sums.values(), totals.rows_hash or 0, at)
        await self._insert("stats_load", [values], _MARKER)

    async def shop_rows(self, shop_no: int, first: date, last: date) -> list[tuple[date, int, ShopRow]]:
        return [_shop_row(*values) for values in await self._rows(_SHOP, shop=shop_no, first=first, last=last)]

    async def platform_rows(self, first: date, last: date) -> dict[date, ShopRow]:
        found = {}
        for day, *values in await self._rows(_PLATFORM, first=first, last=last):
            *counts, before, count, total, longest, histogram = values
            found[day] = ShopRow(0, figures_of(counts, Times(count, total, longest, tuple(histogram))), before)
        return found

    async def top_shops(self, first: date, last: date, limit: int) -> list[ShopTotal]:
        rows = await self._rows(_TOP, first=first, last=last, limit=limit)
        return [ShopTotal(shop_no, figures_of(counts[:-1])) for shop_no, *counts in rows]

    async def all_totals(self) -> dict[date, Totals]:
        return {day: counted_totals(shops, sums) for day, shops, *sums in await self._rows(_ALL_TOTALS)}

    async def collect(self, before: datetime) -> int:
        deleted = 0
        for day, load_id, count in await self._rows(_SUPERSEDED, before=before.replace(tzinfo=UTC)):
            await self._command(_DELETE, month=day.year * 100 + day.month, day=day, load=load_id)
            deleted += count
        return deleted

    async def drop_before(self, month: date) -> list[date]:
        partitions = [name for (name,) in await self._rows(_PARTITIONS, month=month.year * 100 + month.month)]
        for name in partitions:
            for table in _TABLES:  # markers first: what has none is never read
                await self._command(f"ALTER TABLE {table} DROP PARTITION {int(name)}")
        return [date(int(name[:4]), int(name[4:]), 1) for name in partitions]

    async def compact(self) -> None:
        for (partition,) in await self._rows(_SCATTERED):
            await self._command(f"OPTIMIZE TABLE shop_stats_daily PARTITION {int(partition)} FINAL")

    async def _rows(self, sql: str, **parameters: Any) -> Sequence[Sequence[Any]]:
        async with self._named() as client:
            return (await client.query(sql, parameters=parameters)).result_rows

    async def _command(self, sql: str, **parameters: Any) -> None:
        async with self._named() as client:
            await client.command(sql, parameters=parameters)

    async def _insert(self, table: str, values: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
        async with self._named() as client:
            await client.insert(table, values, column_names=columns)

    @asynccontextmanager
    async def _named(self) -> AsyncIterator[AsyncClient]:
        self._pause.check()
        try:
            async with asyncio.timeout(self._seconds):
                yield await self._connected()
        except (ClickHouseError, OSError, TimeoutError) as error:
            if _is_silence(error):
                self._pause.begin()
            else:
                self._pause.end()
            raise StoreUnavailable(f"The statistics store failed: {_sentence(error)}") from error
        self._pause.end()

    async def _connected(self) -> AsyncClient:
        async with self._connecting:  # two at once would open two clients, and close one of them
            if self._client is None:
                # The client logs addresses with their password where it meets an unknown part of them: it gets the parts.
                parts = urlsplit(self._address)
                self._client = await get_async_client(
                    host=parts.hostname,
                    port=parts.port,
                    username=unquote(parts.username or "default"),
                    password=unquote(parts.password or ""),
                    database=parts.path.strip("/") or "default",
                    secure=parts.scheme == "https",
                    compress=False,
                    connect_timeout=min(2.0, self._seconds),
                    send_receive_timeout=self._seconds,
                    autogenerate_session_id=False,
                )
            return self._client


def _is_silence(error: Exception) -> bool:
    """Return whether nobody answered; what ClickHouse refuses has a code."""
    return isinstance(error, OSError | TimeoutError) or (isinstance(error, OperationalError) and error.code is None)


def _marker(values: Sequence[Any]) -> Marker:
    day, load_id, shops, *sums, rows_hash, at = values
    totals = counted_totals(shops, sums)
    return Marker(day, load_id, Totals(totals.shops, totals.sums, rows_hash), at.astimezone(UTC).replace(tzinfo=None))


def _shop_row(day: date, load_id: int, shop_no: int, *values: Any) -> tuple[date, int, ShopRow]:
    *counts, before, count, total, longest, histogram = values
    return day, load_id, ShopRow(shop_no, figures_of(counts, Times(count, total, longest, tuple(histogram))), before)


def _sentence(error: Exception) -> str:
    """Return the first line of what failed; an answer of ClickHouse quotes the statement, never a value."""
    return (str(error).splitlines() or ["it did not answer in time"])[0][:300]
