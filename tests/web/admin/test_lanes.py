"""Lanes over HTTP: the page, and the same for machines."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from faust_app.core.dispatch.lanes import Lane
from tests.web.operator_site import BROWSER, SAME_ORIGIN, OperatorSite, open_site

MACHINE = {"Authorization": "Bearer all-secret"}


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as site:
        yield site


async def post(site: OperatorSite, path: str, **fields: str) -> tuple[int, str]:
    headers = {**BROWSER, **SAME_ORIGIN, **await site.session("ada")}
    answer = await site.client.post(path, data=fields, headers=headers, allow_redirects=False)
    return answer.status, await answer.text()


async def test_a_lane_is_paused_and_resumed_on_its_page(site: OperatorSite) -> None:
    assert (await post(site, "/admin/lanes/bulk/pause", reason="<b>source</b> is down", hours="2"))[0] == 303
    pause = site.controls.set[Lane.BULK]
    assert (pause.by, pause.until) == ("ada", site.store.now_is + timedelta(hours=2))
    text = await site.get("/admin/lanes", await site.session("ada"))
    assert "paused" in text
    assert "&lt;b&gt;source&lt;/b&gt; is down" in text
    assert "Resume bulk" in text
    assert (await post(site, "/admin/lanes/bulk/resume"))[0] == 303
    assert site.controls.set == {}
    assert [entry.action for entry in site.controls.audit] == ["lane.pause", "lane.resume"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reason": "", "hours": ""}, "Reason is needed"),
        ({"reason": "why", "hours": "soon"}, "Hours must be a number of hours"),
        ({"reason": "why", "hours": "nan"}, "Hours must be"),
        ({"reason": "why", "hours": "1e300"}, "Hours must be"),
        ({"reason": "why", "hours": "200"}, "Hours must be above 0 and at most 7 days"),
    ],
)
async def test_what_is_wrong_with_a_pause_is_said_beside_its_lane_and_changes_nothing(
    site: OperatorSite, fields: dict[str, str], said: str
) -> None:
    status, text = await post(site, "/admin/lanes/retry/pause", **fields)
    assert (status, said in text) == (400, True), text[-2000:]
    assert (site.controls.set, site.controls.audit) == ({}, [])


async def test_machines_pause_resume_and_read_the_same(site: OperatorSite) -> None:
    body = {"reason": "a source is down", "seconds": 60}
    paused = await site.client.post("/v1/lanes/express/pause", json=body, headers=MACHINE)
    assert paused.status == 200
    listed = await (await site.client.get("/v1/lanes", headers=MACHINE)).json()
    assert [each["lane"] for each in listed["lanes"]] == ["express", "bulk", "retry"]
    assert listed["lanes"][0] == await paused.json()
    assert listed["lanes"][0]["paused"]["by"] == "machine"
    resumed = await site.client.post("/v1/lanes/express/resume", headers=MACHINE)
    assert await resumed.json() == {"lane": "express", "paused": None}


@pytest.mark.parametrize(
    ("path", "body", "status", "named"),
    [
        ("/v1/lanes/bulk/pause", {}, 400, "reason"),
        ("/v1/lanes/bulk/pause", {"reason": " "}, 400, "reason"),
        ("/v1/lanes/bulk/pause", {"reason": "why", "seconds": 700_000}, 400, "seconds"),
        ("/v1/lanes/bulk/pause", {"reason": "why", "lane": "retry"}, 400, "lane"),
        ("/v1/lanes/fast/pause", {"reason": "why"}, 404, "express, bulk, retry"),
    ],
)
async def test_a_wrong_request_names_its_field(site: OperatorSite, path: str, body: dict[str, object], status: int, named: str) -> None:
    answer = await site.client.post(path, json=body, headers=MACHINE)
    assert (answer.status, named in await answer.text()) == (status, True)
    assert site.controls.set == {}


async def test_who_may_only_look_changes_nothing(site: OperatorSite) -> None:
    answer = await site.client.post("/v1/lanes/bulk/pause", json={"reason": "why"}, headers={"Authorization": "Bearer view-secret"})
    assert (answer.status, site.controls.set) == (403, {})
