"""Acknowledging without gaps, reading ahead within bounds, giving everything back on a drain."""

import asyncio

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from faust_app.flows.images.executor import Handled
from tests.stream.dispatcher_harness import Harness, turns


async def test_only_the_finished_prefix_of_a_partition_is_acknowledged() -> None:
    harness = Harness()
    for offset in range(4):
        harness.submit(offset)
    await harness.finish(1)
    await harness.finish(2)
    assert harness.stream.acked == []
    await harness.finish(0)
    assert harness.stream.acked == [(0, 0), (0, 1), (0, 2)]
    await harness.finish(3)
    assert harness.stream.acked[-1] == (0, 3)


async def test_partitions_do_not_wait_for_each_other() -> None:
    harness = Harness()
    harness.submit(5, partition=0)
    harness.submit(9, partition=1)
    await harness.finish(9, partition=1)
    assert harness.stream.acked == [(1, 9)]


async def test_no_more_run_at_once_than_there_are_slots_and_a_free_slot_is_taken_at_once() -> None:
    harness = Harness(slots=2)
    for offset in range(5):
        harness.submit(offset)
    await turns()
    assert len(harness.started) == 2
    await harness.finish(1)
    assert sorted(offset for _, _, offset in harness.started) == [0, 1, 2]


async def test_a_deep_topic_does_not_hold_up_the_other() -> None:
    harness = Harness(slots=2)
    for offset in range(50):
        harness.submit(offset)
    harness.submit(0, topic="express")
    await harness.finish(0)
    await harness.finish(1)
    assert ("express", 0, 0) in harness.started


async def test_a_partition_is_paused_at_its_bound_and_resumed_at_half_of_it() -> None:
    harness = Harness(slots=1, per_partition=4)
    for offset in range(4):
        harness.submit(offset)
    assert harness.control.paused == {TP("bulk", 0)}
    harness.submit(4)  # what was fetched before the pause is still taken
    for offset in range(3):
        await harness.finish(offset)
    assert harness.control.paused == set()
    assert harness.dispatcher.held("bulk") == 2


async def test_a_slow_head_keeps_its_permits_until_it_is_acknowledged() -> None:
    harness = Harness(per_partition=4)
    for offset in range(4):
        harness.submit(offset)
    for offset in (1, 2, 3):
        await harness.finish(offset)
    assert harness.control.paused == {TP("bulk", 0)}, "finished behind an unfinished head still counts as held"
    await harness.finish(0)
    assert harness.control.paused == set()


async def test_a_full_topic_pauses_all_its_partitions_and_no_other_topic() -> None:
    harness = Harness(slots=1, ahead=3)
    for partition in range(3):
        harness.submit(0, partition=partition)
    assert harness.control.paused == {TP("bulk", n) for n in range(3)}


async def test_a_drain_gives_back_what_has_not_started_and_acknowledges_nothing_after() -> None:
    harness = Harness(slots=2, grace=60)
    for offset in range(4):
        harness.submit(offset)
    await harness.finish(1)
    harness.control.flowing = False
    harness.dispatcher.drain()
    assert sorted(harness.control.given_back) == [1, 3]
    await harness.finish(0)
    await harness.finish(2)
    assert harness.stream.acked == []
    assert sorted(harness.control.given_back) == [0, 1, 2, 3]
    assert (harness.dispatcher.running, harness.dispatcher.held("bulk")) == (0, 0)


async def test_what_is_still_running_after_its_grace_is_cancelled_and_given_back() -> None:
    harness = Harness(grace=0.01)
    harness.submit(0)
    await turns()
    harness.control.flowing = False
    harness.dispatcher.drain()
    with pytest.raises(asyncio.CancelledError):
        await harness.started["bulk", 0, 0]
    await turns()
    assert (harness.control.given_back, harness.stream.acked, harness.failures) == ([0], [], [])


async def test_what_arrives_while_partitions_move_is_given_back() -> None:
    harness = Harness()
    harness.control.flowing = False
    harness.submit(7)
    await turns()
    assert (harness.control.given_back, harness.started) == ([7], {})


async def test_a_new_assignment_is_not_mixed_with_what_ran_before_the_drain() -> None:
    harness = Harness(grace=60)
    harness.submit(0)
    await turns()
    harness.dispatcher.drain()
    old = harness.started["bulk", 0, 0]
    harness.submit(0)
    harness.submit(1)
    await harness.finish(0)
    old.set_result(Handled.DONE)
    await turns()
    assert harness.stream.acked == [(0, 0)]
    await harness.finish(1)
    assert harness.stream.acked == [(0, 0), (0, 1)]


async def test_an_error_that_leaves_the_handler_stops_the_worker_and_acknowledges_nothing() -> None:
    harness = Harness()
    harness.submit(0)
    await turns()
    harness.started["bulk", 0, 0].set_exception(ValueError("bug"))
    await turns()
    assert [type(error) for error in harness.failures] == [ValueError]
    assert harness.stream.acked == []


@given(order=st.permutations(range(12)))
def test_whatever_the_order_of_finishing_acks_come_in_offset_order_without_gaps(order: list[int]) -> None:
    async def scenario() -> None:
        harness = Harness()
        for offset in range(12):
            harness.submit(offset)
        for number, offset in enumerate(order, 1):
            await harness.finish(offset)
            finished = set(order[:number])
            prefix = next((n for n in range(12) if n not in finished), 12)
            assert harness.stream.acked == [(0, n) for n in range(prefix)]

    asyncio.run(scenario())


async def test_a_returned_event_is_in_front_of_its_queue_as_if_it_had_never_started() -> None:
    harness = Harness(slots=1)
    harness.submit(0)
    harness.submit(1)
    await turns()
    harness.may_start = False
    await harness.finish(0, end=Handled.RETURNED)
    assert (harness.dispatcher.running, harness.dispatcher.held("bulk"), harness.stream.acked) == (0, 2, [])
    harness.started.clear()
    harness.may_start = True
    running = asyncio.create_task(harness.dispatcher.run())
    harness.held.release()
    await turns()
    running.cancel()
    assert list(harness.started) == [("bulk", 0, 0)]
    await harness.finish(0)
    await harness.finish(1)
    assert harness.stream.acked == [(0, 0), (0, 1)]


async def test_while_nothing_may_start_events_stay_within_bounds_and_a_drain_gives_all_back() -> None:
    harness = Harness(ahead=3)
    harness.may_start = False
    for offset in range(5):
        harness.submit(offset)
    await turns()
    assert (harness.started, len(harness.control.paused), harness.held.count) == ({}, 3, 5)
    harness.dispatcher.drain()
    assert (harness.control.given_back, harness.dispatcher.held("bulk")) == ([0, 1, 2, 3, 4], 0)


async def test_an_event_that_is_returned_after_a_drain_is_given_back() -> None:
    harness = Harness(grace=60)
    harness.submit(0)
    await turns()
    harness.dispatcher.drain()
    await harness.finish(0, end=Handled.RETURNED)
    assert (harness.control.given_back, harness.stream.acked) == ([0], [])


async def test_events_of_a_paused_lane_wait_while_those_of_others_run() -> None:
    harness = Harness()
    harness.paused.add("bulk")
    harness.submit(1, topic="bulk")
    harness.submit(1, topic="retry")
    await turns()
    assert list(harness.started) == [("retry", 0, 1)]
    assert (harness.dispatcher.held("bulk"), harness.dispatcher.unfinished) == (1, 1), "what is paused is no work that stalls"
    harness.paused.clear()
    await harness.dispatcher.run_pass()
    await turns()
    assert ("bulk", 0, 1) in harness.started
