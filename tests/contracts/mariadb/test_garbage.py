"""The collector's garbage and row, and rows by folder, for the fakes and for the real database alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.garbage import MariaCollectorRow, MariaGarbageRepository
from faust_app.adapters.mariadb.image_queries import MariaImageFolders, MariaImageHistory
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.objects import folder
from faust_app.core.images.outcome import Garbage, HistoryEntry
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.ports.images import ImageFolders, ImageHistory, ImageRepository
from faust_app.flows.ports.maintenance import CollectorRow, GarbageRepository
from faust_app.settings import Settings
from tests.factories import LEASE, make_request
from tests.fakes.clock import clock_of
from tests.fakes.collector import FakeCollectorRow, FakeGarbageRepository, FakeImageFolders, FakeImageHistory
from tests.fakes.image_repository import FakeImageRepository


@dataclass
class Store:
    rows: ImageRepository
    garbage: GarbageRepository
    collector: CollectorRow
    folders: ImageFolders
    history: ImageHistory

    async def accepted(self, shop_no: int, *image_ids: str) -> list[ImageRow]:
        requests = [make_request(shop_no, image_id) for image_id in image_ids]
        decisions = await self.rows.change(
            [request.key for request in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True
        )
        return [decision.row for decision in decisions]

    async def list(self, shop_no: int, *targets: str, age: timedelta = timedelta(hours=1)) -> None:
        due = await clock_of(self.rows).now() - age
        await self.garbage.add_garbage([Garbage((shop_no, b"a"), target, due) for target in targets])


@pytest.fixture(params=["fake", "mariadb"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "fake":
        fake = FakeImageRepository()
        yield Store(fake, FakeGarbageRepository(fake), FakeCollectorRow(fake), FakeImageFolders(fake, page=2), FakeImageHistory(fake))
        return
    settings: Settings = request.getfixturevalue("settings")
    async with emptied(settings) as database:
        yield maria_store(database)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with emptied(settings) as database:
        yield database


@asynccontextmanager
async def emptied(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 8) as database:
        await database.change("DELETE FROM garbage")
        await database.change("UPDATE collector SET passes = 0, audited_to = '', allowed_before = NULL")
        yield database


def maria_store(database: Database) -> Store:
    repository, garbage = MariaImageRepository(database), MariaGarbageRepository(database)
    return Store(repository, garbage, MariaCollectorRow(database), MariaImageFolders(database, page=2), MariaImageHistory(database))


async def test_a_pass_is_counted_once_whoever_began_it(store: Store) -> None:
    assert (await store.collector.state()).passes == 0
    assert [await store.collector.begin_pass(0) for _ in range(2)] == [True, False]
    assert await store.collector.begin_pass(1)
    assert (await store.collector.state()).passes == 2


async def test_how_far_the_audit_came_is_kept(store: Store) -> None:
    for key in ("shops/7/abc/1-a.jpg", "shops/7/é" + "x" * 900, ""):
        await store.collector.audited(key)
        assert (await store.collector.state()).audited_to == key


async def test_due_garbage_is_counted_up_to_a_bound_and_from_a_time_on(store: Store, shop_no: int) -> None:
    await store.list(shop_no, "one", "two", age=timedelta(hours=2))
    await store.list(shop_no, "three", age=timedelta(hours=1))
    await store.list(shop_no, "later", age=-timedelta(hours=1))
    between = await clock_of(store.rows).now() - timedelta(minutes=90)
    assert [await store.garbage.count_due(None, up_to) for up_to in (1, 10)] == [1, 3]
    assert await store.garbage.count_due(between, 10) == 1
    assert {entry.target for _, entry in await store.garbage.due_garbage(10)} == {"one", "two", "three"}


async def test_what_is_listed_of_an_image_is_told(store: Store, shop_no: int) -> None:
    await store.list(shop_no, "one", "two", "two")
    assert await store.garbage.listed([(shop_no, b"a"), (shop_no, b"b")]) == {"one", "two"}
    assert await store.garbage.listed([(shop_no + 1, b"a")]) == set()
    assert await store.garbage.listed([]) == set()


async def test_rows_are_found_by_the_folder_of_their_objects(store: Store, shop_no: int) -> None:
    first, second, third = await store.accepted(shop_no, "a", "böse ☃", "c")
    asked = {folder(first), folder(second), (shop_no, "0" * 20), (shop_no + 1, folder(third)[1]), (shop_no, "not a folder' --")}
    found = await store.folders.rows_in(asked)
    assert {key: row.image_id for key, row in found.items()} == {folder(first): first.image_id, folder(second): second.image_id}


async def test_rows_of_a_shop_come_in_pages(store: Store, shop_no: int) -> None:
    await store.accepted(shop_no, *[f"i{number}" for number in range(5)])
    assert shop_no in await store.folders.shops()
    pages = [[row.image_id for row in page] async for page in store.folders.pages(shop_no)]
    assert pages == [[b"i0", b"i1"], [b"i2", b"i3"], [b"i4"]]
    assert [page async for page in store.folders.pages(shop_no + 1)] == []


async def test_the_timelines_of_a_range_of_images_come_oldest_first(store: Store, shop_no: int) -> None:
    entries = [("b", 2, "retry"), ("a", 1, "stored"), ("b", 2, "stored"), ("c", 3, "failed"), ("b", 1, "deleted")]
    at = await clock_of(store.rows).now()
    for key, version, outcome in entries:
        entry = HistoryEntry((shop_no, key.encode()), at, version, outcome)
        await store.rows.change([], lambda _, entry=entry: (Changes(history=[entry]), None))  # type: ignore[misc]
    assert await store.history.outcomes(shop_no, b"a", b"b") == {b"a": [(1, "stored")], b"b": [(2, "retry"), (2, "stored"), (1, "deleted")]}
    assert await store.history.outcomes(shop_no, b"d", b"e") == {}


async def test_a_hidden_row_shows_nothing_any_more(store: Store, shop_no: int) -> None:
    (row,) = await store.accepted(shop_no, "a")

    def hide(locked: Locked) -> tuple[Changes, None]:
        return Changes(hidden=[locked.rows[row.key]]), None

    await store.rows.change([row.key], hide)
    after = (await store.rows.load([row.key]))[row.key]
    assert (after.shown, after.state, after.version) == (None, ImageState.IN_PROGRESS, row.version)


async def test_passes_are_caught_up_with_and_never_taken_back(store: Store) -> None:
    for passes in (9, 4):
        await store.collector.catch_up(passes)
        assert (await store.collector.state()).passes == 9


async def test_leave_to_delete_what_is_due_is_kept(database: Database) -> None:
    row = MariaCollectorRow(database)
    allowed = await row.allow_what_is_due()
    assert (await row.state()).allowed_before == allowed


async def test_the_estimate_of_the_images_is_a_number(store: Store) -> None:
    assert await store.collector.images_about() >= 0


async def test_garbage_is_searched_by_an_index(database: Database, shop_no: int) -> None:
    sql = "EXPLAIN SELECT target FROM garbage FORCE INDEX (by_image) WHERE shop_no = %s AND image_id = 'a'"
    ((*_, _),) = explained = await database.rows(sql, (shop_no,))
    assert "by_image" in explained[0]
