"""Causes over HTTP: what is answered, who may decide, and what bad input does."""

from dataclasses import replace
from typing import Any

import pytest

from faust_app.core.images.row import ImageState
from tests.factories import NOW, accepted_row
from tests.web.conftest import INTAKE, OPERATE, VIEW, Site

CAUSE = "/v1/causes/empty@shop.test"


@pytest.fixture(autouse=True)
def failed(site: Site) -> None:
    for image_id in (b"a", b"b"):
        site.rows.rows[7, image_id] = replace(
            accepted_row(7, image_id), state=ImageState.FAILED, error_code="empty", fingerprint="empty@shop.test", updated_at=NOW
        )


async def test_a_cause_says_how_many_images_it_has_and_what_to_do(site: Site) -> None:
    listed = await (await site.client.get("/v1/causes", headers=VIEW)).json()
    assert [(cause["fingerprint"], cause["images"], cause["status"]) for cause in listed["causes"]] == [("empty@shop.test", 2, "open")]
    one = await (await site.client.get(CAUSE, headers=VIEW)).json()
    assert (one["code"], one["host"], one["shops"]) == ("empty", "shop.test", 1)
    assert one["shops_most_hit"][0]["letter"].startswith("2 of your product images")


async def test_an_operator_decides_and_everybody_sees_it(site: Site) -> None:
    resolved = await (await site.client.post(f"{CAUSE}/resolve", json={"release": "1.1"}, headers=OPERATE)).json()
    assert (resolved["status"], resolved["resolved_in"]) == ("resolved", "1.1")
    reopened = await (await site.client.post(f"{CAUSE}/reopen", headers=OPERATE)).json()
    assert reopened["status"] == "open"
    noted = await (await site.client.put(f"{CAUSE}/note", json={"note": "=1+1"}, headers=OPERATE)).json()
    assert (noted["note"]["text"], noted["note"]["by"]) == ("=1+1", "ops")
    asked = await (await site.client.post(f"{CAUSE}/asked", json={"shop_no": 7}, headers=OPERATE)).json()
    assert asked["shops_most_hit"][0]["asked_by"] == "ops"


@pytest.mark.parametrize(
    ("method", "what", "body", "field"),
    [
        ("post", "ignore", {"until": "2026-03-01T00:00:00"}, "until"),
        ("post", "ignore", {"until": "2000-03-01T00:00:00Z"}, "until"),
        ("post", "ignore", {"until": "9999-03-01T00:00:00Z"}, "until"),
        ("post", "ignore", {}, "until"),
        ("post", "resolve", {"release": "x" * 121}, "release"),
        ("post", "asked", {"shop_no": "7"}, "shop_no"),
        ("put", "note", {"note": "x" * 1001}, "note"),
        ("put", "note", {"note": ""}, "note"),
        ("put", "ours", {"is_ours": "yes"}, "is_ours"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_changes(site: Site, method: str, what: str, body: dict[str, Any], field: str) -> None:
    answer = await site.client.request(method, f"{CAUSE}/{what}", json=body, headers=OPERATE)
    assert (answer.status, [error["field"] for error in (await answer.json())["errors"]]) == (400, [field])
    assert site.causes.audit == []


async def test_only_an_operator_decides(site: Site) -> None:
    for headers in (INTAKE, VIEW):
        assert (await site.client.post(f"{CAUSE}/resolve", headers=headers)).status == 403
        assert (await site.client.put(f"{CAUSE}/ours", json={"is_ours": True}, headers=headers)).status == 403
    assert site.causes.audit == []


@pytest.mark.parametrize("name", ["empty@nowhere.test", "%00", "x" * 400, "%E2%80%AE@-"])
async def test_a_cause_that_is_not_there_is_404(site: Site, name: str) -> None:
    assert (await site.client.get(f"/v1/causes/{name}", headers=VIEW)).status == 404
    assert (await site.client.post(f"/v1/causes/{name}/resolve", headers=OPERATE)).status == 404


@pytest.mark.parametrize("query", ["after=x", "after=5", "after=-1:a", "limit=0", "limit=1001", "page=2"])
async def test_a_wrong_parameter_is_named(site: Site, query: str) -> None:
    answer = await site.client.get(f"/v1/causes?{query}", headers=VIEW)
    assert (answer.status, len((await answer.json())["errors"])) == (400, 1)
