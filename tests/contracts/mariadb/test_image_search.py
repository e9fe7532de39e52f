"""What people find, on the real tables; and the fake finds the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_search import MariaImageSearch
from faust_app.core.images.row import ImageRow, ImageState
from faust_app.flows.ports.images import ImageRepository, ImageSearch
from faust_app.settings import Settings
from tests.contracts.mariadb.test_image_repository import accept, finish
from tests.fakes.image_repository import FakeImageRepository
from tests.fakes.image_search import FakeImageSearch


@dataclass
class Site:
    rows: ImageRepository
    search: ImageSearch


@pytest.fixture(params=["fake", "mariadb"])
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    if request.param == "fake":
        rows = FakeImageRepository()
        yield Site(rows, FakeImageSearch(rows))
        return
    settings: Settings = request.getfixturevalue("settings")
    async with Database.connect(settings.database, 4) as database:
        yield Site(MariaImageRepository(database), MariaImageSearch(database))


def ids(rows: list[ImageRow]) -> list[bytes]:
    return [row.image_id for row in rows]


async def test_images_of_a_shop_come_in_pages_by_id(site: Site, shop_no: int) -> None:
    await accept(site.rows, shop_no, "b", "a", "á", "c", "A")
    found, after = [], b""
    while page := await site.search.of_shop(shop_no, state=None, product_id=None, after=after, limit=2):
        found += ids(page)
        after = page[-1].image_id
    assert found == sorted([b"A", b"a", b"b", b"c", "á".encode()])


async def test_a_state_and_a_product_narrow_the_list(site: Site, shop_no: int) -> None:
    done, *_ = await accept(site.rows, shop_no, "a", "b", product_id="p")
    await accept(site.rows, shop_no, "c")
    await finish(site.rows, done)

    async def listed(state: ImageState | None, product_id: str | None) -> list[bytes]:
        return ids(await site.search.of_shop(shop_no, state=state, product_id=product_id, after=b"", limit=10))

    assert await listed(ImageState.DONE, None) == [b"a"]
    assert await listed(ImageState.IN_PROGRESS, None) == [b"b", b"c"]
    assert await listed(None, "p") == [b"a", b"b"]
    assert await listed(ImageState.IN_PROGRESS, "p") == [b"b"]
    assert await listed(ImageState.FAILED, "p") == []
    assert await site.search.counts(shop_no) == {ImageState.DONE: 1, ImageState.IN_PROGRESS: 2}


async def test_named_images_are_those_that_exist(site: Site, shop_no: int) -> None:
    await accept(site.rows, shop_no, "a", "b")
    assert sorted(ids(await site.search.named(shop_no, [b"b", b"a", b"a", b"none"]))) == [b"a", b"b"]
    assert await site.search.named(shop_no, []) == []


async def test_an_id_a_product_and_an_address_are_found_in_any_shop(site: Site, shop_no: int) -> None:
    name, url = f"only-{shop_no}", f"https://h{shop_no}.test/ä.jpg?x=1"
    await accept(site.rows, shop_no, name, product_id=f"p-{shop_no}", source_url=url)
    await accept(site.rows, shop_no + 500_000, name, source_url=f"{url}0")
    assert {row.shop_no for row in await site.search.by_image_id(name.encode(), 10)} == {shop_no, shop_no + 500_000}
    assert len(await site.search.by_image_id(name.encode(), 1)) == 1
    assert await site.search.shops_of_product(f"p-{shop_no}", 10) == [shop_no]
    assert [row.shop_no for row in await site.search.by_source_url(url, 10)] == [shop_no]
    assert await site.search.by_source_url(url.upper(), 10) == []


async def test_a_correlation_id_finds_the_images_of_its_requests_in_any_shop(site: Site, shop_no: int) -> None:
    sent = f"order-{shop_no}"
    await accept(site.rows, shop_no, "a", correlation_id=sent)
    await accept(site.rows, shop_no + 500_000, "b", "c", correlation_id=sent)
    await accept(site.rows, shop_no, "d", correlation_id=f"{sent}0")
    found = await site.search.by_correlation_id(sent, 10)
    assert sorted(row.key for row in found) == [(shop_no, b"a"), (shop_no + 500_000, b"b"), (shop_no + 500_000, b"c")]
    assert len(await site.search.by_correlation_id(sent, 2)) == 2
    assert await site.search.by_correlation_id(sent.upper(), 10) == []


async def test_a_sku_and_a_name_in_any_case_find_images_in_any_shop(site: Site, shop_no: int) -> None:
    sku, name = f"SKU-{shop_no}", f"Rote Schuhe {shop_no}"
    await accept(site.rows, shop_no, "a", sku=sku)
    await accept(site.rows, shop_no + 500_000, "b", product_name=name)
    await accept(site.rows, shop_no, "c", product_name=sku)
    assert [row.image_id for row in await site.search.by_label(sku, 10)] == [b"a", b"c"]
    assert [row.image_id for row in await site.search.by_label(name.upper(), 10)] == [b"b"]
    assert await site.search.by_label(sku.lower(), 1) == [(await site.search.named(shop_no, [b"c"]))[0]]
    assert await site.search.by_label(f"{name} ", 10) in ([], await site.search.by_label(name, 10))
