"""A shop's way in, and what it can mend, in a real browser: from another site, in a frame of it, and without script."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Frame, Page

from faust_app.core.images.row import ImageRow, ImageState, ScheduleReason
from faust_app.core.reports.link import ALL_RIGHTS, LASTS
from faust_app.core.reports.test_fetch import TestResult
from faust_app.core.sources.content import Redirect
from tests.factories import NOW, accepted_row, done_row
from tests.proofs.browser.browser import KINDS, problems_of, screenshots_in
from tests.web.operator_site import OperatorSite, open_site

LOOKS: Final[dict[str, dict[str, Any]]] = {**KINDS, "korean": KINDS["wide"] | {"locale": "ko-KR"}}
PAGES: Final = (
    "/reports/7/mend", "/reports/7/mend?tried=12", "/reports/7/mend/images?standing=act&code=source_forbidden&host=shop.example",
    "/reports/7/mend/products", "/reports/7/mend/search?q=shoe", "/reports/7/mend/search?q=", "/reports/7/pictures/a1",
    "/reports/7/pictures/older", "/reports/7/test", "/reports/7/test?number=1", "/reports/let-us-in", "/reports/9/mend",
)  # fmt: skip


@dataclass
class Platform:
    """The administration of a shop on a site of its own (localhost is another site than 127.0.0.1), and ours beside it."""

    site: OperatorSite
    ours: str
    theirs: str
    body: str = ""

    async def link(self, shop_no: int = 7) -> str:
        made = await self.site.access.make_link(shop_no, ALL_RIGHTS)
        assert made is not None
        return f"{self.ours}/reports/enter?link={made.link}"

    def shows(self, address: str) -> None:
        """Let the administration show a link, and the same in a frame."""
        self.body = f'<a href="{address}">Pictures</a>'

    def frames(self, address: str) -> None:
        self.body = f'<iframe src="{address}" width="1200" height="800"></iframe>'


def failed(image_id: str, code: str, host: str = "shop.example", **values: Any) -> ImageRow:
    row = accepted_row(7, image_id.encode(), state=ImageState.FAILED, error_code=code, fingerprint=f"{code}@{host}", **values)
    row = replace(row, source_host=host, source_url=f"https://{host}/wp-content/uploads/2026/03/{image_id}.jpg")
    return replace(row, open_since=None, schedule_reason=None, scheduled_at=None)


def rows() -> list[ImageRow]:
    shoes = [failed(f"a{n}", "source_forbidden", product_id=f"p{n}", product_name=f"Red shoe {n}", sku=f"S-{n}") for n in range(14)]
    large = [failed(f"l{n}", "too_large", product_id="p1", product_name="Red shoe 1", sku="S-1") for n in range(3)]
    older = failed(
        "older", "not_an_image", shown=done_row(7, b"older").shown, shown_version=9, product_name="Hat with a very long name " * 5
    )
    waiting = accepted_row(
        7, b"w", error_code="source_timeout", fingerprint="source_timeout@slow.example", schedule_reason=ScheduleReason.RETRY,
        scheduled_at=NOW + timedelta(minutes=9),
    )  # fmt: skip
    ours = replace(failed("x", "internal_error"), fingerprint="internal_error@-")
    return [*shoes, *large, older, waiting, ours, *(done_row(7, f"d{n}".encode()) for n in range(40)), done_row(9, b"d")]


@asynccontextmanager
async def platform(origins: tuple[str, ...] | None = None) -> AsyncIterator[Platform]:
    async def administration(_: web.Request) -> web.Response:
        head = '<!doctype html><title>Shop</title><link rel="icon" href="data:,">'
        return web.Response(text=head + opened.body, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", administration)
    async with TestServer(app, host="127.0.0.1") as server:
        theirs = f"http://localhost:{server.port}"
        async with open_site(embed_origins=(theirs,) if origins is None else origins) as site:
            site.rows.rows = {row.key: row for row in rows()}
            opened = Platform(site, f"http://127.0.0.1:{site.client.port}", theirs)
            yield opened


@asynccontextmanager
async def window(browser: Browser, **options: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    context: BrowserContext = await browser.new_context(**{**KINDS["wide"], **options})
    page, complaints = await context.new_page(), list[str]()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    try:
        yield page, complaints
    finally:
        await context.close()


async def framed(page: Page) -> Frame:
    """Return the frame once it shows more than the way in."""
    frame = page.frames[1]
    await frame.wait_for_selector("h1")
    return frame


async def test_a_shop_comes_in_from_its_administration_and_has_its_pictures_tried_again(browser: Browser) -> None:
    async with platform() as opened, window(browser) as (page, complaints):
        opened.shows(await opened.link())
        await page.goto(opened.theirs)
        await page.get_by_role("link", name="Pictures").click()
        await page.wait_for_url("**/reports/7")
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name="Pictures to mend").click()
        await page.get_by_role("button", name="Try all of these again").first.click()
        await page.wait_for_url("**/reports/7/mend?tried=14")
        assert "We are trying 14 pictures again" in await page.content()
        (cookie,) = [each for each in await page.context.cookies() if each["name"] == opened.site.visit_cookie]
        assert (cookie["httpOnly"], cookie["sameSite"], cookie["expires"]) == (True, "Strict", -1)
        assert await page.evaluate("document.cookie + localStorage.length + sessionStorage.length") == "00"
        await page.get_by_role("button", name="Log out").click()
        await page.wait_for_selector("text=You are logged out")
        assert (await page.goto(f"{opened.ours}/reports/7/mend")).status == 401  # type: ignore[union-attr]
        assert [each for each in complaints if "401" not in each] == []


async def test_without_script_a_button_lets_a_shop_in(browser: Browser) -> None:
    async with platform() as opened, window(browser, java_script_enabled=False) as (page, _):
        opened.shows(await opened.link())
        await page.goto(opened.theirs)
        await page.get_by_role("link", name="Pictures").click()
        await page.get_by_role("button", name="Open the pages").click()
        await page.wait_for_url("**/reports/7")


async def test_in_a_frame_of_another_site_the_pages_work_without_any_cookie(browser: Browser, tmp_path: Path) -> None:
    async with platform() as opened, window(browser) as (page, complaints):
        opened.frames(await opened.link())
        await page.goto(opened.theirs)
        frame = await framed(page)
        await frame.get_by_role("navigation", name="Pages").get_by_role("link", name="Pictures to mend").click()
        await frame.wait_for_selector("text=You must act")
        await frame.get_by_role("link", name="한국어").click()
        await frame.wait_for_selector("text=직접 고쳐야 합니다")
        await frame.get_by_role("link", name="English").click()
        await frame.wait_for_selector("text=You must act")
        await frame.get_by_role("searchbox").fill("shoe 3")
        await frame.get_by_role("button", name="Search").click()
        await frame.get_by_role("link", name="Red shoe 3").click()
        await frame.wait_for_selector("text=No picture is shown.")
        await frame.get_by_role("button", name="Try it again").click()
        await frame.wait_for_selector("text=We are trying 1 picture again")
        await frame.get_by_role("link", name="Back to the list").click()
        async with page.expect_download() as download:
            await frame.get_by_role("link", name="As a CSV file").click()
        file = await download.value
        assert file.suggested_filename == "pictures-to-mend-of-shop-7.csv"
        assert "Red shoe 3" in (await file.path()).read_text()
        await page.screenshot(path=screenshots_in(tmp_path) / "shop-in-a-frame.png")
        assert "link=" not in frame.url
        assert await page.context.cookies() == [] or {each["name"] for each in await page.context.cookies()} <= {"lang"}
        assert await frame.evaluate("document.cookie") == ""
        assert complaints == []


@pytest.mark.parametrize("broken", ["forged", "used", "expired", "foreign"])
@pytest.mark.parametrize("in_frame", [True, False])
async def test_a_link_that_opens_nothing_says_so(browser: Browser, broken: str, *, in_frame: bool) -> None:
    says = {"forged": "This link opens nothing", "used": "used already", "expired": "has ended", "foreign": "opens nothing"}[broken]
    async with platform() as opened, window(browser) as (page, _):
        address = await opened.link()
        if broken == "forged":
            address = address[:-4] + "0000"
        elif broken == "foreign":
            address = address.replace("link=7.", "link=9.")
        elif broken == "expired":
            opened.site.store.let_pass(LASTS)
        else:
            async with window(browser) as (other, _complaints):
                await other.goto(address)
                await other.wait_for_url("**/reports/7")
        opened.frames(address) if in_frame else opened.shows(address)
        await page.goto(opened.theirs)
        if not in_frame:
            await page.get_by_role("link", name="Pictures").click()
        shown: Page | Frame = page.frames[1] if in_frame else page
        await shown.wait_for_selector(f"text={says}")


async def test_a_site_that_is_not_named_shows_no_page_in_a_frame(browser: Browser) -> None:
    for origins in ((), ("https://other.example",)):
        async with platform(origins) as opened, window(browser) as (page, complaints):
            link = await opened.link()
            opened.frames(link)
            await page.goto(opened.theirs)
            await page.wait_for_timeout(0)
            assert await page.frames[1].evaluate("document.querySelector('form[data-enter]') === null")
            assert any("frame-ancestors" in each or "X-Frame-Options" in each for each in complaints)
            assert opened.site.store.audit == []


async def test_every_page_of_a_shop_can_be_used_by_everybody(browser: Browser, tmp_path: Path) -> None:
    found: dict[str, list[str]] = {}
    pictures = screenshots_in(tmp_path)
    async with platform() as opened:
        test = await opened.site.tests.ask(7, "https://shop.example/a.jpg", "anna")
        assert test is not None
        met = TestResult(1.5, 403, (Redirect(301, "https://cdn.shop.example/a.jpg"),), "text/html", code="source_forbidden")
        await opened.site.tests.end(test.number, met)
        for look, options in LOOKS.items():
            async with window(browser, **options) as (page, complaints):
                for shop in (9, 7):
                    await page.goto(await opened.link(shop))
                    await page.wait_for_url(f"**/reports/{shop}")
                    for path in [each for each in PAGES if each.startswith(f"/reports/{shop}/") or (shop == 7 and "let-us-in" in each)]:
                        await page.goto(opened.ours + path)
                        await page.screenshot(path=pictures / f"{re.sub(r'[^a-z0-9]+', '-', path.strip('/'))}.{look}.png", full_page=True)
                        if problems := await problems_of(page):
                            found[f"{path} {look}"] = problems
                assert [each for each in complaints if "400" not in each] == []
    assert found == {}
