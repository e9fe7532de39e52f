"""A slow source holds few slots, and neither room to read ahead nor acknowledgements of others."""

import asyncio

import pytest

from faust_app.core.dispatch.pace import LONGEST_WAIT, UNKNOWN
from faust_app.flows.images.executor import Handled
from faust_app.stream import dispatcher as dispatcher_module
from tests.stream.dispatcher_harness import Bench, turns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The dispatcher's clock, which stands until the test sets it."""
    now = [1000.0]
    monkeypatch.setattr(dispatcher_module, "_now", lambda: now[0])
    return now


async def pass_after_three_seconds(bench: Bench, clock: list[float]) -> None:
    """Let what may start run for three seconds, longer than LONG_SECONDS, and the pass come."""
    await turns()
    clock[0] += 3
    await bench.dispatcher.run_pass()


async def test_an_unknown_source_gets_few_slots_and_the_others_the_rest(clock: list[float]) -> None:
    bench = Bench(slots=20)
    bench.pace.answered("slow.test")
    for offset in range(20):
        bench.submit(offset, host="slow.test")
    for offset in range(20, 30):
        bench.submit(offset, host=f"h{offset}.test")
    await turns()
    assert sum(offset < 20 for _, _, offset in bench.started) == UNKNOWN
    assert sum(offset >= 20 for _, _, offset in bench.started) == 10
    await bench.finish(0)
    assert ("bulk", 0, UNKNOWN) in bench.started, "a slot that the source frees is its own again"


async def test_the_youngest_of_a_queue_that_would_wait_for_long_are_put_off_and_acknowledged(clock: list[float]) -> None:
    bench = Bench()
    bench.pace_of("slow.test", 5.0)
    for offset in range(40):
        bench.submit(offset, partition=offset % 3, host="slow.test")
    await turns()
    await bench.dispatcher.run_pass()
    await turns()
    stay = int(LONGEST_WAIT * bench.pace.slots((1, "slow.test"), clock[0]) / 5.0)
    assert set(bench.handler.put_off_for) == set(range(UNKNOWN - 2 + stay, 40))
    delays = [bench.handler.put_off_for[offset] for offset in sorted(bench.handler.put_off_for, reverse=True)]
    assert delays == sorted(delays), "each is due after the one put off before it"
    assert bench.failures == []


async def test_nothing_is_put_off_or_handed_over_while_nothing_may_start(clock: list[float]) -> None:
    bench = Bench(per_partition=4)
    bench.pace_of("slow.test", 5.0)
    for offset in range(40):
        bench.submit(offset, host="slow.test")
    await turns()
    clock[0] += 60
    bench.may_start = False
    await bench.dispatcher.run_pass()
    assert (bench.handler.put_off_for, bench.handler.handed_over) == ({}, [])


async def test_an_event_that_runs_long_is_handed_over_and_holds_up_no_acknowledgement(clock: list[float]) -> None:
    bench = Bench(per_partition=4)
    for offset in range(4):
        bench.submit(offset, host=f"h{offset}.test")
    for offset in (1, 2, 3):
        await bench.finish(offset)
    clock[0] += 3
    await bench.dispatcher.run_pass()
    assert bench.handler.handed_over == [0]
    assert [offset for _, offset in bench.stream.acked] == [0, 1, 2, 3]
    assert (bench.control.paused, bench.dispatcher.held("bulk"), bench.dispatcher.running) == (set(), 0, 1)
    await bench.finish(0)
    assert len(bench.stream.acked) == 4, "it is not acknowledged twice"


async def test_an_event_whose_row_takes_no_time_keeps_its_acknowledgement(clock: list[float]) -> None:
    bench = Bench(per_partition=2)
    bench.handler.takes_over = set()
    bench.submit(0)
    bench.submit(1)
    await pass_after_three_seconds(bench, clock)
    assert bench.stream.acked == []


