"""Who waits for slots: what a worker reports, and what all of them say together."""

from datetime import timedelta

import pytest

from faust_app.core.dispatch.fairness import (
    LISTED_SHOPS,
    NOTHING,
    Fairness,
    Hold,
    ShareState,
    ShopState,
    fairness_text,
    listed,
    parse_fairness,
)
from faust_app.core.dispatch.shares import Share
from faust_app.core.failure import Dependency, Unavailable
from faust_app.flows.monitoring.fairness import STALE_AFTER, ReportFairness, WatchFairness
from faust_app.metrics import Metrics
from tests.factories import NOW
from tests.fakes.monitoring import FakeWorkerList
from tests.fakes.worker_register import FakeWorkerRegister


def of_shops(first: int, count: int) -> Fairness:
    shops, rest = listed(ShopState(number, waiting=1, minute_s=float(number)) for number in range(first, first + count))
    return Fairness(8, 480.0, 28_800.0, (ShareState(Share.EXPRESS, count, 3, 4, 2.0, 0.5, 0.4, 0.6, 9, 1),), shops, rest)


async def test_a_worker_writes_its_row_and_at_most_21_series_of_shops() -> None:
    register, metrics, snapshots = FakeWorkerRegister(), Metrics(), [of_shops(1, 500), of_shops(1000, 30)]
    report = ReportFairness(register, metrics, lambda: snapshots[0])
    for expected in (500, 1029):
        await report.run_pass()
        assert register.fairness is not None
        assert parse_fairness(register.fairness) == snapshots[0]
        (family,) = metrics.shop_slot_seconds.collect()
        assert len(family.samples) == LISTED_SHOPS + 1
        assert {sample.labels["shop"] for sample in family.samples} >= {"rest", str(expected)}
        snapshots.pop(0)


async def test_bound_and_wait_are_shown_side_by_side_also_while_the_database_is_away() -> None:
    register, metrics = FakeWorkerRegister(), Metrics()
    register.unavailable = True
    with pytest.raises(Unavailable):
        await ReportFairness(register, metrics, lambda: of_shops(1, 2)).run_pass()
    names = ("waiting", "running", "oldest_seconds", "bound_seconds", "wait_seconds", "exceeded")
    values = [metrics.registry.get_sample_value(f"shop_images_fair_{name}", {"share": "express"}) for name in names]
    assert values == [2, 3, 2.0, 0.6, 0.4, 1], "the bound is that of the event that waited longest, while it is the larger one"


async def test_the_server_that_limits_a_shop_is_the_one_that_most_of_its_events_wait_for() -> None:
    workers = FakeWorkerList()
    watch = WatchFairness(workers, now=lambda: NOW, seconds=lambda: 100.0)
    assert await watch.limiting_server(1) is None, "no worker reports"
    slow, others = ShopState(1, waiting=3, holds={Hold.SOURCE: 2, Hold.OTHERS: 1}, host="slow.test"), ShopState(2, holds={Hold.OTHERS: 1})
    shops, rest = listed([slow, others])
    workers.fairness = [("a", fairness_text(Fairness(8, 480.0, 28_800.0, (), shops, rest)), 1.0)]
    assert [await watch.limiting_server(shop) for shop in (1, 2, 3)] == ["slow.test", None, None]


async def test_reports_of_workers_add_up_and_stale_or_foreign_ones_do_not_count() -> None:
    workers, seconds = FakeWorkerList(), [100.0]
    watch = WatchFairness(workers, now=lambda: NOW + timedelta(seconds=seconds[0]), seconds=lambda: seconds[0])
    assert watch.report is None
    text = fairness_text(of_shops(1, 3))
    workers.fairness = [("a", text, 1.0), ("b", text, STALE_AFTER - 1), ("gone", text, STALE_AFTER + 1), ("later", "{}", 1.0)]
    await watch.run_pass()
    assert watch.report is not None
    assert (watch.report.total.workers, watch.report.total.waiting, watch.report.unreadable) == (2, 6, ("later",))
    seconds[0] += 7
    workers.failure = Unavailable(Dependency.DATABASE)
    with pytest.raises(Unavailable):
        await watch.run_pass()
    assert (watch.age, watch.report.total.workers) == (7.0, 2)


async def test_without_workers_nobody_waits() -> None:
    watch = WatchFairness(FakeWorkerList(), now=lambda: NOW, seconds=float)
    await watch.run_pass()
    assert watch.report is not None
    assert watch.report.total == NOTHING
