"""Lost rows are found and published again; nothing else is."""

from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageState, ScheduleReason
from faust_app.core.messages.events import Op
from faust_app.core.messages.positions import TopicPartition
from faust_app.core.messages.record import Record
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.maintenance.rescue import Rescue
from tests.factories import make_request
from tests.fakes.alerts import FakeAlerts
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.unfinished_rows import FakeUnfinishedRows
from tests.flows.worker_harness import DEAD, TOPICS, WorkerHarness

BULK = TOPICS.bulk.name


class RescueHarness:
    def __init__(self, harness: WorkerHarness) -> None:
        self.worker = harness
        self.offsets = FakeConsumerOffsets(harness.log, [spec.name for spec in TOPICS.images])
        dead_letters = DeadLetters(harness.log, harness.metrics, topic=DEAD, group="g")
        self.alerts = FakeAlerts()
        self.rescue = Rescue(
            repository=harness.rows,
            clock=harness.rows,
            unfinished=FakeUnfinishedRows(harness.rows),
            offsets=self.offsets,
            dead_letters=dead_letters,
            alerts=self.alerts,
            metrics=harness.metrics,
        )

    async def publish(self, *image_ids: str) -> None:
        for image_id in image_ids:
            row = await self.worker.accept_request(make_request(7, image_id))
            await self.worker.publisher.publish([row])


@pytest.fixture
def rescuer(harness: WorkerHarness) -> RescueHarness:
    return RescueHarness(harness)


async def test_a_row_behind_a_backlog_is_never_published_again_however_old(rescuer: RescueHarness) -> None:
    await rescuer.publish(*(f"i{n}" for n in range(50)))
    rescuer.offsets.offsets[BULK] = 0
    rescuer.worker.rows.advance += timedelta(days=3)
    assert await rescuer.rescue.run_pass() == 0


async def test_a_consumed_row_without_an_outcome_is_due_at_once_and_ends_in_storage(rescuer: RescueHarness) -> None:
    harness = rescuer.worker
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    assert await rescuer.rescue.run_pass() == 1
    assert (harness.row.rescues, harness.row.position, harness.row.schedule_reason) == (1, None, ScheduleReason.RESCUED)
    assert [entry.outcome for entry in harness.rows.entries] == ["rescued"]
    assert await harness.due.run_pass() == 1
    message = harness.log.messages[BULK][1]
    await harness.execute(Record(BULK, 0, 1, 0, message.key, message.value))
    assert (harness.row.state, harness.row.attempt) == (ImageState.DONE, 0)


async def test_only_the_lost_ones_of_many_are_rescued(rescuer: RescueHarness) -> None:
    await rescuer.publish(*(f"i{n}" for n in range(20)))
    rescuer.offsets.offsets[BULK] = 5
    assert await rescuer.rescue.run_pass() == 5
    assert await rescuer.rescue.run_pass() == 0, "a rescued row waits, it is not lost again"


async def test_a_row_that_was_superseded_meanwhile_is_left_alone(rescuer: RescueHarness) -> None:
    harness = rescuer.worker
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    (lost,) = await rescuer.rescue.find_lost(10)
    newer = await harness.accept(Op.UPDATE, source_url="http://source.test/newer.jpg")
    await rescuer.rescue._rescue([lost])
    assert harness.row.version == newer.version
    assert (harness.row.rescues, harness.row.schedule_reason) == (0, ScheduleReason.UNSENT)


async def test_an_image_that_is_lost_after_three_rescues_is_a_dead_letter_and_failed(rescuer: RescueHarness) -> None:
    harness = rescuer.worker
    await rescuer.publish("a")
    for lost_at in range(1, 5):
        rescuer.offsets.offsets[BULK] = lost_at
        await rescuer.rescue.run_pass()
        await harness.due.run_pass()
    assert (harness.row.state, harness.row.error_code, harness.letters()) == (ImageState.FAILED, "lost_repeatedly", ["lost_repeatedly"])
    assert [entry.outcome for entry in harness.rows.entries] == ["rescued"] * 3 + ["failed"]


async def test_a_topic_that_was_made_anew_loses_its_rows_half_a_minute_later(rescuer: RescueHarness) -> None:
    harness = rescuer.worker
    await rescuer.publish("a", "b")
    harness.log.messages[BULK].clear()
    assert await rescuer.rescue.run_pass() == 0
    assert await rescuer.rescue.run_pass() == 0
    harness.rows.advance += timedelta(seconds=31)
    assert await rescuer.rescue.run_pass() == 2


async def test_a_row_in_a_topic_that_nobody_consumes_is_lost(rescuer: RescueHarness) -> None:
    await rescuer.publish("a")
    rescuer.offsets._topics = [TOPICS.retry.name]
    assert await rescuer.rescue.run_pass() == 1


async def test_a_row_in_a_partition_that_was_added_after_the_offsets_were_read_is_not_lost(
    rescuer: RescueHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rescuer.publish("a")
    rescuer.offsets._topics = [TOPICS.retry.name]
    known = rescuer.offsets.ends

    async def with_added() -> dict[TopicPartition, int]:
        return {**await known(), (BULK, 0): 1}

    monkeypatch.setattr(rescuer.offsets, "ends", with_added)
    assert await rescuer.rescue.run_pass() == 0


@pytest.mark.parametrize("unavailable", ["kafka", "database"])
async def test_an_outage_loses_nothing_and_fails_nothing(rescuer: RescueHarness, unavailable: str) -> None:
    harness = rescuer.worker
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    rescuer.offsets.unavailable, harness.rows.unavailable = unavailable == "kafka", unavailable == "database"
    with pytest.raises(Unavailable):
        await rescuer.rescue.run_pass()
    assert (harness.row.state, harness.row.rescues) == (ImageState.IN_PROGRESS, 0)


async def test_lost_events_open_an_alert_until_a_look_finds_none(rescuer: RescueHarness) -> None:
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    await rescuer.rescue.run_pass()
    assert rescuer.alerts.faults[FaultKind.LOST, None].waiting == 1
    await rescuer.rescue.run_pass()
    assert rescuer.alerts.words == [("open", FaultKind.LOST, None), ("close", FaultKind.LOST, None)]


async def test_who_no_longer_looks_for_lost_rows_takes_its_report_back(rescuer: RescueHarness) -> None:
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    await rescuer.rescue.run_pass()
    rescuer.rescue.stand_down()
    assert rescuer.alerts.faults == {}
