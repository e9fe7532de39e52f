"""Lost rows are found and published again; nothing else is."""

from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Unavailable
from faust_app.core.images.row import ImageState, WakeReason
from faust_app.core.messages.events import Op
from faust_app.core.messages.record import Record
from faust_app.flows.images.dead_letters import DeadLetters
from faust_app.flows.maintenance.rescue import Rescue
from tests.factories import make_request
from tests.fakes.alerts import FakeAlerts
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.unfinished_rows import FakeUnfinishedRows
from tests.flows.worker_harness import DEAD, TOPICS, WorkerBench

BULK = TOPICS.bulk.name


class RescueBench:
    def __init__(self, bench: WorkerBench) -> None:
        self.worker = bench
        self.offsets = FakeConsumerOffsets(bench.log, [spec.name for spec in TOPICS.images])
        dead_letters = DeadLetters(bench.log, bench.metrics, topic=DEAD, group="g")
        self.alerts = FakeAlerts()
        self.rescue = Rescue(
            repository=bench.rows,
            unfinished=FakeUnfinishedRows(bench.rows),
            offsets=self.offsets,
            dead_letters=dead_letters,
            alerts=self.alerts,
            metrics=bench.metrics,
        )

    async def publish(self, *image_ids: str) -> None:
        for image_id in image_ids:
            row = await self.worker.accept_request(make_request(7, image_id))
            await self.worker.publisher.publish([row])


@pytest.fixture
def rescuer(bench: WorkerBench) -> RescueBench:
    return RescueBench(bench)


async def test_a_row_behind_a_backlog_is_never_published_again_however_old(rescuer: RescueBench) -> None:
    await rescuer.publish(*(f"i{n}" for n in range(50)))
    rescuer.offsets.offsets[BULK] = 0
    rescuer.worker.rows.advance += timedelta(days=3)
    assert await rescuer.rescue.run_pass() == 0


async def test_a_consumed_row_without_an_outcome_is_due_at_once_and_ends_in_storage(rescuer: RescueBench) -> None:
    bench = rescuer.worker
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    assert await rescuer.rescue.run_pass() == 1
    assert (bench.row.rescues, bench.row.position, bench.row.wake_reason) == (1, None, WakeReason.RESCUED)
    assert [entry.outcome for entry in bench.rows.entries] == ["rescued"]
    assert await bench.due.run_pass() == 1
    message = bench.log.messages[BULK][1]
    await bench.ingest(Record(BULK, 0, 1, 0, message.key, message.value))
    assert (bench.row.state, bench.row.attempt) == (ImageState.DONE, 0)


async def test_only_the_lost_ones_of_many_are_rescued(rescuer: RescueBench) -> None:
    await rescuer.publish(*(f"i{n}" for n in range(20)))
    rescuer.offsets.offsets[BULK] = 5
    assert await rescuer.rescue.run_pass() == 5
    assert await rescuer.rescue.run_pass() == 0, "a rescued row waits, it is not lost again"


async def test_a_row_that_was_superseded_meanwhile_is_left_alone(rescuer: RescueBench) -> None:
    bench = rescuer.worker
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    (lost,) = await rescuer.rescue.find_lost(10)
    newer = await bench.accept(Op.UPDATE, source_url="http://source.test/newer.jpg")
    await rescuer.rescue._rescue([lost])
    assert bench.row.version == newer.version
    assert (bench.row.rescues, bench.row.wake_reason) == (0, WakeReason.UNSENT)


async def test_an_image_that_is_lost_after_three_rescues_is_a_dead_letter_and_failed(rescuer: RescueBench) -> None:
    bench = rescuer.worker
    await rescuer.publish("a")
    for lost_at in range(1, 5):
        rescuer.offsets.offsets[BULK] = lost_at
        await rescuer.rescue.run_pass()
        await bench.due.run_pass()
    assert (bench.row.state, bench.row.error_code, bench.letters()) == (ImageState.FAILED, "lost_repeatedly", ["lost_repeatedly"])
    assert [entry.outcome for entry in bench.rows.entries] == ["rescued"] * 3 + ["failed"]


async def test_a_topic_that_was_made_anew_loses_its_rows_half_a_minute_later(rescuer: RescueBench) -> None:
    bench = rescuer.worker
    await rescuer.publish("a", "b")
    bench.log.messages[BULK].clear()
    assert await rescuer.rescue.run_pass() == 0
    assert await rescuer.rescue.run_pass() == 0
    bench.rows.advance += timedelta(seconds=31)
    assert await rescuer.rescue.run_pass() == 2


async def test_a_row_in_a_topic_that_nobody_consumes_is_lost(rescuer: RescueBench) -> None:
    await rescuer.publish("a")
    rescuer.offsets._topics = [TOPICS.retry.name]
    assert await rescuer.rescue.run_pass() == 1


@pytest.mark.parametrize("away", ["kafka", "database"])
async def test_an_absence_loses_nothing_and_fails_nothing(rescuer: RescueBench, away: str) -> None:
    bench = rescuer.worker
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    rescuer.offsets.away, bench.rows.away = away == "kafka", away == "database"
    with pytest.raises(Unavailable):
        await rescuer.rescue.run_pass()
    assert (bench.row.state, bench.row.rescues) == (ImageState.IN_PROGRESS, 0)


async def test_lost_events_open_an_alert_until_a_look_finds_none(rescuer: RescueBench) -> None:
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    await rescuer.rescue.run_pass()
    assert rescuer.alerts.faults[FaultKind.LOST, None].waiting == 1
    await rescuer.rescue.run_pass()
    assert rescuer.alerts.words == [("open", FaultKind.LOST, None), ("close", FaultKind.LOST, None)]


async def test_who_no_longer_looks_for_lost_rows_takes_its_report_back(rescuer: RescueBench) -> None:
    await rescuer.publish("a")
    rescuer.offsets.offsets[BULK] = 1
    await rescuer.rescue.run_pass()
    rescuer.rescue.stand_down()
    assert rescuer.alerts.faults == {}
