"""A shop's images as a list, and the public address of one."""

from dataclasses import replace

import pytest

from faust_app.core.images.row import ImageState
from tests.factories import accepted_row, done_row
from tests.web.conftest import VIEW, Site

IMAGES = "/v1/shops/7/images"


@pytest.fixture(autouse=True)
def rows(site: Site) -> None:
    for row in (
        done_row(7, b"a", product_id="p"), accepted_row(7, b"b", product_id="p"), done_row(7, "ö,1".encode()),
        replace(accepted_row(7, b"f"), state=ImageState.FAILED, error_code="empty"), done_row(8, b"a"),
    ):  # fmt: skip
        site.rows.rows[row.key] = row


async def listed(site: Site, query: str = "") -> list[str]:
    answer = await site.client.get(f"{IMAGES}{query}", headers=VIEW)
    assert answer.status == 200, await answer.text()
    return [image["image_id"] for image in (await answer.json())["images"]]


async def test_a_shop_lists_its_images_and_no_other_shops(site: Site) -> None:
    assert await listed(site) == ["a", "b", "f", "ö,1"]
    assert await listed(site, "?state=done") == ["a", "ö,1"]
    assert await listed(site, "?product_id=p") == ["a", "b"]
    assert await listed(site, "?product_id=p&state=in_progress") == ["b"]
    assert await listed(site, "?ids=a,%25C3%25B6%252C1,none") == ["a", "ö,1"]


async def test_a_list_goes_on_where_the_page_before_ended(site: Site) -> None:
    found, query = [], "?limit=2"
    while True:
        page = await (await site.client.get(f"{IMAGES}{query}", headers=VIEW)).json()
        found += [image["image_id"] for image in page["images"]]
        if page["next"] is None:
            break
        query = f"?limit=2&after={page['next']}"
    assert found == ["a", "b", "f", "ö,1"]


async def test_an_entry_says_what_a_shop_page_needs(site: Site) -> None:
    page = await (await site.client.get(f"{IMAGES}?ids=a,f", headers=VIEW)).json()
    assert [(image["state"], image["public_url"], image["error_code"]) for image in page["images"]] == [
        ("DONE", "https://images.test/i/7/a", None), ("FAILED", "https://images.test/i/7/f", "empty"),
    ]  # fmt: skip
    one = await (await site.client.get(f"{IMAGES}/a", headers=VIEW)).json()
    assert one["public_url"] == "https://images.test/i/7/a"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?state=DONE", "state"), ("?limit=0", "limit"), ("?limit=1001", "limit"), ("?after=%00", "after"), ("?after=!", "after"),
        ("?after=", "after"), (f"?ids={','.join(['a'] * 201)}", "ids"),
        ("?ids=", "ids"), ("?ids=a&limit=1", "ids"), ("?offset=5", "offset"), (f"?product_id={'x' * 65}", "product_id"),
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_named(site: Site, query: str, field: str) -> None:
    answer = await site.client.get(f"{IMAGES}{query}", headers=VIEW)
    assert (answer.status, [error["field"] for error in (await answer.json())["errors"]]) == (400, [field])


async def test_the_public_address_leads_to_what_is_shown_without_a_token(site: Site) -> None:
    answer = await site.client.get("/i/7/a", allow_redirects=False)
    row = site.rows.rows[7, b"a"]
    assert row.shown is not None
    assert (answer.status, answer.headers["Location"]) == (302, f"https://cdn.test/{row.shown.object_key}")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert (await site.client.get("/i/7/%C3%B6%2C1", allow_redirects=False)).status == 302


@pytest.mark.parametrize("path", ["/i/7/b", "/i/7/none", "/i/9/a", "/i/7/%FF", "/i/x/a", "/i/7/a/b", "/i/7/"])
async def test_nothing_is_shown_at_any_other_public_address(site: Site, path: str) -> None:
    answer = await site.client.get(path, allow_redirects=False)
    assert answer.status in {400, 404}


async def test_a_missing_image_is_asked_for_again_soon(site: Site) -> None:
    answer = await site.client.get("/i/7/b", allow_redirects=False)
    assert (answer.status, answer.headers["Cache-Control"]) == (404, "public, max-age=5")
