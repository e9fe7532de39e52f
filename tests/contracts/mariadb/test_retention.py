"""Months, tombstones and workers that are too old, for the fakes and for MariaDB alike; and what keeps intake going meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pymysql
import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.growth import MariaTableSizes
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.job_runs import MariaJobRuns
from faust_app.adapters.mariadb.retention import TOMBSTONES_BEFORE, MariaHistoryMonths, MariaOldRows
from faust_app.cli.check_sizes import check_sizes
from faust_app.core.images.changes import Changes
from faust_app.core.images.outcome import HistoryEntry, Removed
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.core.maintenance.retention import KEPT, LIMITS, REPORTS, TOMBSTONES, Month, months_ahead
from faust_app.core.messages.events import Op
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.images.settle import settle_all
from faust_app.flows.maintenance.retention import KeepLimits
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.maintenance import OldRows
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from tests.factories import LEASE, make_request
from tests.fakes.clock import clock_of
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.limits import FakeOldRows

DAY = timedelta(days=1)


@dataclass
class Tombs:
    repository: ImageRepository
    old: OldRows

    async def accept(self, shop_no: int, *image_ids: str, op: Op = Op.REGISTER) -> list[ImageRow]:
        requests = [make_request(shop_no, image_id, op=op) for image_id in image_ids]
        decisions = await self.repository.change(
            [r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True
        )
        return [decision.row for decision in decisions]

    async def delete(self, shop_no: int, *image_ids: str) -> list[ImageRow]:
        rows = await self.accept(shop_no, *image_ids, op=Op.DELETE)
        removed = [Removed(row) for row in rows]
        await self.repository.change([row.key for row in rows], lambda locked: settle_all(removed, locked, timedelta(0)))
        return rows

    async def left(self, rows: list[ImageRow]) -> list[bytes]:
        return sorted(image_id for _, image_id in await self.repository.load([row.key for row in rows]))


@pytest.fixture(scope="module")
def limits_settings(install: Callable[..., Settings]) -> Settings:
    return install()


@pytest.fixture
async def database(limits_settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(limits_settings.database, 8) as database:
        for table in ("image", "image_history", "garbage", "job_run", "worker"):
            await database.change(f"DELETE FROM {table}")  # noqa: S608 - our own names
        yield database


@pytest.fixture(params=["fake", "mariadb"])
def tombs(request: pytest.FixtureRequest) -> Tombs:
    if request.param == "fake":
        fake = FakeImageRepository()
        return Tombs(fake, FakeOldRows(fake))
    database = request.getfixturevalue("database")
    return Tombs(MariaImageRepository(database), MariaOldRows(database))


# Tombstones


async def test_tombstones_go_by_the_time_of_their_deletion_some_at_once(tombs: Tombs, shop_no: int) -> None:
    rows = await tombs.delete(shop_no, *(f"i{n}" for n in range(5)))
    between = await clock_of(tombs.repository).now()
    rows += await tombs.delete(shop_no, "young")
    rows += await tombs.accept(shop_no, "open")
    assert await tombs.old.purge_tombstones(between, 3) == 3
    assert await tombs.old.purge_tombstones(between, 3) == 2
    assert await tombs.old.purge_tombstones(between, 3) == 0
    assert await tombs.left(rows) == [b"open", b"young"]


async def test_an_image_that_returned_is_no_tombstone_whatever_becomes_of_it(tombs: Tombs, shop_no: int) -> None:
    deleted = await tombs.delete(shop_no, "again", "deleted twice")
    await tombs.accept(shop_no, "again", "deleted twice")
    between = await clock_of(tombs.repository).now()
    await tombs.delete(shop_no, "deleted twice")
    assert await tombs.old.purge_tombstones(between, 100) == 0
    assert len(await tombs.left(deleted)) == 2


async def test_who_registers_a_purged_image_again_gets_a_higher_version(tombs: Tombs, shop_no: int) -> None:
    (old,) = await tombs.delete(shop_no, "a")
    assert await tombs.old.purge_tombstones(await clock_of(tombs.repository).now(), 100) == 1
    (new,) = await tombs.accept(shop_no, "a")
    assert (new.version > old.version, new.op) == (True, Op.REGISTER)


async def test_an_image_that_returns_while_its_tombstone_is_purged_is_kept(
    database: Database, limits_settings: Settings, shop_no: int
) -> None:
    tombs = Tombs(MariaImageRepository(database), MariaOldRows(database))
    rows = await tombs.delete(shop_no, "a", "b")
    now = await clock_of(tombs.repository).now()
    with pymysql.connect(**limits_settings.database) as returning, returning.cursor() as cursor:
        cursor.execute(
            "UPDATE image SET version = version + 1, state = 'IN_PROGRESS', deleted_at = NULL WHERE shop_no = %s AND image_id = 'a'",
            (shop_no,),
        )
        purge = asyncio.create_task(tombs.old.purge_tombstones(now, 100))
        await waits_for_a_lock(database)
        returning.commit()
    assert await purge == 1
    assert await tombs.left(rows) == [b"a"]


async def waits_for_a_lock(database: Database) -> None:
    async with asyncio.timeout(5):
        while not await database.rows("SELECT 1 FROM information_schema.PROCESSLIST WHERE INFO LIKE 'DELETE image%%' AND TIME_MS > 100"):
            await asyncio.sleep(0.02)


async def test_intake_and_purge_of_the_same_images_end_well_together(database: Database, shop_no: int) -> None:
    tombs = Tombs(MariaImageRepository(database), MariaOldRows(database))
    names = [f"i{n:03}" for n in range(200)]
    old = {row.key: row.version for row in await tombs.delete(shop_no, *names)}
    now = await clock_of(tombs.repository).now()
    purging = asyncio.gather(*(tombs.old.purge_tombstones(now, 40) for _ in range(6)))
    await asyncio.gather(tombs.accept(shop_no, *names), purging, tombs.accept(shop_no, *reversed(names)))
    rows = await tombs.repository.load(list(old))
    assert len(rows) == 200
    assert all(row.state is ImageState.IN_PROGRESS and row.version > old[key] for key, row in rows.items())


async def test_old_tombstones_are_a_range_of_their_index(database: Database, shop_no: int) -> None:
    tombs = Tombs(MariaImageRepository(database), MariaOldRows(database))
    await tombs.accept(shop_no, *(f"i{n}" for n in range(500)))
    await tombs.delete(shop_no, "a", "b")
    ((_, _, table, kind, _, key, *_),) = await database.rows(f"EXPLAIN {TOMBSTONES_BEFORE}", (await clock_of(tombs.repository).now(), 10))
    assert (table, kind, key) == ("image", "range", "by_deleted")


async def test_workers_that_were_not_seen_are_forgotten(database: Database) -> None:
    for name, days in (("old", 91), ("young", 1)):
        sql = (
            "INSERT INTO worker (name, version, started_at, seen_at)"
            " SELECT %s, '1', at, at FROM (SELECT UTC_TIMESTAMP(6) - INTERVAL %s DAY at) x"
        )
        await database.change(sql, (name, days))
    now = await database.now()
    assert await MariaOldRows(database).forget_workers(now - 90 * DAY, 10) == 1
    assert await database.rows("SELECT name FROM worker") == (("young",),)


async def test_records_of_sources_that_nobody_met_are_forgotten(database: Database) -> None:
    for host, days in (("old.test", 31), ("young.test", 29)):
        sql = "INSERT INTO source_host (host, shop_no, updated_at) SELECT %s, 0, UTC_TIMESTAMP(6) - INTERVAL %s DAY"
        await database.change(sql, (host, days))
    now = await database.now()
    assert await MariaOldRows(database).forget_sources(now - 30 * DAY, 10) == 1
    assert await database.rows("SELECT host FROM source_host WHERE host LIKE %s", ("%.test",)) == (("young.test",),)


async def test_runs_of_daily_jobs_are_forgotten_by_the_day_they_began(database: Database) -> None:
    for days in (91, 89):
        at = await database.now() - days * DAY
        sql = "INSERT INTO job_run (job, local_date, started, finished) VALUES ('job', %s, %s, %s)"
        await database.change(sql, (at.date(), at, at))
    now = await database.now()
    assert [await MariaOldRows(database).forget_runs(now - REPORTS, 10) for _ in range(2)] == [1, 0]
    assert await database.rows("SELECT COUNT(*) FROM job_run") == ((1,),)


# Months


async def entry(database: Database, at: datetime) -> None:
    await MariaImageRepository(database).change([], lambda _: (Changes(history=[HistoryEntry((1, b"a"), at, 1, "stored")]), None))


async def test_months_are_added_ahead_and_dropped_with_their_rows(database: Database, shop_no: int) -> None:
    now = await database.now()
    months = MariaHistoryMonths(database)
    before = await months.names()
    await entry(database, now)
    limits = KeepLimits(months, MariaOldRows(database), MariaTableSizes(database), Metrics())
    later = (now + 16 * timedelta(days=31)).date()
    assert await limits._keep_months(later)
    names = await months.names()
    assert before[0] not in names
    assert {month.name for month in months_ahead(later)} <= set(names)
    assert await database.rows("SELECT COUNT(*) FROM image_history") == ((0,),)
    await entry(database, now)
    assert await database.rows("SELECT COUNT(*) FROM image_history") == ((1,),), "and whatever comes has a place"


async def test_a_history_that_is_in_use_is_left_alone_and_settles_go_on(database: Database, limits_settings: Settings) -> None:
    months = MariaHistoryMonths(database, wait_seconds=1)
    before = await months.names()
    now = await database.now()
    month = Month("m209912", date(2100, 1, 1))
    with pymysql.connect(**limits_settings.database) as backup, backup.cursor() as cursor:
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        cursor.execute("SELECT COUNT(*) FROM image_history")
        tried, _ = await asyncio.gather(months.add(month), entry(database, now))
        assert (tried, await months.drop(before[0])) == (False, False)
        await entry(database, now)
        assert await months.names() == before
    assert await months.add(month)
    assert await months.drop(month.name)
    assert await months.names() == before


async def test_rows_past_the_last_month_are_seen(database: Database) -> None:
    months = MariaHistoryMonths(database)
    assert not await months.overflows()
    await entry(database, datetime(2090, 1, 1))  # noqa: DTZ001 - UTC without a zone
    assert await months.overflows()
    await database.change("DELETE FROM image_history WHERE at > '2089-01-01'")


# Sizes


async def test_every_table_has_a_limit_that_is_written_down(database: Database) -> None:
    sizes = await MariaTableSizes(database).read()
    assert {size.table for size in sizes} == set(KEPT)


async def test_sizes_and_growth_are_told_from_the_run_before(database: Database, shop_no: int) -> None:
    tombs, runs = Tombs(MariaImageRepository(database), MariaOldRows(database)), MariaJobRuns(database)
    sizes = MariaTableSizes(database)
    first = await check_sizes(sizes, runs, database)
    assert (first.since, {table.rows_a_day for table in first.tables}) == (None, {None})
    assert first.lines()[-1].endswith("growth is shown from the second day on; rows of image_history are an estimate")
    now = await clock_of(tombs.repository).now()
    await entry(database, now)
    result = await KeepLimits(MariaHistoryMonths(database), MariaOldRows(database), sizes, Metrics()).run(now, None)
    assert result is not None
    assert await runs.hold(LIMITS, now.date(), "me")
    assert await runs.finish(LIMITS, now.date(), "me", result)
    await database.change("UPDATE job_run SET finished = finished - INTERVAL 1 DAY WHERE job = %s", (LIMITS,))
    await tombs.accept(shop_no, *(f"i{n}" for n in range(40)))
    await tombs.delete(shop_no, "gone")
    for _ in range(30):
        await entry(database, now)
    report = await check_sizes(sizes, runs, database)
    grown = {table.size.table: table.rows_a_day for table in report.tables}
    assert (grown["image"], grown["image (tombstones)"], grown["image_history"]) == (41, 1, 31)
    described = report.as_json()["tables"]
    assert isinstance(described, list)
    (image,) = [table for table in described if table["table"] == "image"]
    assert (image["rows_a_day"], image["kept"], image["bytes"] > 0, image["bytes_a_day"] > 0) == (41, "until deleted", True, True)
    assert any(line.split()[:1] == ["image_history"] and "+31" in line for line in report.lines())


async def test_a_whole_run_on_the_real_tables_purges_and_leaves_sizes(database: Database, shop_no: int) -> None:
    tombs = Tombs(MariaImageRepository(database), MariaOldRows(database))
    rows = await tombs.delete(shop_no, "a", "b") + await tombs.accept(shop_no, "c")
    await database.change("DELETE FROM garbage")
    await database.change("UPDATE image SET deleted_at = deleted_at - INTERVAL %s SECOND", (TOMBSTONES.total_seconds() + 1,))
    limits = KeepLimits(MariaHistoryMonths(database), MariaOldRows(database), MariaTableSizes(database), Metrics())
    result = await limits.run(await clock_of(tombs.repository).now(), None)
    assert result is not None
    assert result.found["months_kept"] is True
    assert await tombs.left(rows) == [b"c"]
    assert replace((await tombs.repository.load([rows[2].key]))[rows[2].key], updated_at=None) == replace(rows[2], updated_at=None)
