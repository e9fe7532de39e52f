"""What the pages show, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from faust_app.core.images.row import ImageState
from faust_app.core.monitoring.samples import Sample
from faust_app.core.monitoring.timeline import Happened, Happening
from faust_app.core.operators.audit import Actor, AuditEntry
from tests.factories import NOW, accepted_row, done_row
from tests.web.operator_site import OperatorSite, open_site

ALL = {"Authorization": "Bearer all-secret"}


@pytest.fixture
async def site() -> AsyncIterator[OperatorSite]:
    async with open_site() as opened:
        yield opened


async def get(site: OperatorSite, path: str, status: int = 200) -> Any:
    answer = await site.client.get(path, headers=ALL)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


async def test_a_shop_is_counted_by_state_and_an_unknown_one_is_not_there(site: OperatorSite) -> None:
    row = done_row(7, b"a")
    site.rows.rows[row.key] = row
    assert await get(site, "/v1/shops/7") == {"shop_no": 7, "images": {"IN_PROGRESS": 0, "DONE": 1, "FAILED": 0, "DELETED": 0}}
    await get(site, "/v1/shops/8", 404)


async def test_workers_are_listed_with_what_they_hold(site: OperatorSite) -> None:
    (worker,) = (await get(site, "/v1/workers"))["workers"]
    assert (worker["name"], worker["release"], worker["held"]) == ("w1", "r1", 3)


async def test_what_happened_is_listed_and_can_be_narrowed(site: OperatorSite) -> None:
    site.store.now_is = NOW
    assert [each["text"] for each in (await get(site, "/v1/timeline"))["happened"]] == ["limits finished"]
    assert (await get(site, "/v1/timeline?kind=alert"))["happened"] == []


async def test_changes_are_listed_by_actor_a_page_at_a_time(site: OperatorSite) -> None:
    for name in ("ada", "bob", "ada"):
        site.store.record(AuditEntry(NOW, Actor(name), "cause.note", "cause"))
    page = await get(site, "/v1/audit?actor=ada&limit=1")
    assert ([change["actor"] for change in page["changes"]], page["next"] is not None) == (["ada"], True)
    assert len((await get(site, f"/v1/audit?actor=ada&before={page['next']}"))["changes"]) == 1


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/timeline?hours=0", "hours"), ("/v1/timeline?kind=all", "kind"), ("/v1/timeline?before=1", "before"),
        ("/v1/audit?actor=", "actor"), (f"/v1/audit?action={'x' * 121}", "action"), ("/v1/records?limit=0", "limit"),
        ("/v1/workers?x=1", "x"), ("/v1/search", "q"), ("/v1/search?q=", "q"), ("/v1/search?q=%00", "q"),
        (f"/v1/search?q={'x' * 4097}", "q"),
        ("/v1/pictureless-images?after=7", "after"), ("/v1/pictureless-images?after=0:YQ==", "after"),
        ("/v1/samples?since=yesterday", "since"), ("/v1/samples?since=2026-03-01T12:00:00", "since"),
        ("/v1/samples?since=0001-01-01T00:00:00%2B23:59", "since"),
    ],
)  # fmt: skip
async def test_a_wrong_parameter_is_named(site: OperatorSite, path: str, field: str) -> None:
    assert [error["field"] for error in (await get(site, path, 400))["errors"]] == [field]


async def test_records_that_nobody_could_read_are_listed(site: OperatorSite) -> None:
    assert await get(site, "/v1/records") == {"rejections": [], "next": None}


async def test_the_timeline_goes_on_and_leaves_out_nothing_of_one_moment(site: OperatorSite) -> None:
    site.store.now_is = NOW
    moments = [NOW - timedelta(minutes=minutes) for minutes in (1, 2, 2, 2, 3, 4)]
    site.timeline.happened = [Happening(at, Happened.JOB, f"{number}") for number, at in enumerate(moments)]
    found, query = [], "?limit=3"
    while True:
        page = await get(site, f"/v1/timeline{query}")
        found += [each["text"] for each in page["happened"]]
        if page["next"] is None:
            break
        query = f"?limit=3&before={page['next']}"
    assert found == ["0", "1", "2", "3", "4", "5"]


async def test_whoever_is_limited_to_shops_reads_their_own_changes_alone(site: OperatorSite) -> None:
    for name in ("limited", "ada"):
        site.store.record(AuditEntry(NOW, Actor(name), "republish.plan", "run 1"))
    answer = await site.client.get("/v1/audit?actor=ada", headers={"Authorization": "Bearer shop-secret"})
    assert [change["actor"] for change in (await answer.json())["changes"]] == ["limited"]


async def test_samples_are_those_of_a_day_or_since_a_time(site: OperatorSite) -> None:
    site.store.now_is = NOW
    site.samples.kept = [Sample(NOW - timedelta(hours=hours), behind=hours) for hours in (30, 2, 1)]
    assert [each["behind"] for each in (await get(site, "/v1/samples"))["samples"]] == [2, 1]
    since = (NOW - timedelta(hours=31)).isoformat()
    assert [each["behind"] for each in (await get(site, f"/v1/samples?since={since}Z"))["samples"]] == [30, 2, 1]
    assert [each["behind"] for each in (await get(site, f"/v1/samples?since={since}%2B00:00"))["samples"]] == [30, 2, 1]


def keep_images(site: OperatorSite) -> None:
    failed = replace(accepted_row(7, b"f", product_id="q", product_name="Red shoe", sku="S-1"), state=ImageState.FAILED, error_code="empty")
    for row in (done_row(7, b"a", product_id="p"), accepted_row(7, b"b"), failed, replace(failed, shop_no=8)):
        site.rows.rows[row.key] = row


@pytest.mark.parametrize(
    ("text", "shops", "products", "images"),
    [
        ("7", [7], [], []), ("7:a", [], [], [(7, "a")]), ("f", [], [], [(7, "f"), (8, "f")]), ("p", [], [(7, "p")], []),
        ("nothing", [], [], []), ("A", [], [], []),
        ("S-1", [], [], [(7, "f"), (8, "f")]), ("red SHOE", [], [], [(7, "f"), (8, "f")]),
    ],
)  # fmt: skip
async def test_a_text_finds_what_it_may_mean(
    site: OperatorSite, text: str, shops: list[int], products: list[tuple[int, str]], images: list[tuple[int, str]]
) -> None:
    keep_images(site)
    found = await get(site, f"/v1/search?q={text}")
    assert found["shops"] == shops
    assert [(each["shop_no"], each["product_id"]) for each in found["products"]] == products
    assert [(each["shop_no"], each["image_id"]) for each in found["images"]] == images


async def test_images_of_products_without_a_picture_go_on_where_the_page_before_ended(site: OperatorSite) -> None:
    keep_images(site)
    first = await get(site, "/v1/pictureless-images?limit=1")
    second = await get(site, f"/v1/pictureless-images?limit=1&after={first['next']}")
    assert [(image["shop_no"], image["image_id"]) for page in (first, second) for image in page["images"]] == [(7, "f"), (8, "f")]
