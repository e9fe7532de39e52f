"""The list of the images that a figure counts."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from faust_app.core.statistics.ledger import Kind, LedgerEntry
from faust_app.flows.statistics.shop_report import ReadReport
from faust_app.web.reports.figures.images import ImageListPages
from tests.factories import NOW
from tests.fakes.statistics import FakeLedger, FakeReports
from tests.web.reports.report_site import OPERATOR, SEOUL, SHOP, ReportSite, open_pages

TODAY = date(2026, 3, 1)
RANGE = "from=2026-02-20&to=2026-03-01"


@dataclass
class Listed:
    site: ReportSite
    ledger: FakeLedger

    async def page(self, query: str, headers: dict[str, str] = SHOP, *, status: int = 200) -> str:
        return await self.site.get(f"/reports/7/images?{query}", headers, status=status)

    async def rows(self, query: str, headers: dict[str, str] = SHOP) -> list[list[str]]:
        text = await self.site.get(f"/reports/7/images.csv?{query}", headers)
        return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def entry(number: int) -> LedgerEntry:
    at, address = NOW - timedelta(minutes=number), f"https://shop.test/{number}.jpg?token=secret"
    return LedgerEntry(1000 - number, at, f"<i>{number}".encode(), 2, "STORED", None, 84_000, 70_000, 1900, "=p1", address)


@pytest.fixture
async def listed() -> AsyncIterator[Listed]:
    ledger = FakeLedger({(7, Kind.REGISTERED): [(TODAY, entry(n)) for n in range(250)]})
    ledger.lines[7, Kind.RETRIED] = [(date(2026, 2, 1), replace(entry(1), code="SOURCE_SLOW"))]
    read = ReadReport(FakeReports(), zone=SEOUL, now=lambda: NOW, close_day=3)
    async with open_pages(lambda frame: [ImageListPages(frame, read, ledger)]) as site:
        yield Listed(site, ledger)


async def test_the_list_is_read_page_by_page_newest_first(listed: Listed) -> None:
    first = await listed.page(RANGE)
    assert "&lt;i&gt;0</bdi>" in first
    assert "Mar 1, 2026 21:00" in first
    assert "token=secret" not in first
    assert f"after={entry(49).cursor}" in first
    last = await listed.page(f"{RANGE}&after={entry(199).cursor}")
    assert last.count("<tr>") == 51
    assert "Newest" in last
    assert "Older" not in last


async def test_the_file_has_the_whole_list_and_no_formula(listed: Listed) -> None:
    rows = await listed.rows(RANGE)
    assert rows[0] == ["Time", "Picture", "Product", "Size", "Address"]
    assert len(rows) == 251
    assert rows[1] == ["2026-03-01T12:00:00Z", "<i>0", "'=p1", "84000", "https://shop.test/0.jpg?..."]
    assert (await listed.rows(f"{RANGE}&lang=ko"))[0][0] == "시각"


async def test_the_words_of_the_trade_are_for_operators(listed: Listed) -> None:
    february = "figure=retried&from=2026-02-01&to=2026-02-01"
    assert "SOURCE_SLOW" in await listed.page(february, OPERATOR)
    assert (await listed.rows(february, OPERATOR))[1][5:] == ["STORED", "SOURCE_SLOW", "2", "1900", "70000"]
    assert "Must be one of: registered, updated, deleted, failed." in await listed.page(february, status=400)


async def test_a_list_without_images_says_so(listed: Listed) -> None:
    assert "No picture." in await listed.page("figure=deleted&from=2026-02-20")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("figure=bytes_in&from=2026-02-20", "Must be one of: registered"),
        ("figure=registered", "Give the first day too."),
        ("from=2026-02-20&to=2026-02-10", "The first day is after the last one."),
        ("from=2026-02-20&after=1%20OR%201", "Must be what the link to the next page says."),
        ("from=2026-02-20&sort=x", "sort is not a parameter of this page"),
        ("from=2026-02-20&from=2026-02-21", "from is given more than once."),
        ("from=%3Cscript%3E&lang=ko", "2026-01-31과 같은 날짜여야 합니다."),
    ],
)
async def test_what_is_wrong_is_said_beside_the_form(listed: Listed, query: str, sentence: str) -> None:
    page = await listed.page(query, status=400)
    assert sentence in page
    assert "<script>" not in page
    assert await listed.site.get(f"/reports/7/images.csv?{query}", status=400)
