"""Links into the pages of a shop, over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from faust_app.core.reports.link import ReportLink, read_link
from faust_app.flows.reports.enter import Entered, Visitor
from tests.web.operator_site import REPORT_SECRET, OperatorSite, open_site

ALL, VIEWER, LIMITED = ({"Authorization": f"Bearer {name}-secret"} for name in ("all", "view", "shop"))


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        yield opened


async def asked(site: OperatorSite, headers: dict[str, str], body: Any = None, shop: object = 7) -> tuple[int, dict[str, Any]]:
    answer = await site.client.post(f"/v1/shops/{shop}/report-link", json=body, headers=headers)
    return answer.status, await answer.json(content_type=None)


@pytest.mark.parametrize(
    ("headers", "body", "rights"),
    [
        (VIEWER, None, {"view"}), (VIEWER, {"rights": ["view"]}, {"view"}), (ALL, {"rights": ["view", "retry"]}, {"view", "retry"}),
        (ALL, {"rights": ["retry"]}, {"view", "retry"}),
    ],
)  # fmt: skip
async def test_a_link_has_the_rights_that_were_asked_for(site: OperatorSite, headers: dict[str, str], body: Any, rights: set[str]) -> None:
    status, made = await asked(site, headers, body)
    assert status == 201
    address, _, link = made["url"].partition("?link=")
    assert address == "https://images.test/reports/enter"
    read = read_link(link, REPORT_SECRET, site.store.now_is)
    assert isinstance(read, ReportLink)
    assert (read.shop_no, set(read.rights), made["expires_at"]) == (7, rights, (site.store.now_is + timedelta(minutes=5)).isoformat() + "Z")


@pytest.mark.parametrize(
    ("headers", "body", "shop", "status", "says"),
    [
        (VIEWER, {"rights": ["retry"]}, 7, 403, "lacks the scope operate"),
        (ALL, {"rights": []}, 7, 400, "rights: must not be empty"),
        (ALL, {"rights": ["admin"]}, 7, 400, "rights.0: must be one of view, retry"),
        (ALL, {"rights": "view"}, 7, 400, "rights: must be a list"),
        (ALL, {"lasts": 600}, 7, 400, "lasts: is not a known field"),
        (ALL, None, 0, 400, "the shop's number"),
        (LIMITED, None, 7, 403, "is limited to shop 8"),
    ],
)
async def test_a_wrong_request_makes_no_link(
    site: OperatorSite, headers: dict[str, str], body: Any, shop: int, status: int, says: str
) -> None:
    answered, problem = await asked(site, headers, body, shop)
    assert answered == status
    assert says in problem["detail"]


async def test_without_a_secret_the_answer_says_what_to_set() -> None:
    async with open_site(report_secret=None) as site:
        status, problem = await asked(site, ALL)
        assert status == 409
        assert "set REPORT_LINK_SECRET to at least 32 bytes" in problem["detail"]


async def test_all_sessions_of_a_shop_are_ended_at_once(site: OperatorSite) -> None:
    entered = []
    for shop in (7, 7, 8):
        _, made = await asked(site, ALL, shop=shop)
        result = await site.access.enter(made["url"].partition("?link=")[2], Visitor(None, ""))
        assert isinstance(result, Entered)
        entered.append(result.token)
    answer = await site.client.delete("/v1/shops/7/report-sessions", headers=ALL)
    assert await answer.json() == {"ended": 2}
    assert [await site.access.identify(token, framed=False) is None for token in entered] == [True, True, False]
    assert (await site.client.delete("/v1/shops/7/report-sessions", headers=VIEWER)).status == 403
