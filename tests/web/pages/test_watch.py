"""`/lag` and `/stalled`: JSON for machines, pages for people, and clear words for what cannot be answered."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from faust_app.core.failure import FailureCode
from faust_app.core.images.outcome import Deferred
from faust_app.core.images.row import ImageState
from faust_app.core.images.transitions.settle import settle
from faust_app.core.messages.events import Op
from faust_app.web.auth.token_book import Token
from faust_app.web.auth.tokens import Authentication
from faust_app.web.pages.lag import LagPage
from faust_app.web.pages.unfinished import StalledPage
from faust_app.web.server import web_options
from tests.factories import NOW, make_request
from tests.flows.monitoring.monitoring_harness import BULK, WatchHarness
from tests.flows.worker_harness import WorkerHarness
from tests.sentences import is_sentence

VIEW = {"Authorization": "Bearer view-secret"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@dataclass
class Pages:
    client: TestClient[web.Request, web.Application]
    watch: WatchHarness
    pauses: dict[int, list[str]]

    async def json(self, path: str, status: int = 200) -> dict[str, Any]:
        answer = await self.client.get(path, headers=VIEW)
        assert answer.status == status, await answer.text()
        assert answer.content_type == ("application/json" if status == 200 else "application/problem+json")
        return dict(await answer.json(content_type=None))

    async def page(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path, headers=VIEW | BROWSER)
        assert (answer.status, answer.content_type) == (status, "text/html"), await answer.text()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        return await answer.text()


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    watch = WatchHarness(WorkerHarness())
    app = web.Application(**web_options(Authentication([Token("eye", "view-secret", frozenset({"view"}))])))
    LagPage(watch.lag, watch.stalled).register(app.router)
    pauses: dict[int, list[str]] = {}
    StalledPage(watch.stalled, pauses=lambda shop_no: pauses.get(shop_no, []), images_at="").register(app.router)
    app.router.add_put("/v1/shops/7/images/a", LagPage(watch.lag, watch.stalled).get)
    async with TestClient(TestServer(app)) as client:
        yield Pages(client, watch, pauses)
    await watch.worker.breakers.stop()


async def test_lag_has_the_shape_that_machines_rely_on(pages: Pages) -> None:
    await pages.watch.publish("a", "b")
    pages.watch.offsets.offsets[BULK] = 1
    pages.watch.offsets.appended[BULK, 1] = NOW - timedelta(seconds=20)
    await pages.watch.worker.accept_request(make_request(7, "waits"))
    await pages.watch.sample(times=2)
    pages.watch.seconds += 3
    answer = await pages.json("/lag")
    assert {name: answer[name] for name in ("age_s", "status", "lag", "lag_seconds", "held_by")} == {
        "age_s": 3, "status": "OK", "lag": 1, "lag_seconds": 40, "held_by": [],
    }  # fmt: skip
    assert (answer["scheduled"]["rows"], answer["scheduled"]["overdue"]) == (1, 0)
    images, requests = answer["groups"]
    assert (images["group"], images["members"], images["finished_per_s"], images["drain_s"]) == ("g", 1, 0, None)
    (bulk,) = [topic for topic in images["topics"] if topic["topic"] == BULK]
    oldest = (NOW - timedelta(seconds=20)).isoformat(timespec="microseconds") + "Z"
    assert bulk == {
        "topic": BULK, "lag": 1,
        "partitions": [{"partition": 0, "committed": 1, "end": 2, "lag": 1, "oldest_unfinished_at": oldest}],
    }  # fmt: skip
    assert (requests["group"], requests["lag"], requests["drain_s"]) == ("g-requests", 0, 0)


async def test_stalled_has_the_shape_that_machines_rely_on(pages: Pages) -> None:
    await pages.watch.publish("lost", "queued")
    pages.watch.offsets.offsets[BULK] = 1
    await pages.watch.sample()
    answer = await pages.json("/stalled")
    (item,) = answer.pop("items")
    as_of, oldest = answer.pop("as_of"), answer.pop("oldest_open_s")
    assert as_of.endswith("Z")
    assert oldest >= 10
    assert answer == {
        "age_s": 0, "shop_no": None, "stalled_after_s": 86400, "count": 1, "lost": 1,
        "scheduled": 0, "overdue": 0, "queued": 1, "failed": 0,
        "held_by": [],
    }  # fmt: skip
    assert (item["shop_no"], item["image_id"], item["status"], item["scheduled"]) == (7, "lost", "lost", None)
    assert item["position"] == {"topic": BULK, "partition": 0, "offset": 0}


async def test_stalled_lists_by_shop_status_and_limit(pages: Pages) -> None:
    await pages.watch.publish("a", "b", "c")
    await pages.watch.publish("d", shop_no=8)
    await pages.watch.sample()
    assert (await pages.json("/stalled"))["items"] == []
    assert [item["image_id"] for item in (await pages.json("/stalled?status=queued&limit=2"))["items"]] == ["a", "b"]
    of_shop = await pages.json("/stalled?shop=8&status=queued")
    assert (of_shop["shop_no"], of_shop["queued"], [item["image_id"] for item in of_shop["items"]]) == (8, 1, ["d"])
    assert (await pages.json("/stalled?status=queued&limit=0"))["items"] == []
    assert (await pages.json("/stalled?shop=&limit=&status="))["count"] == 0


async def test_images_of_a_paused_shop_say_that_they_wait_for_the_end_of_its_pause(pages: Pages) -> None:
    await pages.watch.publish("a")
    await pages.watch.publish("b", shop_no=8)
    await pages.watch.sample()
    pages.pauses[7] = ["shop 7 is paused: <its server moves>"]
    answer = await pages.json("/stalled?status=queued")
    assert answer["held_by"] == [], "one shop's pause holds up no other"
    waits = {item["shop_no"]: item["scheduled"] for item in answer["items"]}
    assert (waits[7]["held_by"], waits[8]) == (pages.pauses[7], None)
    assert (await pages.json("/stalled?shop=7"))["held_by"] == pages.pauses[7]
    text = await pages.page("/stalled?status=queued")
    assert text.count("shop 7 is paused: &lt;its server moves&gt;") == 1
    assert "shop 7 is paused" in await pages.page("/stalled?shop=7")


@pytest.mark.parametrize(
    ("query", "status", "field", "reason"),
    [
        ("limit=-1", 400, "limit", "must be a number from 0 to 200"),
        ("limit=abc", 400, "limit", "must be a number from 0 to 200"),
        ("limit=201", 400, "limit", "must be a number from 0 to 200"),
        ("limit=99999999999999999999", 400, "limit", "must be a number from 0 to 200"),
        ("limit=%D9%A3", 400, "limit", "must be a number from 0 to 200"),
        ("shop=0", 400, "shop", "must be a shop's number, from 1 to 2^53-1"),
        ("shop=-7", 400, "shop", "must be a shop's number, from 1 to 2^53-1"),
        ("shop=9007199254740992", 400, "shop", "must be a shop's number, from 1 to 2^53-1"),
        ("shop=%3Cscript%3E", 400, "shop", "must be a shop's number, from 1 to 2^53-1"),
        ("status=LOST", 400, "status", "must be one of stalled, lost, scheduled, overdue, queued, failed"),
        ("status=lost&status=failed", 400, "status", "is given more than once"),
        ("page=2", 400, "page", "is not a parameter of this page: shop, limit, status"),
        ("shop=4711", 404, "shop", "is not known"),
    ],
)
async def test_what_cannot_be_answered_is_named(pages: Pages, query: str, status: int, field: str, reason: str) -> None:
    await pages.watch.sample()
    problem = await pages.json(f"/stalled?{query}", status)
    assert problem["errors"] == [{"field": field, "reason": reason}]
    text = await pages.page(f"/stalled?{query}", status)
    assert field in text
    assert "<script>" not in text


async def test_everything_that_is_wrong_is_named_at_once(pages: Pages) -> None:
    await pages.watch.sample()
    problem = await pages.json("/stalled?limit=x&shop=x&status=x&more=x", 400)
    assert sorted(error["field"] for error in problem["errors"]) == ["limit", "more", "shop", "status"]


@pytest.mark.parametrize("path", ["/lag", "/stalled", "/stalled?shop=7"])
async def test_before_the_first_sample_a_process_says_so(pages: Pages, path: str) -> None:
    problem = await pages.json(path, 503)
    assert "samples are taken" in problem["detail"]
    assert "samples are taken" in await pages.page(path, 503)
    assert (await pages.client.get(path, headers=VIEW)).headers["Retry-After"] == "5"


async def test_without_the_database_the_page_of_a_shop_says_so(pages: Pages) -> None:
    await pages.watch.publish("a")
    await pages.watch.sample()
    pages.watch.worker.rows.unavailable = True
    problem = await pages.json("/stalled?shop=7", 503)
    assert "database is unavailable" in problem["detail"]
    assert "database is unavailable" in await pages.page("/stalled?shop=7", 503)
    assert (await pages.json("/stalled"))["queued"] == 1


async def test_what_a_shop_wrote_is_shown_and_not_run(pages: Pages) -> None:
    name = '"><script>alert(1)</script>'
    await pages.watch.worker.accept_request(make_request(7, name))
    row = pages.watch.worker.rows.rows[7, name.encode()]
    pages.watch.worker.rows.rows[row.key] = replace(row, error_code="source_gone", error_detail="<img src=x>")
    await pages.watch.sample()
    text = await pages.page("/stalled?status=scheduled")
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "<img" not in text
    assert 'href="/admin/shops/7/images/%22%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E"' in text


async def test_pages_load_nothing_from_elsewhere(pages: Pages) -> None:
    await pages.watch.publish("a")
    await pages.watch.sample(times=2)
    for path in ("/lag", "/stalled?status=queued"):
        text = await pages.page(path)
        loaded = re.findall(r'(?:src|href)="([^"]*)"', text)
        assert [address for address in loaded if "//" in address] == []
        assert "@import" not in text
        assert "url(" not in text


async def test_a_page_tells_what_holds_the_installation_up_and_what_to_do(pages: Pages) -> None:
    await pages.watch.publish("a")
    pages.watch.held_here = ["storage is unavailable: <AccessDenied>"]
    await pages.watch.sample(after=400)
    text = await pages.page("/lag")
    assert "LAGGING" in text
    assert "storage is unavailable: &lt;AccessDenied&gt;" in text
    assert "start more workers" in text


async def test_a_failed_image_is_listed_with_what_can_be_done(pages: Pages) -> None:
    row = await pages.watch.worker.accept(op=Op.REGISTER)
    failed = replace(row, state=ImageState.FAILED, scheduled_at=None, schedule_reason=None, open_since=None, error_code="source_gone")
    pages.watch.worker.rows.rows[row.key] = failed
    await pages.watch.sample()
    (item,) = (await pages.json("/stalled?status=failed"))["items"]
    assert (item["status"], item["error"]["code"], item["open_s"]) == ("failed", "source_gone", None)
    assert item["error"]["advice"] in await pages.page("/stalled?status=failed")


async def test_a_shop_whose_images_wait_is_told_why_and_for_which_host(pages: Pages) -> None:
    row = await pages.watch.worker.accept(op=Op.REGISTER)
    deferred = Deferred(row, timedelta(minutes=5), FailureCode.SOURCE_UNREACHABLE, "The host source.test is left alone for some minutes.")
    settled = settle(row, deferred, now=NOW, replaced_grace=timedelta(0)).row
    assert settled is not None
    pages.watch.worker.rows.rows[row.key] = settled
    await pages.watch.sample()
    answer = await pages.json("/stalled?shop=7")
    (wait,) = answer["scheduled_for"]
    assert (answer["items"], answer["scheduled"], wait["host"], wait["images"]) == ([], 1, "source.test", 1)
    assert wait["why"].endswith("The host source.test is left alone for some minutes.")
    assert is_sentence(wait["why"])
    (item,) = (await pages.json("/stalled?shop=7&status=scheduled"))["items"]
    assert (item["scheduled"]["host"], item["scheduled"]["why"], item["error"]["code"]) == (
        "source.test",
        wait["why"],
        "source_unreachable",
    )
    assert "The host source.test is left alone" in await pages.page("/stalled?shop=7")
    assert "scheduled_for" not in await pages.json("/stalled")


async def test_machines_get_json_whatever_else_they_take(pages: Pages) -> None:
    await pages.watch.sample()
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.5"):
        answer = await pages.client.get("/lag", headers=VIEW | {"Accept": accept})
        assert answer.content_type == "application/json"


async def test_a_browser_may_send_the_token_as_a_password_to_read(pages: Pages) -> None:
    await pages.watch.sample()
    asked = await pages.client.get("/lag", headers=BROWSER)
    assert (asked.status, asked.headers["WWW-Authenticate"].partition(" ")[0]) == (401, "Basic")
    assert (await pages.client.get("/lag")).headers["WWW-Authenticate"].startswith("Bearer")
    known = {"Authorization": encode_basic_auth("anybody", "view-secret")}
    unknown = {"Authorization": encode_basic_auth("anybody", "other")}
    assert (await pages.client.get("/lag", headers=BROWSER | known)).status == 200
    assert (await pages.client.get("/lag", headers=BROWSER | unknown)).status == 401
    assert (await pages.client.get("/lag", headers={"Authorization": "Basic %%%"})).status == 401
    assert (await pages.client.put("/v1/shops/7/images/a", headers=known)).status == 401
