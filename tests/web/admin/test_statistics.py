"""The operator's page of the statistics, and the same for machines."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import pytest

from faust_app.core.statistics.figures import Figures
from faust_app.core.statistics.load import Marker, ShopRow, totals_of
from faust_app.core.statistics.report import ClosedMonth, Correction
from faust_app.flows.statistics.nightly import NightlyFindings
from tests.fakes.job_runs import Run
from tests.web.operator_site import BROWSER, SAME_ORIGIN, OperatorSite, open_site

MACHINE = {"Authorization": "Bearer all-secret"}
VIEWER = {"Authorization": "Bearer view-secret"}


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as site:
        yield site


@pytest.fixture
def loaded(site: OperatorSite) -> date:
    """Have yesterday loaded, a month closed, and a correction of it; return yesterday."""
    now: datetime = site.store.now_is
    day, rows = (now - timedelta(days=1)).date(), [ShopRow(7, Figures(registered=1234, failed_shop=2))]
    statistics = site.statistics
    statistics.store.rows[day, 5] = rows
    statistics.store.markers.append(Marker(day, 5, totals_of(rows), now))
    statistics.book.months = [ClosedMonth(date(2026, 1, 1), 1, now)]
    before, after = totals_of([]).to_json(), totals_of(rows).to_json()
    statistics.book.listed = [Correction(3, date(2026, 1, 5), now, before, after, "<script>alert(1)</script>", applied=False)]
    findings = NightlyFindings(closed=[1], bytes_by_history=10, bytes_by_rows=12)
    statistics.jobs.runs["statistics", day] = Run("stats", now, finished=now, result=findings.to_json())
    return day


async def test_the_page_says_what_is_loaded_what_is_missing_and_what_to_decide(site: OperatorSite, loaded: date) -> None:
    text = await site.get("/admin/statistics", await site.session("ada"))
    for said in (
        f"{loaded}",
        "9 missing",
        "1 to decide",
        "to decide",
        "registered 0 → 1,234",
        "10 by the history, 12 by the rows",
        "2026-01",
    ):
        assert said in text, said
    assert "<script>alert" not in text


async def test_a_store_that_is_down_is_said_and_the_rest_is_shown(site: OperatorSite, loaded: date) -> None:
    del loaded
    site.statistics.store.is_down = True
    text = await site.get("/admin/statistics", await site.session("ada"))
    assert "Until it does, reports count days from the history." in text
    assert "2026-01" in text


async def test_a_load_is_asked_for_by_the_button_and_listed(site: OperatorSite) -> None:
    browser = await site.session("ada") | SAME_ORIGIN
    answer = await site.post("/admin/statistics/loads", browser, **{"from": "", "to": "", "reason": ""})
    assert (answer.status, answer.headers["Location"]) == (303, "/admin/statistics#loads")
    text = await site.get("/admin/statistics", browser)
    assert "waits" in text
    assert "ada" in text


async def test_who_gives_a_reason_is_told_that_shops_read_it(site: OperatorSite) -> None:
    text = await site.get("/admin/statistics", await site.session("ada"))
    assert "Every shop can read the reason" in text
    assert 'aria-describedby="reason-note"' in text


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"from": "yesterday"}, "from", "must be a day, like 2026-03-01"),
        ({"to": "' OR 1=1 --"}, "to", "must be a day, like 2026-03-01"),
        ({"from": "2020-01-01"}, "from", "can be loaded"),
        ({"reason": "x" * 501}, "reason", "must be at most 500 printable characters"),
        ({"reason": "a\x00b"}, "reason", "must be at most 500 printable characters"),
    ],
)
async def test_what_is_wrong_with_a_load_stands_beside_its_field(site: OperatorSite, form: dict[str, str], field: str, said: str) -> None:
    browser = await site.session("ada") | SAME_ORIGIN
    answer = await site.post("/admin/statistics/loads", browser, **{"from": "", "to": "", "reason": "", **form})
    text = await answer.text()
    assert answer.status == 400
    assert f'id="{field}-fault"' in text
    assert said in text
    assert site.statistics.runs.runs == {}


async def test_a_viewer_sees_the_page_without_the_button_and_cannot_load(site: OperatorSite) -> None:
    headers = VIEWER | BROWSER | SAME_ORIGIN
    assert "<button>Load</button>" not in await site.get("/admin/statistics", headers)
    assert (await site.post("/admin/statistics/loads", headers)).status == 403
    assert (await site.client.post("/v1/statistics/loads", headers=VIEWER)).status == 403


async def test_machines_read_the_same_and_may_load(site: OperatorSite, loaded: date) -> None:
    body = {"from": str(loaded), "to": str(loaded), "reason": "late"}
    answer = await site.client.post("/v1/statistics/loads", headers=MACHINE, json=body)
    assert (answer.status, await answer.json()) == (202, {"number": 1})
    state = await (await site.client.get("/v1/statistics", headers=MACHINE)).json()
    assert (state["loaded_to"], len(state["missing"]), state["closed"][0]["number"]) == (str(loaded), 9, 1)
    assert state["corrections"][0]["after"] == {"registered": 1234, "failed_shop": 2}
    assert (state["loads"][0]["from"], state["loads"][0]["reason"], state["loads"][0]["asked_by"]) == (str(loaded), "late", "machine")
    assert (await (await site.client.post("/v1/statistics/loads", headers=MACHINE)).json()) == {"number": 2}


@pytest.mark.parametrize(
    "body", ['{"from": "x"}', '{"from": 5}', '{"day": "2026-03-01"}', '{"from": "2020-01-01"}', '{"reason": ""}', "[]"]
)
async def test_a_load_that_cannot_be_is_refused_with_its_field(site: OperatorSite, body: str) -> None:
    headers = MACHINE | {"Content-Type": "application/json"}
    answer = await site.client.post("/v1/statistics/loads", headers=headers, data=body)
    assert answer.status == 400
    assert site.statistics.runs.runs == {}
