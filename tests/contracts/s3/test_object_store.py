"""What flows may rely on of the bucket, for the fake and for a real S3 server alike; and that the short PUT is a true one."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from faust_app.adapters.s3.connections import Connections
from faust_app.adapters.s3.object_store import CACHE_CONTROL, S3ObjectStore
from faust_app.adapters.s3.signed_put import SignedPut, error_code
from faust_app.core.failure import Misconfigured, Unavailable
from faust_app.flows.ports.transfer import ObjectStore
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from tests.fakes.object_store import FakeObjectStore


@pytest.fixture(params=["fake", "seaweedfs"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
    if request.param == "fake":
        yield FakeObjectStore()
        return
    async with S3ObjectStore(request.getfixturevalue("settings")) as real:
        yield real


async def put(store: ObjectStore, key: str, content: bytes = b"bytes", metadata: dict[str, str] | None = None) -> str:
    await store.put(
        key, content, content_type="image/jpeg", sha256=hashlib.sha256(content).hexdigest(), metadata=metadata or {"shop-no": "7"}
    )
    return key


async def test_what_is_put_can_be_read(store: ObjectStore, shop_no: int) -> None:
    content = bytes(range(256)) * 500
    key = await put(store, f"shops/{shop_no}/a/1-00.jpg", content)
    assert await store.exists(key)
    assert await store.read(key) == content


@pytest.mark.parametrize("name", ["plain", "with space", "a+b", "ä", "100%", "(x)!*'", "a=b&c;d,e@f:g$"])
async def test_any_key_can_be_put_and_read(store: ObjectStore, shop_no: int, name: str) -> None:
    key = await put(store, f"shops/{shop_no}/{name}", name.encode())
    assert await store.read(key) == name.encode()


async def test_putting_again_replaces(store: ObjectStore, shop_no: int) -> None:
    key = await put(store, f"shops/{shop_no}/a", b"one")
    await put(store, key, b"two")
    assert await store.read(key) == b"two"


async def test_a_missing_object_is_none_and_no_error(store: ObjectStore, shop_no: int) -> None:
    assert not await store.exists(f"shops/{shop_no}/missing")
    assert await store.read(f"shops/{shop_no}/missing") is None


async def test_a_mark_is_an_empty_object_that_is_there(store: ObjectStore, shop_no: int) -> None:
    await store.put_mark(f"marks/{shop_no}")
    assert (await store.read(f"marks/{shop_no}"), [key async for key in store.list_keys("marks/")].count(f"marks/{shop_no}")) == (b"", 1)


async def test_deleting_takes_any_number_and_ignores_missing_ones(store: ObjectStore, shop_no: int) -> None:
    keys = [await put(store, f"shops/{shop_no}/{n}") for n in range(3)]
    await store.delete([*keys, *(f"shops/{shop_no}/missing-{n}" for n in range(1500))])
    await store.delete([])
    assert [await store.exists(key) for key in keys] == [False, False, False]


async def test_listing_yields_the_keys_under_a_prefix_in_order(store: ObjectStore, shop_no: int) -> None:
    for name in ("b/2", "b/1", "c/1"):
        await put(store, f"shops/{shop_no}/{name}")
    prefix = f"shops/{shop_no}/b/"
    assert [key async for key in store.list_keys(prefix)] == [f"{prefix}1", f"{prefix}2"]


async def test_an_object_carries_its_type_its_caching_and_its_origin(settings: Settings, shop_no: int) -> None:
    async with S3ObjectStore(settings) as store:
        key = await put(store, f"shops/{shop_no}/a", metadata={"shop-no": str(shop_no), "image-id": "%C3%A1"})
        head = await store._client.head_object(Bucket=settings.s3_bucket, Key=key)
    assert (head["ContentType"], head["CacheControl"]) == ("image/jpeg", CACHE_CONTROL)
    assert {name.lower(): value for name, value in head["Metadata"].items()} == {"shop-no": str(shop_no), "image-id": "%C3%A1"}


async def test_a_presigned_address_can_be_opened_even_with_a_stray_token(settings: Settings, shop_no: int) -> None:
    async with S3ObjectStore(settings) as store, aiohttp.ClientSession() as http:
        url = await store.presigned_url(await put(store, f"shops/{shop_no}/a", b"shown"), 300)
        for headers in ({}, {"Authorization": "Bearer stray"}):
            async with http.get(url, headers=headers) as answer:
                assert (answer.status, await answer.read()) == (200, b"shown")


@pytest.mark.parametrize(
    "change",
    [
        {"s3_endpoint_url": "http://127.0.0.1:9"},
        {"s3_secret_access_key": SecretStr("wrong")},
    ],
)
async def test_whatever_is_wrong_with_storage_is_one_outage_and_tells_no_secret(
    settings: Settings, shop_no: int, change: dict[str, Any]
) -> None:
    wrong, metrics = settings.model_copy(update=change), Metrics()
    async with S3ObjectStore(wrong, metrics) as store:
        for attempt in (lambda: put(store, f"shops/{shop_no}/a"), lambda: store.delete(["a"]), lambda: _first(store)):
            with pytest.raises(Unavailable) as caught:
                await attempt()
            secret = wrong.s3_secret_access_key
            assert secret is not None
            assert secret.get_secret_value() not in str(caught.value)
    for operation in ("PutObject", "DeleteObjects", "ListObjectsV2"):
        assert metrics.registry.get_sample_value("shop_images_storage_errors_total", {"operation": operation}) == 1


async def test_a_missing_bucket_is_storages_outage(settings: Settings) -> None:
    metrics = Metrics()
    async with S3ObjectStore(settings.model_copy(update={"s3_bucket": "no-such-bucket-here"}), metrics) as store:
        with pytest.raises(Unavailable, match="NoSuchBucket"):
            await _first(store)
    value = metrics.registry.get_sample_value
    assert value("shop_images_storage_errors_total", {"operation": "ListObjectsV2"}) == 1
    assert value("shop_images_pool_limit", {"pool": "storage"}) == settings.slots


async def _first(store: ObjectStore) -> None:
    async for _ in store.list_keys("x"):
        break


async def test_the_bucket_is_made_once(settings: Settings) -> None:
    other = settings.model_copy(update={"s3_bucket": f"{settings.s3_bucket}-again"})
    async with S3ObjectStore(other) as store:
        await store.ensure_bucket()
        await store.ensure_bucket()
        await put(store, "a")


class _Session:
    """Just as much of a session's credentials as a SignedPut looks at."""

    def __init__(self, token: str | None, secret: str = "secret/key") -> None:  # noqa: S107 - of nothing
        self.frozen = Credentials("AKID", secret, token).get_frozen_credentials()

    async def get_frozen_credentials(self) -> Any:
        return self.frozen


