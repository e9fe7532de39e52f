"""Lag is looked at again and again, from outside of the groups, and what holds them up is known."""

import asyncio
from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.messages.positions import IntakeOffset
from faust_app.core.messages.record import Message
from faust_app.core.monitoring.lag import LagStatus
from faust_app.flows.monitoring import lag
from faust_app.flows.monitoring.lag import HOLDING, LagReport
from tests.factories import NOW
from tests.flows.monitoring.monitoring_harness import BULK, WatchHarness
from tests.flows.worker_harness import TOPICS, WorkerHarness


@pytest.fixture
def watch(harness: WorkerHarness) -> WatchHarness:
    return WatchHarness(harness)


def report(watch: WatchHarness) -> LagReport:
    assert watch.lag.report is not None
    return watch.lag.report


async def test_before_the_first_sample_there_is_nothing_to_show(watch: WatchHarness) -> None:
    assert watch.lag.report is None
    assert watch.lag.age > 1e9


async def test_lag_is_told_in_records_and_in_time_for_both_groups(watch: WatchHarness) -> None:
    await watch.publish("a", "b", "c")
    watch.offsets.offsets[BULK] = 1
    watch.offsets.appended[BULK, 1] = NOW - timedelta(seconds=30)
    await watch.sample()
    assert (report(watch).lag, report(watch).lag_seconds, report(watch).status) == (2, 40, LagStatus.OK)
    assert [group.sample.group for group in report(watch).groups] == ["g", "g-requests"]
    assert watch.metrics.registry.get_sample_value("shop_images_lag", {"group": "g", "topic": BULK}) == 2
    assert watch.metrics.registry.get_sample_value("shop_images_lag_status", {"group": "g", "status": "OK"}) == 1


