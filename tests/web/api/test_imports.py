"""Imports, rejections and comparisons over HTTP."""

import json

import pytest

from faust_app.core.dispatch.fairness import Fairness, Hold, ShopState, fairness_text
from faust_app.core.imports.catalogue import LineProblem
from faust_app.core.imports.run import ImportCounts, ImportedFile
from faust_app.flows.monitoring.fairness import STALE_AFTER
from tests.factories import accepted_row, done_row
from tests.web.conftest import INTAKE, VIEW, Site

FILE = ImportedFile(7, "shop.csv", 100, bytes(32), "woocommerce")


async def test_an_import_is_listed_with_its_counts_and_rejected_lines(site: Site) -> None:
    run = await site.imports.begin(FILE, "ada", "r1")
    await site.imports.record(run.number, ImportCounts(50, 3, 2, 0, 0, 1), [LineProblem(4, "SKU", "is missing")])
    listed = await (await site.client.get("/v1/shops/7/imports", headers=VIEW)).json()
    one = await (await site.client.get("/v1/shops/7/imports/1", headers=VIEW)).json()
    assert listed == {"imports": [one | {"images": None}], "next": None}
    assert (one["accepted"], one["rejected"], one["file"]["name"], one["started_by"]) == (2, 1, "shop.csv", "ada")
    lines = await (await site.client.get("/v1/shops/7/imports/1/rejections", headers=VIEW)).json()
    assert [(line["line"], line["field"], line["reason"]) for line in lines["rejections"]] == [(4, "SKU", "is missing")]


async def test_an_import_says_how_long_its_images_will_take_and_what_limits_them(site: Site) -> None:
    run = await site.imports.begin(FILE, "ada", "r1")
    await site.imports.record(run.number, ImportCounts(100, 40, 40), [])
    for number in range(10):
        row = accepted_row(7, b"%d" % number)
        site.rows.rows[row.key] = row
    site.seconds[0] = 90.0
    waiting = ShopState(7, waiting=10, started=60, holds={Hold.SOURCE: 10}, host="img.shop.test")
    site.workers.fairness = [("w", fairness_text(Fairness(8, 480.0, 480.0, (), (waiting,))), 1.0)]
    await site.fairness.run_pass()
    one = await (await site.client.get("/v1/shops/7/imports/1", headers=VIEW)).json()
    expected = {"done": 30, "left": 10, "per_s": 1.0, "seconds_left": 10, "limit": "source", "host": "img.shop.test"}
    assert one["images"] == expected
    listed = await (await site.client.get("/v1/shops/7/imports", headers=VIEW)).json()
    assert listed["imports"][0]["images"] is None
    site.seconds[0] += STALE_AFTER + 1
    alone = await (await site.client.get("/v1/shops/7/imports/1", headers=VIEW)).json()
    assert (alone["images"]["limit"], alone["images"]["per_s"]) == (None, round(30 / 121, 2)), "a stale report says nothing"


@pytest.mark.parametrize("path", ["/v1/shops/8/imports/1", "/v1/shops/7/imports/2", "/v1/shops/8/imports/1/rejections"])
async def test_an_import_of_another_shop_is_not_found(site: Site, path: str) -> None:
    await site.imports.begin(FILE, "ada", "r1")
    assert (await site.client.get(path, headers=VIEW)).status == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "before=x", "after=1", "page=2"])
async def test_a_wrong_parameter_of_a_list_is_named(site: Site, query: str) -> None:
    answer = await site.client.get(f"/v1/shops/7/rejections?{query}", headers=VIEW)
    assert answer.status == 400
    assert (await answer.json())["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


async def test_what_http_refuses_is_on_the_list_of_its_shop_with_its_sender(site: Site) -> None:
    url = "/v1/shops/7/images/a"
    await site.client.put(url, json={"source_url": "ftp://x/"}, headers=INTAKE)
    await site.client.post("/v1/shops/7/images", json=[{"op": "register", "image_id": "a"}], headers=INTAKE)
    await site.client.put(url, data=b"x", headers=INTAKE | {"Content-Type": "text/plain"})
    await site.client.delete(url + "?force=1", headers=INTAKE)
    await site.refused.run_pass()
    listed = (await (await site.client.get("/v1/shops/7/rejections", headers=VIEW)).json())["rejections"]
    assert [(each["entry_point"], each["sender"], each["image_id"], each["field"]) for each in reversed(listed)] == [
        ("http", "shop", "a", "source_url"), ("http", "shop", None, "source_url"), ("http", "shop", "a", None),
        ("http", "shop", "a", "force"),
    ]  # fmt: skip
    assert site.rows.rows == {}


@pytest.mark.parametrize("path", ["/v1/shops/x/images/a", "/v1/shops/7/images/%FF", f"/v1/shops/7/images/{'x' * 500}"])
async def test_a_path_that_names_nothing_is_refused_and_kept_without_names_that_fit_no_row(site: Site, path: str) -> None:
    answer = await site.client.put(path, json={"source_url": "http://a.test/"}, headers=INTAKE)
    assert answer.status == 400
    await site.refused.run_pass()
    assert all(kept.rejection.image_id is None for kept in site.rejections.kept)


def line(image_id: str, url: str) -> bytes:
    return json.dumps({"image_id": image_id, "source_url": url}).encode()


async def test_a_file_is_compared_image_by_image(site: Site) -> None:
    done, waiting = done_row(7, b"done"), accepted_row(7, b"waiting")
    site.rows.rows |= {done.key: done, waiting.key: waiting}
    body = b"\n".join([line("done", str(done.source_url)), line("waiting", str(waiting.source_url)), line("new", "http://a.test/"), b"{"])
    answer = await site.client.post("/v1/shops/7/compare?format=jsonl", data=body, headers=INTAKE)
    assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
    lines = [json.loads(text) for text in (await answer.text()).splitlines()]
    assert [(each["line"], each["standing"]) for each in lines] == [(1, "shown"), (2, "under_way"), (3, "never_received"), (4, "rejected")]


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [("", b"{}", 400), ("?format=xml", b"{}", 400), ("?format=woocommerce", b"PK\x03\x04", 400), ("?format=woocommerce", b"", 400)],
)
async def test_a_file_that_cannot_be_compared_is_refused_with_the_reason(site: Site, query: str, body: bytes, status: int) -> None:
    answer = await site.client.post(f"/v1/shops/7/compare{query}", data=body, headers=INTAKE)
    assert answer.status == status, await answer.text()
    assert (await answer.json())["errors"]
