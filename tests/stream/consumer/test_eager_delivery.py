"""Deliveries that wait for nothing, and those that do."""

import asyncio
from typing import Any

import pytest
from mode import Service

from faust_app.stream.consumer.eager_delivery import EagerDelivery


class Waiting(EagerDelivery):
    """A service, as the consumer is."""


async def never() -> None:
    await asyncio.Event().wait()


async def never_but_cancelled(ends: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        ends.append("cancelled")
        raise


async def answer() -> int:
    return 7


async def failure() -> None:
    raise ValueError("broken")


def tasks() -> int:
    return len(asyncio.all_tasks())


async def test_what_waits_for_nothing_ends_without_a_task() -> None:
    before, most = tasks(), 0

    async def delivery() -> int:
        nonlocal most
        most = tasks()
        asyncio.get_running_loop().call_soon(lambda: counts.append(tasks()))
        return 7

    counts: list[int] = []
    result = await Waiting().wait_first(delivery(), never())
    assert (result.results, result.stopped) == ([7], False)
    assert (most, counts) == (before, [before])


async def test_its_error_is_raised_and_nothing_else_is_begun() -> None:
    begun = False

    async def other() -> None:
        nonlocal begun
        begun = True

    with pytest.raises(ValueError, match="broken"):
        await Waiting().wait_first(failure(), other())
    await asyncio.sleep(0)
    assert not begun


async def test_whoever_takes_one_a_turn_keeps_pace_with_what_is_delivered() -> None:
    queue = asyncio.Queue[int]()

    async def take() -> None:
        while True:
            await asyncio.sleep(0)
            await queue.get()

    taking, service, longest = asyncio.create_task(take()), Waiting(), 0
    for number in range(100):
        await service.wait_first(queue.put(number), never())
        longest = max(longest, queue.qsize())
    taking.cancel()
    assert longest <= 2


async def test_what_waits_is_cancelled_with_whoever_waits_for_it() -> None:
    ends: list[str] = []
    race = asyncio.create_task(Waiting().wait_first(never_but_cancelled(ends), never()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    race.cancel()
    with pytest.raises(asyncio.CancelledError):
        await race
    await asyncio.sleep(0)
    assert ends == ["cancelled"]


async def test_a_stopped_service_says_so_though_the_delivery_ended() -> None:
    service = Waiting()
    await service.stop()
    assert (await service.wait_first(answer(), never())).stopped


async def test_what_waits_and_then_ends_wins_with_its_result() -> None:
    opened = asyncio.Event()

    async def delivery() -> str:
        await opened.wait()
        await asyncio.sleep(0)
        return "delivered"

    asyncio.get_running_loop().call_soon(opened.set)
    result = await Waiting().wait_first(delivery(), never())
    assert result.results == ["delivered"]


async def test_what_waits_is_cancelled_when_another_ends_before() -> None:
    ends: list[str] = []
    result = await Waiting().wait_first(never_but_cancelled(ends), answer())
    assert result.results == [7]
    await asyncio.sleep(0)
    assert ends == ["cancelled"]


async def test_an_error_of_what_waited_is_raised() -> None:
    async def delivery() -> None:
        await asyncio.sleep(0)
        raise ValueError("broken later")

    with pytest.raises(ValueError, match="broken later"):
        await Waiting().wait_first(delivery(), never())


async def test_the_stop_of_the_service_ends_the_wait() -> None:
    service = Waiting()
    race = asyncio.create_task(service.wait_first(never(), never()))
    await asyncio.sleep(0)
    await service.stop()
    assert (await race).stopped


@pytest.mark.parametrize("first", [asyncio.Event, lambda: asyncio.ensure_future(answer())])
async def test_what_is_no_coroutine_is_raced_as_the_library_does(first: Any) -> None:
    ours = await Waiting().wait_first(first(), answer())
    theirs = await Service.wait_first(Waiting(), first(), answer())
    assert ours.results == theirs.results
