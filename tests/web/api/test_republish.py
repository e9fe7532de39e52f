"""Republish over HTTP: who may, what is answered, and what bad input does."""

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from faust_app.core.images.row import ImageState
from tests.factories import NOW, accepted_row
from tests.web.conftest import INTAKE, OPERATE, VIEW, Site

RUNS = "/v1/republish"
WORDS = ("try", "start", "pause", "resume", "cancel")


def fail(site: Site, *image_ids: str) -> None:
    for image_id in image_ids:
        row = accepted_row(7, image_id.encode())
        site.rows.rows[row.key] = replace(
            row, state=ImageState.FAILED, error_code="empty", scheduled_at=None, schedule_reason=None, open_since=None, updated_at=NOW
        )


async def planned(site: Site, **body: Any) -> dict[str, Any]:
    answer = await site.client.post(RUNS, json=body, headers=OPERATE)
    assert answer.status == 201, await answer.text()
    return dict(await answer.json())


async def test_a_plan_says_what_it_would_do_and_where_it_is(site: Site) -> None:
    fail(site, "a", "b")
    answer = await site.client.post(RUNS, json={"selection": {"codes": ["empty"]}, "rate": 10, "reason": "mended"}, headers=OPERATE)
    body = await answer.json()
    assert (answer.status, answer.headers["Location"]) == (201, "/v1/republish/1")
    assert (body["status"], body["images"], body["shops"], body["to_begin"], body["seconds_left"]) == ("planned", 2, 1, 2, 0.2)
    assert (body["matched"], body["selection"], body["reason"]) == ({"FAILED": 2}, {"codes": ["empty"]}, "mended")
    assert all(row.state is ImageState.FAILED for row in site.rows.rows.values())


