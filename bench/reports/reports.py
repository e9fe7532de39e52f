"""How fast reports are: straight from the history, from a daily table, from the store, and from the cache, in one run."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Final
from urllib.request import Request

from bench.figures import p95, p99
from bench.installation import Installation
from bench.reports.data import (
    BEST_KEY,
    HOT,
    Scale,
    fill_busy_day,
    fill_daily_table,
    fill_history,
    fill_store,
    first_day,
    yesterday,
)  # fmt: skip
from bench.requests import answer_to, first_answer, request_of
from bench.timed import timed
from faust_app.adapters.clickhouse.daily_statistics import ClickHouseDailyStatistics
from faust_app.adapters.mariadb.daily_statistics import MariaDailyStatistics
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.ledger import MariaLedger
from faust_app.adapters.mariadb.statistics_book import MariaStatisticsBook
from faust_app.core.statistics.calendar import bounds, days_between
from faust_app.core.statistics.ledger import Kind
from faust_app.core.statistics.periods import Granularity, roll_up
from faust_app.flows.ports.statistics import ReportCache, StatisticsStore
from faust_app.flows.statistics.manifest import KnownLoads
from faust_app.flows.statistics.month_blocks import MonthBlocks
from faust_app.flows.statistics.read import ReadReports
from faust_app.heap import freeze_heap
from faust_app.logs import configure_logging
from faust_app.wiring.statistics import daily_counts, open_cache, statistics_loader

ROUNDS: Final = 40
PER_SECOND: Final = 200
SECONDS: Final = 10
RATE_ROUNDS: Final = 5
"""Rounds at the steady rate, of which the median is told: one round may meet another process of a small machine."""
SHOPS: Final = 50
"""Other shops whose pages are read, so that no page is read twice from a process's own memory."""
_RAW: Final = """
SELECT SUM(counts_as = 'registered'), SUM(counts_as = 'updated'), SUM(counts_as = 'deleted'), SUM(counts_as = 'failed'),
    SUM(counts_as = 'retried'), SUM(IF(counts_as IN ('registered', 'updated'), bytes, 0)), SUM(bytes_change),
    COUNT(took_ms), SUM(took_ms), MAX(took_ms), {period} AS period
FROM image_history {index} WHERE shop_no = {shop} AND at >= '{first}' GROUP BY period
"""
_PERIODS: Final = ("DATE(at)", "YEARWEEK(at, 3)", "DATE_FORMAT(at, '%Y-%m')")


@dataclass
class ReportFigures:
    """Seconds of each way to a page of 13 months by day, week and month, and what else is asked of reports."""

    raw: float = 0.0
    best_key: float = 0.0
    daily_table: list[float] = field(default_factory=list)
    store: list[float] = field(default_factory=list)
    redis: list[float] = field(default_factory=list)
    cache: list[float] = field(default_factory=list)
    all_ways: list[float] = field(default_factory=list)
    at_rate: list[list[float]] = field(default_factory=list)
    page: list[float] = field(default_factory=list)
    page_of_day: list[float] = field(default_factory=list)
    platform_store: float = 0.0
    platform_daily_table: float = 0.0
    day_list: list[float] = field(default_factory=list)
    load: float = 0.0
    loaded_shops: int = 0
    all_totals: float = 0.0

    @property
    def rate_p50(self) -> float:
        """The median at the steady rate, of the middle round."""
        return median(map(median, self.at_rate))

    @property
    def rate_p99(self) -> float:
        """The 99th percentile at the steady rate, of the middle round."""
        return median(map(p99, self.at_rate))

    @property
    def ratio(self) -> float:
        """How many times the store is faster than the history."""
        return self.raw / median(self.store)


def measure_reports(installation: Installation, scale: Scale, say: Callable[[str], None]) -> ReportFigures:
    """Fill everything and measure; takes a quarter of an hour at scale 1, most of it to fill."""
    configure_logging("console", level="WARNING")
    figures = ReportFigures()
    with _stats(installation):
        asyncio.run(_filled_store(installation, scale, say))
        fill_history(installation, scale, say)
        fill_daily_table(installation, scale, say)
        say("reading ...")
        asyncio.run(_measure(installation, scale, figures))
        say(f"from the store {p95(figures.store):.3f} s, at {PER_SECOND}/s {figures.rate_p50:.4f} and {figures.rate_p99:.4f} s")
        with installation.process("faust_app.web_app"):
            _pages(installation, figures)
        figures.raw = _raw_page(installation, "FORCE INDEX (by_shop)")
        say(f"straight from the history {figures.raw:.1f} s; building its best key ...")
        installation.execute(f"ALTER TABLE image_history ADD KEY {BEST_KEY}")
        figures.best_key = _raw_page(installation, "FORCE INDEX (best)")
        installation.execute("ALTER TABLE image_history DROP KEY best")
        say("loading a day of all shops ...")
        fill_busy_day(installation, scale)
        asyncio.run(_load(installation, figures))
        say("reading all shops from MariaDB's daily table ...")
        asyncio.run(_platform_of_daily_table(installation, figures))
    return figures


async def _platform_of_daily_table(installation: Installation, figures: ReportFigures) -> None:
    async with Database.connect(installation.settings.database, 1) as database:
        maria = MariaDailyStatistics(database)
        _, figures.platform_daily_table = await timed(maria.platform_rows(first_day(), yesterday()))


