"""What is told of images, for the fake and for MariaDB alike: written with its row, in one order, published up to a position."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.result_feed import MariaResults, drop_results
from faust_app.adapters.mariadb.result_outbox import add_results
from faust_app.core.images.changes import Changes
from faust_app.core.images.outcome import Removed, Stored
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import Op
from faust_app.core.results.result import Positioned, Result
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.images.settle import settle_all
from faust_app.flows.ports.images import ImageRepository
from faust_app.flows.ports.results import Results
from faust_app.settings import Settings
from tests.factories import LEASE, make_request, make_shown
from tests.fakes.clock import clock_of
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.results import FakeResults


@dataclass
class Told:
    repository: ImageRepository
    results: Results
    drop: Callable[[timedelta, int], Awaitable[int]]
    """Delete up to so many published results that were ordered longer ago."""

    async def accept(self, shop_no: int, *image_ids: str, op: Op = Op.REGISTER, **values: object) -> list[ImageRow]:
        requests = [make_request(shop_no, image_id, op=op, **values) for image_id in image_ids]
        decisions = await self.repository.change(
            [r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True
        )
        return [decision.row for decision in decisions]

    async def settle(self, rows: list[ImageRow]) -> None:
        outcomes = [Removed(row) if row.op is Op.DELETE else Stored(row, make_shown(row)) for row in rows]
        await self.repository.change([row.key for row in rows], lambda locked: settle_all(outcomes, locked, timedelta(0)))

    async def unpublished(self) -> list[Positioned]:
        return list((await self.results.unpublished(1000)).rows)

    async def kinds(self) -> list[tuple[bytes | None, str]]:
        return [(row.image_id, json.loads(row.body)["kind"]) for row in await self.unpublished()]


async def emptied(database: Database) -> None:
    for table in ("result_outbox", "result_feed"):
        await database.change(f"DELETE FROM {table}")  # noqa: S608 - our own names
    await database.change("UPDATE result_sequence SET published_position = 0, dropped_position = 0, moved = 0, published = 0")


@pytest.fixture
async def database(alert_settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(alert_settings.database, 8) as database:
        await emptied(database)
        yield database


@pytest.fixture(params=["fake", "mariadb"])
def told(request: pytest.FixtureRequest) -> Told:
    if request.param == "fake":
        fake = FakeImageRepository()
        results = FakeResults(fake)

        async def drop(age: timedelta, limit: int) -> int:
            return await results.drop(await fake.now() - age, limit)

        return Told(fake, results, drop)
    database: Database = request.getfixturevalue("database")

    async def drop_rows(age: timedelta, limit: int) -> int:
        return await drop_results(database, await database.now() - age, limit)

    return Told(MariaImageRepository(database), MariaResults(database), drop_rows)


async def test_an_outcome_is_told_from_its_commit_on_and_not_before(told: Told, shop_no: int) -> None:
    strange = """it's "\\" 鞋 %s \u2028"""
    rows = await told.accept(shop_no, "a", "b", correlation_id=strange)
    assert await told.results.order(1000) == 0
    await told.settle(rows)
    assert await told.results.order(1000) == 2
    first, second = await told.unpublished()
    assert (first.shop_no, first.image_id, second.image_id) == (shop_no, b"a", b"b")
    shown = make_shown(rows[0])
    assert json.loads(first.body) == {
        "kind": "stored", "version": rows[0].version, "correlation_id": strange, "object_key": shown.object_key, "size": shown.size,
        "content_type": shown.content_type, "width": shown.width, "height": shown.height,
    }  # fmt: skip
    assert first.position < second.position


async def test_the_results_of_an_image_have_rising_positions_in_its_order(told: Told, shop_no: int) -> None:
    for op in (Op.REGISTER, Op.DELETE, Op.REGISTER, Op.DELETE):
        await told.settle(await told.accept(shop_no, "a", op=op))
        if op is Op.DELETE:
            await told.results.order(1000)
    assert await told.kinds() == [(b"a", "stored"), (b"a", "deleted")] * 2
    positions = [row.position for row in await told.unpublished()]
    assert positions == sorted(set(positions))


async def test_a_refused_decision_tells_nothing(told: Told, shop_no: int) -> None:
    rows = await told.accept(shop_no, "a")
    await told.settle(rows)
    await told.settle(rows)
    await told.results.order(1000)
    assert await told.kinds() == [(b"a", "stored")]


async def test_each_superseded_request_is_told_with_its_own_names(told: Told, shop_no: int) -> None:
    await told.accept(shop_no, "a", external_version=9)
    for number in (3, 4):
        await told.accept(shop_no, "a", external_version=number, correlation_id=f"c{number}")
    await told.results.order(1000)
    bodies = [json.loads(row.body) for row in await told.unpublished()]
    assert [(body["kind"], body["external_version"], body["correlation_id"]) for body in bodies] == [
        ("superseded", 3, "c3"),
        ("superseded", 4, "c4"),
    ]


