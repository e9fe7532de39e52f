"""What a worker's slots are judged by each second."""

import itertools

from faust_app.core.dispatch.slot_limit import FIRST, STEP, SlotLimit
from faust_app.stream.slots import AdjustSlots
from tests.stream.dispatcher_harness import Harness, turns


async def slots_after(*lags: float) -> int:
    limit, seconds, largest = SlotLimit(128), itertools.count(100.0), iter(lags)
    adjust = AdjustSlots(limit, running=lambda: limit.slots, largest_lag=lambda _: next(largest), seconds=lambda: next(seconds))
    for _ in lags:
        await adjust.run_pass()
    return limit.slots


async def test_each_pass_judges_the_slots_by_the_largest_lag_since_the_one_before() -> None:
    assert await slots_after(0.0) == FIRST + STEP
    assert await slots_after(0.0, 0.5, 0.5) == (FIRST + STEP) * 3 // 4
    assert await slots_after(0.0, 0.5, 0.5, 0.0, 0.0, 0.0) == (FIRST + STEP) * 3 // 4 + 3 * STEP


async def test_a_process_that_was_stopped_and_continued_keeps_its_slots() -> None:
    assert await slots_after(0.0, 3600.0, 0.0) == FIRST + 2 * STEP


async def test_with_fewer_slots_than_run_nothing_starts_until_enough_have_ended() -> None:
    harness = Harness(slots=4)
    for offset in range(10):
        harness.submit(offset)
    await turns()
    harness.slots = 2
    for offset in range(3):
        assert len(harness.started) == 4
        await harness.finish(offset)
    assert len(harness.started) == 5
    await give_back(harness)


async def test_with_more_slots_the_next_pass_starts_more() -> None:
    harness = Harness(slots=2)
    for offset in range(10):
        harness.submit(offset)
    await turns()
    harness.slots = 5
    await harness.dispatcher.run_pass()
    await turns()
    assert (len(harness.started), harness.dispatcher.fairness().slots) == (5, 5)
    await give_back(harness)


async def give_back(harness: Harness) -> None:
    harness.dispatcher.drain()
    await turns()
