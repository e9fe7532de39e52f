"""The daily statistics: their store, what loads it, and what reads reports."""

import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as time_of_day
from functools import partial
from typing import Final

import structlog
from pydantic import SecretStr

from faust_app.adapters.clickhouse.daily_statistics import ClickHouseDailyStatistics
from faust_app.adapters.http.webhook import Webhook
from faust_app.adapters.mariadb.alert_counts import MariaFaults
from faust_app.adapters.mariadb.daily_counts import MariaDailyCounts
from faust_app.adapters.mariadb.daily_statistics import MariaDailyStatistics
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.adapters.mariadb.ledger import MariaLedger
from faust_app.adapters.mariadb.statistics_book import MariaStatisticsBook
from faust_app.adapters.mariadb.statistics_runs import MariaStatisticsRuns
from faust_app.adapters.redis.report_cache import RedisReportCache
from faust_app.core.failure import Unavailable
from faust_app.core.statistics.calendar import month_bounds
from faust_app.core.statistics.unavailable import CacheUnavailable, StoreUnavailable
from faust_app.core.text import Place
from faust_app.flows.alerts.report_faults import FaultReporter
from faust_app.flows.maintenance.daily_job import Daily, DailyJob
from faust_app.flows.ports.statistics import ReportCache, StatisticsStore
from faust_app.flows.statistics.desk import StatisticsDesk
from faust_app.flows.statistics.lists import LedgerLists
from faust_app.flows.statistics.load import StatisticsLoader
from faust_app.flows.statistics.load_range import LoadRange
from faust_app.flows.statistics.manifest import KnownLoads
from faust_app.flows.statistics.month_blocks import MonthBlocks
from faust_app.flows.statistics.nightly import NIGHTLY, Months, NightlyStatistics
from faust_app.flows.statistics.read import ReadReports
from faust_app.flows.statistics.task import StatisticsTask
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from faust_app.wiring.common import refuse_misconfigured, utc_now

log = structlog.get_logger()

NIGHT: Final = time_of_day(0, 10)
"""When the nightly job is due, in the platform's zone: `core.statistics.calendar.GRACE` after a day has ended."""
WARMED_SHOPS: Final = 200
READ_SECONDS: Final = 2.0
"""Seconds that reports wait for ClickHouse; beyond it their days are counted from the history, as far as that goes."""
READ_PAUSE: Final = 5.0
"""Seconds for which reports leave it alone after that."""
LOAD_SECONDS: Final = 60.0
"""Seconds that a statement of a load may take."""
_CONNECTIONS: Final = 4


@asynccontextmanager
async def open_store(settings: Settings, database: Database, *, for_reports: bool = False) -> AsyncIterator[StatisticsStore]:
    """Yield the store of the daily figures: ClickHouse, or without one the database itself.

    Who reads reports waits for ClickHouse for READ_SECONDS at most, and not at all while it hangs; a load has LOAD_SECONDS for
    each statement.
    """
    if settings.clickhouse_url is None:
        yield MariaDailyStatistics(database)
        return
    async with open_clickhouse(settings.clickhouse_url, for_reports=for_reports) as store:
        yield store


def open_clickhouse(address: SecretStr, *, for_reports: bool) -> AbstractAsyncContextManager[ClickHouseDailyStatistics]:
    """Return the context of a store in ClickHouse, as `open_store` opens it."""
    seconds, pause = (READ_SECONDS, READ_PAUSE) if for_reports else (LOAD_SECONDS, 0.0)
    return ClickHouseDailyStatistics.connect(address.get_secret_value(), seconds=seconds, pause=pause)


@asynccontextmanager
async def open_cache(settings: Settings) -> AsyncIterator[ReportCache | None]:
    """Yield the cache of reports, None without one. Raises CacheMisconfigured when it does not let us in."""
    if settings.redis_url is None:
        yield None
        return
    async with RedisReportCache.connect(settings.redis_url.get_secret_value(), settings.redis_ca) as cache:
        await refuse_misconfigured(cache.probe)
        yield cache


