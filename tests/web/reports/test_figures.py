"""The figures of a shop as page and CSV."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from faust_app.core.failure import Dependency, Unavailable
from faust_app.core.statistics.figures import Figures, Source
from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.flows.reports.mend import MendOverview
from faust_app.flows.statistics.shop_report import ReadReport
from faust_app.web.reports.figures import pages as figure_pages
from faust_app.web.reports.figures.pages import FigurePages
from tests.factories import NOW
from tests.fakes.reports import sample_standing
from tests.fakes.statistics import FakeReports
from tests.web.reports.report_site import OPERATOR, SEOUL, SHOP, ReportSite, open_pages

TODAY = date(2026, 3, 1)
"""The day that it is in Seoul by the clock of the pages."""


class Standing:
    """How the pictures stand; `fails` is what happens instead."""

    def __init__(self) -> None:
        self.fails: Callable[[], Awaitable[None]] | None = None

    async def __call__(self, shop_no: int) -> MendOverview:
        if self.fails is not None:
            await self.fails()
        return await sample_standing(shop_no)


@dataclass
class Figured:
    site: ReportSite
    reports: FakeReports
    standing: "Standing"

    async def page(self, query: str = "", headers: dict[str, str] = SHOP, *, shop: int = 7, status: int = 200) -> str:
        return await self.site.get(f"/reports/{shop}{query}", headers, status=status)

    async def rows(self, query: str = "", headers: dict[str, str] = SHOP) -> list[list[str]]:
        text = await self.site.get(f"/reports/7/figures.csv{query}", headers)
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.fixture
async def figured() -> AsyncIterator[Figured]:
    reports = FakeReports(stored={7: 2_500_000_000})
    reports.figures[7] = {TODAY - timedelta(days=n): Figures(registered=n, failed_shop=1, bytes_in=n * 1000, retried=n) for n in range(420)}
    read = ReadReport(reports, zone=SEOUL, now=lambda: NOW, close_day=3)

    async def exists(shop_no: int) -> bool:
        return shop_no == 9

    standing = Standing()
    async with open_pages(lambda frame: [FigurePages(frame, read, exists=exists, standing=standing)]) as site:
        yield Figured(site, reports, standing)


async def test_without_parameters_the_page_shows_the_last_thirty_days_by_day(figured: Figured) -> None:
    page = await figured.page()
    assert figured.reports.read == [(7, date(2026, 1, 31), TODAY)]
    assert "New pictures, Jan 31" in page
    assert page.count('<th scope="row">') == 31
    assert "435 in total" in page
    assert "Figures up to 21:00." in page


async def test_figures_are_told_in_korean_too(figured: Figured) -> None:
    page = await figured.page("?lang=ko&range=last-month")
    assert "2026년 2월 새 이미지: 총 406." in page
    assert not re.findall(r">[A-Z][a-z]+ [a-z]+<", page.replace("English", ""))


async def test_the_csv_has_the_rows_columns_and_words_of_the_screen(figured: Figured) -> None:
    query = "?from=2026-02-20&to=2026-03-01&by=week&compare=previous"
    page, rows = await figured.page(query), await figured.rows(query)
    headings = [re.sub(r"<.*?>", "", each) for each in re.findall(r'<th scope="col".*?</th>', page)]
    assert rows[0] == headings
    assert [row[0] for row in rows[1:]] == ["2026-W09", "2026-W08", "Total"]
    assert [row[1] for row in rows[1:]] == ["21", "24", "45"]
    assert rows[2][-1] == "only Feb 20\N{THIN SPACE}\N{EN DASH}\N{THIN SPACE}22, 2026"
    assert len(rows) - 1 == page.count('<th scope="row">')
    korean = await figured.rows(query + "&lang=ko")
    assert korean[0][0] == "기간"
    assert [row[1] for row in korean[1:]] == ["21", "24", "45"]


async def test_every_link_to_the_csv_asks_for_what_the_page_shows(figured: Figured) -> None:
    page = await figured.page("?from=2026-02-01&to=2026-02-10&by=week&figure=failed&compare=year&lang=en")
    (link,) = re.findall(r'href="(/reports/7/figures\.csv[^"]*)"', page)
    assert set(link.replace("&amp;", "&").partition("?")[2].split("&")) == {
        "from=2026-02-01", "to=2026-02-10", "by=week", "figure=failed", "compare=year", "lang=en",
    }  # fmt: skip


async def test_a_running_month_is_compared_with_the_same_days_of_the_one_before(figured: Figured) -> None:
    page = await figured.page("?range=this-month&compare=previous")
    assert figured.reports.read[1] == (7, date(2026, 2, 1), date(2026, 2, 1))
    assert "The month is not over: compared with February 1, 2026, up to the same day." in page
    assert "Today is not over yet" in page


async def test_a_comparison_with_days_that_are_not_kept_says_since_when_they_are(figured: Figured) -> None:
    page = await figured.page("?from=2025-02-01&compare=previous")
    assert "There is nothing to compare with: figures go back to Jan 1, 2025." in page
    assert len(figured.reports.read) == 1


async def test_a_missing_day_is_a_gap_and_not_zero(figured: Figured) -> None:
    figured.reports.sources = {date(2026, 2, 10): Source.MISSING, date(2026, 2, 11): Source.FALLBACK}
    page, rows = await figured.page("?range=last-month"), await figured.rows("?range=last-month")
    assert "1 day is not available at the moment: it is a gap here, not zero." in page
    assert "dotted: not available at the moment" in page
    assert "1 day is being refreshed." in page
    (gone,) = [row for row in rows if row[0] == "2026-02-10"]
    assert gone[1:] == ["", "", "", "", "", "", "not available at the moment"]
    assert rows[-1][-1] == "without 1 day"
    compared = await figured.rows("?range=last-month&compare=previous")
    assert compared[-1][-3:] == ["1364", "", "without 1 day"]  # less than all of it is no comparison


async def test_the_page_says_what_is_final_and_until_when_the_rest_may_change(figured: Figured) -> None:
    figured.reports.closed = (ClosedMonth(date(2025, 12, 1), 4, NOW), ClosedMonth(date(2026, 1, 1), 5, NOW))
    page = await figured.page("?from=2025-12-01")
    assert "December 2025 \N{EN DASH} January 2026: final (no. 4 to 5)." in page
    assert "February 2026: may change until Mar 3, 2026." in page
    assert "January 2026: final (no. 5)." in await figured.page("?from=2026-01-01&to=2026-01-31")


async def test_months_that_nobody_closed_are_told_once(figured: Figured) -> None:
    page = await figured.page("?range=13m")
    assert "March 2025 \N{EN DASH} January 2026: not final yet. February 2026: may change until Mar 3, 2026. March 2026: may change" in page


async def test_a_correction_is_listed_without_what_belongs_to_other_shops(figured: Figured) -> None:
    before, after = {"registered": 991_000}, {"registered": 991_007}
    applied = Correction(1, date(2026, 2, 3), NOW, before, after, "late rows", applied=True)
    figured.reports.corrections = (applied, Correction(2, date(2026, 2, 4), NOW, before, after, "nobody knows", applied=False))
    page = await figured.page("?range=last-month")
    assert "Feb 3, 2026: corrected on Mar 1, 2026. Late rows" in page
    assert "991" not in page
    assert "obody knows" not in page
    operators = await figured.page("?range=last-month&view=operator", OPERATOR)
    assert "New pictures: 991,000, now 991,007 (all shops)." in operators
    assert "waits for a decision. Nobody knows" in operators


async def test_the_words_of_the_trade_are_for_operators(figured: Figured) -> None:
    words = re.compile("dead|p95|retried|rescued|fallback|live|settled|operator", re.IGNORECASE)
    assert not words.search(re.sub(r"<[^>]*>", " ", await figured.page()))
    assert "Retried" in await figured.page("?view=operator", OPERATOR)
    assert "Must be one of: -." in await figured.page("?view=operator", status=400)
    assert "Must be one of" in await figured.page("?figure=retried", OPERATOR, status=400)
    rows = await figured.rows("?view=operator&range=7d", OPERATOR)
    assert rows[0][-2:] == ["Source", "Note"]


async def test_each_number_opens_its_list(figured: Figured) -> None:
    page = await figured.page("?range=7d")
    assert "/reports/7/images?figure=registered&amp;from=2026-02-28&amp;to=2026-02-28" in page
    assert "/reports/7/images?figure=failed&amp;from=2026-02-23&amp;to=2026-03-01" in page
    assert "figure=updated&amp;from=" not in page  # there are none


async def test_a_chart_names_itself_and_is_readable_for_a_day_and_for_thirteen_months(figured: Figured) -> None:
    for query, bars in (("?range=yesterday", 1), ("?range=13m&by=day", 366), ("?from=2025-02-01&by=day", 394), ("?range=13m", 13)):
        page = await figured.page(query)
        charts = re.findall(r"<svg class=\"chart.*?</svg>", page, re.DOTALL)
        assert len(charts) == 2
        for chart in charts:
            assert 'role="img"' in chart
            assert "<desc" in chart
            assert len(re.findall(r"<rect (?:class=\"(?:whole|partial)\"|fill)[^>]*><title>", chart)) == bars
            assert 1 <= len(re.findall(r'class="label"', chart)) <= 12
            assert "style=" not in chart


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?from=2026-02-10&to=2026-02-01", "The first day is after the last one."),
        ("?from=2025-01-15&to=2026-02-20", "The range may have at most 13 months."),
        ("?from=2024-01-01&to=2024-01-02", "Figures go back to Jan 1, 2025."),
        ("?from=2026-02-01&to=2026-03-02", "Must not be after today, Mar 1, 2026."),
        ("?from=yesterday", "Must be a day, such as 2026-01-31."),
        ("?to=2026-02-02", "Give the first day too."),
        ("?by=hour", "Must be one of: day, week, month."),
        ("?compare=everything", "Must be one of: previous, year."),
        ("?figure=profit", "Must be one of: registered"),
        ("?range=forever", "Must be one of: today"),
        ("?range=7d&from=2026-02-01", "Give a named range, or from and to, not both."),
        ("?lang=xx", "Must be one of: en, ko."),
        ("?speed=1", "speed is not a parameter of this page"),
        ("?by=day&by=week", "by is given more than once."),
    ],
)
async def test_what_is_wrong_stands_beside_its_field_and_reads_nothing(figured: Figured, query: str, sentence: str) -> None:
    page = await figured.page(query, status=400)
    assert sentence in page
    assert '<form class="filter"' in page
    assert figured.reports.read == []
    assert await figured.site.get(f"/reports/7/figures.csv{query}", status=400)
    assert await figured.page(f"{query}&lang=ko", status=400)


async def test_what_was_typed_is_still_in_the_form(figured: Figured) -> None:
    page = await figured.page("?from=31.01.2026&to=2026-02-10", status=400)
    assert 'name="from" value="31.01.2026" aria-invalid="true" aria-describedby="from-wrong"' in page
    assert 'name="to" value="2026-02-10"' in page


@pytest.mark.parametrize("name", ["range", "from", "to", "by", "compare", "figure", "view", "lang", "' OR 1=1 --"])
async def test_sql_and_markup_in_a_parameter_are_refused_and_never_repeated_raw(figured: Figured, name: str) -> None:
    hostile = "1'; DROP TABLE image; -- <script>alert(1)</script>"
    answer = await figured.site.client.get("/reports/7", params={name: hostile}, headers=SHOP)
    text = await answer.text()
    assert answer.status == 400
    assert "<script>" not in text
    assert figured.reports.read == []


async def test_a_shop_that_never_sent_anything_is_unknown_and_a_quiet_one_is_not(figured: Figured) -> None:
    assert "Shop 8 has never sent a picture. Check the number." in await figured.page("", OPERATOR, shop=8, status=404)
    assert "상점 8" in await figured.page("?lang=ko", OPERATOR, shop=8, status=404)
    assert "0 in total" in await figured.page("", OPERATOR, shop=9)
    assert "must be 1 to 2^53-1" in await figured.site.get("/reports/0", OPERATOR, status=400)


async def test_without_any_source_of_figures_the_page_says_so(figured: Figured) -> None:
    figured.reports.is_down = True
    assert "Something that this page needs does not answer." in await figured.page("", status=503)


async def test_an_operator_has_the_figures_read_anew(figured: Figured) -> None:
    assert "/reports/7/refresh" in await figured.page("?view=operator", OPERATOR)
    answer = await figured.site.client.post("/reports/7/refresh", headers=OPERATOR, data={}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/reports/7?view=operator")
    assert figured.reports.refreshed == [7]
    assert (await figured.site.client.post("/reports/7/refresh", headers=SHOP, data={})).status == 403


async def test_the_page_begins_with_how_the_pictures_stand_in_the_owners_words(figured: Figured) -> None:
    page = await figured.page()
    begin = page.index("11,612 of 12,000 pictures are shown.")
    assert begin < page.index("Figures up to")
    assert "288 products" in page[begin:]
    assert "1.9" in page[begin:]
    assert 'href="/reports/7/mend"' in page[begin:]


@pytest.mark.parametrize("slow", [False, True])
async def test_the_figures_are_shown_without_the_first_line_where_it_is_not_known_soon(
    figured: Figured, monkeypatch: pytest.MonkeyPatch, *, slow: bool
) -> None:
    async def fails() -> None:
        if not slow:
            raise Unavailable(Dependency.DATABASE, "gone")
        await asyncio.Event().wait()

    monkeypatch.setattr(figure_pages, "STANDING_SECONDS", 0.01)
    figured.standing.fails = fails
    page = await figured.page()
    assert "pictures are shown" not in page
    assert "435 in total" in page