async def test_results_are_ordered_some_at_a_time_oldest_first(told: Told, shop_no: int) -> None:
    await told.settle(await told.accept(shop_no, *"abcde"))
    assert [await told.results.order(2) for _ in range(4)] == [2, 2, 1, 0]
    assert [image for image, _ in await told.kinds()] == [b"a", b"b", b"c", b"d", b"e"]


async def test_what_is_published_is_no_longer_unpublished(told: Told, shop_no: int) -> None:
    await told.settle(await told.accept(shop_no, *"abc"))
    await told.results.order(1000)
    found = await told.results.unpublished(2)
    assert await told.results.mark_published(found.published, found.rows[-1].position, 2)
    assert [row.image_id for row in await told.unpublished()] == [b"c"]


async def test_of_two_publishers_the_slower_one_moves_nothing_back(told: Told, shop_no: int) -> None:
    await told.settle(await told.accept(shop_no, *"abc"))
    await told.results.order(1000)
    slower, faster = await told.results.unpublished(1), await told.results.unpublished(3)
    assert await told.results.mark_published(faster.published, faster.rows[-1].position, 3)
    assert not await told.results.mark_published(slower.published, slower.rows[-1].position, 1)
    assert await told.unpublished() == []
    assert (await told.results.backlog()).waiting == 0


async def test_the_backlog_counts_what_is_ordered_and_what_is_not(told: Told, shop_no: int) -> None:
    assert (await told.results.backlog()).oldest is None
    before = await clock_of(told.repository).now()
    await told.settle(await told.accept(shop_no, *"ab"))
    unordered = await told.results.backlog()
    await told.results.order(1)
    partly = await told.results.backlog()
    assert (unordered.waiting, partly.waiting) == (2, 2)
    assert unordered.oldest is not None
    assert unordered.oldest == partly.oldest
    assert unordered.oldest >= before


async def test_only_old_and_published_results_are_dropped(told: Told, shop_no: int) -> None:
    await told.settle(await told.accept(shop_no, *"abc"))
    await told.results.order(1000)
    assert await told.drop(timedelta(seconds=-60), 100) == 0
    found = await told.results.unpublished(2)
    await told.results.mark_published(found.published, found.rows[-1].position, 2)
    assert await told.drop(timedelta(hours=1), 100) == 0
    assert await told.drop(timedelta(seconds=-60), 1) == 1
    assert await told.drop(timedelta(seconds=-60), 100) == 1
    assert await told.drop(timedelta(seconds=-60), 100) == 0
    assert [row.image_id for row in await told.unpublished()] == [b"c"]


async def test_positions_never_go_back(told: Told, shop_no: int) -> None:
    seen: list[int] = []
    for image_id in "abc":
        await told.settle(await told.accept(shop_no, image_id))
        await told.results.order(1000)
        seen += [row.position for row in await told.unpublished() if row.position not in seen]
    now = await clock_of(told.repository).now()
    assert seen == sorted(set(seen))
    assert all(position < 2**53 for position in seen)
    assert await told.drop(timedelta(0), 1) == 0, now


async def test_an_uncommitted_result_neither_waits_nor_is_passed_by_unseen(database: Database, shop_no: int) -> None:
    """An earlier id commits later than a later one: it gets its own position after it, and nobody waits meanwhile."""
    results, written, may_commit = MariaResults(database), asyncio.Event(), asyncio.Event()
    now = await database.now()

    def result(image_id: bytes) -> Result:
        return Result(now, shop_no, image_id, {"kind": "stored"})

    async def slow(session: Session) -> None:
        add_results(session, [result(b"slow")])
        written.set()
        await may_commit.wait()

    settling = asyncio.create_task(database.run(slow))
    try:
        await written.wait()
        repository = MariaImageRepository(database)
        await repository.change([], lambda _: (Changes(results=[result(b"fast")]), None))
        async with asyncio.timeout(3):  # less than a wait for a lock may take
            assert await results.order(1000) == 1
            await repository.change([], lambda _: (Changes(results=[result(b"next")]), None))
            assert await results.order(1000) == 1
    finally:
        may_commit.set()
        await settling
    assert await results.order(1000) == 1
    assert [row.image_id for row in (await results.unpublished(10)).rows] == [b"fast", b"next", b"slow"]


async def test_two_that_order_at_once_give_no_position_twice_and_lose_none(database: Database, shop_no: int) -> None:
    results, now = MariaResults(database), await database.now()
    repository = MariaImageRepository(database)
    many = [Result(now, shop_no, b"i%d" % number, {"kind": "stored"}) for number in range(600)]
    for start in range(0, 600, 60):
        await repository.change([], lambda _, start=start: (Changes(results=many[start : start + 60]), None))  # type: ignore[misc]

    async def all_of_them() -> int:
        moved = 0
        while found := await results.order(50):
            moved += found
        return moved

    moved = await asyncio.gather(*(all_of_them() for _ in range(3)))
    rows = (await results.unpublished(1000)).rows
    assert sum(moved) == 600
    assert [row.image_id for row in rows] == [each.image_id for each in many]
    assert (await results.backlog()).waiting == 600