def _raw_page(installation: Installation, index: str) -> float:
    """Return the seconds of the three queries of a page straight from the history of the hot shop, run once."""
    begun = time.monotonic()
    for period in _PERIODS:
        installation.query(_RAW.format(period=period, index=index, shop=HOT, first=first_day()))
    return time.monotonic() - begun


async def _filled_store(installation: Installation, scale: Scale, say: Callable[[str], None]) -> None:
    async with _clickhouse(installation, seconds=600) as store:
        await fill_store(store, scale, say)


@asynccontextmanager
async def _clickhouse(installation: Installation, *, seconds: float = 10.0) -> AsyncIterator[ClickHouseDailyStatistics]:
    url = installation.settings.clickhouse_url
    assert url is not None
    async with ClickHouseDailyStatistics.connect(url.get_secret_value(), seconds=seconds) as store:
        yield store


async def _measure(installation: Installation, scale: Scale, figures: ReportFigures) -> None:
    settings = installation.settings
    connected = Database.connect(settings.database, 8)
    async with connected as database, _clickhouse(installation) as store, open_cache(settings) as cache:
        freeze_heap()  # as the web process does when it is up
        maria, shops = MariaDailyStatistics(database), [HOT, *range(2, SHOPS + 2)]
        of_maria, of_store = _known(installation, database, maria), _known(installation, database, store)
        for round_ in range(ROUNDS):
            shop = shops[round_ % len(shops)]
            figures.daily_table.append(
                await _page(_reader(installation, database, maria, of_maria), min(shop, scale.maria_shops), tuple(Granularity))
            )
            figures.store.append(await _page(_reader(installation, database, store, of_store), shop, tuple(Granularity)))
        warm = _reader(installation, database, store, of_store, cache)
        await warm.warm(shops)
        figures.redis = [await _page(_reader(installation, database, store, of_store, cache), shops[n % len(shops)]) for n in range(ROUNDS)]
        figures.cache = [await _page(warm, shops[n % len(shops)]) for n in range(ROUNDS)]
        figures.all_ways = [await _page(warm, shops[n % len(shops)], tuple(Granularity)) for n in range(ROUNDS)]
        figures.at_rate = [await _at_rate(lambda n: _page(warm, shops[n % len(shops)])) for _ in range(RATE_ROUNDS)]
        _, figures.platform_store = await timed(store.platform_rows(first_day(), yesterday()))
        _, figures.all_totals = await timed(store.all_totals())
        for day in days_between(first_day(), yesterday())[-ROUNDS:]:
            listed = MariaLedger(database).of_day(HOT, bounds(day, settings.zone), Kind.UPDATED, after=None, limit=5_000)
            lines, seconds = await timed(listed)
            assert lines
            figures.day_list.append(seconds)


def _known(installation: Installation, database: Database, store: StatisticsStore) -> KnownLoads:
    """Return what is known of a store; one for all readers, as a process asks every few seconds and not for each page."""
    return KnownLoads(store, MariaStatisticsBook(database), zone=installation.settings.zone, seconds=lambda: 0.0)


def _reader(
    installation: Installation, database: Database, store: StatisticsStore, known: KnownLoads, cache: ReportCache | None = None
) -> ReadReports:
    """Return what a process reads reports with, which has read nothing yet but what is loaded."""
    settings = installation.settings
    return ReadReports(known, MonthBlocks(store, cache), daily_counts(settings, database), store, cache=None, zone=settings.zone, now=_now)


async def _page(reader: ReadReports, shop: int, ways: Sequence[Granularity] = (Granularity.MONTH,)) -> float:
    """Read 13 months up to yesterday and roll them up, as a page shows them; return the seconds."""
    last = yesterday()
    begun = time.monotonic()
    report = await reader.shop_days(shop, first_day(), last)
    for by in ways:
        roll_up(report.days, by, last)
    taken = time.monotonic() - begun
    assert not report.missing
    return taken


async def _at_rate(page: Callable[[int], Awaitable[float]]) -> list[float]:
    """Read pages at a steady rate, whether or not the ones before are done; return the seconds from when each was due."""
    loop = asyncio.get_running_loop()
    begun, taken = loop.time(), list[float]()

    async def one(number: int) -> None:
        due = begun + number / PER_SECOND
        await asyncio.sleep(due - loop.time())
        await page(number)
        taken.append(loop.time() - due)

    await asyncio.gather(*(one(number) for number in range(PER_SECOND * SECONDS)))
    return taken


async def _load(installation: Installation, figures: ReportFigures) -> None:
    async with Database.connect(installation.settings.database, 2) as database, _clickhouse(installation, seconds=60) as store:
        load, figures.load = await timed(statistics_loader(installation.settings, database, store).load(yesterday()))
        figures.loaded_shops = load.totals.shops


def _pages(installation: Installation, figures: ReportFigures) -> None:
    """Time whole pages of the web process, requested as a browser does."""
    first_answer(request_of(installation, "/ready"))
    for path, taken in (("by=month", figures.page), ("by=day", figures.page_of_day)):
        for number in range(ROUNDS + 1):
            begun = time.monotonic()
            answer_to(request_of(installation, f"/reports/{number + 1}?range=13m&{path}", accept="text/html"))
            if number:
                taken.append(time.monotonic() - begun)


@contextmanager
def _stats(installation: Installation) -> Iterator[None]:
    with installation.started("stats", [sys.executable, "-m", "faust_app", "stats"]):
        first_answer(Request(f"{installation.environment['STATS_URL']}/ready"))  # noqa: S310 - our own address
        yield


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
