"""The feed: order, long poll, filters, and what it refuses."""

import asyncio
from collections.abc import Callable

import pytest

from faust_app.core.failure import Unavailable
from faust_app.core.operators.access import Shops
from faust_app.core.results.cursor import LATEST, CursorProblem, cursor_of
from faust_app.flows.results.changes import Asked, ChangeFeed, Changes, Crowded, Expired
from faust_app.metrics import Metrics
from tests.fakes.feed import INSTALLATION, FakeFeed

LONG = 3600.0
"""Seconds of a wait that a test never waits out."""


class Reader:
    """A feed over a fake, whose clock stands still."""

    def __init__(self, rows: FakeFeed, most: int = 10) -> None:
        self.rows, self.metrics = rows, Metrics()
        self.feed = ChangeFeed(rows, self.metrics, most_readers=most, seconds=lambda: 0.0)

    async def read(
        self,
        after: str | None = None,
        *,
        shops: Shops = None,
        limit: int = 1000,
        wait: float = 0.0,
        is_gone: Callable[[], bool] = lambda: False,
    ) -> Changes:
        answer = await self.feed.read(Asked(after, shops, limit, wait), is_gone=is_gone)
        assert isinstance(answer, Changes), answer
        return answer

    async def refused(self, after: str | None = None) -> object:
        return await self.feed.read(Asked(after, None, 1000, 0.0))

    async def begun(self, after: str, *, shops: Shops = None, is_gone: Callable[[], bool] = lambda: False) -> "asyncio.Task[Changes]":
        """Return a reader that waits."""
        before = len(self.feed.watch._waiting)
        task = asyncio.create_task(self.read(after, shops=shops, wait=LONG, is_gone=is_gone))
        while len(self.feed.watch._waiting) == before:
            await asyncio.sleep(0)
        return task


@pytest.fixture
def reader() -> Reader:
    return Reader(FakeFeed())


def positions(answer: Changes) -> list[int]:
    return [row.position for row in answer.rows]


async def test_pages_follow_each_other_by_their_cursors_until_nothing_is_left(reader: Reader) -> None:
    for _ in range(5):
        reader.rows.tell(7)
    found, after, more = [], None, True
    while more:
        answer = await reader.read(after, limit=2)
        found += positions(answer)
        after, more = answer.next, answer.more
    assert found == [1, 2, 3, 4, 5]
    assert (await reader.read(after)).rows == []


async def test_latest_is_a_cursor_behind_all_and_no_items(reader: Reader) -> None:
    reader.rows.tell(7)
    answer = await reader.read(LATEST, wait=LONG)
    assert (answer.rows, answer.more) == ([], False)
    reader.rows.tell(7)
    assert positions(await reader.read(answer.next)) == [2]


async def test_one_cursor_works_with_every_filter(reader: Reader) -> None:
    for shop in (7, 8, None, 7):
        reader.rows.tell(shop)
    begin = cursor_of(0, INSTALLATION)
    assert positions(await reader.read(begin, shops=frozenset({7}))) == [1, 4]
    assert positions(await reader.read(begin, shops=frozenset({8, 9}))) == [2]
    assert positions(await reader.read(begin)) == [1, 2, 3, 4]
    assert positions(await reader.read(begin, shops=frozenset())) == []


async def test_a_filtered_cursor_moves_on_where_nothing_is_found(reader: Reader) -> None:
    begin = (await reader.read(LATEST)).next
    reader.rows.tell(7)
    moved = (await reader.read(begin, shops=frozenset({8}))).next
    reader.rows.drop(1)
    assert positions(await reader.read(moved, shops=frozenset({8}))) == []
    assert await reader.refused(begin) == Expired()


async def test_windows_without_a_result_are_passed_within_one_answer(reader: Reader) -> None:
    reader.rows.window = 2
    for shop in (7, 7, 7, 7, 8):
        reader.rows.tell(shop)
    assert positions(await reader.read(shops=frozenset({8, 9}), wait=LONG)) == [5]
    cut = await reader.read(shops=frozenset({8, 9}))
    assert (positions(cut), cut.more) == ([], True)


async def test_a_waiting_reader_is_woken_by_a_result_of_its_shops(reader: Reader) -> None:
    begin = (await reader.read(LATEST)).next
    seven = await reader.begun(begin, shops=frozenset({7}))
    eight = await reader.begun(begin, shops=frozenset({8}))
    reader.rows.tell(7)
    await reader.feed.watch.run_pass()
    assert positions(await seven) == [1]
    reads = reader.rows.reads
    await reader.feed.watch.run_pass()
    assert reader.rows.reads == reads + 1, "of the reader that waits nothing has to be looked up again"
    reader.rows.tell(8)
    await reader.feed.watch.run_pass()
    assert positions(await eight) == [2]


async def test_a_result_between_a_reader_s_look_and_its_wait_wakes_it(reader: Reader) -> None:
    waiting = await reader.begun(cursor_of(0, INSTALLATION))
    reader.rows.tell(7)
    await reader.feed.watch.run_pass()
    assert positions(await waiting) == [1]


