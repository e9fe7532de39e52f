"""The sample shop: what it makes of results, in which order they come and how often, and how it begins again."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from devstack.sample.catalogue import catalogue_files
from devstack.sample.shops import SHOPS
from devstack.shop_page.page import create_application
from devstack.shop_page.pictures import Pictures
from devstack.shop_page.products import Product, read_products
from devstack.shop_page.reader import FeedReader

SHOP = SHOPS[1]


def told(position: int, image_id: str | None = "a", kind: str = "stored", url: str | None = "https://cdn.test/1.jpg") -> dict[str, Any]:
    return {
        "kind": kind, "image_id": image_id, "product_id": "p", "public_url": url, "sentence": None, "at": "2026-01-01T12:00:00Z",
        "position": position, "a_later_field": 1,
    }  # fmt: skip


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    return Pictures(tmp_path / "shop.sqlite")


def shown(pictures: Pictures) -> list[tuple[str, str, int]]:
    return [(each.image_id, each.kind, each.position) for listed in pictures.by_product().values() for each in listed]


def test_a_result_that_is_not_above_the_known_one_changes_nothing(pictures: Pictures) -> None:
    assert pictures.apply([told(5)], "c1") == 1
    assert pictures.apply([told(5), told(4, kind="deleted")], "c2") == 0
    assert (shown(pictures), pictures.cursor) == ([("a", "stored", 5)], "c2")
    pictures.apply([told(6, kind="deleted", url=None)], "c3")
    assert shown(pictures) == []
    pictures.apply([told(5)], "c4")
    assert shown(pictures) == [], "a deletion is remembered"


def test_answers_to_senders_and_unknown_kinds_touch_no_picture(pictures: Pictures) -> None:
    items = [told(1, kind="superseded"), told(2, None, kind="rejected"), told(3, kind="from_a_later_release")]
    assert pictures.apply(items, "c") == 0
    assert shown(pictures) == []


def test_the_pictures_and_the_cursor_outlive_the_process(tmp_path: Path) -> None:
    first = Pictures(tmp_path / "shop.sqlite")
    first.apply([told(5)], "c")
    first.close()
    second = Pictures(tmp_path / "shop.sqlite")
    assert (shown(second), second.cursor) == ([("a", "stored", 5)], "c")


class Feed:
    """Serves two results, then nothing; `status` is that of the first answer."""

    def __init__(self) -> None:
        self.status = 200
        self.asked: list[dict[str, str]] = []

    async def changes(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t"
        self.asked.append(dict(request.query))
        if request.query.get("after") == "latest":
            return web.json_response({"items": [], "next": "latest-1", "more": False})
        if self.status != 200:
            return web.json_response({"detail": "d"}, status=self.status)
        return web.json_response({"items": [told(5), told(6, "b", "failed", None)], "next": "c6", "more": False})

    async def images(self, request: web.Request) -> web.Response:
        image = {"product_id": "p", "error_code": None, "updated_at": "2026-01-01T12:00:00Z", "shown_version": 3, "public_url": None}
        if "after" not in request.query:
            return web.json_response({"images": [image | {"image_id": "ö/1", "state": "DONE"}], "next": "n"})
        return web.json_response({"images": [image | {"image_id": "gone", "state": "DELETED"}], "next": None})


@pytest.fixture
async def feed() -> AsyncIterator[tuple[Feed, str]]:
    served, application = Feed(), web.Application()
    application.router.add_get("/v1/changes", served.changes)
    application.router.add_get(f"/v1/shops/{SHOP.shop}/images", served.images)
    async with TestServer(application) as server:
        yield served, str(server.make_url("")).rstrip("/")


async def test_the_reader_goes_on_from_what_it_has_applied(pictures: Pictures, feed: tuple[Feed, str]) -> None:
    served, url = feed
    reader = FeedReader(url, "t", SHOP.shop, pictures)
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as http:
        await reader.step(http)
        await reader.step(http)
    assert served.asked == [{"shop": str(SHOP.shop)}, {"shop": str(SHOP.shop), "after": "c6"}]
    assert shown(pictures) == [("a", "stored", 5), ("b", "failed", 6)]


@pytest.mark.parametrize("status", [400, 410])
async def test_a_cursor_that_counts_no_more_is_replaced_before_the_list_is_read(
    pictures: Pictures, feed: tuple[Feed, str], status: int
) -> None:
    served, url = feed
    served.status = status
    pictures.apply([told(9, "old")], "c-old")
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer t"}) as http:
        await FeedReader(url, "t", SHOP.shop, pictures).step(http)
    ((picture,),) = pictures.by_product().values()
    assert (picture.image_id, picture.public_url) == ("ö/1", f"{url}/i/{SHOP.shop}/%C3%B6%2F1")
    assert pictures.cursor == "latest-1"


async def test_the_page_shows_products_with_their_pictures_and_escapes_what_it_was_told(pictures: Pictures, feed: tuple[Feed, str]) -> None:
    _, url = feed
    reader = FeedReader(url, "t", SHOP.shop, pictures)
    pictures.apply([told(1, "x", url="https://cdn.test/x.jpg"), told(2, "<i>", "failed", None) | {"sentence": "<b>broken"}], "c")
    application = create_application(SHOP, [Product("p", "Mug & Cup", "5.00")], pictures, reader)
    async with TestClient(TestServer(application)) as client:
        text = await (await client.get("/")).text()
        assert 'src="https://cdn.test/x.jpg"' in text
        assert "Mug &amp; Cup" in text
        assert "&lt;b&gt;broken" in text
        assert "<b>broken" not in text
        events = await client.get("/events")
        assert await events.content.readline() == b"data: changed\n"
        events.close()


def test_the_shop_sells_what_its_catalogue_has() -> None:
    products = read_products(catalogue_files()[SHOP.shop])
    assert [product.name for product in products] == list(SHOP.things)
