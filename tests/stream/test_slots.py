"""What a worker's slots are judged by each second."""

from faust_app.core.dispatch.slot_limit import FIRST, STEP, SlotLimit
from faust_app.stream.slots import AdjustSlots
from tests.stream.dispatcher_harness import Harness, turns


async def test_the_lag_of_the_loop_is_by_how_much_a_pass_comes_too_late() -> None:
    now, limit = [100.0], SlotLimit(128)
    adjust = AdjustSlots(limit, lambda: limit.slots, lambda: now[0])
    await adjust.run_pass()
    assert limit.slots == FIRST + STEP
    for late in (0.5, 0.5):
        now[0] += 1.0 + late
        await adjust.run_pass()
    assert limit.slots == (FIRST + STEP) * 3 // 4
    for _ in range(3):
        now[0] += 1.0
        await adjust.run_pass()
    assert limit.slots == (FIRST + STEP) * 3 // 4 + 3 * STEP


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
