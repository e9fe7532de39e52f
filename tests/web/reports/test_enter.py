"""The way in: what a link opens, what it does not, and what a session reaches."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse

from faust_app.core.images.row import ImageState
from faust_app.core.reports.link import ALL_RIGHTS, LASTS, ONLY_VIEW, Right
from faust_app.core.reports.session import ABSOLUTE, IDLE
from tests.factories import accepted_row
from tests.web.operator_site import BROWSER, SAME_ORIGIN, OperatorSite, open_site

SITE = "https://admin.shop.test"
JSON = {"Accept": "application/json"}


@dataclass
class Visits:
    site: OperatorSite

    async def link(self, shop_no: int = 7, rights: frozenset[Right] = ONLY_VIEW) -> str:
        made = await self.site.access.make_link(shop_no, rights)
        assert made is not None
        return made.link

    async def enter(self, link: str, headers: dict[str, str] = BROWSER, **form: str) -> ClientResponse:
        return await self.site.post("/reports/enter", headers | SAME_ORIGIN, link=link, **form)

    async def cookie(self, rights: frozenset[Right] = ONLY_VIEW, shop_no: int = 7) -> dict[str, str]:
        answer = await self.enter(await self.link(shop_no, rights))
        assert answer.status == 303
        return {"Cookie": f"{self.site.visit_cookie}={answer.cookies[self.site.visit_cookie].value}", **BROWSER}

    async def bearer(self, rights: frozenset[Right] = ONLY_VIEW) -> dict[str, str]:
        answer = await self.enter(await self.link(rights=rights), JSON, framed="1")
        assert answer.status == 200
        return {"Authorization": f"Bearer {(await answer.json())['token']}", **BROWSER}

    async def status(self, path: str, headers: dict[str, str], method: str = "GET") -> int:
        return (await self.site.ask(method, path, headers)).status


@pytest.fixture
async def visits() -> AsyncIterator[Visits]:
    async with open_site(embed_origins=(SITE,)) as site:
        row = replace(
            accepted_row(7, b"a"),
            state=ImageState.FAILED,
            error_code="empty",
            fingerprint="empty@source.test",
            scheduled_at=None,
            open_since=None,
        )
        site.rows.rows[row.key] = row
        yield Visits(site)


async def test_looking_at_a_link_uses_nothing_up(visits: Visits) -> None:
    link = await visits.link()
    for headers in (BROWSER, {"Accept": "*/*"}, BROWSER | {"Sec-Fetch-Site": "cross-site"}):
        answer = await visits.site.ask("GET", f"/reports/enter?link={link}", headers)
        assert (answer.status, answer.headers["Referrer-Policy"], answer.headers["Cache-Control"]) == (200, "no-referrer", "no-store")
        assert f'value="{link}"' in await answer.text()
    assert visits.site.store.audit == []
    assert (await visits.enter(link)).status == 303


async def test_the_button_leads_to_the_shops_pages_with_a_cookie_that_scripts_cannot_read(visits: Visits) -> None:
    answer = await visits.enter(await visits.link())
    cookie = answer.cookies[visits.site.visit_cookie]
    assert (answer.status, answer.headers["Location"]) == (303, "/reports/7")
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")


async def test_the_script_gets_the_address_and_outside_of_frames_no_token(visits: Visits) -> None:
    answer = await visits.enter(await visits.link(), JSON)
    assert await answer.json() == {"start": "/reports/7"}
    assert visits.site.visit_cookie in answer.cookies
    framed = await visits.enter(await visits.link(), JSON, framed="1")
    assert set(await framed.json()) == {"token", "start"}
    assert visits.site.visit_cookie not in framed.cookies


async def test_a_session_opens_its_own_shops_pages_and_nothing_else(visits: Visits) -> None:
    for headers in (await visits.cookie(), await visits.bearer()):
        assert await visits.status("/reports/7/mend", headers) == 200
        assert await visits.status("/reports/7/pictures/a", headers) == 200
        assert await visits.status("/reports/8/mend", headers) == 403
        for path in ("/v1/shops/7/images/a", "/v1/shops/7/mend", "/metrics", "/v1/republish"):
            assert await visits.status(path, {**headers, "Accept": "application/json"}) == 401, path
        assert await visits.status("/admin/shops/7", headers) in {303, 401}


async def test_a_cookies_token_is_no_header_and_a_headers_token_no_cookie(visits: Visits) -> None:
    cookie, bearer = await visits.cookie(), await visits.bearer()
    swapped = {"Authorization": f"Bearer {cookie['Cookie'].partition('=')[2]}", **BROWSER}
    assert await visits.status("/reports/7/mend", swapped) == 401
    swapped = {"Cookie": f"{visits.site.visit_cookie}={bearer['Authorization'].removeprefix('Bearer ')}", **BROWSER}
    assert await visits.status("/reports/7/mend", swapped) == 401


@pytest.mark.parametrize("language", ["en", "ko"])
async def test_a_link_that_opens_nothing_says_why(visits: Visits, language: str) -> None:
    used, late = await visits.link(), await visits.link(8)
    assert (await visits.enter(used)).status == 303
    visits.site.store.let_pass(timedelta(seconds=1))
    says = {
        used: ("was used already", "이미 사용한"), used.replace("7.view", "8.view"): ("opens nothing", "열 수 없습니다"),
        used.replace(".view.", ".view,retry."): ("opens nothing", "열 수 없습니다"), "": ("opens nothing", "열 수 없습니다"),
        "x" * 5000: ("opens nothing", "열 수 없습니다"),
    }  # fmt: skip
    for link, words in says.items():
        answer = await visits.site.post(f"/reports/enter?lang={language}", BROWSER | SAME_ORIGIN, link=link)
        text = await answer.text()
        assert (answer.status, words[language == "ko"] in text) == (401, True), (link[:80], text)
        assert not link or link not in text
    visits.site.store.let_pass(LASTS)
    answer = await visits.site.post(f"/reports/enter?lang={language}", BROWSER | SAME_ORIGIN, link=late)
    assert ("has ended", "유효 시간이 지났습니다")[language == "ko"] in await answer.text()


async def test_what_is_refused_by_json_repeats_neither_link_nor_secret(visits: Visits) -> None:
    link = await visits.link()
    answer = await visits.enter(link[:-1] + "x", JSON)
    problem = await answer.text()
    assert (answer.status, answer.content_type) == (401, "application/problem+json")
    assert link.split(".")[3] not in problem


async def test_going_back_to_a_used_link_leads_to_the_pages_that_it_opened(visits: Visits) -> None:
    link = await visits.link()
    first = await visits.enter(link)
    headers = BROWSER | {"Cookie": f"{visits.site.visit_cookie}={first.cookies[visits.site.visit_cookie].value}"}
    again = await visits.enter(link, headers)
    assert (again.status, again.headers["Location"]) == (303, "/reports/7")
    assert (await visits.enter(link)).status == 401


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": SITE}, {"Origin": "null"}])
async def test_another_site_exchanges_no_link_and_presses_no_button(visits: Visits, headers: dict[str, str]) -> None:
    answer = await visits.site.post("/reports/enter", BROWSER | headers, link=await visits.link())
    assert answer.status == 403
    cookie = await visits.cookie(ALL_RIGHTS)
    for path in ("/reports/7/mend/retries", "/reports/7/leave"):
        assert (await visits.site.post(path, cookie | headers)).status == 403


async def test_a_session_ends_by_its_button_by_age_and_without_requests(visits: Visits) -> None:
    left = await visits.cookie()
    answer = await visits.site.post("/reports/7/leave", left | SAME_ORIGIN)
    assert answer.status == 200
    assert answer.cookies[visits.site.visit_cookie].value == ""
    assert await visits.status("/reports/7/mend", left) == 401
    idle = await visits.cookie()
    visits.site.store.let_pass(IDLE)
    assert await visits.status("/reports/7/mend", idle) == 401
    busy = await visits.bearer()
    for _ in range(int(ABSOLUTE / IDLE) * 2 - 1):
        visits.site.store.let_pass(IDLE / 2)
        assert await visits.status("/reports/7/mend", busy) == 200
    visits.site.store.let_pass(IDLE / 2)
    assert await visits.status("/reports/7/mend", busy) == 401


async def test_without_a_session_a_person_is_told_where_to_open_the_pages(visits: Visits) -> None:
    answer = await visits.site.ask("GET", "/reports/7/mend", BROWSER)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="shop-images"')
    assert "open this page again from the administration of your shop" in await answer.text()


async def test_the_right_to_retry_is_that_of_the_link(visits: Visits) -> None:
    viewer, owner = await visits.cookie(), await visits.cookie(ALL_RIGHTS)
    form = {"code": "empty", "host": "source.test"}
    assert "Try all of these again" not in await visits.site.get("/reports/7/mend", viewer)
    assert "Try all of these again" in await visits.site.get("/reports/7/mend", owner)
    assert (await visits.site.post("/reports/7/mend/retries", viewer | SAME_ORIGIN, **form)).status == 403
    assert (await visits.site.post("/reports/8/mend/retries", owner | SAME_ORIGIN, **form)).status == 403
    answer = await visits.site.post("/reports/7/mend/retries", owner | SAME_ORIGIN, **form)
    assert (answer.status, answer.headers["Location"]) == (303, "/reports/7/mend?tried=1")
    assert "We are trying 1 picture again" in await visits.site.get("/reports/7/mend?tried=1", owner)


async def test_operators_open_the_pages_by_their_own_log_in(visits: Visits) -> None:
    anna = await visits.site.session("anna")
    assert await visits.status("/reports/7/mend", anna) == 200
    assert await visits.status("/reports/7/mend", {"Authorization": "Bearer view-secret", **BROWSER}) == 200
    assert await visits.status("/reports/7/mend", {"Authorization": "Bearer shop-secret", **BROWSER}) == 403


@pytest.mark.parametrize(("origins", "ancestors"), [((), "'none'"), ((SITE, "https://b.test:8443"), f"{SITE} https://b.test:8443")])
async def test_frames_are_open_to_the_named_sites_alone_and_to_no_other_page(origins: tuple[str, ...], ancestors: str) -> None:
    async with open_site(embed_origins=origins) as site:
        visits = Visits(site)
        headers: Any = (await site.ask("GET", f"/reports/enter?link={await visits.link()}", BROWSER)).headers
        assert headers["Content-Security-Policy"].endswith(f"frame-ancestors {ancestors}")
        assert ("X-Frame-Options" in headers) is (not origins)
        assert (await visits.enter(await visits.link(), JSON, framed="1")).status == (200 if origins else 403)
        other = (await site.ask("GET", "/admin/log-in", BROWSER)).headers
        assert (other["X-Frame-Options"], "frame-ancestors 'none'" in other["Content-Security-Policy"]) == ("DENY", True)


async def test_a_link_of_another_site_asks_again_with_the_cookie(visits: Visits) -> None:
    answer = await visits.site.ask("GET", "/reports/7/mend", BROWSER | {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, answer.headers["Refresh"]) == (200, "0; url=/reports/7/mend")


async def test_over_https_both_cookies_are_bound_to_the_host() -> None:
    async with open_site(public_url="https://images.example.org") as site:
        made = await site.access.make_link(7, ONLY_VIEW)
        assert made is not None
        answer = await site.post("/reports/enter", BROWSER | SAME_ORIGIN | {"Host": "images.example.org"}, link=made.link)
        cookie = answer.cookies["__Host-shop_images_report"]
        assert (cookie["secure"], cookie["httponly"]) == (True, True)
