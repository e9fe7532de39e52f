"""Acknowledging without gaps, reading ahead within bounds, giving everything back on a drain."""

import asyncio

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from faust_app.flows.images.executor import Handled
from tests.stream.dispatcher_harness import Bench, turns


async def test_only_the_finished_prefix_of_a_partition_is_acknowledged() -> None:
    bench = Bench()
    for offset in range(4):
        bench.submit(offset)
    await bench.finish(1)
    await bench.finish(2)
    assert bench.stream.acked == []
    await bench.finish(0)
    assert bench.stream.acked == [(0, 0), (0, 1), (0, 2)]
    await bench.finish(3)
    assert bench.stream.acked[-1] == (0, 3)


async def test_partitions_do_not_wait_for_each_other() -> None:
    bench = Bench()
    bench.submit(5, partition=0)
    bench.submit(9, partition=1)
    await bench.finish(9, partition=1)
    assert bench.stream.acked == [(1, 9)]


async def test_no_more_run_at_once_than_there_are_slots_and_a_free_slot_is_taken_at_once() -> None:
    bench = Bench(slots=2)
    for offset in range(5):
        bench.submit(offset)
    await turns()
    assert len(bench.started) == 2
    await bench.finish(1)
    assert sorted(offset for _, _, offset in bench.started) == [0, 1, 2]


async def test_a_deep_topic_does_not_hold_up_the_other() -> None:
    bench = Bench(slots=2)
    for offset in range(50):
        bench.submit(offset)
    bench.submit(0, topic="express")
    await bench.finish(0)
    await bench.finish(1)
    assert ("express", 0, 0) in bench.started


async def test_a_partition_is_paused_at_its_bound_and_resumed_at_half_of_it() -> None:
    bench = Bench(slots=1, per_partition=4)
    for offset in range(4):
        bench.submit(offset)
    assert bench.control.paused == {TP("bulk", 0)}
    bench.submit(4)  # what was fetched before the pause is still taken
    for offset in range(3):
        await bench.finish(offset)
    assert bench.control.paused == set()
    assert bench.dispatcher.held("bulk") == 2


async def test_a_slow_head_keeps_its_permits_until_it_is_acknowledged() -> None:
    bench = Bench(per_partition=4)
    for offset in range(4):
        bench.submit(offset)
    for offset in (1, 2, 3):
        await bench.finish(offset)
    assert bench.control.paused == {TP("bulk", 0)}, "finished behind an unfinished head still counts as held"
    await bench.finish(0)
    assert bench.control.paused == set()


async def test_a_full_topic_pauses_all_its_partitions_and_no_other_topic() -> None:
    bench = Bench(slots=1, ahead=3)
    for partition in range(3):
        bench.submit(0, partition=partition)
    assert bench.control.paused == {TP("bulk", n) for n in range(3)}


async def test_a_drain_gives_back_what_has_not_started_and_acknowledges_nothing_after() -> None:
    bench = Bench(slots=2, grace=60)
    for offset in range(4):
        bench.submit(offset)
    await bench.finish(1)
    bench.control.flowing = False
    bench.dispatcher.drain()
    assert sorted(bench.control.given_back) == [1, 3]
    await bench.finish(0)
    await bench.finish(2)
    assert bench.stream.acked == []
    assert sorted(bench.control.given_back) == [0, 1, 2, 3]
    assert (bench.dispatcher.running, bench.dispatcher.held("bulk")) == (0, 0)


async def test_what_is_still_running_after_its_grace_is_cancelled_and_given_back() -> None:
    bench = Bench(grace=0.01)
    bench.submit(0)
    await turns()
    bench.control.flowing = False
    bench.dispatcher.drain()
    with pytest.raises(asyncio.CancelledError):
        await bench.started["bulk", 0, 0]
    await turns()
    assert (bench.control.given_back, bench.stream.acked, bench.failures) == ([0], [], [])


async def test_what_arrives_while_partitions_move_is_given_back() -> None:
    bench = Bench()
    bench.control.flowing = False
    bench.submit(7)
    await turns()
    assert (bench.control.given_back, bench.started) == ([7], {})


async def test_a_new_assignment_is_not_mixed_with_what_ran_before_the_drain() -> None:
    bench = Bench(grace=60)
    bench.submit(0)
    await turns()
    bench.dispatcher.drain()
    old = bench.started["bulk", 0, 0]
    bench.submit(0)
    bench.submit(1)
    await bench.finish(0)
    old.set_result(Handled.DONE)
    await turns()
    assert bench.stream.acked == [(0, 0)]
    await bench.finish(1)
    assert bench.stream.acked == [(0, 0), (0, 1)]


async def test_an_error_that_leaves_the_handler_stops_the_worker_and_acknowledges_nothing() -> None:
    bench = Bench()
    bench.submit(0)
    await turns()
    bench.started["bulk", 0, 0].set_exception(ValueError("bug"))
    await turns()
    assert [type(error) for error in bench.failures] == [ValueError]
    assert bench.stream.acked == []


@given(order=st.permutations(range(12)))
def test_whatever_the_order_of_finishing_acks_come_in_offset_order_without_gaps(order: list[int]) -> None:
    async def scenario() -> None:
        bench = Bench()
        for offset in range(12):
            bench.submit(offset)
        for number, offset in enumerate(order, 1):
            await bench.finish(offset)
            finished = set(order[:number])
            prefix = next((n for n in range(12) if n not in finished), 12)
            assert bench.stream.acked == [(0, n) for n in range(prefix)]

    asyncio.run(scenario())


async def test_a_returned_event_is_in_front_of_its_queue_as_if_it_had_never_started() -> None:
    bench = Bench(slots=1)
    bench.submit(0)
    bench.submit(1)
    await turns()
    bench.may_start = False
    await bench.finish(0, end=Handled.RETURNED)
    assert (bench.dispatcher.running, bench.dispatcher.held("bulk"), bench.stream.acked) == (0, 2, [])
    bench.started.clear()
    bench.may_start = True
    bench.dispatcher.go_on()
    await turns()
    assert list(bench.started) == [("bulk", 0, 0)]
    await bench.finish(0)
    await bench.finish(1)
    assert bench.stream.acked == [(0, 0), (0, 1)]


async def test_while_nothing_may_start_events_are_held_within_their_bounds_and_a_drain_gives_all_back() -> None:
    bench = Bench(ahead=3)
    bench.may_start = False
    for offset in range(5):
        bench.submit(offset)
    await turns()
    assert (bench.started, len(bench.control.paused)) == ({}, 3)
    bench.dispatcher.drain()
    assert (bench.control.given_back, bench.dispatcher.held("bulk")) == ([0, 1, 2, 3, 4], 0)


async def test_an_event_that_is_returned_after_a_drain_is_given_back() -> None:
    bench = Bench(grace=60)
    bench.submit(0)
    await turns()
    bench.dispatcher.drain()
    await bench.finish(0, end=Handled.RETURNED)
    assert (bench.control.given_back, bench.stream.acked) == ([0], [])
