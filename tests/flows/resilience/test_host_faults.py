"""A host that images are deferred for has one alert, which says whether it is down or blocks us, for one shop or for all."""

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import FailureCode, Permanent, Transient
from faust_app.core.sources.health import ALL_SHOPS, SourceRecord
from faust_app.flows.resilience.host_faults import HostFaults
from tests.fakes.alerts import FakeAlerts
from tests.flows.resilience.test_sources import REFUSED, answer, events
from tests.flows.worker_harness import WorkerHarness


async def test_a_host_that_is_deferred_for_more_shops_is_told_as_the_platforms_and_not_twice() -> None:
    heard = FakeAlerts()
    faults = HostFaults(heard)
    faults.failed("h", Transient(FailureCode.SOURCE_TIMEOUT, "It gave no answer."))
    faults.deferred(SourceRecord("h", 7, code=FailureCode.SOURCE_TIMEOUT))
    faults.failed("h", Transient(FailureCode.SOURCE_TIMEOUT, "It gave no answer."))
    faults.deferred(SourceRecord("h", ALL_SHOPS, code=FailureCode.SOURCE_TIMEOUT))
    faults.ended("h", shops=1)
    assert heard.words == [
        ("open", FaultKind.SHOP_HOST_DOWN, "h"),
        ("close", FaultKind.SHOP_HOST_DOWN, "h"),
        ("open", FaultKind.HOST_DOWN, "h"),
        ("close", FaultKind.HOST_DOWN, "h"),
    ]


async def test_a_host_that_refuses_everybody_is_told_apart_from_one_that_is_down() -> None:
    heard = FakeAlerts()
    faults = HostFaults(heard)
    faults.failed("h", Permanent(FailureCode.SOURCE_FORBIDDEN, "It answered with status 403.").at("cdn.test"))
    faults.deferred(SourceRecord("h", ALL_SHOPS, code=FailureCode.SOURCE_FORBIDDEN))
    assert heard.words == [("open", FaultKind.HOST_BLOCKS, "h")]
    assert heard.faults[FaultKind.HOST_BLOCKS, "h"].detail == "It answered with status 403. The source redirects to cdn.test."


async def test_a_worker_that_met_no_failure_of_the_host_tells_its_code() -> None:
    heard = FakeAlerts()
    HostFaults(heard).deferred(SourceRecord("h", ALL_SHOPS, code=FailureCode.SOURCE_TIMEOUT))
    assert heard.faults[FaultKind.HOST_DOWN, "h"].detail == FailureCode.SOURCE_TIMEOUT.sentence


async def test_the_failure_that_defers_a_host_opens_its_alert(harness: WorkerHarness) -> None:
    records = await events(harness, 10)
    answer(harness, records, REFUSED)
    for record in records:
        await harness.execute(record)
    assert harness.alerts.words == [("open", FaultKind.HOST_DOWN, "h.test")]
    assert harness.alerts.faults[FaultKind.HOST_DOWN, "h.test"].detail == "refused"
