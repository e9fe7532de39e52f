import asyncio
from typing import Any

import pytest
from mode import Service

from faust_app.stream.lean_consumer import EagerRace


class Waiting(EagerRace):
    """A service as the consumer is one."""


async def never() -> None:
    await asyncio.Event().wait()


async def answer() -> int:
    return 7


async def failure() -> None:
    raise ValueError("broken")


def tasks() -> int:
    return len(asyncio.all_tasks())


async def test_what_waits_for_nothing_ends_at_once_without_a_task() -> None:
    before, most = tasks(), 0

    async def delivery() -> int:
        nonlocal most
        most = tasks()
        return 7

    race = Waiting().wait_first(delivery(), never())
    with pytest.raises(StopIteration) as ended:
        race.send(None)
    assert ended.value.value.results == [7]
    assert not ended.value.value.stopped
    assert most == before


async def test_its_error_is_raised_and_nothing_else_is_begun() -> None:
    with pytest.raises(ValueError, match="broken"):
        await Waiting().wait_first(failure(), never())


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

    async def delivery() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    result = await Waiting().wait_first(delivery(), answer())
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
