"""Unfinished images are counted and listed, and who is late is told."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Unavailable
from faust_app.core.messages.positions import Position
from faust_app.core.monitoring.unfinished import MAX_LISTED, Kind, StalledReport
from faust_app.flows.monitoring import unfinished as watch_stalled
from faust_app.flows.monitoring.unfinished import counts_by_kind, oldest_open_seconds
from tests.factories import make_request
from tests.flows.monitoring.monitoring_harness import BULK, DAY, WatchHarness
from tests.flows.worker_harness import WorkerHarness


@pytest.fixture
def watch(harness: WorkerHarness) -> WatchHarness:
    return WatchHarness(harness)


def report(watch: WatchHarness) -> StalledReport:
    assert watch.stalled.report is not None
    return watch.stalled.report


def listed(watch: WatchHarness, kind: Kind) -> list[str]:
    return [row.image_id.decode() for row in report(watch).listed(kind, 100)]


async def test_every_unfinished_image_is_queued_waiting_or_lost(watch: WatchHarness) -> None:
    await watch.publish("lost", "queued")
    watch.offsets.offsets[BULK] = 1
    await watch.worker.accept_request(make_request(7, "scheduled"))
    await watch.sample()
    counts = report(watch).counts
    assert (counts.scheduled, counts.queued, counts.lost, counts.failed, counts.stalled) == (1, 1, 1, 0, 1)
    assert listed(watch, Kind.STALLED) == listed(watch, Kind.LOST) == ["lost"]
    assert (listed(watch, Kind.QUEUED), listed(watch, Kind.SCHEDULED)) == (["queued"], ["scheduled"])
    assert watch.metrics.registry.get_sample_value("shop_images_unfinished", {"kind": "lost"}) == 1


async def test_queued_images_are_listed_beside_more_lost_ones_than_are_listed(watch: WatchHarness) -> None:
    await watch.publish(*(f"lost{number}" for number in range(MAX_LISTED)), "queued")
    watch.offsets.offsets[BULK] = MAX_LISTED
    await watch.sample()
    assert (report(watch).counts.lost, listed(watch, Kind.QUEUED)) == (MAX_LISTED, ["queued"])


async def test_an_image_behind_a_backlog_counts_when_it_is_old_and_is_still_queued(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.sample(after=(DAY - timedelta(minutes=1)).total_seconds())
    assert report(watch).counts.stalled == 0
    await watch.sample(after=61)
    (row,) = report(watch).listed(Kind.STALLED, 10)
    assert report(watch).status(row) == "queued"
    assert counts_by_kind(report(watch).counts)[Kind.STALLED] == 1
    assert oldest_open_seconds(report(watch)) > DAY.total_seconds()


async def test_an_image_that_is_old_and_lost_counts_once(watch: WatchHarness) -> None:
    await watch.publish("a")
    watch.offsets.offsets[BULK] = 1
    await watch.sample(after=2 * DAY.total_seconds())
    assert (report(watch).counts.stalled, listed(watch, Kind.STALLED)) == (1, ["a"])


async def test_a_topic_made_anew_loses_its_images_after_half_a_minute(watch: WatchHarness) -> None:
    await watch.publish("a", "b")
    watch.worker.log.messages[BULK].clear()
    await watch.sample(times=3)
    assert report(watch).counts.lost == 0
    await watch.sample(times=2)
    assert (report(watch).counts.lost, listed(watch, Kind.QUEUED)) == (2, [])


async def test_the_images_of_one_shop_are_looked_at_when_they_are_asked_for(watch: WatchHarness) -> None:
    await watch.publish("a", "b")
    await watch.publish("c", shop_no=8)
    watch.offsets.offsets[BULK] = 3
    await watch.sample()
    of_shop = await watch.stalled.of_shop(8)
    assert of_shop is not None
    assert (of_shop.shop_no, of_shop.counts.lost) == (8, 1)
    assert report(watch).counts.lost == 3
    assert await watch.stalled.of_shop(9) is None


async def test_an_image_in_a_partition_added_since_the_last_sample_is_not_lost(watch: WatchHarness) -> None:
    await watch.sample()
    row = await watch.worker.accept_request(make_request(7, "a"))
    watch.worker.rows.rows[row.key] = replace(row, position=Position(BULK, 99, 0), scheduled_at=None)
    of_shop = await watch.stalled.of_shop(7)
    assert of_shop is not None
    assert (of_shop.counts.placed, of_shop.counts.lost) == (1, 0)
    (queued,) = of_shop.listed(Kind.QUEUED, 10)
    assert of_shop.status(queued) == "queued"


async def test_a_frozen_database_lets_nobody_wait_for_ever_and_is_asked_for_one_shop_at_a_time(
    watch: WatchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch.sample()
    monkeypatch.setattr(watch_stalled, "COUNT_SECONDS", 0.05)
    asking: set[int] = set()
    at_once: list[int] = []

    async def never(shop_no: int) -> bool:
        asking.add(shop_no)
        at_once.append(len(asking))
        try:
            return bool(await asyncio.get_running_loop().create_future())
        finally:
            asking.remove(shop_no)

    monkeypatch.setattr(watch.stalled._rows, "knows_shop", never)
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(watch.stalled.of_shop(shop_no) for shop_no in range(1, 9)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 8
    assert set(at_once) == {1}


async def test_a_due_row_that_nobody_publishes_is_told(watch: WatchHarness) -> None:
    await watch.worker.accept_request(make_request(7, "a"))
    await watch.sample(times=7)
    assert (report(watch).counts.overdue, watch.alerts.words) == (0, [])
    await watch.sample(after=30, times=2)
    assert report(watch).counts.overdue == 1
    assert watch.alerts.faults[FaultKind.LATE_JOBS, None].waiting == 1
    assert await watch.worker.due.run_pass() == 1
    await watch.sample()
    assert watch.alerts.words[-1] == ("close", FaultKind.LATE_JOBS, None)


async def test_nobody_is_late_while_something_known_holds_everything_up(watch: WatchHarness) -> None:
    await watch.worker.accept_request(make_request(7, "a"))
    watch.held_here = ["kafka is unavailable"]
    await watch.sample(after=60, times=5)
    assert report(watch).counts.overdue == 1
    assert (FaultKind.LATE_JOBS, None) not in watch.alerts.faults


async def test_while_the_database_is_unavailable_what_was_seen_last_stays(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.sample()
    watch.worker.rows.unavailable = True
    watch.seconds += 60
    with pytest.raises(Unavailable):
        await watch.stalled.run_pass()
    assert (report(watch).counts.queued, watch.stalled.age) == (1, 60)
