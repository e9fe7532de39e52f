"""HTTP below the handlers: malformed requests, slow senders, and what the log and the answers keep to themselves."""

import asyncio
import gzip
import json
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faust_app.core.messages.events import MAX_ID_BYTES
from faust_app.web import protocol
from faust_app.web.contract import bodies
from tests.web.conftest import INTAKE, VIEW, Site

IMAGE = "/v1/shops/7/images/a"
SECRET = b"s3cr3t-of-a-shop"
HOST = b"Host: shop.test\r\n"
MALFORMED = {
    "a header name with a bad byte": b"GET / HTTP/1.1\r\n" + HOST + b"X-B\xe4d: " + SECRET + b"\r\n\r\n",
    "a control character in the request line": b"GET /?token=" + SECRET + b"\x01 HTTP/1.1\r\n" + HOST + b"\r\n",
    "no HTTP at all": SECRET + b"\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + SECRET,
    "a line that is too long": b"GET /" + SECRET * 1000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header that is too long": b"GET / HTTP/1.1\r\n" + HOST + b"X: " + SECRET * 1000 + b"\r\n\r\n",
    "a length that is no number": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + SECRET + b"\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\nX: " + SECRET + b"\r\n\r\n",
    "an unknown transfer encoding": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: " + SECRET + b"\r\n\r\n",
    "an address that is none": b"GET http://[" + SECRET + b"/ HTTP/1.1\r\n" + HOST + b"\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n" + HOST + b": " + SECRET + b"\r\n\r\n",
}


