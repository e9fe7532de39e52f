"""A shop's pages on the real processes: a link, what there is to mend, trying again, and a test of an address on a worker."""

import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation

pytestmark = pytest.mark.proof
SECONDS = 5.0
"""Within how many seconds a test of an address is usually answered."""


@pytest.fixture
def linked(install: Callable[..., Settings], stack: Stack, tmp_path: Any) -> Any:
    installation = Installation(install(report_link_secret="s" * 32), stack, tmp_path)
    try:
        yield installation
    finally:
        installation.close()


async def test_a_shop_comes_in_mends_a_picture_and_tests_an_address(linked: Installation) -> None:
    await linked.start()
    await linked.put(7, "good", "/flat/1?bytes=5000", product_name="Hat", sku="H-1")
    await linked.put(7, "bad", "/flaky/1/2?status=410", product_id="p", product_name="Red shoe", sku="S-1")
    await linked.until(lambda: linked.states(7) == {"DONE": 1, "FAILED": 1}, "both ended")
    timed = "SELECT 1 FROM source_host WHERE answered_for = 7 AND answer_seconds IS NOT NULL"
    await linked.until(lambda: bool(linked.query(timed)), "the answer of the source is written")
    status, made = await linked.call("POST", "/v1/shops/7/report-link", json={"rights": ["view", "retry"]})
    assert status == 201
    assert linked.web is not None
    ours, same = f"http://127.0.0.1:{linked.web.port}", {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    link = made["url"].partition("?link=")[2]
    async with aiohttp.ClientSession(ours, cookie_jar=aiohttp.CookieJar(unsafe=True), headers=same) as shop:
        async with shop.post("/reports/enter", data={"link": link}, allow_redirects=False) as entered:
            assert entered.status == 303
        page = await text_of(shop, "/reports/7/mend?lang=en")
        assert "1 of 2 pictures are shown. 1 product has no picture." in page
        assert "Red shoe" in page
        assert "Your server answers in" in page
        _, found = await linked.call("GET", "/v1/shops/7/mend")
        group = found["groups"][0]
        form = {"code": group["code"], "host": group["host"]}
        async with shop.post("/reports/7/mend/retries", data=form, allow_redirects=False) as tried:
            assert tried.headers["Location"] == "/reports/7/mend?tried=1"
        await linked.until(lambda: linked.states(7) == {"DONE": 2}, "the picture is stored")
        assert "Everything is shown" in await text_of(shop, "/reports/7/mend")
        began = time.monotonic()
        async with shop.post("/reports/7/test-fetches", data={"url": f"{linked.source}/flat/1?bytes=5000"}) as tested:
            answer = await tested.text()
        assert "can be stored" in answer
        assert time.monotonic() - began < SECONDS
    assert link not in linked.web.log.read_text()
    assert [row for row in linked.query("SELECT detail FROM audit") if row[0] and link.split(".")[3] in row[0]] == []


async def text_of(shop: aiohttp.ClientSession, path: str) -> str:
    async with shop.get(path) as answer:
        assert answer.status == 200
        return await answer.text()
