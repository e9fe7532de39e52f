"""The frame of a shop's pages: language, navigation, headers, and errors as pages."""

import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from faust_app.core.failure import Dependency, Unavailable
from faust_app.web.problems import Problem
from faust_app.web.reports.frame import ReportFrame
from tests.web.reports.report_site import MACHINE, OPERATOR, SHOP, ReportSite, open_pages


class EmptyPages:
    """A page without content, and one that fails as its address says."""

    def __init__(self, frame: ReportFrame) -> None:
        self._frame = frame

    def register(self, router: web.UrlDispatcher) -> None:
        router.add_get("/reports/{shop_no}", self.get)
        router.add_get("/reports/{shop_no}/fails", self.fails)

    async def get(self, request: web.Request) -> web.Response:
        return self._frame.page(request, "reports/problem.html", title="<Title>", text="text")

    async def fails(self, request: web.Request) -> web.Response:
        raise Problem(400, "the range is <b>") if request.query.get("how") == "request" else Unavailable(Dependency.DATABASE)


@pytest.fixture
async def site() -> AsyncIterator[ReportSite]:
    async with open_pages(lambda frame: [EmptyPages(frame)]) as opened:
        yield opened


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"), ("ko", "ko"), ("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("de-DE,de;q=0.9,ko;q=0.5", "ko"), ("en;q=0.5,ko;q=0.5", "en"),
        ("en;q=0.1, ko", "ko"), ("ko;q=0", "en"), ("ko;q=nonsense", "en"), ("de", "en"), (";;,,;q=", "en"), ("x" * 5000, "en"),
    ],
)  # fmt: skip
async def test_the_browsers_language_decides_where_nobody_chose(site: ReportSite, accepted: str, expected: str) -> None:
    assert f'<html lang="{expected}">' in await site.get("/reports/7", SHOP | {"Accept-Language": accepted})


async def test_a_language_that_is_chosen_is_kept_for_the_next_pages(site: ReportSite) -> None:
    answer = await site.client.get("/reports/7?lang=ko", headers=SHOP)
    assert answer.headers["Content-Language"] == "ko"
    assert answer.cookies["lang"].value == "ko"
    assert 'lang="ko"' in await site.get("/reports/7", SHOP | {"Cookie": "lang=ko", "Accept-Language": "en"})
    assert 'lang="en"' in await site.get("/reports/7?lang=en", SHOP | {"Cookie": "lang=ko"})


async def test_the_switch_keeps_the_state_of_the_page(site: ReportSite) -> None:
    page = await site.get("/reports/7?by=week&lang=en")
    assert 'href="/reports/7?by=week&amp;lang=ko"' in page


async def test_a_language_nobody_speaks_is_not_kept_and_not_shown(site: ReportSite) -> None:
    answer = await site.client.get("/reports/7?lang=%3Cscript%3E", headers=SHOP)
    assert "lang" not in answer.cookies
    assert "<script>" not in await answer.text()


async def test_the_navigation_has_the_pages_that_exist_and_the_operators_way_back(site: ReportSite) -> None:
    page = await site.get("/reports/7")
    assert re.search(r'href="/reports/7" aria-current="page">Figures', page)
    assert "/mend" not in page
    assert "/let-us-in" not in page
    assert "Operators" not in page
    assert "&lt;Title&gt;" in page


async def test_errors_are_pages_in_the_readers_language_and_problem_details_for_machines(site: ReportSite) -> None:
    assert "The range is &lt;b&gt;." in await site.get("/reports/7/fails?how=request", status=400)
    korean = await site.get("/reports/7/fails?how=request&lang=ko", status=400)
    assert "요청을 처리할 수 없습니다" in korean
    assert "The range" not in korean
    assert "Not available at the moment" in await site.get("/reports/7/fails", status=503)
    assert '"status": 503' in await site.get("/reports/7/fails", MACHINE, status=503)
    assert "Not found" in await site.get("/reports/7/nothing", OPERATOR, status=404)


async def test_another_shops_page_and_a_page_without_a_token_are_refused(site: ReportSite) -> None:
    assert "Not allowed" in await site.get("/reports/8", status=403)
    assert await site.get("/reports/8", OPERATOR)
    assert "open this page from your shop again" in await site.get("/reports/7", {"Accept": "text/html"}, status=401)


async def test_nobody_may_frame_the_pages_but_the_origins_that_are_named(site: ReportSite) -> None:
    closed = (await site.client.get("/reports/7", headers=SHOP)).headers
    assert "frame-ancestors 'none'" in closed["Content-Security-Policy"]
    assert closed["X-Frame-Options"] == "DENY"
    assert closed["Referrer-Policy"] == "no-referrer"
    async with open_pages(lambda frame: [EmptyPages(frame)], ancestors=["https://a.test", "https://b.test"]) as opened:
        headers = (await opened.client.get("/reports/7", headers=SHOP)).headers
        assert headers["Content-Security-Policy"].endswith("frame-ancestors https://a.test https://b.test")
        assert "X-Frame-Options" not in headers
