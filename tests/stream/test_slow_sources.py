"""A slow source holds few slots, and neither room to read ahead nor acknowledgements of others."""

import asyncio

import pytest

from faust_app.core.dispatch.pace.deferral_clock import LONGEST_WAIT
from faust_app.core.dispatch.pace.slot_bounds import UNKNOWN
from faust_app.flows.images.executor import Handled
from faust_app.stream import dispatcher as dispatcher_module
from tests.stream.dispatcher_harness import Harness, turns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The dispatcher's clock, which stands until the test sets it."""
    now = [1000.0]
    monkeypatch.setattr(dispatcher_module, "_now", lambda: now[0])
    return now


async def pass_after_three_seconds(harness: Harness, clock: list[float]) -> None:
    """Run what may start for three seconds, longer than LONG_SECONDS, then the pass."""
    await turns()
    clock[0] += 3
    await harness.dispatcher.run_pass()


async def test_an_unknown_source_gets_few_slots_and_the_others_the_rest(clock: list[float]) -> None:
    harness = Harness(slots=20)
    harness.pace.answered("slow.test")
    for offset in range(20):
        harness.submit(offset, host="slow.test")
    for offset in range(20, 30):
        harness.submit(offset, host=f"h{offset}.test")
    await turns()
    assert sum(offset < 20 for _, _, offset in harness.started) == UNKNOWN
    assert sum(offset >= 20 for _, _, offset in harness.started) == 10
    await harness.finish(0)
    assert ("bulk", 0, UNKNOWN) in harness.started, "a slot that the source frees is its own again"


async def test_the_youngest_of_a_queue_that_would_wait_for_long_are_deferred_and_acknowledged(clock: list[float]) -> None:
    harness = Harness()
    harness.pace_of("slow.test", 5.0)
    for offset in range(40):
        harness.submit(offset, partition=offset % 3, host="slow.test")
    await turns()
    await harness.dispatcher.run_pass()
    await turns()
    stay = int(LONGEST_WAIT * harness.pace.bounds.slots_of((1, "slow.test"), clock[0]) / 5.0)
    assert set(harness.handler.deferred_for) == set(range(UNKNOWN - 2 + stay, 40))
    delays = [harness.handler.deferred_for[offset] for offset in sorted(harness.handler.deferred_for, reverse=True)]
    assert delays == sorted(delays), "each is due after the one deferred before it"
    assert harness.failures == []


async def test_nothing_is_deferred_or_acked_early_while_nothing_may_start(clock: list[float]) -> None:
    harness = Harness(per_partition=4)
    harness.pace_of("slow.test", 5.0)
    for offset in range(40):
        harness.submit(offset, host="slow.test")
    await turns()
    clock[0] += 60
    harness.may_start = False
    await harness.dispatcher.run_pass()
    assert (harness.handler.deferred_for, harness.handler.acked_early) == ({}, [])


async def test_an_event_that_runs_long_is_handed_over_and_holds_up_no_acknowledgement(clock: list[float]) -> None:
    harness = Harness(per_partition=4)
    for offset in range(4):
        harness.submit(offset, host=f"h{offset}.test")
    for offset in (1, 2, 3):
        await harness.finish(offset)
    clock[0] += 3
    await harness.dispatcher.run_pass()
    assert harness.handler.acked_early == [0]
    assert [offset for _, offset in harness.stream.acked] == [0, 1, 2, 3]
    assert (harness.control.paused, harness.dispatcher.held("bulk"), harness.dispatcher.running) == (set(), 0, 1)
    await harness.finish(0)
    assert len(harness.stream.acked) == 4, "it is not acknowledged twice"


async def test_an_event_whose_row_takes_no_time_keeps_its_acknowledgement(clock: list[float]) -> None:
    harness = Harness(per_partition=2)
    harness.handler.takes_over = set()
    harness.submit(0)
    harness.submit(1)
    await pass_after_three_seconds(harness, clock)
    assert harness.stream.acked == []


async def test_an_event_that_waits_long_for_its_source_is_acknowledged_early_and_runs_later(clock: list[float]) -> None:
    harness = Harness(per_partition=20)
    harness.pace.answered("slow.test")
    harness.handler.takes_over = {UNKNOWN, UNKNOWN + 1}
    for offset in range(UNKNOWN + 1):
        harness.submit(offset, partition=offset, host="slow.test")
    for offset in range(1, 11):
        harness.submit(offset, partition=UNKNOWN, host=f"h{offset}.test")
        await harness.finish(offset, partition=UNKNOWN)
    assert harness.stream.acked == []
    clock[0] += 3
    await harness.dispatcher.run_pass()
    assert len(harness.stream.acked) == 11
    await harness.finish(0)
    await harness.finish(UNKNOWN, partition=UNKNOWN)
    assert (len(harness.stream.acked), harness.failures) == (12, [])


