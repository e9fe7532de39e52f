"""Images that are in progress for long, and rescues, for the fake and for MariaDB alike; and the indexes they are read by."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_queries import NEWEST_OF, PAGE_OF_OPEN, PAGE_OF_RESCUES, MariaImageCounts, MariaOpenImages
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.cli.status import count_images
from faust_app.core.images.changes import Changes
from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.ports.images import ImageRepository, OpenImages
from faust_app.settings import Settings
from tests.factories import LEASE, make_request
from tests.fakes.clock import clock_of
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.open_images import FakeOpenImages


@dataclass
class Images:
    repository: ImageRepository
    open: OpenImages

    async def accept(self, shop_no: int, *image_ids: str) -> list[ImageRow]:
        requests = [make_request(shop_no, image_id) for image_id in image_ids]
        decisions = await self.repository.change(
            [r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True
        )
        return [decision.row for decision in decisions]

    async def write(self, *entries: HistoryEntry) -> None:
        await self.repository.change([], lambda _: (Changes(history=list(entries)), None))

    async def pages(self, before: datetime, shop_no: int, limit: int) -> list[list[ImageRow]]:
        found, after = [], None
        while rows := await self.open.opened_before(before, after, limit):
            found.append([row for row in rows if row.shop_no == shop_no])
            after = rows[-1]
        return found


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 4) as database:
        yield database


@pytest.fixture(params=["fake", "mariadb"])
def images(request: pytest.FixtureRequest) -> Images:
    if request.param == "fake":
        fake = FakeImageRepository()
        return Images(fake, FakeOpenImages(fake))
    database = request.getfixturevalue("database")
    return Images(MariaImageRepository(database), MariaOpenImages(database, page=3))


async def test_pages_hold_every_open_row_once_oldest_first(images: Images, shop_no: int) -> None:
    rows = await images.accept(shop_no, *(f"i{n:02}" for n in range(7)))
    rows += await images.accept(shop_no, "later", "á")
    now = await clock_of(images.repository).now()
    pages = await images.pages(now, shop_no, 3)
    found = [row.key for page in pages for row in page]
    assert found == [*sorted(row.key for row in rows[:7]), *sorted(row.key for row in rows[7:])]
    opened = rows[0].open_since
    assert opened is not None
    assert [row for page in await images.pages(opened, shop_no, 3) for row in page] == []


async def test_rescues_are_counted_by_shop_over_every_page_of_the_history(images: Images, shop_no: int) -> None:
    now = await clock_of(images.repository).now()
    entries = [HistoryEntry((shop_no, b"a"), now - timedelta(minutes=n), 1, "rescued" if n % 2 else "stored") for n in range(20, 0, -1)]
    await images.write(*entries, HistoryEntry((shop_no + 500_000, b"a"), now, 1, "rescued"))
    assert (await images.open.rescued_since(now - timedelta(minutes=7))).get(shop_no) == 3
    found = await images.open.rescued_since(now - timedelta(hours=2))
    assert (found.get(shop_no), found.get(shop_no + 500_000)) == (10, 1)
    assert (await images.open.rescued_since(now)).get(shop_no) is None


async def explained(database: Database, sql: str, *parameters: object) -> dict[str, object]:
    ((plan,),) = await database.rows(f"EXPLAIN FORMAT=JSON {sql}", parameters)
    text = json.dumps(json.loads(plan))
    table = text[text.index('"table": {') + len('"table": ') :]
    return dict(json.JSONDecoder().raw_decode(table)[0])


async def test_open_rows_and_rescues_are_ranges_of_an_index(database: Database, settings: Settings) -> None:
    images = Images(MariaImageRepository(database), MariaOpenImages(database))
    await images.accept(5, *(f"e{n}" for n in range(300)))
    now = await clock_of(images.repository).now()
    start = now - timedelta(days=9)
    plan = await explained(database, PAGE_OF_OPEN, start, now, start, 1, 1, b"a", 100)
    assert (plan["access_type"], plan["key"]) == ("range", "by_open_since")
    await images.write(*(HistoryEntry((5, b"e"), now, n, "stored") for n in range(2000)))
    plan = await explained(database, PAGE_OF_RESCUES, 1, 50, now - timedelta(days=1))
    assert (plan["access_type"], plan["key"]) == ("range", "PRIMARY")
    assert await rows_read(database, NEWEST_OF, 2**63 - 1) < 50, "the newest row is found, not searched for"


async def rows_read(database: Database, sql: str, *parameters: object) -> int:
    async def unit(session: Session) -> int:
        before = await _read_so_far(session)
        await session.rows(sql, parameters)
        return await _read_so_far(session) - before

    return await database.run(unit)


async def _read_so_far(session: Session) -> int:
    return sum(int(value) for _, value in await session.rows("SHOW SESSION STATUS LIKE 'Handler_read%%'"))


async def test_a_shops_images_are_counted_apart_from_those_of_others(database: Database, shop_no: int) -> None:
    repository, counts = MariaImageRepository(database), MariaImageCounts(database)
    images = Images(repository, MariaOpenImages(database))
    before, _ = await counts.due()
    await images.accept(shop_no, "a", "b")
    await images.accept(shop_no + 1, "c")
    assert await counts.due(shop_no) == (0, min(row.open_since for row in (await rows_of(repository, shop_no)) if row.open_since))
    await database.change("UPDATE image SET scheduled_at = UTC_TIMESTAMP(6) WHERE shop_no = %s AND image_id IN ('a', 'b')", (shop_no,))
    await database.change("UPDATE image SET open_since = open_since - INTERVAL 9 DAY WHERE shop_no = %s", (shop_no + 1,))
    assert [(await counts.due(shop))[0] for shop in (shop_no, shop_no + 1, shop_no + 2)] == [2, 0, 0]
    assert (await counts.due())[0] == before + 2
    oldest, of_other = (await counts.due(shop_no))[1], (await counts.due(shop_no + 1))[1]
    assert oldest is not None
    assert of_other is not None
    assert oldest > of_other
    assert await counts.due(shop_no + 2) == (0, None)
    assert [(count.state, count.images) for count in await counts.by_state(shop_no)] == [(ImageState.IN_PROGRESS, 2)]
    report = await count_images(counts, await database.now(), shop_no)
    assert (report.due, report.oldest_open) == (2, oldest)


async def rows_of(repository: ImageRepository, shop_no: int) -> list[ImageRow]:
    return list((await repository.load([(shop_no, b"a"), (shop_no, b"b")])).values())
