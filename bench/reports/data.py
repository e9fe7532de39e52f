"""The data of the report benchmark: a history of 20 million outcomes, and 50 million daily rows in the store.

The store's rows are not those of the history: either is there to be read at its size. One shop is hot, the others share the rest.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from bench.installation import Installation
from faust_app.adapters.clickhouse.daily_statistics import ClickHouseDailyStatistics
from faust_app.core.statistics.calendar import days_between, months_between, months_later
from faust_app.core.statistics.figures import BUCKETS
from faust_app.core.statistics.load import Marker, Totals
from faust_app.flows.ports.statistics import StatisticsStore

HOT: Final = 1
"""The shop that has a tenth of the history."""
DAYS: Final = 400
HISTORY_SHOPS: Final = 18_000
_STEP: Final = 1_000_000
_KEYS: Final = ("by_image (shop_no, image_id, at)", "by_at (at)", "by_shop (shop_no, at)")
BEST_KEY: Final = "best (shop_no, at, counts_as, fault, outcome, bytes, bytes_change, took_ms)"
_HISTORY: Final = """
INSERT INTO image_history (at, shop_no, image_id, version, outcome, bytes, counts_as, bytes_change, took_ms)
SELECT '{begin}' + INTERVAL ({first} + seq) * {pace} MICROSECOND, IF(seq % 10 = 0, 1, 2 + (seq * 7919) % {shops}),
    CONCAT('i', ({first} + seq) % 1000003), {first} + seq, 'stored', 20000 + seq % 180000, IF(seq % 3, 'updated', 'registered'), 100,
    200 + (seq * 31) % 20000
FROM seq_1_to_{count}
"""
_ONE_DAY: Final = """
INSERT INTO image_history (at, shop_no, image_id, version, outcome, bytes, counts_as, bytes_change, took_ms)
SELECT '{day}' + INTERVAL seq * {pace} MICROSECOND, seq % {shops} + 1, CONCAT('d', seq), seq, 'stored', 20000, 'updated', 0, 500
FROM seq_1_to_{count}
"""
_DAILY: Final = """
INSERT INTO shop_stats_daily
SELECT toDate('{first}') + intDiv(number, {shops}), number % {shops} + 1, intDiv(number, {shops}) + 1, number % 40, number % 17,
    number % 5, 0,
    number % 3, number % 2, 0, number % 4, number % 5, 0, number % 40 * 60000, number % 1000 * 100,
    if(toDayOfMonth(toDate('{first}') + intDiv(number, {shops})) = 1, 1000000, 0), number % 57, number % 57 * 900, number % 20000,
    arrayMap(n -> toUInt32((number + n) % 4), range({buckets}))
FROM numbers({rows})
"""
_MARIA_DAILY: Final = """
INSERT INTO shop_stats_daily
SELECT (seq - 1) % {shops} + 1, '{first}' + INTERVAL (seq - 1) DIV {shops} DAY, 1 + (seq - 1) DIV {shops}, seq % 40,
    seq % 17, seq % 5, 0, seq % 3,
    seq % 2, 0, seq % 4, seq % 5, 0, seq % 40 * 60000, seq % 1000 * 100, 0, seq % 57, seq % 57 * 900, seq % 20000, '{histogram}'
FROM seq_1_to_{rows}
"""


@dataclass(frozen=True)
class Scale:
    """How much data: 1 is the size that the targets are for."""

    factor: float

    @property
    def history(self) -> int:
        """Outcomes in the history."""
        return max(_STEP, round(20 * self.factor) * _STEP)

    @property
    def shops(self) -> int:
        """Shops in the store; each has a row on each of DAYS."""
        return max(1000, int(125_000 * self.factor))

    @property
    def rows(self) -> int:
        """Rows in the store."""
        return self.shops * DAYS

    @property
    def maria_shops(self) -> int:
        """Shops in the daily table of MariaDB, a fifth of the store's: its rows take six times the space."""
        return max(1000, self.shops // 5)


def yesterday() -> date:
    """Return the last day of the data."""
    return datetime.now(UTC).date() - timedelta(days=1)


def first_day() -> date:
    """Return the first day of the data."""
    return yesterday() - timedelta(days=DAYS - 1)


def fill_history(installation: Installation, scale: Scale, say: Callable[[str], None]) -> None:
    """Write the history by months, in the order of time, and build its keys after that."""
    parts = [f"PARTITION m{month:%Y%m} VALUES LESS THAN ('{months_later(month, 1)}')" for month in months_between(first_day(), yesterday())]
    installation.execute(
        f"ALTER TABLE image_history PARTITION BY RANGE COLUMNS(at) ({', '.join(parts)}, PARTITION later VALUES LESS THAN (MAXVALUE))"
    )
    dropped = ", ".join(f"DROP KEY {key.split()[0]}" for key in _KEYS)
    installation.execute(f"ALTER TABLE image_history {dropped}")
    pace = int(DAYS * 86_400 * 1_000_000 / scale.history)
    for first in range(0, scale.history, _STEP):
        installation.execute(_HISTORY.format(begin=first_day(), first=first, pace=pace, shops=HISTORY_SHOPS, count=_STEP))
        say(f"history: {first + _STEP:,} of {scale.history:,} outcomes")
    for key in _KEYS:
        installation.execute(f"ALTER TABLE image_history ADD KEY {key}")
        say(f"history: key {key.split()[0]} built")
    installation.execute("ANALYZE TABLE image_history")


def fill_busy_day(installation: Installation, scale: Scale) -> None:
    """Add outcomes of as many shops as the store has to the last day."""
    count = scale.shops * 4
    installation.execute(_ONE_DAY.format(day=yesterday(), pace=86_000_000_000 // count, shops=scale.shops, count=count))


def fill_daily_table(installation: Installation, scale: Scale, say: Callable[[str], None]) -> None:
    """Fill the daily table of MariaDB."""
    rows, histogram = scale.maria_shops * DAYS, ",".join(["2"] * BUCKETS)
    installation.execute(_MARIA_DAILY.format(shops=scale.maria_shops, first=first_day(), rows=rows, histogram=histogram))
    for number, day in enumerate(days_between(first_day(), yesterday()), 1):
        installation.execute(
            "INSERT INTO stats_load (report_date, load_id, totals, loaded_at) VALUES "  # noqa: S608 - our own values
            f"('{day}', {number}, '{_no_totals(number)}', UTC_TIMESTAMP(6))"
        )
    installation.execute("ANALYZE TABLE shop_stats_daily")
    say(f"MariaDB's daily table: {rows:,} rows")


def _no_totals(number: int) -> str:
    return json.dumps({**Totals().to_json(), "rows_hash": number})


async def fill_store(store: ClickHouseDailyStatistics, scale: Scale, say: Callable[[str], None]) -> None:
    """Fill the store, a month of rows at a time, and publish every day."""
    await store.prepare()
    await store._command(_DAILY.format(first=first_day(), shops=scale.shops, rows=scale.rows, buckets=BUCKETS))  # noqa: SLF001 - no port fills it
    say(f"store: {scale.rows:,} daily rows")
    await publish_all(store)
    await store.compact()


async def publish_all(store: StatisticsStore) -> None:
    """Publish the days as they were filled: their loads are numbered from 1."""
    for number, day in enumerate(days_between(first_day(), yesterday()), 1):
        await store.publish(Marker(day, number, await store.totals(day, number), datetime.now(UTC).replace(tzinfo=None)))