async def test_an_event_that_waits_long_for_a_slot_of_its_source_is_handed_over_and_runs_when_it_has_one(clock: list[float]) -> None:
    bench = Bench(per_partition=20)
    bench.pace.answered("slow.test")
    bench.handler.takes_over = {UNKNOWN, UNKNOWN + 1}
    for offset in range(UNKNOWN + 1):
        bench.submit(offset, partition=offset, host="slow.test")
    for offset in range(1, 11):
        bench.submit(offset, partition=UNKNOWN, host=f"h{offset}.test")
        await bench.finish(offset, partition=UNKNOWN)
    assert bench.stream.acked == []
    clock[0] += 3
    await bench.dispatcher.run_pass()
    assert len(bench.stream.acked) == 11
    await bench.finish(0)
    await bench.finish(UNKNOWN, partition=UNKNOWN)
    assert (len(bench.stream.acked), bench.failures) == (12, [])


async def test_what_only_waits_for_a_slot_of_ours_is_not_handed_over(clock: list[float]) -> None:
    bench = Bench(slots=1, per_partition=4)
    bench.handler.takes_over = set()
    for offset in range(4):
        bench.submit(offset, host=f"h{offset}.test")
    await pass_after_three_seconds(bench, clock)
    assert bench.handler.handed_over == [0]


async def test_a_drain_forgets_an_event_that_waits_for_its_source_though_it_was_handed_over(clock: list[float]) -> None:
    bench, slow = Bench(per_partition=2, grace=60), (1, "slow.test")
    bench.pace.answered("slow.test")
    bench.handler.takes_over = {UNKNOWN}
    for offset in range(UNKNOWN + 1):
        bench.submit(offset, partition=offset, host="slow.test")
    bench.submit(UNKNOWN + 1, partition=UNKNOWN, host="h.test")
    await pass_after_three_seconds(bench, clock)
    assert [offset for _, offset in bench.stream.acked] == [UNKNOWN]
    bench.dispatcher.drain()
    bench.pace_of("slow.test", 5.0)
    room = int(LONGEST_WAIT * bench.pace.slots(slow, clock[0]) / 5.0)
    for _ in range(room + 1):
        bench.pace.arrived(slow)
    assert bench.pace.surplus(slow, clock[0]) == 1, "those that waited before are not counted"
    assert UNKNOWN not in bench.control.given_back
    for offset in range(UNKNOWN):
        await bench.finish(offset, partition=offset)
    await bench.finish(UNKNOWN + 1, partition=UNKNOWN)


async def test_a_short_queue_hands_nothing_over(clock: list[float]) -> None:
    bench = Bench(per_partition=400)
    bench.submit(0)
    await turns()
    clock[0] += 30
    await bench.dispatcher.run_pass()
    assert bench.handler.handed_over == []


async def test_what_was_handed_over_is_neither_given_back_nor_a_failure_when_a_drain_cancels_it(clock: list[float]) -> None:
    bench = Bench(per_partition=2, grace=0.01)
    bench.submit(0, host="a.test")
    bench.submit(1, host="b.test")
    await pass_after_three_seconds(bench, clock)
    bench.dispatcher.drain()
    with pytest.raises(asyncio.CancelledError):
        await bench.started["bulk", 0, 0]
    await turns()
    assert (bench.control.given_back, bench.failures) == ([], [])


async def test_an_event_handed_over_behind_an_unfinished_one_is_given_back_by_a_drain(clock: list[float]) -> None:
    bench = Bench(per_partition=2, grace=60)
    bench.handler.takes_over = {1}
    bench.submit(0, host="a.test")
    bench.submit(1, host="b.test")
    await pass_after_three_seconds(bench, clock)
    bench.dispatcher.drain()
    await bench.finish(1)
    await bench.finish(0)
    assert sorted(bench.control.given_back) == [0, 1]
    assert bench.stream.acked == []


async def test_an_event_that_is_returned_while_it_is_handed_over_keeps_its_message(clock: list[float]) -> None:
    bench = Bench(per_partition=2)
    bench.submit(0, host="a.test")
    bench.submit(1, host="b.test")
    await turns()
    clock[0] += 3

    async def a_dependency_goes_away(offset: int) -> None:
        bench.may_start = False
        await bench.finish(offset, end=Handled.RETURNED)

    bench.handler.while_handing_over = a_dependency_goes_away
    await bench.dispatcher.run_pass()
    assert bench.stream.acked == []
    bench.dispatcher.drain()
    assert sorted(bench.control.given_back) == [0, 1]
