"""The entry point over HTTP: what is accepted, and how everything else is answered."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse
from yarl import URL

from faust_app.core.dispatch.shop_controls import ControlKind, ShopControl
from faust_app.core.images.row import ImageState
from faust_app.web.contract.answers.answer import ProblemAnswer
from tests.factories import NOW
from tests.web.conftest import INTAKE, Site

GOOD = {"source_url": "https://shop.test/a.jpg"}
IMAGE = "/v1/shops/7/images/a"
BATCH = "/v1/shops/7/images"


async def put(site: Site, path: str = IMAGE, body: Any = GOOD, **headers: str) -> ClientResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = URL(path, encoded=True)
    return await site.client.put(url, data=data, headers={**INTAKE, "Content-Type": "application/json", **headers})


async def post(site: Site, lines: Any, kind: str = "application/x-ndjson", path: str = BATCH) -> ClientResponse:
    return await site.client.post(path, data=lines, headers={**INTAKE, "Content-Type": kind})


async def problem(answer: ClientResponse, status: int) -> dict[str, Any]:
    assert (answer.status, answer.content_type) == (status, "application/problem+json")
    body: dict[str, Any] = await answer.json(content_type="application/problem+json")
    assert body["status"] == status
    return body


def fields(body: dict[str, Any]) -> set[str]:
    return {error["field"] for error in body["errors"]}


async def test_a_put_is_answered_202_once_the_row_is_committed(site: Site) -> None:
    answer = await put(
        site, body={**GOOD, "product_id": "p", "external_version": 3, "correlation_id": "c", "product_name": "Shoe", "sku": "S"}
    )
    row = site.rows.rows[7, b"a"]
    assert answer.status == 202
    assert await answer.json() == {"version": row.version, "state": "IN_PROGRESS"}
    assert (row.product_id, row.external_version, row.correlation_id) == ("p", 3, "c")
    assert (row.product_name, row.sku) == ("Shoe", "S")


async def test_a_superseded_put_is_answered_200_and_changes_nothing(site: Site) -> None:
    await put(site, body={**GOOD, "external_version": 3})
    before = site.rows.rows[7, b"a"]
    answer = await put(site, body={"source_url": "https://shop.test/old.jpg", "external_version": 2})
    assert answer.status == 200
    assert await answer.json() == {"version": before.version, "state": "IN_PROGRESS", "superseded": True}
    assert site.rows.rows[7, b"a"] == before


@pytest.mark.parametrize(
    ("until", "retry_after", "shown", "said"),
    [
        (None, "300", None, "shop 7 is paused: its catalogue is wrong; nothing was stored, send it again later"),
        (NOW + timedelta(seconds=90), "90", "2026-03-01T12:01:30.000000Z", "shop 7 is paused until 2026-03-01 12:01 UTC: its catalogue"),
        (NOW + timedelta(days=3), "3600", "2026-03-04T12:00:00.000000Z", "shop 7 is paused until 2026-03-04 12:00 UTC: its catalogue"),
        (NOW + timedelta(milliseconds=1), "1", "2026-03-01T12:00:00.001000Z", "shop 7 is paused"),
    ],
)
async def test_whatever_is_sent_to_a_paused_shop_is_answered_429_with_reason_and_end(
    site: Site, until: datetime | None, retry_after: str, shown: str | None, said: str
) -> None:
    site.paused[7] = ShopControl(7, ControlKind.PAUSE, None, "its catalogue is wrong", "ada", NOW, until)
    batch = json.dumps({"op": "register", "image_id": "a", **GOOD}).encode()
    for answer in (await put(site), await site.client.delete(IMAGE, headers=INTAKE), await post(site, batch)):
        body = await problem(answer, 429)
        assert (answer.headers["Retry-After"], body["reason"], body["until"]) == (retry_after, "its catalogue is wrong", shown)
        assert body["title"] == "Shop is paused"
        assert body["detail"].startswith(said)
        assert "ada" not in body["detail"]
        ProblemAnswer.model_validate(body, strict=True)
    assert site.metrics.registry.get_sample_value("shop_images_requests_total", {"entry_point": "http", "decision": "paused"}) == 3
    await site.refused.run_pass()
    assert (site.rows.rows, site.rejections.kept) == ({}, [])
    assert (await put(site, "/v1/shops/8/images/a")).status == 202


async def test_a_delete_of_an_unknown_image_makes_a_tombstone(site: Site) -> None:
    answer = await site.client.delete(IMAGE, headers=INTAKE)
    assert answer.status == 202
    assert site.rows.rows[7, b"a"].op == "delete"


async def test_a_late_delete_is_superseded_by_its_revision(site: Site) -> None:
    await put(site, body={**GOOD, "external_version": 9})
    answer = await site.client.delete(IMAGE + "?external_version=8", headers=INTAKE)
    assert (answer.status, (await answer.json())["superseded"]) == (200, True)


@pytest.mark.parametrize(
    ("path", "image_id"),
    [
        ("/v1/shops/7/images/a%2Fb", b"a/b"),
        ("/v1/shops/7/images/%25FF", b"%FF"),
        ("/v1/shops/7/images/%C3%A1", "á".encode()),
        ("/v1/shops/7/images/a+b", b"a+b"),
        ("/v1/shops/7/images/a%20b", b"a b"),
        ("/v1/shops/7/images/A", b"A"),
        ("/v1/shops/7/images/..a", b"..a"),
    ],
)
async def test_the_id_is_the_paths_percent_decoded_bytes(site: Site, path: str, image_id: bytes) -> None:
    assert (await put(site, path)).status == 202
    assert set(site.rows.rows) == {(7, image_id)}


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/shops/7/images/%FF", "image_id"),
        ("/v1/shops/7/images/%C3", "image_id"),
        ("/v1/shops/7/images/%00", "image_id"),
        ("/v1/shops/7/images/a%0Ab", "image_id"),
        ("/v1/shops/7/images/%7F", "image_id"),
        ("/v1/shops/7/images/" + "x" * 65, "image_id"),
        ("/v1/shops/7/images/" + "%C3%A1" * 33, "image_id"),
        ("/v1/shops/0/images/a", "shop_no"),
        ("/v1/shops/-1/images/a", "shop_no"),
        ("/v1/shops/1.5/images/a", "shop_no"),
        ("/v1/shops/seven/images/a", "shop_no"),
        ("/v1/shops/9007199254740992/images/a", "shop_no"),
        ("/v1/shops/99999999999999999999999/images/a", "shop_no"),
        ("/v1/shops/%D9%A7/images/a", "shop_no"),
    ],
)
async def test_a_bad_path_is_refused_by_the_fields_name(site: Site, path: str, field: str) -> None:
    assert fields(await problem(await put(site, path), 400)) == {field}
    assert site.rows.rows == {}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "source_url"),
        ({**GOOD, "colour": "red"}, "colour"),
        ({**GOOD, "op": "delete"}, "op"),
        ({**GOOD, "shop_no": 8}, "shop_no"),
        ({"source_url": 5}, "source_url"),
        ({"source_url": "ftp://h/a"}, "source_url"),
        ({"source_url": "http://xn--/a"}, "source_url"),
        ({"source_url": "http://*.shop.test/a"}, "source_url"),
        ({"source_url": "http://0x7f.1/a"}, "source_url"),
        ({"source_url": "http://h/" + "x" * 4100}, "source_url"),
        ({**GOOD, "external_version": 0}, "external_version"),
        ({**GOOD, "external_version": 2**53}, "external_version"),
        ({**GOOD, "external_version": "1"}, "external_version"),
        ({**GOOD, "product_id": "x" * 65}, "product_id"),
        ([], "body"),
        (None, "body"),
        (b"", "body"),
        (b"{", "body"),
        (b"\xff\xfe", "body"),
        (b'{"source_url": NaN}', "body"),
        (b'{"source_url": "https://shop.test/a.jpg", "source_url": "https://shop.test/b.jpg"}', "body"),
        (b'{"source_url": "https://shop.test/a.jpg", "external_version": 1e999}', "body"),
        (b'{"source_url": "https://shop.test/\\ud800"}', "body"),
        (b'{"source_url": ' + b"[" * 5000 + b"]" * 5000 + b"}", "body"),
        (b'{"source_url": "https://shop.test/a.jpg", "external_version": true}', "external_version"),
        (b'{"source_url": "https://shop.test/a.jpg", "external_version": 1.0}', "external_version"),
    ],
)
async def test_a_bad_body_is_refused_by_the_fields_name_and_changes_nothing(site: Site, body: Any, field: str) -> None:
    assert fields(await problem(await put(site, body=body), 400)) == {field}
    assert site.rows.rows == {}


async def test_a_problem_never_repeats_what_was_sent(site: Site) -> None:
    answer = await put(site, body={"source_url": "ftp://user:secret@h/a", "k<script>": "secret"})
    assert "secret" not in await answer.text()


async def test_another_content_type_is_refused(site: Site) -> None:
    await problem(await put(site, **{"Content-Type": "text/plain"}), 415)
    await problem(await post(site, b"{}", kind="multipart/form-data"), 415)


async def test_a_body_that_is_too_large_is_refused_even_if_it_does_not_say_so(site: Site) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(200):
            yield b"x" * 1024

    answer = await site.client.put(IMAGE, data=endless(), headers={**INTAKE, "Content-Type": "application/json"})
    await problem(answer, 413)
    await problem(await post(site, io.BytesIO(b" " * (4 * 1024 * 1024 + 1))), 413)


async def test_a_batch_answers_per_item_and_takes_what_is_valid(site: Site) -> None:
    lines = [
        {"op": "register", "image_id": "a", "source_url": "https://shop.test/a.jpg", "correlation_id": "c1"},
        {"op": "register", "image_id": "b"},
        {"op": "delete", "image_id": "d"},
        {"op": "update", "image_id": "...", "source_url": "https://shop.test/dot.jpg"},
    ]
    answer = await post(site, "\n".join(json.dumps(line) for line in lines) + "\n\n{broken\n")
    body = await answer.json()
    assert answer.status == 202
    assert [item["result"] for item in body["items"]] == ["accepted", "invalid", "accepted", "accepted", "invalid"]
    assert (body["accepted"], body["superseded"], body["invalid"]) == (3, 0, 2)
    assert (body["items"][0]["correlation_id"], body["items"][1]["errors"][0]["field"]) == ("c1", "source_url")
    assert set(site.rows.rows) == {(7, b"a"), (7, b"d"), (7, b"...")}


async def test_a_batch_may_be_a_json_array(site: Site) -> None:
    items = [{"op": "register", "image_id": "a", "source_url": "https://shop.test/a.jpg"}, 5, None, {"op": "register"}]
    body = await (await post(site, json.dumps(items), kind="application/json")).json()
    assert [item["result"] for item in body["items"]] == ["accepted", "invalid", "invalid", "invalid"]


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
async def test_each_item_of_a_batch_is_looked_at_as_strictly_as_a_single_one(site: Site, kind: str) -> None:
    items = [
        b'{"op":"register","image_id":"a","image_id":"b","source_url":"https://shop.test/a.jpg"}',
        b'{"op":"register","image_id":"c","source_url":"https://shop.test/a.jpg","external_version":NaN}',
        b'{"op":"register","image_id":"d","source_url":"https://shop.test/a.jpg","external_version":1e999}',
        b'{"op":"register","image_id":"e","source_url":' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"op":"register","image_id":"f","source_url":"https://shop.test/a.jpg"}',
        b'{"op":"register","image_id":"g","https://h/?sig=s3cr3t":1}',
    ]
    raw = b"[" + b",".join(items) + b"]" if kind.endswith("/json") else b"\n".join(items)
    answer = await (await post(site, raw, kind=kind)).json()
    assert [item["result"] for item in answer["items"]] == ["invalid"] * 4 + ["accepted", "invalid"]
    assert set(site.rows.rows) == {(7, b"f")}
    assert "s3cr3t" not in str(answer)


async def test_the_same_image_twice_in_a_batch_gets_two_versions_in_order(site: Site) -> None:
    lines = [{"op": "register", "image_id": "a", "source_url": f"https://shop.test/{n}.jpg"} for n in range(2)]
    body = await (await post(site, "\n".join(map(json.dumps, lines)))).json()
    assert body["items"][1]["version"] > body["items"][0]["version"]
    assert site.rows.rows[7, b"a"].source_url == "https://shop.test/1.jpg"


@pytest.mark.parametrize(
    ("lines", "kind", "status"),
    [
        (b"", "application/x-ndjson", 400),
        (b"\n\n", "application/x-ndjson", 400),
        (b"[]", "application/json", 400),
        (b"{}", "application/json", 400),
        (b"[", "application/json", 400),
        (b"[" * 200_000, "application/json", 400),
        (b'{"op":"delete","image_id":"a"}\n' * 1001, "application/x-ndjson", 413),
    ],
)
async def test_a_batch_that_is_none_is_refused_whole(site: Site, lines: bytes, kind: str, status: int) -> None:
    await problem(await post(site, lines, kind), status)
    assert site.rows.rows == {}


@pytest.mark.parametrize("query", ["external_version=x", "external_version=0", "external_version=", "external_version=-1", "version=5"])
async def test_a_bad_parameter_of_a_delete_is_refused_by_its_name(site: Site, query: str) -> None:
    body = await problem(await site.client.delete(f"{IMAGE}?{query}", headers=INTAKE), 400)
    assert fields(body) == {query.partition("=")[0]}


async def test_while_the_database_is_unavailable_the_answer_is_503_and_when_to_come_back(site: Site) -> None:
    site.rows.unavailable = True
    answer = await put(site)
    await problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


async def test_kafka_being_unavailable_refuses_no_request(site: Site) -> None:
    site.log.unavailable = True
    assert (await put(site)).status == 202
    assert site.rows.rows[7, b"a"].state is ImageState.IN_PROGRESS


async def test_an_error_of_ours_is_500_and_tells_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ValueError("internal secret")

    monkeypatch.setattr(site.rows, "change", fail)
    assert "secret" not in str(await problem(await put(site), 500))


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("PATCH", IMAGE, 405), ("GET", "/v1/shops/7/images/a/b", 404)]
)
async def test_what_is_not_there_is_a_problem_too(site: Site, method: str, path: str, status: int) -> None:
    await problem(await site.client.request(method, path, headers=INTAKE), status)


async def test_two_puts_at_once_get_two_versions(site: Site) -> None:
    answers = await asyncio.gather(*(put(site, body={**GOOD, "source_url": f"http://source.test/{n}.jpg"}) for n in range(20)))
    versions = {(await answer.json())["version"] for answer in answers}
    assert len(versions) == 20


async def test_a_put_that_is_repeated_gets_the_version_that_is_under_way(site: Site) -> None:
    first = await put(site)
    second = await put(site)
    assert (first.status, second.status) == (202, 200)
    assert await second.json() == {**await first.json(), "unchanged": True}
    assert site.rows.entries == []
