"""One timer ends whichever step of an event waits too long, and nothing between the steps."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from faust_app.core.failure import Dependency, Failure, FailureCode, Transient, Unavailable
from faust_app.flows.images.deadline import Deadline, Wait


def deadline_in(seconds: float) -> Deadline:
    return Deadline(asyncio.get_running_loop().time() + seconds)


async def past() -> Deadline:
    deadline = deadline_in(0.0)
    while not deadline._is_past:
        await asyncio.sleep(0)
    return deadline


async def never() -> None:
    await asyncio.get_running_loop().create_future()


async def failure_of(step: Callable[[], Awaitable[object]], deadline: Deadline, wait: Wait) -> Failure:
    with pytest.raises(Failure) as caught, deadline.during(wait):
        await step()
    return caught.value


@pytest.mark.parametrize(
    ("wait", "kind", "detail"),
    [
        (Wait.ROW, Unavailable, "The row was not loaded before its deadline."),
        (Wait.SOURCE, Transient, "The image was not fetched before its deadline."),
        (Wait.STORAGE, Unavailable, "The image was not stored before its deadline."),
    ],
)
async def test_a_step_that_waits_too_long_fails_by_what_it_waits_for(wait: Wait, kind: type[Failure], detail: str) -> None:
    failure = await failure_of(never, deadline_in(0.001), wait)
    assert (type(failure), failure.detail) == (kind, detail)


async def test_the_failure_of_a_step_names_who_is_unavailable_or_silent() -> None:
    row, storage = await failure_of(never, deadline_in(0.0), Wait.ROW), await failure_of(never, deadline_in(0.0), Wait.STORAGE)
    source = await failure_of(never, deadline_in(0.0), Wait.SOURCE)
    assert isinstance(row, Unavailable)
    assert isinstance(storage, Unavailable)
    assert isinstance(source, Transient)
    assert (row.dependency, storage.dependency) == (Dependency.DATABASE, Dependency.STORAGE)
    assert (source.code, source.silent) == (FailureCode.SOURCE_TIMEOUT, True)


async def test_between_two_steps_nothing_is_ended_and_the_next_fails_at_its_start() -> None:
    begun = list[str]()

    async def step() -> None:
        begun.append("step")

    failure = await failure_of(step, await past(), Wait.STORAGE)
    assert (failure.code, begun) == (FailureCode.STORAGE_UNAVAILABLE, [])
