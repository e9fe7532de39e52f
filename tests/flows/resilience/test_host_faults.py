"""A host that images are deferred for has one alert, which says whether it is down or blocks us, for one shop or for all."""

from faust_app.core.alerts.alert import FaultKind
from faust_app.core.failure import Failure, FailureCode, Permanent, Transient
from faust_app.core.sources.health import ALL_SHOPS, SourceRecord
from faust_app.flows.resilience.host_faults import HostFaults
from tests.fakes.alerts import FakeAlerts
from tests.flows.resilience.test_sources import REFUSED, answer, events
from tests.flows.worker_harness import WorkerHarness

SILENT = Transient(FailureCode.SOURCE_TIMEOUT, "It gave no answer.")


def deferred(faults: HostFaults, host: str, shop_no: int, failure: Failure = SILENT) -> SourceRecord:
    faults.failed(host, failure)
    record = SourceRecord(host, shop_no, code=failure.code)
    faults.deferred(record)
    return record


async def test_a_host_that_is_deferred_for_more_shops_is_told_as_the_platforms_and_not_twice() -> None:
    heard = FakeAlerts()
    faults = HostFaults(heard)
    of_shop = deferred(faults, "h", 7)
    deferred(faults, "other", 7)
    of_all = deferred(faults, "h", ALL_SHOPS)
    faults.ended(of_all, shops=1)
    faults.ended(of_shop, shops=1)
    assert heard.words == [
        ("open", FaultKind.SHOP_HOST_DOWN, "h#7"),
        ("open", FaultKind.SHOP_HOST_DOWN, "other#7"),
        ("close", FaultKind.SHOP_HOST_DOWN, "h#7"),
        ("open", FaultKind.HOST_DOWN, "h"),
        ("close", FaultKind.HOST_DOWN, "h"),
    ]


async def test_the_source_of_each_shop_is_told_with_its_shop_and_ends_by_itself() -> None:
    heard = FakeAlerts()
    faults = HostFaults(heard)
    refused = Permanent(FailureCode.SOURCE_FORBIDDEN, "It answered with status 403.")
    records = [deferred(faults, "h", shop_no, refused) for shop_no in (7, 8)]
    assert [(fault.shop_no, fault.detail) for fault in heard.faults.values()] == [
        (7, "Shop 7: It answered with status 403."),
        (8, "Shop 8: It answered with status 403."),
    ]
    faults.ended(records[0], shops=1)
    assert [fault.shop_no for fault in heard.faults.values()] == [8]


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
