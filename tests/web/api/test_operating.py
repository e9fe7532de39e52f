"""What the pages show, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from faust_app.core.operators.audit import Actor, AuditEntry
from tests.factories import NOW, done_row
from tests.web.operator_site import OperatorSite, open_site

ALL = {"Authorization": "Bearer all-secret"}


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        yield opened


async def get(site: OperatorSite, path: str, status: int = 200) -> Any:
    answer = await site.client.get(path, headers=ALL)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


async def test_a_shop_is_counted_by_state_and_an_unknown_one_is_not_there(site: OperatorSite) -> None:
    row = done_row(7, b"a")
    site.rows.rows[row.key] = row
    assert await get(site, "/v1/shops/7") == {"shop_no": 7, "images": {"IN_PROGRESS": 0, "DONE": 1, "FAILED": 0, "DELETED": 0}}
    await get(site, "/v1/shops/8", 404)


async def test_workers_are_listed_with_what_they_hold(site: OperatorSite) -> None:
    (worker,) = (await get(site, "/v1/workers"))["workers"]
    assert (worker["name"], worker["release"], worker["held"]) == ("w1", "r1", 3)


async def test_what_happened_is_listed_and_can_be_narrowed(site: OperatorSite) -> None:
    site.store.now_is = NOW
    assert [each["text"] for each in (await get(site, "/v1/timeline"))["happened"]] == ["limits finished"]
    assert (await get(site, "/v1/timeline?kind=alert"))["happened"] == []


async def test_changes_are_listed_by_actor_a_page_at_a_time(site: OperatorSite) -> None:
    for name in ("ada", "bob", "ada"):
        site.store.record(AuditEntry(NOW, Actor(name), "cause.note", "cause"))
    page = await get(site, "/v1/audit?actor=ada&limit=1")
    assert ([change["actor"] for change in page["changes"]], page["next"] is not None) == (["ada"], True)
    assert len((await get(site, f"/v1/audit?actor=ada&before={page['next']}"))["changes"]) == 1


@pytest.mark.parametrize(
    "path", ["/v1/timeline?hours=0", "/v1/timeline?kind=all", "/v1/audit?actor=", "/v1/records?limit=0", "/v1/workers?x=1"]
)
async def test_a_wrong_parameter_is_named(site: OperatorSite, path: str) -> None:
    assert (await get(site, path, 400))["errors"]


async def test_records_that_nobody_could_read_are_listed(site: OperatorSite) -> None:
    assert await get(site, "/v1/records") == {"rejections": [], "next": None}
