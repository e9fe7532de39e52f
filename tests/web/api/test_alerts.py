"""Open alerts over HTTP: what is answered, and who may take one."""

from datetime import timedelta

import pytest

from faust_app.core.alerts.alert import FaultKind, PlatformFault
from faust_app.core.alerts.recovery import Recovery
from tests.factories import NOW
from tests.web.conftest import INTAKE, OPERATE, VIEW, Site

FAULT = PlatformFault(FaultKind.SHOP_HOST_DOWN, "host:1", "no answer", "cdn.test:8080", waiting=5, shop_no=7)
STORAGE = PlatformFault(FaultKind.DEPENDENCY_STORAGE, "host:1")
ALERT = "/v1/alerts/fault.shop_host_down@cdn.test%3A8080%237"


@pytest.fixture(autouse=True)
async def opened(site: Site) -> None:
    await site.alerts.open_fault(FAULT, age=timedelta(minutes=20), reported_ago=None)


async def test_an_open_alert_says_what_it_is_and_who_works_on_it(site: Site) -> None:
    assert (await site.client.post(f"{ALERT}/take", headers=OPERATE)).status == 204
    (alert,) = (await (await site.client.get("/v1/alerts", headers=VIEW)).json())["alerts"]
    assert (alert["fingerprint"], alert["urgency"], alert["waiting"], alert["workers"]) == (FAULT.fingerprint, "tell", 5, ["host:1"])
    assert (alert["taken_by"], alert["taken_at"], alert["since"]) == ("ops", "2026-03-01T12:00:00.000000Z", "2026-03-01T11:40:00.000000Z")
    assert (await site.client.post(f"{ALERT}/release", headers=OPERATE)).status == 204
    (alert,) = (await (await site.client.get("/v1/alerts", headers=VIEW)).json())["alerts"]
    assert (alert["taken_by"], alert["taken_at"]) == (None, None)
    assert [entry.action for entry in site.alerts.audit] == ["alert.take", "alert.release"]


async def test_only_an_operator_takes_an_alert(site: Site) -> None:
    for headers in (INTAKE, VIEW):
        for what in ("take", "release"):
            assert (await site.client.post(f"{ALERT}/{what}", headers=headers)).status == 403
    assert site.alerts.audit == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/alerts/none/take", None, 404),
        ("/v1/alerts/none/release", None, 404),
        (f"{ALERT}/release", None, 404),
        (f"{ALERT}/take", "x", 400),
        (f"{ALERT}/take", "x" * 100_000, 413),
    ],
)
async def test_what_cannot_be_taken_changes_nothing(site: Site, path: str, body: str | None, status: int) -> None:
    assert (await site.client.post(path, data=body, headers=OPERATE)).status == status
    assert site.alerts.audit == []


async def test_a_wrong_parameter_is_named(site: Site) -> None:
    assert (await site.client.get("/v1/alerts?page=2", headers=VIEW)).status == 400


async def test_a_fault_that_is_over_says_what_is_left_to_do(site: Site) -> None:
    await site.alerts.open_fault(STORAGE, age=timedelta(minutes=20), reported_ago=None)
    alert = site.alerts.rows[STORAGE.fingerprint]
    site.alerts.recoveries[alert.fingerprint, 1] = Recovery(alert, NOW - timedelta(minutes=5), 1200, NOW - timedelta(minutes=5))
    (recovering,) = (await (await site.client.get("/v1/alerts", headers=VIEW)).json())["recovering"]
    assert (recovering["delayed"], recovering["left"], recovering["images_per_second"], recovering["time_left_s"]) == (1200, 0, 4.0, 0)
