"""Reading back, and who may."""

from dataclasses import replace

import pytest

from faust_app.core.images.outcome import HistoryEntry
from faust_app.core.images.row import ImageState
from faust_app.web.auth.rules import needed_scope
from tests.factories import NOW, accepted_row, done_row
from tests.sentences import is_sentence
from tests.web.conftest import INTAKE, VIEW, Site

IMAGE = "/v1/shops/7/images/a"


async def test_an_image_tells_its_state_its_versions_and_its_timeline(site: Site) -> None:
    row = replace(done_row(), source_url="https://h/a.jpg?sig=secret", external_version=4)
    site.rows.rows[row.key] = row
    site.rows.entries = [HistoryEntry(row.key, NOW, n, "stored", size=10) for n in (9, 10)]
    answer = await site.client.get(IMAGE, headers=VIEW)
    body = await answer.json()
    assert (body["state"], body["version"], body["shown_version"], body["external_version"]) == ("DONE", 10, 10, 4)
    assert (body["url"], body["source_url"]) == (f"{IMAGE}/content", "https://h/a.jpg?...")
    assert [entry["version"] for entry in body["timeline"]] == [10, 9]
    assert body["timeline"][0]["at"] == "2026-03-01T12:00:00.000000Z"
    assert "secret" not in await answer.text()


async def test_a_failed_image_tells_what_a_person_can_do(site: Site) -> None:
    row = replace(done_row(), state=ImageState.FAILED, error_code="source_not_found", error_detail="status 404")
    site.rows.rows[row.key] = row
    error = (await (await site.client.get(IMAGE, headers=VIEW)).json())["error"]
    assert (error["code"], error["detail"]) == ("source_not_found", "status 404")
    assert "address" in error["advice"]


async def test_a_waiting_image_tells_until_when_and_why(site: Site) -> None:
    site.rows.rows[7, b"a"] = accepted_row()
    body = await (await site.client.get(IMAGE, headers=VIEW)).json()
    why = body["scheduled"].pop("why")
    assert is_sentence(why)
    assert body["scheduled"] == {"at": "2026-03-01T12:00:20.000000Z", "reason": "unsent", "host": "source.test"}


async def test_the_content_is_a_redirect_that_nobody_caches(site: Site) -> None:
    row = done_row()
    site.rows.rows[row.key] = row
    answer = await site.client.get(f"{IMAGE}/content", headers=VIEW, allow_redirects=False)
    assert (answer.status, answer.headers["Cache-Control"]) == (302, "no-store")
    assert row.shown is not None
    assert row.shown.object_key in answer.headers["Location"]


async def test_what_is_unknown_or_not_stored_yet_is_404(site: Site) -> None:
    assert (await site.client.get(IMAGE, headers=VIEW)).status == 404
    site.rows.rows[7, b"a"] = accepted_row()
    answer = await site.client.get(f"{IMAGE}/content", headers=VIEW)
    assert (answer.status, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Basic aW50YWtlLXNlY3JldA=="}, 401),
        ({"Authorization": "intake-secret"}, 401),
        (VIEW, 403),
        (INTAKE, 202),
        ({"Authorization": "bearer intake-secret"}, 202),
    ],
)
async def test_only_a_token_of_the_scope_may_send(site: Site, headers: dict[str, str], status: int) -> None:
    answer = await site.client.put(IMAGE, json={"source_url": "https://h/a"}, headers=headers)
    assert answer.status == status
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if status != 202:
        assert site.rows.rows == {}


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/health", None),
        ("GET", "/ready", None),
        ("GET", "/metrics", "view"),
        ("GET", "/v1/shops/7/images/a", "view"),
        ("HEAD", "/v1/shops/7/images/a", "view"),
        ("PUT", "/v1/shops/7/images/a", "intake"),
        ("DELETE", "/v1/shops/7/images/a", "intake"),
        ("POST", "/v1/shops/7/images", "intake"),
        ("PUT", "/v1/shops/7/images/report-sessions", "intake"),
        ("DELETE", "/v1/shops/7/images/report-link", "intake"),
        ("PUT", "/v1/shops/7/images/a/test-fetches", "intake"),
        ("POST", "/v1/shops/7/report-link", "view"),
        ("DELETE", "/v1/shops/7/report-sessions", "operate"),
        ("GET", "/healthy", "view"),
    ],
)
def test_each_page_has_its_scope(method: str, path: str, scope: str | None) -> None:
    assert needed_scope(method, path) == scope
