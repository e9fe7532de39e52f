"""The feed's rows, for the fake and for MariaDB alike; then with transactions that commit in any order, on MariaDB alone."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from faust_app.adapters.mariadb import feed_rows
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.feed_rows import MariaFeedRows
from faust_app.adapters.mariadb.result_feed import MariaResults
from faust_app.core.results.feed import FeedPage
from faust_app.flows.ports.feed import FeedRows
from faust_app.settings import Settings
from tests.factories import NOW
from tests.fakes.feed import FakeFeed

BODY = '{"kind":"stored"}'
WINDOW = 8


@dataclass
class Feed:
    rows: FeedRows
    tell: Callable[[int | None], Awaitable[int]]
    drop: Callable[[int], Awaitable[None]]
    begin: int
    """A position below every result of the test."""

    async def told(self, *shops: int | None) -> list[int]:
        return [await self.tell(shop) for shop in shops]


@asynccontextmanager
async def emptied(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 8) as opened:
        for table in ("result_outbox", "result_feed"):
            await opened.change(f"DELETE FROM {table}")  # noqa: S608 - our own names
        await opened.change("UPDATE result_sequence SET dropped_position = last_position, published_position = last_position")
        yield opened


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with emptied(settings) as opened:
        yield opened


@pytest.fixture(params=["fake", "mariadb"])
async def feed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Feed]:
    if request.param == "fake":
        fake = FakeFeed(window=WINDOW)

        async def tell_fake(shop_no: int | None) -> int:
            return fake.tell(shop_no, body=BODY)

        async def drop_fake(through: int) -> None:
            fake.drop(through)

        yield Feed(fake, tell_fake, drop_fake, 0)
        return
    monkeypatch.setattr(feed_rows, "WINDOW", WINDOW)
    monkeypatch.setattr(feed_rows, "MOST_GROUPED", WINDOW)
    async with emptied(request.getfixturevalue("settings")) as database:
        yield await maria_feed(database)


async def maria_feed(database: Database) -> Feed:
    rows = MariaFeedRows(database)

    async def tell(shop_no: int | None) -> int:
        await database.run(lambda session: write(session, shop_no))
        assert await MariaResults(database).order(1) == 1
        return (await rows.end()).last

    async def drop(through: int) -> None:
        await database.change("DELETE FROM result_feed WHERE position <= %s", (through,))
        await database.change("UPDATE result_sequence SET dropped_position = %s", (through,))

    return Feed(rows, tell, drop, (await rows.end()).last)


async def write(session: Session, shop_no: int | None, image_id: bytes = b"a") -> None:
    await session.change("INSERT INTO result_outbox (at, shop_no, image_id, body) VALUES (%s, %s, %s, %s)", (NOW, shop_no, image_id, BODY))


def positions(page: FeedPage) -> list[int]:
    return [row.position for row in page.rows]


async def test_a_page_has_what_is_behind_a_position_in_order(feed: Feed) -> None:
    told = await feed.told(7, 8, 7)
    page = await feed.rows.page(feed.begin, None, 10)
    assert (positions(page), page.through, page.more) == (told, told[-1], False)
    assert [(row.at, row.shop_no, row.image_id, row.body) for row in page.rows[:1]] == [(NOW, 7, b"a", BODY)]
    assert positions(await feed.rows.page(told[0], None, 10)) == told[1:]


async def test_a_full_page_says_that_there_is_more_only_if_there_is(feed: Feed) -> None:
    told = await feed.told(7, 7, 7)
    cut, whole = await feed.rows.page(feed.begin, None, 2), await feed.rows.page(feed.begin, None, 3)
    assert (positions(cut), cut.through, cut.more) == (told[:2], told[1], True)
    assert (positions(whole), whole.through, whole.more) == (told, told[-1], False)


async def test_one_shop_has_its_own_results_and_reaches_as_far_as_all(feed: Feed) -> None:
    told = await feed.told(7, 8, 7, 8, None)
    page = await feed.rows.page(feed.begin, frozenset({7}), 10)
    assert (positions(page), page.through, page.more) == ([told[0], told[2]], told[-1], False)
    cut = await feed.rows.page(feed.begin, frozenset({8}), 1)
    assert (positions(cut), cut.through, cut.more) == ([told[1]], told[1], True)


async def test_several_shops_are_looked_for_window_by_window(feed: Feed) -> None:
    told = await feed.told(*[9] * WINDOW, 7, 9, 8)
    first = await feed.rows.page(feed.begin, frozenset({7, 8}), 10)
    assert (positions(first), first.through, first.more) == ([], told[WINDOW - 1], True)
    second = await feed.rows.page(first.through, frozenset({7, 8}), 10)
    assert (positions(second), second.through, second.more) == ([told[-3], told[-1]], told[-1], False)
    cut = await feed.rows.page(first.through, frozenset({7, 8}), 1)
    assert (positions(cut), cut.through, cut.more) == ([told[-3]], told[-3], True)


async def test_no_shop_has_no_results(feed: Feed) -> None:
    (told,) = await feed.told(7)
    page = await feed.rows.page(feed.begin, frozenset(), 10)
    assert (positions(page), page.through, page.more) == ([], told, False)


async def test_an_empty_page_reaches_the_end(feed: Feed) -> None:
    page = await feed.rows.page(feed.begin, None, 10)
    assert (positions(page), page.through, page.end) == ([], feed.begin, await feed.rows.end())


async def test_what_is_dropped_is_told_with_the_page(feed: Feed) -> None:
    told = await feed.told(7, 7)
    await feed.drop(told[0])
    page = await feed.rows.page(feed.begin, None, 10)
    assert (positions(page), page.end.dropped, page.end.last) == (told[1:], told[0], told[1])


async def test_a_page_says_whether_there_is_a_result_where_it_begins(feed: Feed) -> None:
    told = await feed.told(7, 8)
    for shops in (None, frozenset({7}), frozenset({7, 9}), frozenset[int]()):
        known = [(await feed.rows.page(position, shops, 1)).is_known for position in (*told, told[-1] + 1)]
        assert known == [True, True, False]
    await feed.drop(told[0])
    page = await feed.rows.page(told[0], None, 10)
    assert (page.is_known, page.follows(told[0])) == (False, True)


async def test_whose_results_came_is_told_unless_they_are_too_many(feed: Feed) -> None:
    told = await feed.told(7, 8, None, 7)
    assert await feed.rows.shops_between(feed.begin, told[-1]) == frozenset({7, 8, None})
    assert await feed.rows.shops_between(told[0], told[1]) == frozenset({8})
    assert await feed.rows.shops_between(told[-1], told[-1]) == frozenset()
    last = (await feed.told(*[9] * WINDOW))[-1]
    assert await feed.rows.shops_between(feed.begin, last) is None


async def test_a_result_that_is_committed_after_a_later_one_is_not_passed_by(database: Database) -> None:
    """The first transaction has the lower id in the outbox, and commits after readers have seen the second one."""
    rows, results = MariaFeedRows(database), MariaResults(database)
    begin = (await rows.end()).last
    written, committing = asyncio.Event(), asyncio.Event()

    async def slow(session: Session) -> None:
        await write(session, 7, b"earlier")
        written.set()
        await committing.wait()

    earlier = asyncio.create_task(database.run(slow))
    await written.wait()
    await database.run(lambda session: write(session, 7, b"later"))
    assert await results.order(1000) == 1
    first = await rows.page(begin, None, 10)
    assert [row.image_id for row in first.rows] == [b"later"]
    committing.set()
    await earlier
    assert await results.order(1000) == 1
    second = await rows.page(first.through, None, 10)
    assert [row.image_id for row in second.rows] == [b"earlier"]


async def test_readers_beside_many_writers_and_movers_each_see_everything_once_in_one_order(database: Database) -> None:
    rows, results, noise = MariaFeedRows(database), MariaResults(database), random.Random(7)
    begin, writers, each = (await rows.end()).last, 4, 25
    done = asyncio.Event()

    async def writer(number: int) -> None:
        async def unit(session: Session, sent: int) -> None:
            await write(session, number, b"%d" % sent)
            await asyncio.sleep(noise.uniform(0, 0.01))

        for sent in range(each):
            await database.run(partial(unit, sent=sent))

    async def mover() -> None:
        while await results.order(7) or not done.is_set():
            await asyncio.sleep(0)

    async def reader() -> list[tuple[int | None, bytes | None]]:
        seen: list[tuple[int | None, bytes | None]] = []
        after = begin
        while len(seen) < writers * each:
            page = await rows.page(after, None, 10)
            seen += [(row.shop_no, row.image_id) for row in page.rows]
            after = page.through
            await asyncio.sleep(0)
        return seen

    async with asyncio.timeout(60):
        moving, reading = [asyncio.create_task(mover()) for _ in range(2)], [asyncio.create_task(reader()) for _ in range(2)]
        await asyncio.gather(*(writer(number) for number in range(writers)))
        done.set()
        await asyncio.gather(*moving)
        first, second = await asyncio.gather(*reading)
    assert first == second
    assert len(set(first)) == len(first) == writers * each
    for number in range(writers):
        assert [image_id for shop_no, image_id in first if shop_no == number] == [b"%d" % sent for sent in range(each)]