def _signed_put(credentials: Any) -> SignedPut:
    return SignedPut(None, credentials, "http://storage.test:8333", "bucket", "eu-north-1")  # type: ignore[arg-type]


async def test_renewed_credentials_and_another_day_sign_with_another_key() -> None:
    session, at = _Session(None), datetime(2026, 1, 1, 23, 59, 59, tzinfo=UTC)
    put = _signed_put(session)
    first = await put.sign("/bucket/a", "", {}, at)
    assert await put.sign("/bucket/a", "", {}, at) == first
    next_day = await put.sign("/bucket/a", "", {}, at + timedelta(seconds=1))
    session.frozen = _Session("token", "renewed").frozen
    renewed = await put.sign("/bucket/a", "", {}, at)
    assert renewed["x-amz-security-token"] == "token"
    assert [each["authorization"] for each in (next_day, renewed)] == [
        (await _signed_put(_Session(token, secret)).sign("/bucket/a", "", {}, when))["authorization"]
        for token, secret, when in ((None, "secret/key", at + timedelta(seconds=1)), ("token", "renewed", at))
    ]


async def test_without_credentials_a_put_is_refused_by_its_setting() -> None:
    with pytest.raises(Misconfigured, match="There are no credentials for PutObject"):
        await _signed_put(None)("a", b"", "", {})


async def test_a_put_sends_what_is_signed_and_little_else() -> None:
    sent = list[str]()

    async def take(request: web.Request) -> web.Response:
        sent.extend(request.headers)
        return web.Response()

    app = web.Application()
    app.router.add_put("/{tail:.*}", take)
    async with TestServer(app) as server:
        url = str(server.make_url("/"))
        connections = Connections(url, 1)
        await SignedPut(connections, _Session(None), url, "bucket", "eu-north-1")("a", b"x", "", {"content-type": "image/png"})
        connections.close()
    assert sorted(name.lower() for name in sent) == [
        "authorization", "content-length", "content-type", "host", "x-amz-content-sha256", "x-amz-date"
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["a\r\nx-amz-acl: public-read", "a\n", "\r"])
async def test_a_header_that_would_begin_another_is_not_sent(value: str) -> None:
    put = _signed_put(_Session(None))
    with pytest.raises(ValueError, match="end of a line"):
        await put("a", b"", "", {"x-amz-meta-shop-no": value})


@given(
    key=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=40).filter(lambda key: "." not in key),
    metadata=st.dictionaries(st.sampled_from(["shop-no", "image-id"]), st.text("abc%20-.", min_size=1, max_size=20).map(str.strip)),
    token=st.sampled_from([None, "session-token"]),
)
async def test_the_signature_is_the_one_botocore_makes(key: str, metadata: dict[str, str], token: str | None) -> None:
    put = _signed_put(_Session(token))
    headers = {"content-type": "image/png"} | {f"x-amz-meta-{name}": value for name, value in metadata.items()}
    digest, at = hashlib.sha256(b"x").hexdigest(), datetime.now(UTC)
    path = "/bucket/" + quote(key, safe="/-_.~")
    mine = await put.sign(path, digest, headers, at)
    request = AWSRequest("PUT", "http://storage.test:8333" + path, {**headers, "X-Amz-Content-SHA256": digest}, b"x")
    request.context.update(timestamp=mine["x-amz-date"], payload_signing_enabled=True, client_config=None)
    theirs = _sign_at(request, token, at)
    assert mine["authorization"] == theirs


def _sign_at(request: AWSRequest, token: str | None, at: datetime) -> str:
    auth = S3SigV4Auth(Credentials("AKID", "secret/key", token), "s3", "eu-north-1")
    request.context["timestamp"] = at.strftime("%Y%m%dT%H%M%SZ")
    if token:
        request.headers["X-Amz-Security-Token"] = token
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    canonical = auth.canonical_request(request)
    return (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={auth.signed_headers(auth.headers_to_sign(request))},"
        f" Signature={auth.signature(auth.string_to_sign(request, canonical), request)}"
    )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<Error><Code>SlowDown</Code></Error>", "SlowDown"),
        (b"", None),
        (b"<Code>", None),
        (b"<html>", None),
        (b"<Code>\xff</Code>", "\ufffd"),
    ],
)
def test_an_error_document_tells_its_code(body: bytes, code: str | None) -> None:
    assert error_code(body) == code


async def test_the_fake_can_be_unavailable() -> None:
    fake = FakeObjectStore()
    fake.unavailable = True
    with pytest.raises(Unavailable):
        await put(fake, "a")