async def test_many_results_at_once_wake_every_reader(reader: Reader) -> None:
    reader.rows.window = 2
    waiting = await reader.begun(cursor_of(0, INSTALLATION), shops=frozenset({9}))
    for shop in (7, 8, 9):
        reader.rows.tell(shop)
    await reader.feed.watch.run_pass()
    assert positions(await waiting) == [3]


async def test_nothing_is_looked_up_while_nobody_waits(reader: Reader) -> None:
    reader.rows.tell(7)
    await reader.feed.watch.run_pass()
    assert reader.rows.reads == 0


async def test_an_answer_without_items_comes_when_the_time_is_over() -> None:
    rows, clock = FakeFeed(), iter([0.0, 0.0, 1.0])
    feed = ChangeFeed(rows, Metrics(), most_readers=1, seconds=lambda: next(clock))
    answer = await feed.read(Asked(None, None, 10, 0.01))
    assert answer == Changes([], cursor_of(0, INSTALLATION), more=False)


async def test_a_reader_that_is_gone_leaves_its_place(reader: Reader) -> None:
    gone: list[bool] = []
    waiting = await reader.begun(cursor_of(0, INSTALLATION), is_gone=lambda: bool(gone))
    gone.append(True)
    await reader.feed.watch.run_pass()
    assert (await waiting).rows == []
    assert reader.metrics.registry.get_sample_value("shop_images_feed_readers") == 0


async def test_all_are_answered_when_the_process_stops(reader: Reader) -> None:
    cursor = cursor_of(0, INSTALLATION)
    waiting = [await reader.begun(cursor) for _ in range(3)]
    reader.feed.watch.close()
    assert [(await each).next for each in waiting] == [cursor] * 3
    assert (await reader.read(cursor, wait=LONG)).rows == [], "nobody begins to wait then"


async def test_whoever_comes_when_all_places_are_taken_is_refused_and_changes_nothing() -> None:
    reader = Reader(FakeFeed(), most=2)
    cursor = cursor_of(0, INSTALLATION)
    waiting = [await reader.begun(cursor) for _ in range(2)]
    assert [await reader.refused() for _ in range(1000)] == [Crowded(2)] * 1000
    reader.rows.tell(7)
    await reader.feed.watch.run_pass()
    assert [positions(await each) for each in waiting] == [[1], [1]]
    assert positions(await reader.read()) == [1]
    assert reader.metrics.registry.get_sample_value("shop_images_feed_readers_refused_total") == 1000


async def test_a_cursor_below_what_is_kept_is_expired_and_one_at_its_edge_is_not(reader: Reader) -> None:
    for _ in range(3):
        reader.rows.tell(7)
    reader.rows.drop(2)
    assert await reader.refused(cursor_of(1, INSTALLATION)) == Expired()
    assert positions(await reader.read(cursor_of(2, INSTALLATION))) == [3]
    assert positions(await reader.read()) == [3], "without a cursor it begins with the oldest kept"


async def test_a_reader_that_knows_more_than_the_database_is_told_that_it_was_set_back(reader: Reader) -> None:
    reader.rows.tell(7)
    assert await reader.refused(cursor_of(2, INSTALLATION)) == Expired()


async def test_a_reader_of_what_a_backup_lacks_is_told_so_although_newer_results_have_come(reader: Reader) -> None:
    for _ in range(3):
        reader.rows.tell(7)
    reader.rows.restore(2)
    newest = reader.rows.tell(7)
    assert await reader.refused(cursor_of(3, INSTALLATION)) == Expired()
    assert positions(await reader.read(cursor_of(2, INSTALLATION))) == [newest], "what it has read is in the backup"


async def test_a_reader_whose_results_are_dropped_while_it_waits_is_told(reader: Reader) -> None:
    task = asyncio.create_task(reader.feed.read(Asked(cursor_of(0, INSTALLATION), None, 10, LONG)))
    while not reader.feed.watch._waiting:
        await asyncio.sleep(0)
    reader.rows.tell(7)
    reader.rows.drop(1)
    await reader.feed.watch.run_pass()
    assert await task == Expired()


@pytest.mark.parametrize(
    ("cursor", "problem"),
    [("x", CursorProblem.INVALID), (cursor_of(0, "other"), CursorProblem.FOREIGN), ("", CursorProblem.INVALID)],
)
async def test_what_is_no_cursor_of_ours_is_named(reader: Reader, cursor: str, problem: CursorProblem) -> None:
    assert await reader.refused(cursor) is problem


async def test_readers_are_told_when_the_database_fails_while_they_wait(reader: Reader) -> None:
    waiting = await reader.begun(cursor_of(0, INSTALLATION))
    reader.rows.is_unavailable = True
    with pytest.raises(Unavailable):
        await reader.feed.watch.run_pass()
    with pytest.raises(Unavailable):
        await waiting
    reader.rows.is_unavailable = False
    assert (await reader.read()).rows == []
