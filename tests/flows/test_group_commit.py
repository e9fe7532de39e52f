"""Group commit: shared statements, but nobody pays for another's error or cancellation, and few wait for no company."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import pytest

from faust_app.core.failure import Dependency, Unavailable
from faust_app.flows.group_commit import ENOUGH, FEW, SPACING, GroupCommit, begins_at
from tests.proofs.machine.jumping_loop import JumpingLoop


class Work:
    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.unavailable = False

    async def __call__(self, items: Sequence[int]) -> list[int]:
        self.groups.append(list(items))
        await self.gate.wait()
        if self.unavailable:
            raise Unavailable(Dependency.DATABASE, "fake")
        if -1 in items:
            raise ValueError("guilty")
        return [item * 2 for item in items]


async def test_what_is_asked_for_together_is_done_together() -> None:
    work = Work()
    group = GroupCommit(work)
    assert await asyncio.gather(*(group.submit(n) for n in range(10))) == [n * 2 for n in range(10)]
    assert work.groups == [list(range(10))]


async def test_what_comes_while_a_group_is_under_way_makes_the_next() -> None:
    work = Work()
    work.gate.clear()
    group = GroupCommit(work, limit=3)
    first = asyncio.create_task(group.submit(0))
    while not work.groups:
        await asyncio.sleep(0)
    rest = [asyncio.create_task(group.submit(n)) for n in range(1, 6)]
    await asyncio.sleep(0)
    work.gate.set()
    await asyncio.gather(first, *rest)
    assert work.groups == [[0], [1, 2, 3], [4, 5]]


async def test_only_the_guilty_item_gets_the_error() -> None:
    group = GroupCommit(Work())
    results = await asyncio.gather(*(group.submit(n) for n in (1, -1, 2)), return_exceptions=True)
    assert [results[0], results[2]] == [2, 4]
    assert isinstance(results[1], ValueError)


async def test_an_outage_is_told_to_all_and_tried_for_none_alone() -> None:
    work = Work()
    work.unavailable = True
    group = GroupCommit(work)
    results = await asyncio.gather(*(group.submit(n) for n in range(5)), return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)
    assert len(work.groups) == 1


async def test_cancelling_one_never_cancels_its_group() -> None:
    work = Work()
    work.gate.clear()
    group = GroupCommit(work)
    one, other = asyncio.create_task(group.submit(1)), asyncio.create_task(group.submit(2))
    while not work.groups:
        await asyncio.sleep(0)
    one.cancel()
    work.gate.set()
    assert await other == 4
    with pytest.raises(asyncio.CancelledError):
        await one


async def test_a_group_that_everybody_left_is_not_worked_on() -> None:
    work = Work()
    group = GroupCommit(work)
    left = asyncio.create_task(group.submit(1))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    await group.submit(2)
    assert work.groups == [[2]]


MANY = [99.99] * (FEW + 1)


@pytest.mark.parametrize(
    ("waiting", "arrivals", "began", "begins"),
    [
        pytest.param(1, [100.0], 99.999, 100.0, id="one item"),
        pytest.param(FEW, [100.0] * FEW, 99.999, 100.0, id="few items"),
        pytest.param(6, MANY, 99.99, 99.99 + SPACING, id="many items, a group lately"),
        pytest.param(6, MANY, 99.98, 100.0, id="many items, the spacing has passed"),
        pytest.param(6, MANY, -SPACING, 100.0, id="many items at once after silence"),
        pytest.param(1, MANY, 99.99, 99.99 + SPACING, id="one item waits, but many arrive"),
        pytest.param(6, [99.9, *MANY[1:]], 99.99, 100.0, id="as many, but over a longer time"),
        pytest.param(ENOUGH - 1, MANY, 99.999, 99.999 + SPACING, id="nearly enough"),
        pytest.param(ENOUGH, MANY, 99.999, 100.0, id="enough"),
        pytest.param(ENOUGH * 3, MANY, 99.999, 100.0, id="more than enough"),
    ],
)
def test_a_group_begins_at_once_or_a_spacing_after_the_one_before(waiting: int, arrivals: list[float], began: float, begins: float) -> None:
    assert begins_at(waiting, arrivals, began, now=100.0) == pytest.approx(begins)


class Timed:
    """Notes when each group begins, on a clock that only timers move, and how many it has."""

    def __init__(self) -> None:
        self.groups: list[tuple[float, int]] = []
        self.commit = GroupCommit(self)

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.groups.append((round(asyncio.get_running_loop().time(), 6), len(items)))
        return items

    async def arrive(self, count: int, every: float) -> None:
        """Submit so many items, one after each interval, and wait for all."""
        arrived = []
        for n in range(count):
            arrived.append(asyncio.create_task(self.commit.submit(n)))
            await asyncio.sleep(every)
        await asyncio.gather(*arrived)

    async def arrive_together(self, count: int) -> None:
        """Submit so many items at one moment, and wait for all."""
        await asyncio.gather(*(self.commit.submit(n) for n in range(count)))


def timed(story: Callable[[Timed], Awaitable[None]]) -> list[tuple[float, int]]:
    async def told() -> list[tuple[float, int]]:
        group = Timed()
        await story(group)
        return group.groups

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(told())


def test_few_items_begin_when_they_arrive() -> None:
    assert timed(lambda group: group.arrive(4, 0.005)) == [(0.0, 1), (0.005, 1), (0.01, 1), (0.015, 1)]


def test_many_items_share_groups_that_are_a_spacing_apart() -> None:
    groups = timed(lambda group: group.arrive(200, 0.001))
    began = [at for at, _ in groups if at > SPACING]
    assert [round(later - earlier, 3) for earlier, later in pairwise(began)] == [SPACING] * (len(began) - 1)
    assert sum(count for _, count in groups) == 200
    assert len(groups) <= FEW + 1 + 200 * 0.001 / SPACING


def test_enough_items_wait_for_nobody() -> None:
    async def story(group: Timed) -> None:
        await group.arrive_together(FEW + 1)
        waits = asyncio.create_task(group.arrive_together(FEW))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await group.arrive_together(ENOUGH - FEW)
        await waits

    assert timed(story) == [(0.0, FEW + 1), (0.0, ENOUGH)]


def test_items_that_nothing_follows_wait_no_longer_than_the_spacing() -> None:
    async def story(group: Timed) -> None:
        await group.arrive(20, 0)
        await asyncio.sleep(1)
        await group.arrive(1, 0)

    groups = timed(story)
    assert groups[-2][0] <= SPACING
    assert groups[-1] == (groups[-2][0] + 1.0, 1)
