"""The feed of changes on real processes: what became of images, in order, as soon as it is true."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.stack import Stack
from faust_app.settings import Settings
from tests.e2e.installation import Installation

READERS = 3
TOKENS = '[limited]\ntoken = "of-shop-8"\nscopes = ["view"]\nshops = [8]\n'
LIMITED = {"Authorization": "Bearer of-shop-8"}


@pytest.fixture
def installation(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Iterator[Installation]:
    opened = Installation(install(feed_readers=READERS, tokens=TOKENS), stack, tmp_path)
    try:
        yield opened
    finally:
        opened.close()


async def changes(installation: Installation, query: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    status, answer = await installation.call("GET", f"/v1/changes?{query}", headers=headers or {})
    assert status == 200, answer
    return dict(answer)


async def waiting(installation: Installation, count: int) -> None:
    assert installation.web is not None
    web = installation.web

    async def reached() -> bool:
        return await installation.metric(web, "shop_images_feed_readers") == count

    await installation.until(reached, f"{count} readers wait")


def kinds(answer: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["image_id"], item["kind"]) for item in answer["items"]]


async def test_a_reader_hears_of_each_end_in_order_and_of_its_own_shops_alone(installation: Installation) -> None:
    await installation.start()
    begin = (await changes(installation, "after=latest"))["next"]

    reader = asyncio.create_task(changes(installation, f"after={begin}&shop=7&wait=30"))
    await waiting(installation, 1)
    await installation.put(7, "shoe", "/flat/1?bytes=5000", correlation_id="order-1", external_version=1)
    first = await reader
    assert kinds(first) == [("shoe", "stored")]
    assert {name: first["items"][0][name] for name in ("correlation_id", "external_version", "content_type")} == {
        "correlation_id": "order-1", "external_version": 1, "content_type": "image/jpeg",
    }  # fmt: skip
    assert first["items"][0]["public_url"].startswith(f"{installation.settings.public_base_url}/")

    await installation.put(8, "hat", "/status/410")
    await installation.call("DELETE", "/v1/shops/7/images/shoe")
    await installation.until(lambda: installation.states(7) == {"DELETED": 1} and installation.states(8) == {"FAILED": 1}, "both end")
    found, cursor = list(first["items"]), first["next"]
    while len(found) < 3:
        answer = await changes(installation, f"after={cursor}&limit=1")
        found, cursor = found + answer["items"], answer["next"]
    assert sorted((item["image_id"], item["kind"]) for item in found) == [("hat", "failed"), ("shoe", "deleted"), ("shoe", "stored")]
    assert [item["position"] for item in found] == sorted({item["position"] for item in found})
    assert kinds(await changes(installation, f"after={begin}&wait=0", LIMITED)) == [("hat", "failed")]
    status, refused = await installation.call("GET", "/v1/changes?shop=7", headers=LIMITED)
    assert (status, refused["detail"]) == (403, "limited is limited to shop 8")


async def test_a_reader_is_refused_with_one_clear_error_and_nothing_changes(installation: Installation) -> None:
    web = await installation.start_web()
    begin = (await changes(installation, "after=latest"))["next"]
    for query, field in ((f"after={begin[::-1]}", "after"), ("after=x", "after"), ("limit=1001", "limit"), ("wait=31", "wait")):
        status, refused = await installation.call("GET", f"/v1/changes?{query}")
        assert (status, [error["field"] for error in refused["errors"]]) == (400, [field])

    installation.execute("INSERT INTO result_outbox (at, shop_no, image_id, body) VALUES (NOW(6), 7, 'a', '{\"kind\": \"stored\"}')")
    (told,) = (await changes(installation, f"after={begin}"))["items"]
    installation.execute("DELETE FROM result_feed")
    installation.execute("UPDATE result_sequence SET dropped_position = %s", told["position"])
    status, refused = await installation.call("GET", f"/v1/changes?after={begin}")
    assert (status, "after=latest" in refused["detail"]) == (410, True)

    begin = (await changes(installation, "after=latest"))["next"]
    before = installation.query("SELECT last_position FROM result_sequence")
    readers = [asyncio.create_task(changes(installation, f"after={begin}")) for _ in range(READERS)]
    await waiting(installation, READERS)
    refusals = await asyncio.gather(*(installation.call("GET", f"/v1/changes?after={begin}") for _ in range(50)))
    assert {(status, refused["detail"]) for status, refused in refusals} == {
        (503, f"this process serves {READERS} readers of the feed at once (FEED_READERS); read again later, one reader a system")
    }
    assert installation.query("SELECT last_position FROM result_sequence") == before
    web.signal(signal.SIGTERM)
    assert [(await reader)["next"] for reader in readers] == [begin] * READERS, "who waits is answered when the process stops"