def head_and_body(answer: bytes) -> tuple[str, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), json.loads(body)


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_request_is_a_problem_and_none_of_it_is_logged(
    site: Site, sent: bytes, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level("DEBUG"):
        head, body = head_and_body(await site.raw(sent))
    assert head.startswith("HTTP/1.0 400 ")
    assert "application/problem+json" in head
    assert body["title"] == "Bad request"
    assert SECRET.decode() not in str(body)
    written = capsys.readouterr()
    for told in (caplog.text, written.out, written.err):
        assert SECRET.decode() not in told
        assert "Traceback" not in told
    assert len([record for record in caplog.records if record.levelname != "DEBUG"]) <= 1
    assert site.metrics.registry.get_sample_value("shop_images_malformed_requests_total") == 1


async def test_a_malformed_request_ends_its_connection_alone(site: Site) -> None:
    good = b"GET " + IMAGE.encode() + b" HTTP/1.1\r\n" + HOST + b"Authorization: Bearer view-secret\r\nConnection: close\r\n\r\n"
    answers = await asyncio.gather(*(site.raw(sent) for sent in (*MALFORMED.values(), good)))
    assert answers[-1].startswith(b"HTTP/1.1 404 ")


async def test_no_answer_names_a_version_of_the_server(site: Site) -> None:
    answers = [
        await site.raw(MALFORMED["two lengths"]),
        await site.raw(b"GET " + IMAGE.encode() + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"),
        await site.raw(b"GET /nowhere HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"),
    ]
    for answer in answers:
        head = answer.partition(b"\r\n\r\n")[0].decode()
        assert "Server: shop-images\r\n" in head + "\r\n"
        assert "aiohttp" not in head
        assert "Python" not in head


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [("POST", IMAGE, {}, 405), ("GET", "/nowhere", {}, 404), ("PUT", IMAGE, {"Expect": "the impossible"}, 417)],
)
async def test_what_aiohttp_refuses_itself_is_told_in_a_sentence(
    site: Site, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answer = await site.client.request(method, path, headers={**INTAKE, **headers})
    body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["status"]) == (status, status)
    assert not body["detail"][0].isdigit()
    assert len(body["detail"]) > 20


@pytest.mark.parametrize(
    "sent", [b"", b"GET /health HT", b"GET /health HTTP/1.1\r\nHost: a", b"PUT " + IMAGE.encode() + b" HTTP/1.1\r\n" + HOST]
)
async def test_a_head_that_does_not_arrive_ends_its_connection(site: Site, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    assert await asyncio.wait_for(site.raw(sent), 10) == b""


async def asked_over(site: Site, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET " + IMAGE.encode() + b" HTTP/1.1\r\n" + HOST + b"Authorization: Bearer view-secret\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert json.loads(await reader.readexactly(length))["status"] == 404


async def test_half_a_second_head_ends_a_connection_that_served_one(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(site.client.host, site.client.port)
    await asked_over(site, reader, writer)
    writer.write(b"GET /health HTTP/1.1\r\nHo")
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_a_kept_connection_may_be_idle_between_two_requests(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(site.client.host, site.client.port)
    await asked_over(site, reader, writer)
    await asyncio.sleep(0.2)  # four times what a head may take
    await asked_over(site, reader, writer)
    writer.close()


async def test_a_connection_that_stays_idle_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "KEEPALIVE_SECONDS", 0.05)
    reader, writer = await asyncio.open_connection(site.client.host, site.client.port)
    await asked_over(site, reader, writer)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()


async def test_half_a_body_is_answered_and_its_connection_ends(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(protocol, "LINGERING_SECONDS", 0.05)
    head = b"PUT " + IMAGE.encode() + b" HTTP/1.1\r\n" + HOST + b"Authorization: Bearer intake-secret\r\nContent-Type: application/json\r\n"
    answer = await asyncio.wait_for(site.raw(head + b"Content-Length: 50\r\n\r\n{"), 10)
    assert head_and_body(answer)[1]["status"] == 408
    assert site.rows.rows == {}


async def test_a_body_that_breaks_its_chunks_is_refused(site: Site) -> None:
    head = b"PUT " + IMAGE.encode() + b" HTTP/1.1\r\n" + HOST + b"Authorization: Bearer intake-secret\r\nContent-Type: application/json\r\n"
    answer = await site.raw(head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n")
    assert head_and_body(answer)[1]["status"] == 400
    assert site.rows.rows == {}


BODY = json.dumps({"source_url": "https://shop.test/a.jpg"}).encode()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("gzip", gzip.compress(bytes(10_000_000), mtime=0)),
        ("deflate", BODY),
        ("deflate", zlib.compress(BODY)),
        ("br", BODY),
        ("zstd", BODY),
        ("compress", BODY),
        ("nonsense", BODY),
        ("identity, gzip", BODY),
    ],
)
@pytest.mark.parametrize(
    ("method", "path", "kind"), [("PUT", IMAGE, "application/json"), ("POST", "/v1/shops/7/images", "application/x-ndjson")]
)
async def test_an_encoded_body_is_refused_with_415(site: Site, encoding: str, body: bytes, method: str, path: str, kind: str) -> None:
    answer = await site.client.request(method, path, data=body, headers={**INTAKE, "Content-Type": kind, "Content-Encoding": encoding})
    problem = await answer.json(content_type="application/problem+json")
    assert (answer.status, problem["detail"]) == (415, "send the body as it is, without a Content-Encoding")
    assert site.rows.rows == {}


async def test_identity_is_no_encoding(site: Site) -> None:
    headers = {**INTAKE, "Content-Type": "application/json", "Content-Encoding": "identity"}
    assert (await site.client.put(IMAGE, data=BODY, headers=headers)).status == 202


@pytest.mark.parametrize("path", [f"{IMAGE}?external_version=1&external_version=2", "/v1/nowhere?a=1&a=1"])
async def test_a_parameter_given_twice_is_refused(site: Site, path: str) -> None:
    answer = await site.client.delete(path, headers=INTAKE)
    body = await answer.json(content_type="application/problem+json")
    assert (answer.status, body["errors"][0]["reason"]) == (400, "is given more than once")


@pytest.mark.parametrize("name", [b"Authorization", b"Content-Encoding"])
async def test_a_deciding_header_given_twice_is_refused(site: Site, name: bytes) -> None:
    twice = (name + b": Bearer intake-secret\r\n") * 2
    answer = await site.raw(b"DELETE " + IMAGE.encode() + b" HTTP/1.1\r\n" + HOST + twice + b"Connection: close\r\n\r\n")
    head, body = head_and_body(answer)
    assert head.startswith("HTTP/1.1 400 ")
    assert body["detail"] == f"the header {name.decode()} is given twice"


def encoded(image_id: str) -> str:
    """Percent-encode every byte that is not a letter or a digit, and every dot."""
    return "".join(chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else f"%{byte:02X}" for byte in image_id.encode())


ids = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=MAX_ID_BYTES).filter(
    lambda text: len(text.encode()) <= MAX_ID_BYTES and text.strip() not in {"", ".", ".."}
)


@given(
    image_id=ids | st.sampled_from(["{", "}", "{a}", "a{b", "%2F", "%", "a/b", "/", "//", "...", ".a", "a?b", "a#b", "content", "+", " a"])
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_accepted_id_can_be_replaced_read_and_deleted_by_path(site: Site, image_id: str) -> None:
    path = f"/v1/shops/7/images/{encoded(image_id)} HTTP/1.1\r\n"
    ends = "Host: shop.test\r\nAuthorization: Bearer intake-secret\r\nConnection: close\r\n"
    put = f"PUT {path}{ends}Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    assert (await site.raw(put)).startswith(b"HTTP/1.1 202 ")
    assert (7, image_id.encode()) in site.rows.rows
    read = await site.raw(f"GET {path}{ends}\r\n".encode())
    assert read.startswith(b"HTTP/1.1 200 ")
    assert head_and_body(read)[1]["image_id"] == image_id
    assert (await site.raw(f"DELETE {path}{ends}\r\n".encode())).startswith(b"HTTP/1.1 202 ")
    assert site.rows.rows[7, image_id.encode()].op == "delete"


@pytest.mark.parametrize("segment", [".", "..", "%2E", "%2e%2E"])
async def test_ids_that_no_address_can_name_are_refused_with_a_sentence(site: Site, segment: str) -> None:
    head = f"PUT /v1/shops/7/images/{segment} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer intake-secret\r\nConnection: close\r\n"
    answer = await site.raw(f"{head}Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY)
    _, body = head_and_body(answer)
    assert body["errors"] == [{"field": "image_id", "reason": "must not be `.` or `..`: no address can name them"}]


@pytest.mark.parametrize("segment", [b"%FF", b"\xff", b"\xc3"])
async def test_ids_that_are_not_utf8_are_refused(site: Site, segment: bytes) -> None:
    answer = await site.raw(
        b"GET /v1/shops/7/images/" + segment + b" HTTP/1.1\r\n" + HOST + b"Authorization: Bearer view-secret\r\nConnection: close\r\n\r\n"
    )
    assert b" 400 " in answer.partition(b"\r\n")[0]


async def test_an_address_in_absolute_form_names_the_same_image(site: Site) -> None:
    await site.client.put(IMAGE, data=BODY, headers={**INTAKE, "Content-Type": "application/json"})
    sent = (
        b"GET http://shop.test"
        + IMAGE.encode()
        + b" HTTP/1.1\r\n"
        + HOST
        + b"Authorization: Bearer view-secret\r\nConnection: close\r\n\r\n"
    )
    assert head_and_body(await site.raw(sent))[1]["image_id"] == "a"


async def test_a_repeated_header_that_decides_nothing_passes(site: Site) -> None:
    sent = (
        b"GET "
        + IMAGE.encode()
        + b" HTTP/1.1\r\n"
        + HOST
        + b"Accept: a/b\r\nAccept: c/d\r\nAuthorization: "
        + VIEW["Authorization"].encode()
    )
    assert (await site.raw(sent + b"\r\nConnection: close\r\n\r\n")).startswith(b"HTTP/1.1 404 ")
