"""The statistics stores side by side: the database, and an embedded ClickHouse behind the process `stats`."""

import itertools
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from devstack.stack import Stack
from faust_app.adapters.clickhouse.daily_statistics import ClickHouseDailyStatistics
from faust_app.adapters.mariadb.daily_statistics import MariaDailyStatistics
from faust_app.adapters.mariadb.database import Database
from faust_app.flows.ports.statistics import StatisticsStore
from faust_app.settings import Settings
from tests.e2e.installation import CLONE, Installation
from tests.fakes.statistics_store import FakeStatisticsStore

_LIMIT = 60.0
_database = itertools.count(1)


@pytest.fixture(scope="session")
def stats_address(install: Callable[..., Settings], stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a process `stats` on an installation of its own, which has nothing to load."""
    environment = stack.statistics_environment()
    settings = install(clickhouse_url=environment["CLICKHOUSE_URL"], statistics_dir=tmp_path_factory.mktemp("stats") / "store")
    folder = tmp_path_factory.mktemp("stats-log")
    process = start_stats(Installation(settings, stack, folder).environment(), folder)
    try:
        await_stats(process, settings.statistics_port, folder)
        yield environment["CLICKHOUSE_URL"]
    finally:
        process.terminate()
        process.wait(30)


def start_stats(environment: dict[str, str], folder: Path) -> "subprocess.Popen[bytes]":
    with (folder / "stats.log").open("ab") as log:
        command = [sys.executable, "-m", "faust_app", "stats"]
        return subprocess.Popen(command, env=environment | {"PYTHONPATH": str(CLONE)}, stdout=log, stderr=log, cwd=folder)


def await_stats(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    until = time.monotonic() + _LIMIT
    while True:
        assert process.poll() is None, (folder / "stats.log").read_text()[-2000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=5):
                return
        except (OSError, urllib.error.HTTPError):
            assert time.monotonic() < until, (folder / "stats.log").read_text()[-2000:]
            time.sleep(0.05)


@pytest.fixture(scope="session")
def statistics_settings(install: Callable[..., Settings]) -> Settings:
    """An installation whose history is that of one test at a time."""
    return install()


@pytest.fixture
async def database(statistics_settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(statistics_settings.database, 8) as database:
        for table in (
            "image", "image_history", "stored_balance", "statistics_month", "statistics_correction", "statistics_run",
            "shop_stats_daily", "stats_load",
        ):  # fmt: skip
            await database.change(f"DELETE FROM {table}")  # noqa: S608 - our own names
        await database.change("UPDATE statistics_state SET zone = NULL")
        yield database


@pytest.fixture(params=["fake", "mariadb", "clickhouse"])
def any_store(request: pytest.FixtureRequest) -> StatisticsStore:
    """Every implementation of the port."""
    return FakeStatisticsStore() if request.param == "fake" else request.getfixturevalue(f"{request.param}_store")


@pytest.fixture(params=["mariadb", "clickhouse"])
def store(request: pytest.FixtureRequest) -> StatisticsStore:
    """The real ones."""
    return request.getfixturevalue(f"{request.param}_store")  # type: ignore[no-any-return]


@pytest.fixture
def mariadb_store(database: Database) -> StatisticsStore:
    return MariaDailyStatistics(database)


@pytest.fixture
async def clickhouse_store(stats_address: str) -> AsyncIterator[StatisticsStore]:
    async with ClickHouseDailyStatistics.connect(await own_database(stats_address)) as store:
        await store.prepare()
        yield store


async def own_database(address: str) -> str:
    """Return the address of a new database of the store."""
    name = f"t{next(_database)}"
    async with ClickHouseDailyStatistics.connect(address) as admin:
        await admin._command(f"CREATE DATABASE {name}")
    return address.rpartition("/")[0] + f"/{name}"
