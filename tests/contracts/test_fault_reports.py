"""What a part of the process may rely on when it reports a fault, for the fake and for the reporter on MariaDB alike."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from faust_app.adapters.mariadb.alert_counts import MariaFaults
from faust_app.adapters.mariadb.alert_repository import MariaAlertRepository
from faust_app.adapters.mariadb.database import Database
from faust_app.core.alerts.alert import FaultKind
from faust_app.core.text import Place
from faust_app.flows.alerts.report_faults import FaultReporter
from faust_app.flows.ports.alerts import Alerts
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from tests.contracts.conftest import emptied
from tests.fakes.alerts import FakeAlerts


@dataclass
class Reported:
    alerts: Alerts
    faults: Callable[[], Awaitable[set[tuple[str, str | None, str]]]]
    """Code, host and detail of the faults that are there now."""


@pytest.fixture(params=["fake", "mariadb"])
async def reported(request: pytest.FixtureRequest) -> AsyncIterator[Reported]:
    if request.param == "fake":
        fake = FakeAlerts()

        async def kept() -> set[tuple[str, str | None, str]]:
            return {(fault.kind.value, fault.host, fault.detail) for fault in fake.faults.values()}

        yield Reported(fake, kept)
        return
    settings: Settings = request.getfixturevalue("alert_settings")
    async with Database.connect(settings.database, 2) as database:
        await emptied(database)
        reporter = FaultReporter(
            MariaFaults(database), None, Metrics(), worker="host:1", place=Place(settings.zone), seconds=time.monotonic, now=_now
        )

        async def written() -> set[tuple[str, str | None, str]]:
            await reporter.run_pass()
            alerts = await MariaAlertRepository(database).open_alerts(100)
            return {(alert.code, alert.host, alert.detail) for alert in alerts if alert.ended_at is None}

        yield Reported(reporter, written)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


async def test_a_fault_is_there_until_it_is_closed(reported: Reported) -> None:
    assert await reported.faults() == set()
    reported.alerts.open(FaultKind.EGRESS, detail="DNS")
    assert await reported.faults() == {("egress", None, "DNS")}
    reported.alerts.close(FaultKind.EGRESS)
    assert await reported.faults() == set()


async def test_faults_differ_by_kind_and_host(reported: Reported) -> None:
    reported.alerts.open(FaultKind.HOST_DOWN, host="a")
    reported.alerts.open(FaultKind.HOST_DOWN, host="b")
    reported.alerts.open(FaultKind.HOST_BLOCKS, host="a")
    reported.alerts.close(FaultKind.HOST_DOWN, host="a")
    assert await reported.faults() == {("host_down", "b", ""), ("host_blocks", "a", "")}


async def test_a_fault_may_be_reported_again_and_closed_again(reported: Reported) -> None:
    reported.alerts.open(FaultKind.LOST, detail="one")
    reported.alerts.open(FaultKind.LOST, detail="two")
    assert await reported.faults() == {("lost", None, "two")}
    for _ in range(2):
        reported.alerts.close(FaultKind.LOST)
    assert await reported.faults() == set()
    reported.alerts.open(FaultKind.LOST, detail="three")
    assert await reported.faults() == {("lost", None, "three")}


async def test_closing_what_was_never_opened_is_no_error(reported: Reported) -> None:
    reported.alerts.close(FaultKind.INTERNAL_ERROR_BREAKER)
    assert await reported.faults() == set()
