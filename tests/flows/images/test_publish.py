"""Publishing rows: under their lease, with their position, and gently while Kafka is unavailable."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageRow, Origin, ScheduleReason
from faust_app.core.messages.events import Op
from faust_app.core.messages.topics import Topics
from faust_app.flows.images.intake import CATALOGUE, Intake, IntakeTerms, decide
from faust_app.flows.images.publish import DuePublisher, Publisher
from faust_app.metrics import Metrics
from tests.factories import LEASE, make_request
from tests.fakes.event_log import FakeEventLog
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.lane_choice import all_bulk, fair_lanes

TOPICS = EXPRESS, BULK, RETRY = "p.express", "p.bulk", "p.retry"


class Harness:
    def __init__(self) -> None:
        self.rows, self.log, self.metrics = FakeImageRepository(), FakeEventLog(), Metrics()
        self.seconds = 0.0
        lanes = fair_lanes(self.metrics, seconds=lambda: self.seconds)
        self.publisher = Publisher(self.log, self.rows, Topics.named("p."), self.metrics, lanes)
        self.intake = Intake(self.rows, self.publisher, self.metrics, clock=self.rows, lease=LEASE)
        self.due = DuePublisher(self.rows, self.publisher, lease=LEASE)

    async def accepted(self, *ids: str, op: Op = Op.REGISTER) -> list[ImageRow]:
        requests = [make_request(7, image_id, op=op) for image_id in ids]
        decisions = await self.rows.change(
            [r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True
        )
        return [decision.row for decision in decisions]

    def published(self) -> dict[str, int]:
        """Return how many events went to each topic, as the metrics count them."""
        counted = {topic: self.metrics.registry.get_sample_value("shop_images_published_total", {"topic": topic}) for topic in TOPICS}
        return {topic: int(count) for topic, count in counted.items() if count}

    def row(self, image_id: str) -> ImageRow:
        return self.rows.rows[7, image_id.encode()]


@pytest.fixture
def harness() -> Harness:
    return Harness()


@pytest.fixture
async def running(harness: Harness) -> AsyncIterator[Harness]:
    task = asyncio.create_task(harness.publisher.run())
    yield harness
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_published_row_has_its_position_and_waits_for_nothing(harness: Harness) -> None:
    (row,) = await harness.accepted("a")
    assert await harness.publisher.publish([row]) == 1
    after = harness.row("a")
    assert (after.position is not None, after.scheduled_at, after.schedule_reason) == (True, None, None)


async def test_what_kafka_does_not_acknowledge_keeps_its_time_and_is_sent_when_due(harness: Harness) -> None:
    (row,) = await harness.accepted("a")
    harness.log.unavailable = True
    assert await harness.publisher.publish([row]) == 0
    assert harness.row("a").scheduled_at == row.scheduled_at
    harness.log.unavailable = False
    assert await harness.due.run_pass() == 0, "never before its time"
    harness.rows.advance = LEASE + timedelta(seconds=1)
    assert await harness.due.run_pass() == 1
    assert harness.row("a").position is not None


async def test_while_kafka_is_unavailable_one_row_at_a_time_goes_out(harness: Harness) -> None:
    rows = await harness.accepted(*(f"i{n}" for n in range(50)))
    harness.log.unavailable = True
    await harness.publisher.publish(rows)
    await harness.publisher.publish(rows)
    await harness.publisher.publish(rows)
    assert harness.log.sends == [50, 1, 1]
    harness.log.unavailable = False
    assert await harness.publisher.publish(rows) == 50
    assert harness.log.sends[3:] == [1, 49]


async def test_a_full_pass_is_followed_at_once_by_the_next(harness: Harness) -> None:
    await harness.accepted(*(f"i{n}" for n in range(1203)))
    harness.rows.advance = LEASE + timedelta(seconds=1)
    assert await harness.due.run_pass() == 1203


async def test_a_row_that_moved_on_does_not_get_the_old_position(harness: Harness) -> None:
    (old,) = await harness.accepted("a")
    (new,) = await harness.accepted("a", op=Op.DELETE)
    await harness.publisher.publish([old])
    assert (harness.row("a").position, harness.row("a").scheduled_at) == (None, new.scheduled_at)


async def test_positions_that_cannot_be_written_are_told_and_leave_the_lease(harness: Harness) -> None:
    (row,) = await harness.accepted("a")
    harness.rows.unavailable = True
    with pytest.raises(Unavailable):
        await harness.publisher.publish([row])
    assert harness.row("a").scheduled_at == row.scheduled_at


async def test_accepted_requests_are_published_without_being_waited_for(running: Harness) -> None:
    await running.intake.accept([make_request(7, "a"), make_request(7, "b", op=Op.UPDATE)], entry_point="http")
    while running.row("b").position is None:
        await asyncio.sleep(0)
    assert len(running.log.messages[EXPRESS]) == 2


async def test_of_an_image_asked_for_twice_in_a_batch_the_last_is_published(running: Harness) -> None:
    first, second = make_request(7, "a"), make_request(7, "a", source_url="http://source.test/b.jpg")
    decisions = await running.intake.accept([first, second], entry_point="http")
    while running.row("a").position is None:
        await asyncio.sleep(0)
    assert decisions[1].row.version > decisions[0].row.version
    assert [b"b.jpg" in message.value for message in running.log.messages[EXPRESS]] == [True]


async def test_while_kafka_is_unavailable_accepting_goes_on_and_buffers_nothing(harness: Harness) -> None:
    harness.publisher.unavailable = True
    await harness.intake.accept([make_request(7, "a")], entry_point="http")
    assert harness.row("a").scheduled_at is not None
    assert harness.log.sends == []


async def test_a_shops_few_changes_are_express_and_what_it_drops_at_once_is_bulk(harness: Harness) -> None:
    await harness.publisher.publish(await harness.accepted(*(f"i{n}" for n in range(200))))
    assert harness.published() == {EXPRESS: 20, BULK: 180}
    assert {harness.row(f"i{n}").position.topic for n in range(20)} == {EXPRESS}, "and the row knows where"  # type: ignore[union-attr]
    harness.seconds = 3.0
    await harness.publisher.publish(await harness.accepted("later", "more", "most", "too many"))
    assert harness.published() == {EXPRESS: 23, BULK: 181}


async def test_deletes_are_express_beside_a_burst_of_registers(harness: Harness) -> None:
    await harness.publisher.publish(await harness.accepted(*(f"i{n}" for n in range(100))))
    await harness.publisher.publish(await harness.accepted(*(f"i{n}" for n in range(60)), op=Op.DELETE))
    assert harness.published() == {EXPRESS: 20 + 50, BULK: 80 + 10}


@pytest.mark.parametrize(
    ("changed", "topic"),
    [
        ({}, EXPRESS),
        ({"schedule_reason": ScheduleReason.RESCUED}, BULK),
        ({"schedule_reason": ScheduleReason.REPUBLISHED, "origin": Origin.REPAIR}, BULK),
        ({"origin": Origin.PLATFORM}, BULK),
        ({"schedule_reason": ScheduleReason.DEFERRED}, BULK),
        ({"schedule_reason": ScheduleReason.RUNNING}, BULK),
        ({"schedule_reason": ScheduleReason.RETRY, "attempt": 1}, RETRY),
    ],
)
async def test_what_is_due_is_express_only_if_it_was_never_sent(harness: Harness, changed: dict[str, Any], topic: str) -> None:
    (row,) = await harness.accepted("a")
    harness.rows.rows[row.key] = replace(row, **changed)
    harness.rows.advance = LEASE + timedelta(seconds=1)
    assert await harness.due.run_pass() == 1
    assert harness.published() == {topic: 1}


async def test_what_is_never_express_is_not_charged_to_its_shop(harness: Harness) -> None:
    repaired = [replace(row, origin=Origin.REPAIR) for row in await harness.accepted(*(f"i{n}" for n in range(100)))]
    await harness.publisher.publish(repaired)
    await harness.publisher.publish(await harness.accepted(*(f"own{n}" for n in range(20))))
    assert harness.published() == {EXPRESS: 20, BULK: 100}


async def test_a_catalogue_is_bulk_and_leaves_its_shops_single_changes_express(running: Harness) -> None:
    await running.intake.accept([make_request(7, f"c{n}") for n in range(50)], entry_point=CATALOGUE)
    await running.intake.accept([make_request(7, f"i{n}") for n in range(3)], entry_point="http")
    await running.publisher.flush()
    assert running.published() == {EXPRESS: 3, BULK: 50}


async def test_without_fair_shares_everything_is_bulk_but_retries(harness: Harness) -> None:
    plain = Publisher(harness.log, harness.rows, Topics.named("p."), harness.metrics, all_bulk(harness.metrics))
    rows = await harness.accepted("a", "b")
    await plain.publish([rows[0], replace(rows[1], attempt=1)])
    assert harness.published() == {BULK: 1, RETRY: 1}
