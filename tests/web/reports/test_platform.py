"""The figures of all shops together."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from faust_app.core.statistics.figures import Figures, Source
from faust_app.core.statistics.slow_source import SlowSource
from faust_app.flows.statistics.shop_report import ReadReport
from faust_app.web.reports.figures.platform import PlatformPages
from tests.factories import NOW
from tests.fakes.clock import FakeClock
from tests.fakes.statistics import FakeReports, FakeSlowSources
from tests.web.reports.report_site import OPERATOR, SEOUL, SHOP, ReportSite, open_pages

TODAY = date(2026, 3, 1)


@dataclass
class Platform:
    site: ReportSite
    reports: FakeReports
    slow: FakeSlowSources

    async def page(self, query: str = "", headers: dict[str, str] = OPERATOR, *, status: int = 200) -> str:
        return await self.site.get(f"/reports{query}", headers, status=status)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    reports = FakeReports(stored={1: 500, 2: 700}, sources={date(2026, 2, 10): Source.FALLBACK, TODAY: Source.LIVE})
    for shop in (1, 2):
        reports.figures[shop] = {TODAY - timedelta(days=n): Figures(registered=shop, failed_shop=3) for n in range(60)}
    read = ReadReport(reports, zone=SEOUL, now=lambda: NOW, close_day=3)
    slow = FakeSlowSources(
        [SlowSource("fast.test", 9, 90, 100), SlowSource("slow.test", 7, 45_000, 90_000), SlowSource("one.test", 1, 10**6, 10**6)]
    )
    clock = FakeClock(lambda: NOW)
    async with open_pages(lambda frame: [PlatformPages(frame, read, slow, clock=clock)]) as site:
        yield Platform(site, reports, slow)


async def test_totals_are_those_of_all_shops_and_the_largest_are_linked(platform: Platform) -> None:
    page = await platform.page("?range=last-month&by=week&lang=en")
    assert "New pictures, February 2026: 84 in total." in page
    first, second = page.index("/reports/2?range=last-month&amp;by=week&amp;lang=en"), page.index("/reports/1?range=last-month")
    assert first < second
    assert "/images?" not in page


async def test_the_slowest_sources_are_listed_with_their_times(platform: Platform) -> None:
    page = await platform.page()
    assert page.index("slow.test") < page.index("fast.test")
    assert "45\xa0s" in page
    assert "one.test" not in page


async def test_figures_are_shown_while_the_slowest_sources_are_not_known(platform: Platform) -> None:
    platform.slow.is_down = True
    page = await platform.page("?range=last-month&lang=en")
    assert "New pictures, February 2026: 84 in total." in page
    assert "Not available at the moment: the database does not answer." in page
    assert "No source had that many pictures." not in page


async def test_the_sources_of_the_days_are_counted(platform: Platform) -> None:
    page = " ".join((await platform.page("?range=30d")).split())
    assert "<dt>loaded</dt><dd>28</dd>" in page
    assert "<dt>live</dt><dd>1</dd>" in page
    assert "<dt>fallback</dt><dd>1</dd>" in page
    assert "/admin/statistics" not in page


async def test_the_page_and_its_file_are_closed_to_a_shop(platform: Platform) -> None:
    assert "Not allowed" in await platform.page("", SHOP, status=403)
    assert await platform.site.get("/reports/figures.csv", SHOP, status=403)
    assert platform.reports.read == []


async def test_what_is_wrong_stands_beside_its_field(platform: Platform) -> None:
    assert "The first day is after the last one." in await platform.page("?from=2026-02-02&to=2026-02-01", status=400)
    assert "모든 상점의 통계" in await platform.page("?by=%27&lang=ko", status=400)
    assert await platform.site.get("/reports/figures.csv?by=hour", OPERATOR, status=400)


async def test_the_file_has_the_rows_of_the_page(platform: Platform) -> None:
    text = await platform.site.get("/reports/figures.csv?range=last-month&by=month&view=operator", OPERATOR)
    lines = text.splitlines()
    assert lines[1].startswith("2026-02,84,")
    assert len(lines) == 3
