"""The figures of a shop for machines."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from faust_app.core.statistics.figures import Figures, Source
from faust_app.core.statistics.report import ClosedMonth
from faust_app.flows.statistics.shop_report import ReadReport
from faust_app.web.reports.figures.handlers import ReportHandlers
from tests.factories import NOW
from tests.fakes.statistics import FakeReports
from tests.web.reports.report_site import MACHINE, OPERATOR, SEOUL, ReportSite, open_pages

TODAY = date(2026, 3, 1)


@dataclass
class Answering:
    site: ReportSite
    reports: FakeReports

    async def get(self, query: str = "", headers: dict[str, str] = MACHINE, *, status: int = 200) -> Any:
        answer = await self.site.client.get(f"/v1/shops/7/reports{query}", headers={**headers, "Accept": "application/json"})
        assert answer.status == status, await answer.text()
        return await answer.json()


@pytest.fixture
async def answering() -> AsyncIterator[Answering]:
    reports = FakeReports(stored={7: 500}, closed=(ClosedMonth(date(2026, 1, 1), 3, NOW),))
    reports.figures[7] = {TODAY - timedelta(days=n): Figures(registered=n, failed_ours=1) for n in range(100)}
    reports.sources = {date(2026, 2, 10): Source.MISSING}
    read = ReadReport(reports, zone=SEOUL, now=lambda: NOW, close_day=3)

    async def exists(_shop_no: int) -> bool:
        return False

    async with open_pages(lambda _: [ReportHandlers(read, exists=exists)]) as site:
        yield Answering(site, reports)


async def test_months_come_with_their_extent_what_is_missing_and_what_was_before(answering: Answering) -> None:
    found = await answering.get("?from=2026-01-16&to=2026-03-01&by=month&compare=previous")
    assert [(row["from"], row["to"], row["extent"], row["missing_days"], row["final"]) for row in found["rows"]] == [
        ("2026-01-16", "2026-01-31", "cut", 0, True),
        ("2026-02-01", "2026-02-28", "whole", 1, False),
        ("2026-03-01", "2026-03-01", "running", 0, False),
    ]
    assert found["total"]["registered"] == sum(range(45)) - 19
    assert found["total"]["bytes_stored"] == 500
    assert (found["compared"]["basis"], found["compared"]["from"], found["compared"]["to"]) == ("days", "2025-12-02", "2026-01-15")
    assert found["compared"]["figures"]["registered"] == sum(range(45, 90))
    assert [row["before"]["registered"] for row in found["rows"]][2] == 45
    assert found["months"][0] == {"month": "2026-01-01", "number": 3, "closes_on": "2026-02-03"}
    assert "operator" not in found["total"]


async def test_a_day_that_is_not_known_is_null(answering: Answering) -> None:
    found = await answering.get("?from=2026-02-10&to=2026-02-10")
    assert found["rows"][0]["registered"] is None
    assert found["rows"][0]["bytes_stored"] is None
    assert found["compared"] is None


async def test_operators_get_the_figures_of_the_trade_and_the_sources(answering: Answering) -> None:
    found = await answering.get("?range=last-month&view=operator&by=month", OPERATOR)
    assert found["total"]["operator"]["failed_ours"] == 27
    assert found["total"]["operator"]["sources"] == {"settled": 27, "missing": 1}
    assert found["total"]["operator"]["p95"] is None
    refused = await answering.get("?view=operator", status=400)
    assert refused["errors"][0]["field"] == "view"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?from=2026-02-10&to=2026-02-01", "from"), ("?from=2026-02-10&to=2027-02-01", "to"), ("?by=hour", "by"),
        ("?from=2025-01-01&to=2026-03-01", "from"), ("?figure=failed", "figure"), ("?lang=ko", "lang"), ("?compare=%27%3B--", "compare"),
        ("?by=day&by=day", "by"), ("?from=1%27%20OR%201=1", "from"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_by_field(answering: Answering, query: str, field: str) -> None:
    found = await answering.get(query, status=400)
    assert [error["field"] for error in found["errors"]] == [field]
    assert "OR 1" not in str(found)
    assert answering.reports.read == []


@pytest.mark.parametrize("name", ["range", "from", "to", "by", "compare", "view"])
@pytest.mark.parametrize("value", ["", "%20"])
async def test_an_empty_value_is_refused_with_its_field(answering: Answering, name: str, value: str) -> None:
    found = await answering.get(f"?{name}={value}", OPERATOR, status=400)
    (error,) = (each for each in found["errors"] if each["field"] == name)
    assert "Must not be empty; leave it out instead." in error.values()


async def test_an_unknown_shop_is_not_found(answering: Answering) -> None:
    answering.reports.figures, answering.reports.stored, answering.reports.sources = {}, {}, {}
    assert "shop 7 has never sent a request" in (await answering.get(status=404))["detail"]
