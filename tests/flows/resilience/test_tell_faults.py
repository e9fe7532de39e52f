"""What a worker notices of the platform reaches the alerts, and its end as well."""

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Dependency, FailureCode, Permanent, Transient
from faust_app.flows.resilience.tell_faults import TellFaults
from tests.fakes.alerts import FakeAlerts
from tests.flows.worker_harness import WorkerHarness


def listening(harness: WorkerHarness) -> tuple[FakeAlerts, list[int]]:
    heard, started = FakeAlerts(), list[int]()
    TellFaults(heard, lambda: 7, lambda: started.append(1)).listen(harness.breakers, harness.internal_errors, harness.sources)
    return heard, started


async def test_a_breaker_opens_and_closes_an_alert_and_lets_events_go_on(harness: WorkerHarness) -> None:
    heard, started = listening(harness)
    harness.breakers[Dependency.STORAGE].open("PutObject: ServiceUnavailable")
    assert started == []
    await harness.breakers[Dependency.STORAGE].closed()
    assert heard.words == [("open", FaultKind.DEPENDENCY_STORAGE, None), ("close", FaultKind.DEPENDENCY_STORAGE, None)]
    assert started == [1]


async def test_every_dependency_has_an_alert_of_its_own(harness: WorkerHarness) -> None:
    heard, _ = listening(harness)
    for dependency in Dependency:
        harness.breakers[dependency].open("x")
    assert len({kind for _, kind, _ in heard.words}) == len(Dependency)
    assert all(fault.detail and fault.waiting == 7 for fault in heard.faults.values())


async def test_the_internal_error_breaker_opens_an_alert_and_lifted_closes_it(harness: WorkerHarness) -> None:
    heard, started = listening(harness)
    harness.register.stopped = "bugs"
    await harness.internal_errors.run_pass()
    assert (heard.words, started) == ([("open", FaultKind.INTERNAL_ERROR_BREAKER, None)], [])
    assert heard.faults[FaultKind.INTERNAL_ERROR_BREAKER, None].detail == "bugs"
    harness.register.stopped = None
    await harness.internal_errors.run_pass()
    assert (heard.words[-1], started) == (("close", FaultKind.INTERNAL_ERROR_BREAKER, None), [1])


async def test_a_host_that_is_deferred_for_more_shops_is_told_as_the_platforms_and_not_twice(harness: WorkerHarness) -> None:
    heard, _ = listening(harness)
    failure = Transient(FailureCode.SOURCE_TIMEOUT, "It gave no answer.")
    harness.sources.on_deferred("h", failure, 7)
    harness.sources.on_deferred("other", failure, 7)
    harness.sources.on_deferred("h", failure, None)
    harness.sources.on_answered("h", None)
    harness.sources.on_answered("h", 7)
    assert heard.words == [
        ("open", FaultKind.SHOP_HOST_DOWN, "h#7"),
        ("open", FaultKind.SHOP_HOST_DOWN, "other#7"),
        ("close", FaultKind.SHOP_HOST_DOWN, "h#7"),
        ("open", FaultKind.HOST_DOWN, "h"),
        ("close", FaultKind.HOST_DOWN, "h"),
    ]


async def test_the_source_of_each_shop_is_told_with_its_shop_and_ends_by_itself(harness: WorkerHarness) -> None:
    heard, _ = listening(harness)
    for shop_no in (7, 8):
        harness.sources.on_deferred("h", Permanent(FailureCode.SOURCE_FORBIDDEN, "It answered with status 403."), shop_no)
    assert [(fault.shop_no, fault.detail) for fault in heard.faults.values()] == [
        (7, "Shop 7: It answered with status 403."),
        (8, "Shop 8: It answered with status 403."),
    ]
    harness.sources.on_answered("h", 7)
    assert [fault.shop_no for fault in heard.faults.values()] == [8]


async def test_a_host_that_refuses_everybody_is_told_apart_from_one_that_is_down(harness: WorkerHarness) -> None:
    heard, _ = listening(harness)
    harness.sources.on_deferred("h", Permanent(FailureCode.SOURCE_FORBIDDEN, "It answered with status 403.").at("cdn.test"), None)
    assert heard.words == [("open", FaultKind.HOST_BLOCKS, "h")]
    assert heard.faults[FaultKind.HOST_BLOCKS, "h"].detail == "It answered with status 403. The source redirects to cdn.test."