async def test_each_sample_of_a_group_is_handed_on(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.sample(times=2)
    assert [(sample.group, sample.lag) for sample in watch.sampled] == [("g", 1), ("g-requests", 0)] * 2


async def test_the_time_of_a_record_is_read_once(watch: WatchHarness) -> None:
    await watch.publish("a", "b")
    await watch.sample(times=3)
    asked = [each for each in watch.offsets.asked if each]
    assert asked == [{(BULK, 0): 0}]
    watch.offsets.offsets[BULK] = 1
    await watch.sample()
    assert watch.offsets.asked[-1] == {(BULK, 0): 1}


async def test_what_the_rows_have_of_requests_counts_as_committed(watch: WatchHarness) -> None:
    topic, rows = TOPICS.requests.name, watch.worker.rows
    watch.worker.log.messages[topic] = [Message(topic, b"{}")] * 10
    watch.requests.offsets[topic] = 4
    await watch.sample()
    assert report(watch).lag == 6
    rows.offsets[topic, 0] = IntakeOffset(topic, 0, 7, None)
    await watch.sample()
    assert report(watch).lag == 3
    rows.unavailable = True
    await watch.lag.run_pass()
    assert report(watch).lag == 6


async def test_a_frozen_database_does_not_keep_the_readers_group_from_being_watched(
    watch: WatchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "DATABASE_SECONDS", 0.01)
    watch.stored.frozen = True
    watch.requests.offsets[TOPICS.requests.name] = 4
    async with asyncio.timeout(20):
        await watch.sample()
    assert [group.sample.group for group in report(watch).groups] == ["g", "g-requests"]


async def test_two_minutes_without_an_event_finished_are_a_stall(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.sample(times=12)
    assert report(watch).status is LagStatus.OK
    await watch.sample()
    assert report(watch).status is LagStatus.STALLED
    watch.offsets.offsets[BULK] = 1
    await watch.sample()
    assert report(watch).status is LagStatus.OK


async def test_without_workers_what_waits_is_stopped_and_an_idle_installation_is_not(watch: WatchHarness) -> None:
    watch.offsets.count = watch.requests.count = 0
    await watch.sample(times=20)
    assert report(watch).status is LagStatus.OK
    await watch.publish("a")
    await watch.sample(times=7)
    assert report(watch).status is LagStatus.STOPPED


@pytest.mark.parametrize("kind", HOLDING)
async def test_while_another_process_has_a_fault_that_holds_events_up_nothing_is_stalled(watch: WatchHarness, kind: FaultKind) -> None:
    await watch.publish("a")
    await watch.faults.open_fault(PlatformFault(kind, "another"), age=timedelta(0), reported_ago=None)
    await watch.sample(times=20)
    assert (report(watch).status, report(watch).held_by) == (LagStatus.LAGGING, (HOLDING[kind],))


async def test_a_fault_of_one_source_holds_nothing_else_up(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.faults.open_fault(PlatformFault(FaultKind.HOST_DOWN, "another", host="h"), age=timedelta(0), reported_ago=None)
    await watch.sample(times=20)
    assert report(watch).status is LagStatus.STALLED


async def test_what_holds_this_very_process_up_is_known_at_once(watch: WatchHarness) -> None:
    watch.held_here = ["storage is unavailable: AccessDenied"]
    await watch.sample()
    assert watch.lag.held_by() == ("storage is unavailable: AccessDenied",)


async def test_without_the_database_lag_is_still_told_and_nobody_is_accused(watch: WatchHarness) -> None:
    await watch.publish("a")
    watch.faults.unavailable = True
    await watch.sample(times=20)
    assert report(watch).lag == 1
    assert report(watch).status is LagStatus.LAGGING
    assert report(watch).held_by == (HOLDING[FaultKind.DEPENDENCY_DATABASE],)


async def test_a_fault_of_another_process_is_told_before_the_next_sample_at_the_offsets(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.sample()
    fault = PlatformFault(FaultKind.EGRESS, "another")
    await watch.faults.open_fault(fault, age=timedelta(0), reported_ago=None)
    await watch.lag.run_holding()
    assert (report(watch).status, watch.lag.held_by()) == (LagStatus.LAGGING, (HOLDING[FaultKind.EGRESS],))
    await watch.faults.close_fault(fault)
    await watch.lag.run_holding()
    assert (report(watch).status, watch.lag.held_by()) == (LagStatus.OK, ())


async def test_while_kafka_is_unavailable_what_was_seen_last_stays_and_grows_old(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.sample()
    watch.offsets.unavailable = True
    watch.seconds += 500
    with pytest.raises(Unavailable):
        await watch.lag.run_pass()
    assert report(watch).lag == 1
    assert watch.lag.age == 500
    watch.offsets.unavailable = False
    await watch.sample()
    assert (report(watch).status, watch.lag.age) == (LagStatus.LAGGING, 0)


async def test_metrics_show_what_was_finished_and_published_and_the_worst_partitions_alone(
    watch: WatchHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch.publish("a", "b", "c")
    watch.offsets.offsets[BULK] = 1
    await watch.sample()
    value = watch.metrics.registry.get_sample_value
    assert value("shop_images_group_position", {"group": "g", "topic": BULK}) == 1
    assert value("shop_images_topic_end", {"topic": BULK}) == 3
    assert value("shop_images_group_members", {"group": "g"}) == 1
    assert value("shop_images_partition_lag", {"group": "g", "topic": BULK, "partition": "0"}) == 2
    monkeypatch.setattr(lag, "SHOWN_PARTITIONS", 1)
    await watch.sample()
    shown = [
        sample.labels["topic"] for sample in next(iter(watch.metrics.partition_lag.collect())).samples if sample.labels["group"] == "g"
    ]
    assert shown == [BULK]


def gauge(watch: WatchHarness, name: str, **labels: str) -> float | None:
    return watch.metrics.registry.get_sample_value(name, labels)


async def test_what_holds_up_a_topic_is_a_metric_until_it_no_longer_does(watch: WatchHarness) -> None:
    await watch.publish("a")
    await watch.sample()
    assert gauge(watch, "shop_images_held_up", topic=BULK, by="pause") is None
    watch.paused.add(BULK)
    watch.faults.unavailable = True
    await watch.lag.run_holding()
    assert gauge(watch, "shop_images_held_up", topic=BULK, by="pause") == 1
    assert gauge(watch, "shop_images_held_up", topic=TOPICS.retry.name, by="pause") is None
    assert gauge(watch, "shop_images_held_up", topic=TOPICS.retry.name, by="dependency_database") == 1
    watch.paused.clear()
    watch.faults.unavailable = False
    await watch.lag.run_holding()
    assert gauge(watch, "shop_images_held_up", topic=BULK, by="pause") is None


async def test_a_stale_sample_is_no_metric_so_that_no_alert_stays_on_for_it(watch: WatchHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    await watch.publish("a")
    await watch.sample()
    assert gauge(watch, "shop_images_lag_seconds", group="g", topic=BULK) == 10

    async def silent() -> None:
        raise Unavailable(Dependency.KAFKA, "gone")

    monkeypatch.setattr(watch.offsets, "committed", silent)
    for seconds, shown in ((10, {"lag": 1.0, "unfinished": 0.0}), (70, {"lag": None, "unfinished": None})):
        watch.seconds += seconds
        for sample in (watch.lag.run_pass, watch.stalled.run_pass):
            with pytest.raises(Unavailable):
                await sample()
        assert gauge(watch, "shop_images_lag", group="g", topic=BULK) == shown["lag"]
        assert gauge(watch, "shop_images_unfinished", kind="stalled") == shown["unfinished"]
    assert gauge(watch, "shop_images_lag_seconds", group="g", topic=BULK) is None
    assert gauge(watch, "shop_images_lag_status", group="g", status="OK") is None
    monkeypatch.undo()
    await watch.sample()
    assert gauge(watch, "shop_images_lag", group="g", topic=BULK) == 1
