"""Forty kills of the process that owns the store and loads it: no day is ever wrong, and the last run makes all of them right.

Each round changes days of the open month, so that there is something to load again, and kills the process with SIGKILL somewhere in it.
"""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pymysql
import pytest

from devstack.stack import Stack
from faust_app.adapters.clickhouse.daily_statistics import ClickHouseDailyStatistics
from faust_app.adapters.mariadb.daily_counts import MariaDailyCounts
from faust_app.adapters.mariadb.database import Database
from faust_app.core.statistics.calendar import bounds, month_bounds
from faust_app.core.statistics.load import totals_of
from faust_app.settings import Settings
from tests.contracts.statistics.conftest import await_stats, start_stats
from tests.e2e.installation import Installation

KILLS = 40
SHOPS = 300
DAYS = 45
SEED = 14
UNTIL_KILLED = 1.2
"""Seconds after which the process is killed at most, from when it answers: a load of all days takes about as long."""
_LINE = (
    "INSERT INTO image_history (at, shop_no, image_id, version, outcome, bytes, counts_as, bytes_change, took_ms)"
    " VALUES (%s, %s, 'a', 1, 'stored', %s, 'updated', %s, 30)"
)


@pytest.fixture(scope="module")
def kept(install: Callable[..., Settings], stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("killed")
    url = stack.statistics_environment()["CLICKHOUSE_URL"]
    installation = Installation(install(clickhouse_url=url, statistics_dir=folder / "store"), stack, folder)
    write(installation, [(day, shop) for day in days() for shop in range(1, SHOPS + 1)])
    yield installation
    installation.close()


def days() -> list[date]:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    return [yesterday - timedelta(days=n) for n in range(DAYS)]


def write(installation: Installation, places: list[tuple[date, int]]) -> None:
    lines = [(datetime(day.year, day.month, day.day, 12), shop, shop, shop) for day, shop in places]  # noqa: DTZ001 - as the database keeps it
    with pymysql.connect(**installation.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany(_LINE, lines)


@pytest.mark.timeout(600)
async def test_no_kill_leaves_a_day_wrong(kept: Installation, tmp_path: Path) -> None:
    chance, environment = random.Random(SEED), kept.environment()
    for kill in range(KILLS + 1):
        process = start_stats(environment, tmp_path)
        try:
            await_stats(process, kept.settings.statistics_port, tmp_path)
            await every_published_day_is_whole(kept.settings)
            if kill == KILLS:
                await loaded(kept.settings)
                break
            write(kept, [(chance.choice(days()[:3]), chance.randrange(1, SHOPS + 1)) for _ in range(5)])
            with pymysql.connect(**kept.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
                # The night is over anew, and its days are counted again.
                cursor.execute("DELETE FROM job_run WHERE job = 'statistics'")
                cursor.execute("DELETE FROM lease WHERE name LIKE 'statistics%'")
            await asyncio.sleep(chance.random() * UNTIL_KILLED)  # where in the load it dies
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


async def every_published_day_is_whole(settings: Settings) -> None:
    """Check that what is read of each day are the rows that its marker was written for, each shop once."""
    assert settings.clickhouse_url is not None
    async with ClickHouseDailyStatistics.connect(settings.clickhouse_url.get_secret_value()) as store:
        manifest, counted = await store.manifest(), await store.all_totals()
        wrong = {day for day, marker in manifest.items() if not counted[day].matches(marker.totals)}
        assert wrong == set()
        assert all(marker.totals.shops == SHOPS for marker in manifest.values())


async def loaded(settings: Settings) -> None:
    """Wait until all days are loaded as the history has them now, and check each figure of each shop."""
    assert settings.clickhouse_url is not None
    connected = ClickHouseDailyStatistics.connect(settings.clickhouse_url.get_secret_value())
    async with Database.connect(settings.database, 2) as database, connected as store:
        counts = MariaDailyCounts(database, lambda month: month_bounds(month, settings.zone).start)
        until = time.monotonic() + 120
        for day in days():
            snapshot = await counts.snapshot(day, bounds(day, settings.zone), with_balance=day.day == 1)
            while not ((marker := (await store.manifest()).get(day)) and marker.totals.matches(totals_of(snapshot.rows))):
                assert time.monotonic() < until, f"{day} is not what the history says"
                await database.change("DELETE FROM job_run WHERE job = 'statistics'")
                await asyncio.sleep(0.2)