def daily_counts(settings: Settings, database: Database) -> MariaDailyCounts:
    """Return what counts the history by the platform's days."""

    def start_of(month: date) -> datetime:
        return month_bounds(month, settings.zone).start

    return MariaDailyCounts(database, start_of)


def statistics_loader(settings: Settings, database: Database, store: StatisticsStore) -> StatisticsLoader:
    """Return what loads days."""
    counts, book = daily_counts(settings, database), MariaStatisticsBook(database)
    return StatisticsLoader(counts, store, book, zone=settings.zone, clock=database)


def read_reports(settings: Settings, database: Database, store: StatisticsStore, cache: ReportCache | None) -> ReadReports:
    """Return what reads reports."""
    known = KnownLoads(store, MariaStatisticsBook(database), zone=settings.zone, seconds=time.monotonic)
    counts, blocks = daily_counts(settings, database), MonthBlocks(store, cache)
    return ReadReports(known, blocks, counts, store, cache=cache, zone=settings.zone, now=utc_now)


def statistics_desk(settings: Settings, database: Database, store: StatisticsStore) -> StatisticsDesk:
    """Return what operators see of the statistics."""
    loader, book = statistics_loader(settings, database, store), MariaStatisticsBook(database)
    return StatisticsDesk(loader, store, book, runs=MariaStatisticsRuns(database), jobs=MariaJobRuns(database))


def ledger_lists(settings: Settings, database: Database, reports: ReadReports) -> LedgerLists:
    """Return the lists of images behind the figures."""
    return LedgerLists(reports, MariaLedger(database), settings.zone)


@dataclass(frozen=True, slots=True)
class StatisticsParts:
    """What the process `stats` runs."""

    database: Database
    store: StatisticsStore
    task: StatisticsTask
    faults: FaultReporter


@asynccontextmanager
async def open_statistics(settings: Settings, metrics: Metrics) -> AsyncIterator[StatisticsParts]:
    """Connect and assemble. Raises Misconfigured and CacheMisconfigured; what is unavailable is connected to when first used."""
    process = f"{socket.gethostname()[:60]}:{os.getpid()}:stats"
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database.connect(settings.database, _CONNECTIONS, metrics))
        await refuse_misconfigured(database.now)
        store = await stack.enter_async_context(open_store(settings, database))
        cache = await stack.enter_async_context(open_cache(settings))
        messenger = await stack.enter_async_context(Webhook(settings)) if settings.alert_webhook_url else None
        place = Place(settings.zone, settings.web_public_url)
        faults = FaultReporter(MariaFaults(database), messenger, metrics, worker=process, place=place, seconds=time.monotonic, now=utc_now)
        loader, book = statistics_loader(settings, database, store), MariaStatisticsBook(database)
        nightly = NightlyStatistics(
            loader, daily_counts(settings, database), store, book,
            alerts=faults, months=Months(settings.zone, settings.statistics_close_day),
            warm=partial(_warm, cache, lambda: read_reports(settings, database, store, cache)),
        )  # fmt: skip
        job = DailyJob(NIGHTLY, nightly.run, MariaJobRuns(database), Daily(settings.zone, NIGHT, process), metrics, clock=database)
        task = StatisticsTask(
            nightly, job.run_pass, LoadRange(loader), MariaStatisticsRuns(database), alerts=faults, seconds=time.monotonic
        )
        yield StatisticsParts(database, store, task, faults)


async def _warm(cache: ReportCache | None, reports: Callable[[], ReadReports]) -> None:
    """Read the reports that were looked at most into the cache. Without the cache there is nothing to warm."""
    if cache is not None:
        try:
            await reports().warm(await cache.most_viewed(WARMED_SHOPS))
        except (CacheUnavailable, StoreUnavailable, Unavailable) as failure:
            log.info("reports are not warmed", reason=str(failure))  # whoever asks first reads the store
