"""A shop's pages in a real browser: on a laptop, on a phone, in the dark, on paper and in Korean, usable by everybody."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page

from faust_app.flows.statistics.shop_report import ReadReport
from faust_app.web.admin.pages import Page as Pages
from faust_app.web.reports.figures.images import ImageListPages
from faust_app.web.reports.figures.pages import FigurePages
from faust_app.web.reports.figures.platform import PlatformPages
from faust_app.web.reports.frame import ReportFrame
from tests.factories import NOW
from tests.fakes.clock import FakeClock
from tests.fakes.reports import sample_standing
from tests.proofs.browser.browser import KINDS, problems_of, screenshots_in
from tests.proofs.browser.sample_reports import sample_ledger, sample_reports, sample_slow_sources
from tests.web.reports.report_site import OPERATOR, SEOUL, SHOP, ReportSite, open_pages

LIST: Final = "/reports/7/images?figure=registered&from=2026-02-20&to=2026-03-01"
FOR_SHOPS: Final = (
    "/reports/7",
    "/reports/7?range=today&compare=previous",
    "/reports/7?range=13m&compare=year&figure=bytes_in",
    "/reports/7?range=3m&by=week&compare=previous&figure=failed",
    "/reports/7?from=31.1.2026&to=2026-02-20&by=hour",
    LIST,
    "/reports/8/nothing",
)
FOR_OPERATORS: Final = ("/reports?view=operator&range=13m&figure=p95", "/reports/7?view=operator&compare=previous", LIST)
LOOKS: Final[dict[str, dict[str, Any]]] = {**KINDS, "korean": KINDS["wide"] | {"locale": "ko-KR"}}
LONGEST: Final = "/reports/7?range=13m&by=day"


def pages(frame: ReportFrame) -> list[Pages]:
    reports = sample_reports()
    read, clock = ReadReport(reports, zone=SEOUL, now=lambda: NOW, close_day=3), FakeClock(lambda: NOW)

    async def exists(shop_no: int) -> bool:
        return shop_no in reports.figures

    return [
        FigurePages(frame, read, exists=exists, standing=sample_standing), ImageListPages(frame, read, sample_ledger()),
        PlatformPages(frame, read, sample_slow_sources(), clock=clock),
    ]  # fmt: skip


@pytest.fixture
async def site() -> AsyncIterator[ReportSite]:
    async with open_pages(pages) as opened:
        yield opened


def address_of(site: ReportSite) -> str:
    return f"http://127.0.0.1:{site.client.port}"


async def visit(page: Page, address: str, path: str, name: str, pictures: Path) -> list[str]:
    """Open a page, keep what it looks like, and return what keeps people from using it."""
    await page.goto(address + path)
    await page.screenshot(path=pictures / f"{name}.png", full_page=True)
    return await problems_of(page)


def name_of(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-")


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_can_be_used_by_everybody(site: ReportSite, browser: Browser, tmp_path: Path, look: str) -> None:
    found, foreign, complaints = dict[str, list[str]](), list[str](), list[str]()
    for who, headers, paths in (("shop", SHOP, FOR_SHOPS), ("operator", OPERATOR, FOR_OPERATORS)):
        context = await browser.new_context(**LOOKS[look], extra_http_headers={"Authorization": headers["Authorization"]})
        page = await context.new_page()
        page.on("request", lambda request: None if request.url.startswith(("data:", address_of(site))) else foreign.append(request.url))
        page.on("console", lambda message: None if "status of 40" in message.text else complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for path in (*paths, LONGEST) if (who, look) == ("shop", "wide") else paths:
            name = f"{name_of(path)}.{who}.{look}"
            if problems := await visit(page, address_of(site), path, name, screenshots_in(tmp_path)):
                found[name] = problems
        if look == "korean":
            assert await page.locator("html").get_attribute("lang") == "ko"
        await context.close()
    assert (found, foreign, complaints) == ({}, [], [])


async def test_on_paper_the_chart_and_all_rows_are_there_and_the_controls_are_not(
    site: ReportSite, browser: Browser, tmp_path: Path
) -> None:
    context = await browser.new_context(extra_http_headers={"Authorization": SHOP["Authorization"]})
    page = await context.new_page()
    await page.goto(f"{address_of(site)}/reports/7?range=last-month&compare=previous")
    await page.emulate_media(media="print")
    await page.set_viewport_size({"width": 718, "height": 1000})
    assert await page.locator("svg.chart.wide").is_visible()
    assert not await page.locator("svg.chart.narrow").is_visible()
    assert not await page.locator(".controls").is_visible()
    assert await page.locator("tbody tr").count() == 28
    await page.pdf(path=screenshots_in(tmp_path) / "reports-7.pdf", format="A4")
    await context.close()


async def test_a_shop_finds_its_way_by_links_and_a_form_without_a_script(site: ReportSite, browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False, extra_http_headers={"Authorization": SHOP["Authorization"]})
    page = await context.new_page()
    await page.goto(f"{address_of(site)}/reports/7")
    await page.get_by_role("link", name="13 months", exact=True).click()
    await page.get_by_role("link", name="Month", exact=True).click()
    await page.get_by_role("link", name="Chart: Pictures that failed").click()
    assert "figure=failed" in page.url
    await page.get_by_label("From", exact=True).fill("2026-02-01")
    await page.get_by_label("To", exact=True).fill("2026-02-20")
    await page.get_by_role("button", name="Show").click()
    assert "from=2026-02-01&to=2026-02-20&by=month&figure=failed" in page.url
    await page.get_by_role("link", name="한국어").click()
    assert await page.locator("h1").inner_text() == "통계, 2026년 2월 1일~20일"
    await page.get_by_role("link", name="이미지 목록 보기").first.click()
    assert "/reports/7/images?figure=registered&from=2026-02-01&to=2026-02-20" in page.url
    await context.close()
