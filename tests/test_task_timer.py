"""What both timers of an image promise to the task that they end: its deadline, and the time of its fetch."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from faust_app.adapters.http.fetch_timer import FetchTimer
from faust_app.core.failure import Transient
from faust_app.core.sources.response import PACE
from faust_app.flows.images.deadline import Deadline, Wait

Timed = Callable[[float], AbstractContextManager[object]]


def step(seconds: float) -> AbstractContextManager[object]:
    return Deadline(asyncio.get_running_loop().time() + seconds).during(Wait.SOURCE)


def fetch(seconds: float) -> AbstractContextManager[object]:
    return FetchTimer(seconds, PACE)


@pytest.fixture(params=[step, fetch])
def timed(request: pytest.FixtureRequest) -> Timed:
    made: Timed = request.param
    return made


async def never() -> None:
    await asyncio.get_running_loop().create_future()


def cancellations() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


async def test_what_is_late_ends_by_an_error_and_leaves_no_cancellation_behind(timed: Timed) -> None:
    with pytest.raises((Transient, TimeoutError)), timed(0.001):
        await never()
    assert cancellations() == 0


async def test_what_is_in_time_returns_and_leaves_no_cancellation_behind(timed: Timed) -> None:
    with timed(10.0):
        await asyncio.sleep(0)
    assert cancellations() == 0


async def test_an_error_of_what_is_timed_goes_on_as_it_is(timed: Timed) -> None:
    with pytest.raises(ZeroDivisionError), timed(10.0):
        raise ZeroDivisionError


async def test_what_ends_by_an_error_of_its_own_when_it_is_late_fails_by_that(timed: Timed) -> None:
    async def stubborn() -> None:
        try:
            await never()
        except asyncio.CancelledError:
            raise KeyError("torn down") from None

    with pytest.raises(KeyError), timed(0.001):
        await stubborn()
    assert cancellations() == 0


async def test_a_cancellation_from_outside_goes_on(timed: Timed) -> None:
    waiting = asyncio.Event()

    async def image() -> None:
        with timed(10.0):
            waiting.set()
            await never()

    task = asyncio.create_task(image())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("order", [1, 2])
async def test_a_cancellation_from_outside_goes_on_even_when_the_timer_strikes_too(timed: Timed, order: int) -> None:
    """The task is cancelled in the turn of the loop in which its time is over, by either of them first: both before it runs again."""
    waiting = asyncio.Event()

    async def image() -> None:
        with timed(0.0):
            waiting.set()
            await never()

    task = asyncio.create_task(image())
    await waiting.wait()
    if order == 1:
        task.cancel()
    async with asyncio.timeout(10):
        while task.cancelling() != 1:
            await asyncio.sleep(0)
    if order == 2:
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_before_the_step_is_not_taken_for_the_timers(timed: Timed) -> None:
    async def image() -> None:
        try:
            await never()
        except asyncio.CancelledError:
            with timed(0.001):
                await never()

    task = asyncio.create_task(image())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises((Transient, TimeoutError)):
        await task
    assert task.cancelling() == 1
