"""Controls of shops over HTTP: the section of the shop's page, the list beside the lanes, and the same for machines."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl
from faust_app.core.operators.access import Role
from tests.factories import NOW
from tests.web.operator_site import BROWSER, SAME_ORIGIN, OperatorSite, open_site

MACHINE = {"Authorization": "Bearer all-secret"}
PAGE, WEIGHT = "/admin/shops/7/controls", "/v1/shops/7/controls/weight"


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as site:
        yield site


async def post(site: OperatorSite, path: str, **fields: str) -> tuple[int, str]:
    headers = {**BROWSER, **SAME_ORIGIN, **await site.session("ada")}
    answer = await site.client.post(path, data=fields, headers=headers, allow_redirects=False)
    return answer.status, await answer.text()


def form(kind: str, value: str = "", reason: str = "why", hours: str = "") -> dict[str, str]:
    return {"kind": kind, "value": value, "reason": reason, "hours": hours}


async def test_a_shop_is_paused_and_resumed_on_its_page(site: OperatorSite) -> None:
    assert (await post(site, PAGE, **form("pause", reason="<b>catalogue</b> is wrong", hours="2")))[0] == 303
    pause = site.shop_controls.kept[7, ControlKind.PAUSE]
    assert (pause.by, pause.value, pause.until) == ("ada", None, site.store.now_is + timedelta(hours=2))
    session = await site.session("ada")
    for path in ("/admin/shops/7", PAGE, "/admin/lanes"):
        text = await site.get(path, session)
        assert "is paused" in text, path
        assert "&lt;b&gt;catalogue&lt;/b&gt; is wrong" in text, path
        assert 'action="/admin/shops/7/controls/pause/lift"' in text, path
    assert (await post(site, f"{PAGE}/pause/lift"))[0] == 303
    assert site.shop_controls.kept == {}
    assert [entry.action for entry in site.shop_controls.audit] == ["shop.pause", "shop.resume"]
    assert "Nothing is set" in await site.get(PAGE, session)


async def test_each_kind_is_set_on_the_page_and_shown_with_its_value(site: OperatorSite) -> None:
    for kind, value in (("weight", "0.5"), ("slots", "3"), ("rate", "1200")):
        assert (await post(site, PAGE, **form(kind, value)))[0] == 303
    text = await site.get(PAGE, await site.session("ada"))
    assert [
        words in text for words in ("has weight 0.5", "has at most 3 slots in each worker", "starts at most 1,200 images a minute")
    ] == [True] * 3


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (form("king", "1"), "Kind must be one of pause, weight, slots, rate"),
        (form("pause", "1"), "Value is not taken by a pause"),
        (form("pause", "now"), "Value is not taken by a pause"),
        *((form("weight", bad), "Value must be a number from 0.1 to 10") for bad in ("", "0", "heavy", "nan", "inf", "-1", "11", "1,5")),
        (form("slots", "2.5"), "Value must be a whole number from 1 to 1,000"),
        (form("rate", "0"), "Value must be a whole number from 1 to 100,000"),
        (form("pause", reason=""), "Reason is needed"),
        (form("pause", hours="soon"), "Hours: the end must be a number of hours, or empty"),
        *((form("pause", hours=bad), "Hours: the end must be") for bad in ("nan", "inf", "1e300")),
        (form("pause", hours="0"), "Hours: the end must be in the future"),
        (form("pause", hours="-1"), "Hours: the end must be in the future"),
        (form("pause", hours="200"), "Hours: the end must be at most 7 days ahead"),
        (form("weight", "2", hours="9000"), "Hours: the end must be at most 366 days ahead"),
    ],
)
async def test_what_is_wrong_with_a_control_is_said_beside_its_field_and_changes_nothing(
    site: OperatorSite, fields: dict[str, str], said: str
) -> None:
    status, text = await post(site, PAGE, **fields)
    assert (status, said in text) == (400, True), text[-2500:]
    assert (site.shop_controls.kept, site.shop_controls.audit) == ({}, [])


async def test_machines_set_read_and_lift_the_same(site: OperatorSite) -> None:
    until = (site.store.now_is + timedelta(hours=1)).isoformat() + "Z"
    put = await site.client.put(WEIGHT, json={"value": 2, "reason": "a launch", "until": until}, headers=MACHINE)
    control = await put.json()
    assert (put.status, control["value"], control["by"], control["until"]) == (200, 2, "machine", until.replace("Z", ".000000Z"))
    await site.client.put("/v1/shops/9/controls/pause", json={"reason": "why", "seconds": 60}, headers=MACHINE)
    read = {path: await (await site.client.get(path, headers=MACHINE)).json() for path in (WEIGHT, "/v1/shops/7/controls")}
    assert read == {WEIGHT: control, "/v1/shops/7/controls": {"controls": [control]}}
    listed = await (await site.client.get("/v1/shop-controls", headers=MACHINE)).json()
    assert [(each["shop_no"], each["kind"]) for each in listed["controls"]] == [(7, "weight"), (9, "pause")]
    lifted = await site.client.delete(WEIGHT, headers=MACHINE)
    assert (lifted.status, await lifted.json()) == (200, {"controls": []})
    assert (await site.client.get(WEIGHT, headers=MACHINE)).status == 404
    assert (await site.client.delete(WEIGHT, headers=MACHINE)).status == 200


async def test_a_pause_that_is_set_refuses_what_the_shop_sends(site: OperatorSite) -> None:
    image = "/v1/shops/7/images/a"
    await site.client.put("/v1/shops/7/controls/pause", json={"reason": "why"}, headers=MACHINE)
    assert (await site.client.put(image, json={"source_url": "https://a.test/a.jpg"}, headers=MACHINE)).status == 429
    await site.client.delete("/v1/shops/7/controls/pause", headers=MACHINE)
    assert (await site.client.put(image, json={"source_url": "https://a.test/a.jpg"}, headers=MACHINE)).status == 202


PAST, WHY = "2020-01-01T00:00:00Z", "why"


@pytest.mark.parametrize(
    ("kind", "body", "status", "field"),
    [
        ("weight", {"value": 2}, 400, "reason"),
        ("weight", {"value": 2, "reason": " "}, 400, "reason"),
        ("weight", {"reason": WHY}, 400, "value"),
        *(("weight", {"value": bad, "reason": WHY}, 400, "value") for bad in (0, 10.5, -1, "2", True, 1e300)),
        ("slots", {"value": 1.5, "reason": WHY}, 400, "value"),
        ("pause", {"value": 1, "reason": WHY}, 400, "value"),
        ("pause", {"reason": WHY, "until": PAST}, 400, "until"),
        ("pause", {"reason": WHY, "until": "tomorrow"}, 400, "until"),
        ("pause", {"reason": WHY, "until": "9999-12-31T23:59:59-12:00"}, 400, "until"),
        ("pause", {"reason": WHY, "until": 1_900_000_000}, 400, "until"),
        ("pause", {"reason": WHY, "seconds": 0}, 400, "seconds"),
        ("pause", {"reason": WHY, "seconds": 700_000}, 400, "seconds"),
        ("pause", {"reason": WHY, "seconds": 10**12}, 400, "seconds"),
        ("pause", {"reason": WHY, "seconds": 5, "until": "2030-01-01T00:00:00Z"}, 400, "until"),
        ("pause", {"reason": WHY, "shop_no": 8}, 400, "shop_no"),
        ("colour", {"reason": WHY}, 404, "pause, weight, slots, rate"),
    ],
)
async def test_a_wrong_request_names_its_field_and_changes_nothing(
    site: OperatorSite, kind: str, body: dict[str, Any], status: int, field: str
) -> None:
    answer = await site.client.put(f"/v1/shops/7/controls/{kind}", json=body, headers=MACHINE)
    problem = await answer.json(content_type="application/problem+json")
    named = [error["field"] for error in problem["errors"]] if status == 400 else problem["detail"]
    assert (answer.status, field in named) == (status, True), problem
    assert (site.shop_controls.kept, site.shop_controls.audit) == ({}, [])


async def test_who_may_only_look_sees_what_holds_and_no_form(site: OperatorSite) -> None:
    site.shop_controls.kept[7, ControlKind.SLOTS] = ShopControl(7, ControlKind.SLOTS, 3.0, "why", "ada", NOW)
    viewer = {"Authorization": "Bearer view-secret"}
    assert (await site.client.put(WEIGHT, json={"value": 2, "reason": "why"}, headers=viewer)).status == 403
    assert (await site.client.delete(WEIGHT, headers=viewer)).status == 403
    assert (await site.client.get("/v1/shops/7/controls", headers=viewer)).status == 200
    text = await site.get("/admin/shops/7", await site.session("vera", Role.VIEW))
    assert "has at most 3 slots in each worker" in text
    assert '<form method="post" action="/admin/shops/7/controls' not in text
    assert list(site.shop_controls.kept) == [(7, ControlKind.SLOTS)]


async def test_an_image_called_controls_is_sent_with_the_scope_of_senders(site: OperatorSite) -> None:
    intake = {"Authorization": "Bearer all-secret"}
    answer = await site.client.put("/v1/shops/7/images/controls", json={"source_url": "https://a.test/a.jpg"}, headers=intake)
    assert answer.status == 202
