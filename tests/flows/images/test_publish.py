"""Publishing rows: under their lease, with their position, and gently while Kafka is away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageRow
from faust_app.core.messages.events import Op
from faust_app.core.messages.topics import Topics
from faust_app.flows.images.intake import Intake, Terms, decide
from faust_app.flows.images.publish import DuePublisher, Publisher
from faust_app.metrics import Metrics
from tests.factories import LEASE, make_request
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository

BULK = "p.bulk"


class Bench:
    def __init__(self) -> None:
        self.rows, self.log, self.metrics = FakeImageRepository(), FakeEventLog(), Metrics()
        self.publisher = Publisher(self.log, self.rows, Topics.named("p."), self.metrics)
        self.intake = Intake(self.rows, self.publisher, self.metrics, lease=LEASE)
        self.due = DuePublisher(self.rows, self.publisher, lease=LEASE)

    async def accepted(self, *ids: str, op: Op = Op.REGISTER) -> list[ImageRow]:
        requests = [make_request(7, image_id, op=op) for image_id in ids]
        decisions = await self.rows.change([r.key for r in requests], lambda locked: decide(requests, locked, Terms(LEASE)), create=True)
        return [decision.row for decision in decisions]

    def row(self, image_id: str) -> ImageRow:
        return self.rows.rows[7, image_id.encode()]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
async def running(bench: Bench) -> AsyncIterator[Bench]:
    task = asyncio.create_task(bench.publisher.run())
    yield bench
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_published_row_has_its_position_and_waits_for_nothing(bench: Bench) -> None:
    (row,) = await bench.accepted("a")
    assert await bench.publisher.publish([row]) == 1
    after = bench.row("a")
    assert (after.position is not None, after.wake_at, after.wake_reason) == (True, None, None)


async def test_what_kafka_does_not_acknowledge_keeps_its_time_and_is_sent_when_due(bench: Bench) -> None:
    (row,) = await bench.accepted("a")
    bench.log.away = True
    assert await bench.publisher.publish([row]) == 0
    assert bench.row("a").wake_at == row.wake_at
    bench.log.away = False
    assert await bench.due.run_pass() == 0, "never before its time"
    bench.rows.advance = LEASE + timedelta(seconds=1)
    assert await bench.due.run_pass() == 1
    assert bench.row("a").position is not None


async def test_while_kafka_is_away_one_row_at_a_time_goes_out(bench: Bench) -> None:
    rows = await bench.accepted(*(f"i{n}" for n in range(50)))
    bench.log.away = True
    await bench.publisher.publish(rows)
    await bench.publisher.publish(rows)
    await bench.publisher.publish(rows)
    assert bench.log.sends == [50, 1, 1]
    bench.log.away = False
    assert await bench.publisher.publish(rows) == 50
    assert bench.log.sends[3:] == [1, 49]


async def test_a_full_pass_is_followed_at_once_by_the_next(bench: Bench) -> None:
    await bench.accepted(*(f"i{n}" for n in range(1203)))
    bench.rows.advance = LEASE + timedelta(seconds=1)
    assert await bench.due.run_pass() == 1203


async def test_a_row_that_moved_on_does_not_get_the_old_position(bench: Bench) -> None:
    (old,) = await bench.accepted("a")
    (new,) = await bench.accepted("a", op=Op.DELETE)
    await bench.publisher.publish([old])
    assert (bench.row("a").position, bench.row("a").wake_at) == (None, new.wake_at)


async def test_positions_that_cannot_be_written_are_told_and_leave_the_lease(bench: Bench) -> None:
    (row,) = await bench.accepted("a")
    bench.rows.away = True
    with pytest.raises(Unavailable):
        await bench.publisher.publish([row])
    assert bench.row("a").wake_at == row.wake_at


async def test_accepted_requests_are_published_without_being_waited_for(running: Bench) -> None:
    await running.intake.accept([make_request(7, "a"), make_request(7, "b", op=Op.UPDATE)], door="http")
    while running.row("b").position is None:
        await asyncio.sleep(0)
    assert len(running.log.messages[BULK]) == 2


async def test_of_an_image_asked_for_twice_in_a_batch_the_last_is_published(running: Bench) -> None:
    first, second = make_request(7, "a"), make_request(7, "a", source_url="http://source.test/b.jpg")
    decisions = await running.intake.accept([first, second], door="http")
    while running.row("a").position is None:
        await asyncio.sleep(0)
    assert decisions[1].row.version > decisions[0].row.version
    assert [b"b.jpg" in message.value for message in running.log.messages[BULK]] == [True]


async def test_while_kafka_is_away_accepting_goes_on_and_buffers_nothing(bench: Bench) -> None:
    bench.publisher.away = True
    await bench.intake.accept([make_request(7, "a")], door="http")
    assert bench.row("a").wake_at is not None
    assert bench.log.sends == []
