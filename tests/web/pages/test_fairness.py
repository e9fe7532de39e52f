"""`/fairness`: JSON for machines, a page that begins with a sentence for people."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from faust_app.core.dispatch.fairness import Fairness, Hold, ShareState, ShopState, fairness_text, spread_of
from faust_app.core.dispatch.shares import Share
from faust_app.core.dispatch.usage import REST
from faust_app.web.auth.token_book import Token
from faust_app.web.auth.tokens import Authentication
from faust_app.web.contract.answers.fairness import FairnessAnswer
from faust_app.web.pages.fairness import FairnessPage
from faust_app.web.pages.fairness_words import SOON, WHY, percent, short, summary_of
from faust_app.web.server import web_options
from tests.flows.monitoring.monitoring_harness import WatchHarness
from tests.flows.worker_harness import WorkerHarness
from tests.sentences import is_sentence
from tests.web.operator_site import SAME_ORIGIN, OperatorSite, open_site

VIEW = {"Authorization": "Bearer view-secret"}
BROWSER = VIEW | {"Accept": "text/html,*/*;q=0.8"}
SCRIPT = "<script>alert(1)</script>"
EXPRESS = ShareState(Share.EXPRESS, 1, 2, 32, 0.2, 0.9, 0.3, 0.8, 40, 0)
BULK = ShareState(Share.BULK, 12_000, 16, 19, 95.0, 1.4)
GIANT = ShopState(7, 11_990, 16, 900.0, 900.0, 1199.0, 300, 9000.0, 95.0, holds={Hold.SLOTS: 11_990})
SLOW = ShopState(8, 10, 4, 100.0, 4000.0, 80.0, 5, 20.0, 9.0, 2.0, {Hold.SOURCE: 9, Hold.OTHERS: 1}, SCRIPT)
BUSY = Fairness(64, 3840.0, 230_400.0, (EXPRESS, BULK), (GIANT, SLOW), ShopState(REST, 1, 0, 50.0, shops=20), spread_of([900.0, 300.0]))


class Shown:
    def __init__(self, client: TestClient[web.Request, web.Application], watch: WatchHarness) -> None:
        self.client, self.watch = client, watch

    async def tell(self, *snapshots: Fairness) -> None:
        self.watch.workers.fairness = [(f"w{number}", fairness_text(each), 1.0) for number, each in enumerate(snapshots)]
        await self.watch.fairness.run_pass()

    async def json(self, status: int = 200) -> dict[str, Any]:
        answer = await self.client.get("/fairness", headers=VIEW)
        assert answer.status == status, await answer.text()
        return dict(await answer.json(content_type=None))

    async def page(self, status: int = 200) -> str:
        answer = await self.client.get("/fairness", headers=BROWSER)
        assert (answer.status, answer.content_type) == (status, "text/html"), await answer.text()
        return await answer.text()


@pytest.fixture
async def shown() -> AsyncIterator[Shown]:
    watch = WatchHarness(WorkerHarness())
    app = web.Application(**web_options(Authentication([Token("eye", "view-secret", frozenset({"view"}))])))
    FairnessPage(watch.fairness, watch.lag.held_by, admin_at="https://images.test").register(app.router)
    async with TestClient(TestServer(app)) as client:
        yield Shown(client, watch)
    await watch.worker.breakers.stop()


async def test_before_the_first_report_the_answer_says_so(shown: Shown) -> None:
    assert "no sample of fairness yet" in (await shown.json(503))["detail"]
    assert "no sample of fairness yet" in await shown.page(503)


async def test_machines_get_what_shops_wanted_and_got_and_why_they_wait(shown: Shown) -> None:
    await shown.tell(BUSY, replace(BUSY, shops=(SLOW,), shares=(EXPRESS,)))
    shown.watch.seconds += 3
    answer = await shown.json()
    FairnessAnswer.model_validate(answer, strict=True)
    assert (answer["workers"], answer["slots"], answer["waiting"], answer["age_s"]) == (2, 128, 12_002, 3)
    giant, slow = answer["shops"]
    assert (giant["shop_no"], giant["why"], giant["waits_for"]) == (7, "slots", {"slots": 11_990})
    assert giant["minute"] == {"wanted": round((900 + 1199) / 7680, 4), "got": round(900 / 7680, 4)}
    assert (slow["why"], slow["host"], slow["waiting"]) == ("source", SCRIPT, 20)
    assert (answer["rest"]["shop_no"], answer["rest"]["shops"]) == (None, 40)
    assert [share["share"] for share in answer["shares"]] == ["express", "bulk"]
    assert answer["shares"][0]["quiet"] == {"events": 80, "wait_s": 0.3, "bound_s": 0.8, "exceeded": 0}


async def test_people_read_a_sentence_first_and_what_can_be_done(shown: Shown) -> None:
    await shown.tell(BUSY)
    page = await shown.page()
    heading = re.search(r"<h1>(.*?)</h1>", page)
    assert heading
    assert heading[1] == ("Shop 7 holds 16 slots, all it may while others wait: 11,990 images. Shops with little work wait 0.3 s at most.")
    for told in (
        'href="https://images.test/admin/shops/7#controls"',
        'href="https://images.test/admin/lanes"',
        "20 other shops",
        "weight 2",
    ):
        assert told in page
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page


async def test_without_a_public_address_a_worker_links_no_page_of_a_shop(shown: Shown) -> None:
    app = web.Application(**web_options(Authentication([Token("eye", "view-secret", frozenset({"view"}))])))
    FairnessPage(shown.watch.fairness, tuple, admin_at=None).register(app.router)
    await shown.tell(BUSY)
    async with TestClient(TestServer(app)) as client:
        text = await (await client.get("/fairness", headers=BROWSER)).text()
    assert "/admin/" not in text
    assert "Shop 7" in text


async def test_an_idle_installation_and_one_without_workers_have_pages_of_their_own(shown: Shown) -> None:
    await shown.tell()
    page = await shown.page()
    assert "No worker has said who waits" in page
    assert "No worker reports." in page
    await shown.tell(Fairness(64, 3840.0, 3840.0, tuple(ShareState(share, 0, 0, 6, 0.0, 0.1) for share in Share), ()))
    page = await shown.page()
    assert "Nobody waits for a slot." in page
    assert "No shop has used a slot" in page


async def test_what_holds_up_work_is_said(shown: Shown) -> None:
    shown.watch.held_here.append("storage is unavailable")
    await shown.tell(BUSY)
    await shown.watch.lag.run_holding()
    assert "storage is unavailable" in await shown.page()


@pytest.mark.parametrize(
    ("total", "tone", "sentence"),
    [
        (replace(BUSY, shares=(replace(EXPRESS, oldest_s=0.6), replace(BULK, oldest_s=0.1))), "ok", "Nobody waits longer than 0.6 s."),
        (
            replace(BUSY, shares=(replace(EXPRESS, exceeded=3, wait_s=3.4, wait_bound_s=1.2), BULK)), "bad",
            "Quiet shops wait longer than their bound: 3.4 s instead of 1.2 s in express.",
        ),
        (
            replace(BUSY, shops=(replace(SLOW, host="img.shop.test"),), shares=(BULK,)), "ok",
            "Shop 8 waits for its own image server img.shop.test: 10 images.",
        ),
        (replace(BUSY, shops=(replace(GIANT, holds={Hold.PAUSED: 1}, waiting=1),), shares=(BULK,)), "ok",
         "Shop 7 is paused by an operator: 1 image."),
    ],
)  # fmt: skip
def test_the_first_sentence_is_what_matters_most(total: Fairness, tone: str, sentence: str) -> None:
    summary = summary_of(total)
    assert (summary.tone, summary.sentence) == (tone, sentence)
    assert is_sentence(summary.advice)


@pytest.mark.parametrize("hold", list(Hold))
def test_every_reason_is_a_sentence_with_something_to_do(hold: Hold) -> None:
    summary = summary_of(replace(BUSY, shops=(replace(GIANT, holds={hold: 5}, host="h.test"),), shares=(BULK,)))
    assert is_sentence(summary.sentence)
    assert summary.advice == WHY[hold].advice
    assert is_sentence(summary.advice)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (0.004, "0.004 s"), (SOON, "1 s"), (1.26, "1.3 s"), (95, "1 min 35 s")])
def test_short_waits_are_told_to_two_digits(seconds: float, text: str) -> None:
    assert short(seconds) == text


@pytest.mark.parametrize(("part", "text"), [(0, "0 %"), (0.0004, "under 0.1 %"), (0.0123, "1.2 %"), (0.254, "25 %"), (1, "100 %")])
def test_parts_are_told_as_people_need_them(part: float, text: str) -> None:
    assert percent(part) == text


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        yield opened


async def test_the_operator_has_it_in_the_navigation_and_a_shop_limited_one_does_not(site: OperatorSite) -> None:
    site.watch.workers.fairness = [("w", fairness_text(BUSY), 1.0)]
    await site.watch.sample()
    page = await site.get("/fairness", await site.session("anna"))
    assert '<a href="/fairness" aria-current="page">Fair shares</a>' in page
    assert 'href="/admin/shops/7#controls"' in page
    limited = await site.session("lisa", shops=frozenset({8}))
    assert (await site.ask("GET", "/fairness", limited | SAME_ORIGIN)).status == 403
    assert 'href="/fairness"' not in await site.get("/lag", limited)
