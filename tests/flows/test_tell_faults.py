"""What a worker notices of the platform reaches the alerts, and its end as well."""

from functools import partial

from faust_app.core.alert import FaultKind
from faust_app.core.failure import Dependency, FailureCode
from faust_app.flows.dead_letters import DeadLetters
from faust_app.flows.rescue import Rescue
from faust_app.flows.tell_faults import TellFaults, tell_lost
from tests.fakes.alerts import FakeAlerts
from tests.fakes.consumer_offsets import FakeConsumerOffsets
from tests.fakes.unfinished_rows import FakeUnfinishedRows
from tests.flows.worker_bench import DEAD, TOPICS, WorkerBench


def rescue_of(bench: WorkerBench) -> Rescue:
    offsets = FakeConsumerOffsets(bench.log, [spec.name for spec in TOPICS.images])
    offsets.offsets[TOPICS.bulk.name] = 1
    dead_letters = DeadLetters(bench.log, bench.metrics, topic=DEAD, group="g")
    return Rescue(bench.rows, FakeUnfinishedRows(bench.rows), offsets, dead_letters, bench.metrics)


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
    bench.sources.on_parked("h", FailureCode.SOURCE_TIMEOUT, False)
    bench.sources.on_parked("h", FailureCode.SOURCE_TIMEOUT, True)
    bench.sources.on_answered("h")
    assert heard.words == [
        ("open", FaultKind.SHOP_HOST_DOWN, "h"),
        ("close", FaultKind.SHOP_HOST_DOWN, "h"),
        ("open", FaultKind.HOST_DOWN, "h"),
        ("close", FaultKind.HOST_DOWN, "h"),
    ]


async def test_a_host_that_refuses_everybody_is_told_apart_from_one_that_is_down(bench: WorkerBench) -> None:
    heard, _ = listening(bench)
    bench.sources.on_parked("h", FailureCode.SOURCE_FORBIDDEN, True)
    assert heard.words == [("open", FaultKind.HOST_BLOCKS, "h")]
    assert heard.faults[FaultKind.HOST_BLOCKS, "h"].detail == "source_forbidden"


async def test_lost_events_open_an_alert_until_a_look_finds_none(bench: WorkerBench) -> None:
    heard, rescue = FakeAlerts(), rescue_of(bench)
    rescue.on_lost = partial(tell_lost, heard)
    await bench.publisher.publish([await bench.accept()])
    await rescue.run_pass()
    assert heard.faults[FaultKind.LOST, None].waiting == 1
    await rescue.run_pass()
    assert heard.words == [("open", FaultKind.LOST, None), ("close", FaultKind.LOST, None)]


async def test_a_process_that_no_longer_looks_says_nothing_of_lost_events(bench: WorkerBench) -> None:
    heard, rescue = FakeAlerts(), rescue_of(bench)
    rescue.on_lost = partial(tell_lost, heard)
    await bench.publisher.publish([await bench.accept()])
    await rescue.run_pass()
    rescue.stand_down()
    assert heard.words[-1] == ("close", FaultKind.LOST, None)