async def test_a_run_goes_through_its_life(site: Site) -> None:
    fail(site, "a", "b")
    run = f"{RUNS}/{(await planned(site))['run']}"
    tried = await site.client.post(f"{run}/try", headers=OPERATE)
    assert (tried.status, await tried.json()) == (202, {"shop_no": 7, "image_id": "a"})
    for what, status in (("start", "running"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelling")):
        answer = await site.client.post(f"{run}/{what}", headers=OPERATE)
        assert (answer.status, (await answer.json())["status"]) == (200, status)
    assert (await site.client.post(f"{run}/pause", headers=OPERATE)).status == 409
    listed = await (await site.client.get(f"{RUNS}?limit=1", headers=VIEW)).json()
    assert [each["run"] for each in listed["runs"]] == [1]
    begun = await (await site.client.get(f"{run}/images?status=begun", headers=VIEW)).json()
    assert [(image["image_id"], image["former_code"]) for image in begun["images"]] == [("a", "empty")]


async def test_lists_go_on_where_the_page_before_ended(site: Site) -> None:
    fail(site, "a", "b", "c")
    run = f"{RUNS}/{(await planned(site))['run']}"
    first = await (await site.client.get(f"{run}/images?status=planned&limit=2", headers=VIEW)).json()
    assert ([image["image_id"] for image in first["images"]], first["next"]) == (["a", "b"], "7:b")
    rest = await (await site.client.get(f"{run}/images?status=planned&limit=2&after={first['next']}", headers=VIEW)).json()
    assert ([image["image_id"] for image in rest["images"]], rest["next"]) == (["c"], None)


async def test_a_repeated_key_makes_one_plan(site: Site) -> None:
    headers = OPERATE | {"Idempotency-Key": "once"}
    runs = {(await (await site.client.post(RUNS, json={}, headers=headers)).json())["run"] for _ in range(3)}
    assert runs == {1}
    other = await site.client.post(RUNS, json={"selection": {"shops": [8]}}, headers=headers)
    assert other.status == 409


async def test_only_an_operator_changes_anything(site: Site) -> None:
    fail(site, "a")
    await planned(site)
    for headers, status in ((INTAKE, 403), (VIEW, 403), ({}, 401)):
        assert (await site.client.post(RUNS, json={}, headers=headers)).status == status
        for word in WORDS:
            assert (await site.client.post(f"{RUNS}/1/{word}", headers=headers)).status == status
        assert (await site.client.put(f"{RUNS}/1/rate", json={"rate": 5}, headers=headers)).status == status
    assert len(site.republish.audit) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"selection": {"shops": ["7"]}}, "selection.shops"),
        ({"selection": {"states": ["all"]}}, "selection.states"),
        ({"selection": {"cause": ""}}, "selection.cause"),
        ({"selection": {"since": "2026-03-01"}}, "selection"),
        ({"selection": {"nothing": 1}}, "selection.nothing"),
        ({"rate": "fast"}, "rate"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ([], "body"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_planned(site: Site, body: Any, field: str) -> None:
    answer = await site.client.post(RUNS, json=body, headers=OPERATE)
    problem = await answer.json()
    assert answer.status == 400, problem
    assert any(error["field"].startswith(field) for error in problem["errors"]), problem
    assert site.republish.runs == {}


@pytest.mark.parametrize("rate", ["1e999", "0", "-1", "1001", "NaN"])
async def test_a_rate_that_is_no_rate_is_refused(site: Site, rate: str) -> None:
    await planned(site)
    headers = OPERATE | {"Content-Type": "application/json"}
    answer = await site.client.put(f"{RUNS}/1/rate", data=f'{{"rate": {rate}}}', headers=headers)
    assert answer.status in {400, 409}
    assert site.republish.runs[1].rate == 50


@pytest.mark.parametrize(
    "path",
    [
        f"{RUNS}/1/images", f"{RUNS}/1/images?status=all", f"{RUNS}/1/images?status=begun&limit=0",
        f"{RUNS}/1/images?status=begun&limit=99999999999999999999", f"{RUNS}/1/images?status=begun&after=a", f"{RUNS}?before=-1",
        f"{RUNS}?offset=5",
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_named(site: Site, path: str) -> None:
    await planned(site)
    answer = await site.client.get(path, headers=VIEW)
    assert (answer.status, len((await answer.json())["errors"])) == (400, 1)


async def test_what_is_not_there_or_not_a_number_is_404(site: Site) -> None:
    for path in (f"{RUNS}/1", f"{RUNS}/x", f"{RUNS}/99999999999999999999", f"{RUNS}/1/images?status=begun"):
        assert (await site.client.get(path, headers=VIEW)).status == 404
    for word in WORDS:
        assert (await site.client.post(f"{RUNS}/1/{word}", headers=OPERATE)).status in {404, 409}


async def test_ten_thousand_ids_fit_into_a_selection(site: Site) -> None:
    images = [{"shop_no": 2**53 - 1, "image_id": f"{n:064}"} for n in range(10_000)]
    body = io.BytesIO(json.dumps({"selection": {"images": images}}).encode())
    answer = await site.client.post(RUNS, data=body, headers=OPERATE | {"Content-Type": "application/json"})
    assert answer.status == 201, await answer.text()
    assert site.republish.audit[-1].detail["selection"] == {"images": 10_000}


async def test_an_override_without_a_reason_is_refused_as_bad_input(site: Site) -> None:
    answer = await site.client.post(RUNS, json={"selection": {"overrides": ["size_refused"]}}, headers=OPERATE)
    assert (answer.status, (await answer.json())["detail"]) == (400, "An override needs a `reason`; the audit keeps it.")


async def test_bodies_that_are_too_large_or_not_json_are_refused(site: Site) -> None:
    headers = OPERATE | {"Content-Type": "application/json"}
    assert (await site.client.post(RUNS, data=io.BytesIO(b"{" * (3 * 2**20)), headers=headers)).status == 413
    assert (await site.client.post(RUNS, data=b"{", headers=headers)).status == 400
    assert (await site.client.post(RUNS, data=json.dumps({}), headers=OPERATE)).status == 415
    assert (await site.client.post(f"{RUNS}/1/pause", data=b"now", headers=OPERATE)).status == 400