async def test_what_waits_for_its_source_is_not_handed_over_while_nothing_behind_it_is_finished(clock: list[float]) -> None:
    harness = Harness(per_partition=4)
    harness.pace.answered("busy.test")
    harness.handler.takes_over = set()
    for offset in range(UNKNOWN):
        harness.submit(offset, partition=1, host="busy.test")
    for offset in range(4):
        harness.submit(offset, host="busy.test")
    await pass_after_three_seconds(harness, clock)
    assert harness.handler.acked_early == list(range(UNKNOWN))


async def test_what_waits_too_long_in_a_paused_partition_makes_room_for_what_is_behind_it(clock: list[float]) -> None:
    harness = Harness(slots=64, per_partition=20)
    harness.pace.answered("shared.test")
    harness.handler.takes_over = set(range(100))
    for offset in range(UNKNOWN):
        harness.submit(offset, partition=1, host="shared.test")
    for offset in range(UNKNOWN, UNKNOWN + 20):
        harness.submit(offset, host="shared.test")
    assert harness.control.paused != set()
    await pass_after_three_seconds(harness, clock)
    assert harness.dispatcher.held("bulk") >= 20, "nothing behind them is finished"
    clock[0] += LONGEST_WAIT
    await harness.dispatcher.run_pass()
    assert harness.control.paused == set()


async def test_what_only_waits_for_a_slot_of_ours_is_not_handed_over(clock: list[float]) -> None:
    harness = Harness(slots=1, per_partition=4)
    harness.handler.takes_over = set()
    for offset in range(4):
        harness.submit(offset, host=f"h{offset}.test")
    await pass_after_three_seconds(harness, clock)
    assert harness.handler.acked_early == [0]


async def test_a_drain_forgets_an_event_that_waits_for_its_source_though_it_was_handed_over(clock: list[float]) -> None:
    harness, slow = Harness(per_partition=2, grace=60), (1, "slow.test")
    harness.pace.answered("slow.test")
    harness.handler.takes_over = {UNKNOWN}
    for offset in range(UNKNOWN + 1):
        harness.submit(offset, partition=offset, host="slow.test")
    harness.submit(UNKNOWN + 1, partition=UNKNOWN, host="h.test")
    await harness.finish(UNKNOWN + 1, partition=UNKNOWN)
    await pass_after_three_seconds(harness, clock)
    assert [offset for _, offset in harness.stream.acked] == [UNKNOWN, UNKNOWN + 1]
    harness.dispatcher.drain()
    harness.pace_of("slow.test", 5.0)
    room = int(LONGEST_WAIT * harness.pace.bounds.slots_of(slow, clock[0]) / 5.0)
    for _ in range(room + 1):
        harness.pace.arrived(slow)
    assert harness.pace.deferrals.surplus(slow, clock[0]) == 1, "those that waited before are not counted"
    assert UNKNOWN not in harness.control.given_back
    for offset in range(UNKNOWN):
        await harness.finish(offset, partition=offset)


async def test_a_short_queue_hands_nothing_over(clock: list[float]) -> None:
    harness = Harness(per_partition=400)
    harness.submit(0)
    await turns()
    clock[0] += 30
    await harness.dispatcher.run_pass()
    assert harness.handler.acked_early == []


async def test_what_was_handed_over_is_neither_given_back_nor_a_failure_when_a_drain_cancels_it(clock: list[float]) -> None:
    harness = Harness(per_partition=2, grace=0.01)
    harness.submit(0, host="a.test")
    harness.submit(1, host="b.test")
    await pass_after_three_seconds(harness, clock)
    harness.dispatcher.drain()
    with pytest.raises(asyncio.CancelledError):
        await harness.started["bulk", 0, 0]
    await turns()
    assert (harness.control.given_back, harness.failures) == ([], [])


async def test_an_event_handed_over_behind_an_unfinished_one_is_given_back_by_a_drain(clock: list[float]) -> None:
    harness = Harness(per_partition=2, grace=60)
    harness.handler.takes_over = {1}
    harness.submit(0, host="a.test")
    harness.submit(1, host="b.test")
    await pass_after_three_seconds(harness, clock)
    harness.dispatcher.drain()
    await harness.finish(1)
    await harness.finish(0)
    assert sorted(harness.control.given_back) == [0, 1]
    assert harness.stream.acked == []


async def test_an_event_that_is_returned_while_it_is_handed_over_keeps_its_message(clock: list[float]) -> None:
    harness = Harness(per_partition=2)
    harness.submit(0, host="a.test")
    harness.submit(1, host="b.test")
    await turns()
    clock[0] += 3

    async def a_dependency_goes_unavailable(offset: int) -> None:
        harness.may_start = False
        await harness.finish(offset, end=Handled.RETURNED)

    harness.handler.while_acking_early = a_dependency_goes_unavailable
    await harness.dispatcher.run_pass()
    assert harness.stream.acked == []
    harness.dispatcher.drain()
    assert sorted(harness.control.given_back) == [0, 1]
