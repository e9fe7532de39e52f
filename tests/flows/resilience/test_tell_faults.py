"""What a worker notices of the platform reaches the alerts, and its end as well."""

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Dependency, FailureCode, Permanent, Transient
from faust_app.flows.resilience.tell_faults import TellFaults
from tests.fakes.alerts import FakeAlerts
from tests.flows.worker_harness import WorkerBench


def listening(bench: WorkerBench) -> tuple[FakeAlerts, list[int]]:
    heard, started = FakeAlerts(), list[int]()
    TellFaults(heard, lambda: 7, lambda: started.append(1)).listen(bench.breakers, bench.bugs, bench.sources)
    return heard, started


async def test_a_breaker_opens_and_closes_an_alert_and_lets_events_go_on(bench: WorkerBench) -> None:
    heard, started = listening(bench)
    bench.breakers[Dependency.STORAGE].open("PutObject: ServiceUnavailable")
    assert started == []
    await bench.breakers[Dependency.STORAGE].closed()
    assert heard.words == [("open", FaultKind.DEPENDENCY_STORAGE, None), ("close", FaultKind.DEPENDENCY_STORAGE, None)]
    assert started == [1]


async def test_every_dependency_has_an_alert_of_its_own(bench: WorkerBench) -> None:
    heard, _ = listening(bench)
    for dependency in Dependency:
        bench.breakers[dependency].open("x")
    assert len({kind for _, kind, _ in heard.words}) == len(Dependency)
    assert all(fault.detail and fault.waiting == 7 for fault in heard.faults.values())


async def test_the_brake_opens_an_alert_and_lifted_closes_it(bench: WorkerBench) -> None:
    heard, started = listening(bench)
    bench.register.stopped = "bugs"
    await bench.bugs.run_pass()
    assert (heard.words, started) == ([("open", FaultKind.BUG_BRAKE, None)], [])
    assert heard.faults[FaultKind.BUG_BRAKE, None].detail == "bugs"
    bench.register.stopped = None
    await bench.bugs.run_pass()
    assert (heard.words[-1], started) == (("close", FaultKind.BUG_BRAKE, None), [1])


async def test_a_host_that_is_parked_for_more_shops_is_told_as_the_platforms_and_not_twice(bench: WorkerBench) -> None:
    heard, _ = listening(bench)
    bench.sources.on_parked("h", Transient(FailureCode.SOURCE_TIMEOUT, "It gave no answer."), False)
    bench.sources.on_parked("h", Transient(FailureCode.SOURCE_TIMEOUT, "It gave no answer."), True)
    bench.sources.on_answered("h")
    assert heard.words == [
        ("open", FaultKind.SHOP_HOST_DOWN, "h"),
        ("close", FaultKind.SHOP_HOST_DOWN, "h"),
        ("open", FaultKind.HOST_DOWN, "h"),
        ("close", FaultKind.HOST_DOWN, "h"),
    ]


async def test_a_host_that_refuses_everybody_is_told_apart_from_one_that_is_down(bench: WorkerBench) -> None:
    heard, _ = listening(bench)
    bench.sources.on_parked("h", Permanent(FailureCode.SOURCE_FORBIDDEN, "It answered with status 403.").at("cdn.test"), True)
    assert heard.words == [("open", FaultKind.HOST_BLOCKS, "h")]
    assert heard.faults[FaultKind.HOST_BLOCKS, "h"].detail == "It answered with status 403. The source redirects to cdn.test."
