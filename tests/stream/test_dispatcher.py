"""Acknowledging without gaps, reading ahead within bounds, giving everything back on a drain."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from faust_app.core.record import Record, Unparseable
from faust_app.core.source_pace import LONGEST_WAIT, UNKNOWN, SourcePace
from faust_app.flows.ingest import Event, Handled
from faust_app.stream import dispatcher as dispatcher_module
from faust_app.stream.dispatcher import Dispatcher


class FakeStream:
    def __init__(self) -> None:
        self.acked: list[tuple[int, int]] = []

    async def ack(self, event: Any) -> bool:
        self.acked.append((event.message.partition, event.message.offset))
        return True


class FakeControl:
    def __init__(self) -> None:
        self.flowing = True
        self.paused: set[TP] = set()
        self.given_back: list[int] = []
        self.tps = {TP("bulk", n) for n in range(3)} | {TP("express", n) for n in range(3)}

    def assigned(self) -> Iterable[TP]:
        return self.tps

    def is_flowing(self) -> bool:
        return self.flowing

    def pause(self, tp: TP) -> None:
        assert isinstance(tp, TP), "Faust takes no other type"
        self.paused.add(tp)

    def resume(self, tp: TP) -> None:
        assert isinstance(tp, TP), "Faust takes no other type"
        self.paused.discard(tp)

    def forget_pause(self, tp: TP) -> None:
        self.paused.discard(tp)

    def give_back(self, message: Any) -> None:
        self.given_back.append(message.offset)


class FakeHandler:
    """Deals with events when the test says so; a record's key is the host it is fetched from."""

    def __init__(self) -> None:
        self.started: dict[tuple[str, int, int], asyncio.Future[Handled]] = {}
        self.put_off_for: dict[int, float] = {}
        self.handed_over: list[int] = []
        self.takes_over = True

    def read(self, record: Record) -> Event:
        return Event(record, Unparseable("a test's"), (1, (record.key or b"").decode()))

    async def __call__(self, event: Event) -> Handled:
        future: asyncio.Future[Handled] = asyncio.get_running_loop().create_future()
        self.started[event.record.topic, event.record.partition, event.record.offset] = future
        return await future

    async def put_off(self, event: Event, delay: timedelta) -> Handled:
        self.put_off_for[event.record.offset] = delay.total_seconds()
        return Handled.DONE

    async def hand_over(self, event: Event) -> bool:
        self.handed_over.append(event.record.offset)
        return self.takes_over


class Bench:
    """A dispatcher whose events end when the test says so."""

    def __init__(self, *, slots: int = 64, ahead: int = 2000, per_partition: int = 400, grace: float = 0.0) -> None:
        self.control, self.stream, self.handler = FakeControl(), FakeStream(), FakeHandler()
        self.pace = SourcePace(slots)
        self.may_start = True
        self.failures: list[BaseException] = []
        self.dispatcher = Dispatcher(
            lambda: self.handler, self.control, self.failures.append, may_start=lambda: self.may_start, pace=self.pace,
            slots=slots, ahead=ahead, ahead_per_partition=per_partition, grace=grace,
        )  # fmt: skip

    @property
    def started(self) -> dict[tuple[str, int, int], "asyncio.Future[Handled]"]:
        return self.handler.started

    def submit(self, offset: int, *, partition: int = 0, topic: str = "bulk", host: str = "") -> None:
        message = SimpleNamespace(
            topic=topic, partition=partition, offset=offset, tp=TopicPartition(topic, partition),
            timestamp=1.5, key=host.encode(), value=b"{}",
        )  # fmt: skip
        self.dispatcher.submit(self.stream, SimpleNamespace(message=message))  # type: ignore[arg-type]

    async def finish(self, offset: int, *, partition: int = 0, topic: str = "bulk", end: Handled = Handled.DONE) -> None:
        await turns()
        self.started[topic, partition, offset].set_result(end)
        await turns()


async def turns() -> None:
    """Let every ready task run; each step of the dispatcher takes a known few turns of the loop."""
    for _ in range(5):
        await asyncio.sleep(0)


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


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The dispatcher's clock, which stands until the test sets it."""
    now = [1000.0]
    monkeypatch.setattr(dispatcher_module, "_now", lambda: now[0])
    return now


async def test_an_unknown_source_gets_few_slots_and_the_others_the_rest(clock: list[float]) -> None:
    bench = Bench(slots=20)
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
    bench.pace.fetched((1, "slow.test"), 5.0)
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
    bench.pace.fetched((1, "slow.test"), 5.0)
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
    bench.handler.takes_over = False
    bench.submit(0)
    bench.submit(1)
    await turns()
    clock[0] += 3
    await bench.dispatcher.run_pass()
    assert bench.stream.acked == []


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
    await turns()
    clock[0] += 3
    await bench.dispatcher.run_pass()
    bench.dispatcher.drain()
    with pytest.raises(asyncio.CancelledError):
        await bench.started["bulk", 0, 0]
    await turns()
    assert (bench.control.given_back, bench.failures) == ([], [])


async def test_an_event_handed_over_behind_an_unfinished_one_is_given_back_by_a_drain(clock: list[float]) -> None:
    bench = Bench(slots=2, per_partition=2, grace=60)
    bench.submit(0, host="a.test")
    await turns()
    clock[0] += 3
    bench.handler.takes_over = False
    bench.submit(1, host="b.test")
    await turns()
    clock[0] += 3
    await bench.dispatcher.run_pass()
    bench.handler.takes_over = True
    bench.handler.handed_over.clear()
    bench.dispatcher.drain()
    await bench.finish(1)
    await bench.finish(0)
    assert sorted(bench.control.given_back) == [0, 1]
    assert bench.stream.acked == []
