"""The feed over HTTP: what it answers, to whom, and what it refuses."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from faust_app.core.results.cursor import cursor_of
from faust_app.web import server
from faust_app.web.api import changes
from tests.fakes.feed import INSTALLATION
from tests.web.operator_site import OperatorSite, open_site

MACHINE = {"Authorization": "Bearer all-secret"}
LIMITED = {"Authorization": "Bearer shop-secret"}
"""A token of shop 8 alone."""
BODY = json.dumps({"kind": "stored", "version": 5, "object_key": "7/a/5.jpg", "size": 9, "from_a_later_release": 1})
BEGIN = cursor_of(0, INSTALLATION)


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        for shop in (7, 8):
            opened.results.tell(shop, body=BODY)
        yield opened


async def asked(site: OperatorSite, query: str = "", headers: dict[str, str] = MACHINE, status: int = 200) -> dict[str, Any]:
    answer = await site.client.get(f"/v1/changes{query}", headers=headers)
    body: dict[str, Any] = await answer.json()
    assert answer.status == status, body
    return body


def positions(body: dict[str, Any]) -> list[int]:
    return [item["position"] for item in body["items"]]


async def test_an_answer_has_results_in_order_and_a_cursor_to_go_on(site: OperatorSite) -> None:
    first = await asked(site, "?limit=1")
    assert (positions(first), first["more"]) == ([1], True)
    assert first["items"][0]["public_url"] == "https://cdn.test/7/a/5.jpg"
    second = await asked(site, f"?after={first['next']}")
    assert (positions(second), second["more"]) == ([2], False)
    assert (await asked(site, f"?after={second['next']}&wait=0"))["items"] == []


async def test_latest_begins_behind_the_newest(site: OperatorSite) -> None:
    latest = await asked(site, "?after=latest")
    assert (latest["items"], latest["more"]) == ([], False)
    site.results.tell(7, body=BODY)
    assert positions(await asked(site, f"?after={latest['next']}")) == [3]


async def test_a_reader_hears_of_its_own_shops_alone(site: OperatorSite) -> None:
    assert positions(await asked(site, "?shop=7")) == [1]
    assert positions(await asked(site, headers=LIMITED)) == [2]
    assert positions(await asked(site, "?shop=8", LIMITED)) == [2]
    assert "is limited to shop 8" in (await asked(site, "?shop=7", LIMITED, 403))["detail"]


async def test_a_reader_waits_longer_than_an_answer_may_take(site: OperatorSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ANSWER_SECONDS", 0.0)
    waiting = asyncio.create_task(asked(site, "?after=" + (await asked(site, "?after=latest"))["next"]))
    while not site.feed.watch._waiting:
        await asyncio.sleep(0)
    site.results.tell(7, body=BODY)
    await site.feed.watch.run_pass()
    assert positions(await waiting) == [3]


async def test_a_reader_that_hangs_up_leaves_its_place(site: OperatorSite) -> None:
    latest = (await asked(site, "?after=latest"))["next"]
    reader, writer = await asyncio.open_connection(site.client.host, site.client.port)
    writer.write(f"GET /v1/changes?after={latest} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer all-secret\r\n\r\n".encode())
    while not site.feed.watch._waiting:
        await asyncio.sleep(0)
    writer.close()
    while site.feed.watch._waiting:
        await site.feed.watch.run_pass()
        await asyncio.sleep(0)
    assert await reader.read() == b""


async def test_a_reader_that_does_not_take_its_answer_counts_until_it_is_cut_off(
    site: OperatorSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "TAKEN_WITHIN", 0.5)
    large = json.dumps({"kind": "failed", "sentence": "x" * 100_000})
    for _ in range(200):
        site.results.tell(7, body=large)
    reader, writer = await asyncio.open_connection(site.client.host, site.client.port, limit=1)
    writer.write(b"GET /v1/changes HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer all-secret\r\n\r\n")
    while not site.feed._readers:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert site.feed._readers == 1, "its answer is in memory"
    while site.feed._readers:
        await asyncio.sleep(0.01)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(20_000_000)
    writer.close()


async def test_readers_beyond_the_limit_are_told_to_come_back(site: OperatorSite) -> None:
    latest = (await asked(site, "?after=latest"))["next"]
    waiting = [asyncio.create_task(asked(site, f"?after={latest}")) for _ in range(3)]
    while len(site.feed.watch._waiting) < 3:
        await asyncio.sleep(0)
    refused = await site.client.get("/v1/changes", headers=MACHINE)
    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert "serves 3 readers" in (await refused.json())["detail"]
    site.feed.watch.close()
    assert [(await each)["next"] for each in waiting] == [latest] * 3


async def test_a_cursor_below_what_is_kept_is_told_how_to_begin_again(site: OperatorSite) -> None:
    site.results.drop(1)
    body = await asked(site, f"?after={BEGIN}", status=410)
    assert "after=latest" in body["detail"]
    assert "GET /v1/shops/{shop_no}/images" in body["detail"]
    assert positions(await asked(site)) == [2]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("after=", "after"), ("after=x", "after"), (f"after={BEGIN[:-1]}A", "after"), (f"after={'A' * 201}", "after"),
        ("after=%00", "after"), (f"after={cursor_of(1, 'other')}", "after"), ("limit=0", "limit"), ("limit=1001", "limit"),
        ("limit=x", "limit"), ("wait=31", "wait"), ("wait=-1", "wait"), ("wait=0.5", "wait"), ("shop=0", "shop"), ("shop=x", "shop"),
        (f"shop={2**53}", "shop"), (f"shop={'9' * 400}", "shop"), ("from=1", "from"),
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_named_and_nothing_is_changed(site: OperatorSite, query: str, field: str) -> None:
    before = (list(site.results.rows), site.results.reached)
    body = await asked(site, f"?{query}", status=400)
    assert [error["field"] for error in body["errors"]] == [field]
    assert "A" * 30 not in json.dumps(body)
    assert (site.results.rows, site.results.reached) == before


async def test_a_cursor_of_another_installation_says_so(site: OperatorSite) -> None:
    body = await asked(site, f"?after={cursor_of(1, 'other')}", status=400)
    assert "another installation" in body["errors"][0]["reason"]
