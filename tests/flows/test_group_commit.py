"""Group commit: shared statements, but nobody pays for another's error or cancellation."""

import asyncio
from collections.abc import Sequence

import pytest

from faust_app.core.failure import Dependency, Unavailable
from faust_app.flows.group_commit import GroupCommit


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
