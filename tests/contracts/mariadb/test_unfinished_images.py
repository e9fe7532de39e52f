"""Counting and listing unfinished rows, over the fake and the database alike; and by which index the database does it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from faust_app.adapters.mariadb import unfinished_images as stalled_rows
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.unfinished_images import MariaStalledRows
from faust_app.core.failure import FailureCode
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import Failed
from faust_app.core.images.row import ImageRow
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.positions import Position
from faust_app.core.monitoring.unfinished import Positions, RowCounts
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.ports.images import ImageRepository, StalledRows
from faust_app.settings import Settings
from tests.factories import NOW, make_request
from tests.fakes.clock import clock_of
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.stalled_rows import FakeStalledRows

DAY = timedelta(days=1)
AT_ONCE = timedelta(0)
SOON = timedelta(seconds=20)


@dataclass
class Rows:
    repository: ImageRepository
    stalled: StalledRows

    async def counts(self, stalled_after: timedelta, shop_no: int | None) -> tuple[datetime, RowCounts]:
        now = await clock_of(self.repository).now()
        return now, await self.stalled.counts(now, stalled_after, shop_no)

    async def accepted(self, shop_no: int, image_id: str, *, lease: timedelta = SOON) -> ImageRow:
        request = make_request(shop_no, image_id)
        (decision,) = await self.repository.change([request.key], lambda locked: decide([request], locked, IntakeTerms(lease)), create=True)
        return decision.row

    async def published(self, shop_no: int, image_id: str, topic: str, offset: int) -> ImageRow:
        row = await self.accepted(shop_no, image_id)
        await self.repository.mark_published([(row, Position(topic, 3, offset))])
        return row

    async def failed(self, shop_no: int, image_id: str) -> None:
        row = await self.accepted(shop_no, image_id)

        def fail(locked: Locked) -> tuple[Changes, None]:
            changes = Changes()
            outcome = Failed(row, FailureCode.SOURCE_GONE, "gone")
            changes.take(settle(locked.rows[row.key], outcome, now=locked.now, replaced_grace=DAY), attempt=0)
            return changes, None

        await self.repository.change([row.key], fail)


@pytest.fixture(params=["fake", "mariadb"])
async def rows(request: pytest.FixtureRequest) -> AsyncIterator[Rows]:
    if request.param == "fake":
        fake = FakeImageRepository()
        yield Rows(fake, FakeStalledRows(fake))
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 8) as database:
        yield Rows(MariaImageRepository(database), MariaStalledRows(database))


def ids(found: list[ImageRow]) -> list[bytes]:
    return [row.image_id for row in found]


async def test_the_rows_of_a_shop_are_counted_by_where_they_stand(rows: Rows, shop_no: int) -> None:
    await rows.accepted(shop_no, "waiting")
    due = await rows.accepted(shop_no, "due", lease=AT_ONCE)
    await rows.published(shop_no, "queued", f"topic-{shop_no}", 5)
    await rows.failed(shop_no, "failed")
    now, counts = await rows.counts(DAY, shop_no)
    assert (counts.scheduled, counts.due, counts.overdue, counts.placed, counts.failed) == (2, 1, 0, 1, 1)
    assert counts.next_due == due.scheduled_at
    assert counts.oldest_open is not None
    assert counts.oldest_open <= now
    assert (counts.old, (await rows.counts(AT_ONCE, shop_no))[1].old) == (0, 3)
    everything = (await rows.counts(DAY, None))[1]
    assert everything.failed >= 1
    assert everything.placed >= 1


async def test_a_shop_without_unfinished_rows_has_none(rows: Rows, shop_no: int) -> None:
    assert not await rows.stalled.knows_shop(shop_no)
    _, counts = await rows.counts(DAY, shop_no)
    assert counts == RowCounts()
    await rows.failed(shop_no, "a")
    assert await rows.stalled.knows_shop(shop_no)


async def test_each_kind_is_listed_in_its_order(rows: Rows, shop_no: int) -> None:
    topic = f"topic-{shop_no}"
    for number in range(3):
        await rows.published(shop_no, f"q{number}", topic, 9 - number)
        await rows.accepted(shop_no, f"w{number}", lease=timedelta(seconds=60 - number))
        await rows.failed(shop_no, f"f{number}")
    stalled = rows.stalled
    assert ids(await stalled.queued([Positions((topic, 3), 0, 99)], shop_no, 10)) == [b"q0", b"q1", b"q2"]
    assert ids(await stalled.scheduled(shop_no, 10)) == [b"w2", b"w1", b"w0"]
    assert sorted(ids(await stalled.failed(shop_no, 10))) == [b"f0", b"f1", b"f2"]
    assert ids(await stalled.old(await far_ahead(rows), shop_no, 3)) == [b"q0", b"w0", b"q1"]
    assert len(await stalled.scheduled(shop_no, 2)) == 2


async def test_queued_rows_are_listed_from_their_positions_on_as_many_as_there_are(rows: Rows, shop_no: int) -> None:
    long, short, places = f"long-{shop_no}", f"short-{shop_no}", []
    for topic, count in ((long, 9), (short, 2)):
        places.append(Positions((topic, 3), 1, 99))
        for offset in range(count):
            await rows.published(shop_no, f"{topic}-{offset}", topic, offset)
    places.append(Positions((f"empty-{shop_no}", 3), 0, 99))
    queued = rows.stalled.queued
    assert ids(await queued(places, shop_no, 9)) == [*(f"{long}-{n}".encode() for n in range(1, 9)), f"{short}-1".encode()]
    assert len(await queued(places, shop_no, 4)) == 4
    assert ids(await queued([Positions((long, 3), 8, 9)], None, 9)) == [f"{long}-8".encode()]
    assert await queued(places, shop_no + 1, 9) == []
    assert await queued([], shop_no, 9) == []


async def far_ahead(rows: Rows) -> datetime:
    return await clock_of(rows.repository).now() + DAY


async def test_lost_rows_are_counted_and_listed_in_ranges_of_positions(rows: Rows, shop_no: int) -> None:
    topic = f"topic-{shop_no}"
    for offset in range(6):
        await rows.published(shop_no, f"i{offset}", topic, offset)
    assert (await rows.stalled.tops())[topic, 3] == 5
    where = [Positions((topic, 3), 0, 2), Positions((topic, 3), 5, 99), Positions((topic, 1), 0, 99)]
    now, counts = await rows.counts(DAY, shop_no)
    counted, lost = await rows.stalled.lost(where, counts, now - DAY, shop_no, 10)
    assert (counted.lost, counted.lost_young, sorted(ids(lost))) == (3, 3, [b"i0", b"i1", b"i5"])
    assert len((await rows.stalled.lost(where, counts, now - DAY, shop_no, 2))[1]) == 2
    assert (await rows.stalled.lost(where, counts, now - DAY, shop_no + 1, 10))[0].lost == 0
    assert await rows.stalled.lost([], counts, now - DAY, shop_no, 10) == (counts, [])


async def test_a_lost_row_that_is_old_too_is_known_as_such(rows: Rows, shop_no: int) -> None:
    await rows.published(shop_no, "a", f"topic-{shop_no}", 0)
    now, counts = await rows.counts(AT_ONCE, shop_no)
    counted, _ = await rows.stalled.lost([Positions((f"topic-{shop_no}", 3), 0, 9)], counts, now, shop_no, 10)
    assert (counted.old, counted.lost, counted.lost_young, counted.stalled) == (1, 1, 0, 1)


async def test_beyond_some_thousand_lost_rows_the_least_possible_is_counted(
    settings: Settings, shop_no: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalled_rows, "READ_AT_MOST", 1)
    async with Database.connect(settings.database, 8) as database:
        rows = Rows(MariaImageRepository(database), MariaStalledRows(database))
        for offset in range(3):
            await rows.published(shop_no, f"i{offset}", f"topic-{shop_no}", offset)
        now, counts = await rows.counts(DAY, shop_no)
        where = [Positions((f"topic-{shop_no}", 3), 0, 9)]
        counted, _ = await rows.stalled.lost(where, replace(counts, old=2), now, shop_no, 10)
    assert (counted.lost, counted.lost_young, counted.stalled) == (3, 1, 3)


COUNTS = {
    "tops": (stalled_rows.TOPS, (), "by_position"),
    "scheduled": (stalled_rows.SCHEDULED, (NOW, NOW), "by_scheduled"),
    "placed": (stalled_rows.PLACED, (), "by_position"),
    "old": (stalled_rows.OLD, (NOW,), "by_open_since"),
    "oldest": (stalled_rows.OLDEST, (), "by_open_since"),
    "failed": (stalled_rows.FAILED, (), "by_state"),
    "lost": (stalled_rows.LOST, ("bulk", 3, 0, 9), "by_position"),
}
LISTS = {
    "lost, queued": (stalled_rows.LIST_PLACED, ("bulk", 3, 0, 9), "by_position"),
    "old": (stalled_rows.LIST_OLD, (NOW,), "by_open_since"),
    "scheduled": (stalled_rows.LIST_SCHEDULED, (), "by_scheduled"),
    "failed": (stalled_rows.LIST_FAILED, (), "by_state"),
}


async def fill(database: Database) -> None:
    """Write many finished rows and few others."""
    await add(database, 1, 20_000, state="'DONE'")
    await add(database, 2, 50, state="'FAILED'")
    await add(
        database, 3, 50, state="'IN_PROGRESS'", open_since="UTC_TIMESTAMP(6)", scheduled_at="UTC_TIMESTAMP(6)", schedule_reason="'retry'"
    )
    position = {"topic": "'bulk'", "`partition`": "3", "`offset`": "seq"}
    await add(database, 4, 50, state="'IN_PROGRESS'", open_since="UTC_TIMESTAMP(6)", **position)
    await database.rows("ANALYZE TABLE image")


async def add(database: Database, shop_no: int, count: int, **values: str) -> None:
    names = "shop_no, image_id, version, op, requested_at, updated_at, " + ", ".join(values)
    select = f"{shop_no}, seq, 1, 'update', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), " + ", ".join(values.values())
    await database.change(f"INSERT IGNORE INTO image ({names}) SELECT {select} FROM seq_1_to_{count}")  # noqa: S608 - our own text


@pytest.mark.parametrize("shop", [None, 4], ids=["all shops", "one shop"])
async def test_finished_rows_are_never_read(install: Callable[..., Settings], shop: int | None) -> None:
    settings = install()
    async with Database.connect(settings.database, 2) as database:
        await fill(database)
        of_shop = "" if shop is None else " AND shop_no = %s"
        extra: tuple[int, ...] = () if shop is None else (shop,)
        for sql, parameters, index in COUNTS.values():
            extra_of = extra if "{shop}" in sql else ()
            plan = (await database.rows("EXPLAIN " + sql.format(shop=of_shop), (*parameters, *extra_of)))[0]
            assert plan[5] == index, plan
            assert plan[3] in {"range", "ref"}, plan
            assert int(plan[8]) < 1000, plan
            assert "Using index" in plan[9], plan
        for sql, parameters, index in LISTS.values():
            plan = (await database.rows("EXPLAIN " + sql.format(shop=of_shop), (*parameters, *extra, 100)))[0]
            assert plan[5] == index, plan
            assert plan[3] in {"range", "ref"}, plan
            assert int(plan[8]) < 1000, plan
            assert "filesort" not in plan[9], plan
