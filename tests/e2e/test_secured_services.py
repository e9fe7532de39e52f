"""Kafka, database, cache and storage as a managed service offers them: by TLS, with users, roles and an authority of its own."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from devstack.authority import Authority, KeyPair
from devstack.kafka import STRANGER, USER
from devstack.mariadb import TLS_USER
from devstack.stack import Stack
from faust_app.adapters.kafka.topics import refuse_missing
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.mariadb.schema import upgrade_schema
from faust_app.adapters.redis.report_cache import RedisReportCache
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.cli.setup import setup
from faust_app.core.failure import Misconfigured
from faust_app.core.statistics.unavailable import CacheMisconfigured
from faust_app.settings import Settings
from tests.e2e.installation import Installation

SHOP = 7
PICTURE = "/pictures/a.jpg?bytes=20000"


def secured(stack: Stack, mechanism: str = "SCRAM-SHA-256") -> dict[str, Any]:
    """Return the settings of Kafka by TLS with a user."""
    assert stack.authority is not None
    return {
        "kafka_url": f"kafka://127.0.0.1:{stack.ports.kafka_secured}",
        "kafka_security": "sasl_ssl",
        "kafka_sasl_mechanism": mechanism,
        "kafka_username": USER,
        "kafka_password": stack.secrets.kafka_password,
        "kafka_ca": str(stack.authority.ca),
    }


@pytest.fixture
def start(install: Callable[..., Settings], stack: Stack, tmp_path: Path) -> Any:
    """Make an installation with these settings; its processes end with the test."""
    made: list[Installation] = []

    def make(**overrides: Any) -> Installation:
        made.append(Installation(install(**overrides), stack, tmp_path))
        return made[-1]

    yield make
    for installation in made:
        installation.close()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
async def test_an_image_is_stored_through_kafka_with_tls_and_a_user(start: Any, stack: Stack, mechanism: str) -> None:
    installation = start(**secured(stack, mechanism))
    await installation.start()
    await installation.put(SHOP, "a", PICTURE)
    await installation.produce(installation.topics.requests.name, _request("b", installation.source + PICTURE))
    await installation.all_in(SHOP, "DONE", 2)
    await installation.until(lambda: _lag_is_ok(installation), "/lag shows both groups as OK")


def _mysql(stack: Stack, user: str = TLS_USER) -> str:
    """Return the URL of the stack's database for the user who has to connect by TLS."""
    return str(stack.mariadb.url.replace("//shop_images:", f"//{user}:"))


def faults(stack: Stack) -> dict[str, tuple[dict[str, Any], str]]:
    """Return settings that a service refuses, and what the one line about each has to name."""
    assert stack.authority is not None
    stranger = str(Authority(stack.folder / "stranger").ca)
    kafka, ca = secured(stack), str(stack.authority.ca)
    mutual = {"kafka_url": f"kafka://127.0.0.1:{stack.ports.kafka_mutual}", "kafka_security": "ssl", "kafka_ca": ca}
    storage = {"s3_endpoint_url": f"https://127.0.0.1:{stack.ports.s3_secured}", "s3_ca": ca}
    return {
        "Kafka's password": ({**kafka, "kafka_password": "wr0ng"}, "KAFKA_USERNAME and KAFKA_PASSWORD"),
        "Kafka's password, plain": ({**secured(stack, "PLAIN"), "kafka_password": "wr0ng"}, "KAFKA_USERNAME and KAFKA_PASSWORD"),
        "Kafka's authority": ({**kafka, "kafka_ca": stranger}, "KAFKA_CA"),
        "Kafka's host": ({**kafka, "kafka_url": f"kafka://localhost:{stack.ports.kafka_secured}"}, "KAFKA_URL"),
        "no certificate for Kafka": (mutual, "KAFKA_CERTIFICATE and KAFKA_KEY"),
        "a user of Kafka without rights": ({**secured(stack, "PLAIN"), "kafka_username": STRANGER}, "the rights of that user"),
        "the database's password": ({"database_url": _mysql(stack, "shop_images").replace("@", "x@")}, "DATABASE_URL"),
        "the database's authority": ({"database_url": _mysql(stack), "database_ca": stranger}, "DATABASE_CA"),
        "no TLS for the database": ({"database_url": _mysql(stack)}, "DATABASE_CA"),
        "the storage's secret": ({"s3_secret_access_key": "wr0ng"}, "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"),
        "the storage's authority": ({**storage, "s3_ca": stranger}, "S3_CA"),
    }


async def test_settings_that_a_service_refuses_are_named(settings: Settings, stack: Stack) -> None:
    found = {}
    for name, (wrong, _) in faults(stack).items():
        with pytest.raises(Misconfigured) as caught:
            await setup(Settings(_env_file=None, **_values(settings, wrong)))
        found[name] = caught.value.setting
        assert "wr0ng" not in str(caught.value)
    assert {name: expected in found[name] for name, (_, expected) in faults(stack).items()} == dict.fromkeys(found, True), found


async def test_a_consumer_group_that_is_not_ours_is_named(stack: Stack) -> None:
    kafka = Settings(_env_file=None, **secured(stack, "PLAIN") | {"kafka_username": STRANGER}).kafka
    with pytest.raises(Misconfigured, match="refuses us the consumer group g") as caught:
        await refuse_missing(kafka, [], ["g"])
    assert "APP_ID" in caught.value.setting


async def test_a_certificate_that_has_expired_is_named(settings: Settings, stack: Stack) -> None:
    assert stack.authority is not None
    expired, ca = stack.authority.issue("expired", expired=True), str(stack.authority.ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(expired.certificate, expired.key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        kafka = {"kafka_url": f"kafka://127.0.0.1:{port}", "kafka_security": "ssl", "kafka_ca": ca}
        storage = {"s3_endpoint_url": f"https://127.0.0.1:{port}", "s3_ca": ca}
        for wrong, setting in ((kafka, "KAFKA_URL"), (storage, "S3_ENDPOINT_URL")):
            with pytest.raises(Misconfigured, match="a certificate that has expired") as caught:
                await setup(Settings(_env_file=None, **_values(settings, wrong)))
            assert setting in caught.value.setting
        async with RedisReportCache.connect(f"rediss://127.0.0.1:{port}/0", ca) as cache:
            with pytest.raises(CacheMisconfigured, match="a certificate that has expired"):
                await cache.probe()


async def test_the_database_is_reached_by_tls_and_its_expired_certificate_is_named(install: Callable[..., Settings], stack: Stack) -> None:
    assert stack.authority is not None
    server, kept = stack.authority.server, [file.read_bytes() for file in (stack.authority.server.certificate, stack.authority.server.key)]
    settings = install(database_ca=stack.authority.ca.read_text())
    by_tls = {**settings.database, "user": TLS_USER}
    async with Database.connect(by_tls, 1) as database:
        ((_, cipher),) = await database.rows("SHOW SESSION STATUS LIKE 'Ssl_cipher'")
        assert cipher
        try:
            expired = stack.authority.issue("expired", expired=True)
            server.certificate.write_bytes(expired.certificate.read_bytes())
            server.key.write_bytes(expired.key.read_bytes())
            await database.change("FLUSH SSL")
            with pytest.raises(Misconfigured, match="a certificate that has expired"):
                await upgrade_schema(by_tls)
        finally:
            server.certificate.write_bytes(kept[0])
            server.key.write_bytes(kept[1])
            await database.change("FLUSH SSL")
    await upgrade_schema(by_tls)


async def test_a_connection_in_the_clear_is_refused_where_tls_is_asked_for(stack: Stack) -> None:
    """As one to a server without TLS would be: the driver does not ask."""
    assert stack.authority is not None
    address = Settings(_env_file=None, database_url=stack.mariadb.url).database
    async with Database.connect(address, 1) as database:
        await database.now()
        database._encrypted = True
        with pytest.raises(Misconfigured, match="offers no TLS"):
            await database.now()


async def test_the_cache_is_reached_by_tls(stack: Stack) -> None:
    """Behind a proxy that speaks TLS: the Valkey of the development stack is built without it."""
    assert stack.authority is not None
    ca, stranger = str(stack.authority.ca), str(Authority(stack.folder / "stranger").ca)
    async with speaking_tls(stack.authority.server, stack.ports.valkey) as port:
        async with RedisReportCache.connect(f"rediss://127.0.0.1:{port}/0", ca) as cache:
            await cache.probe()
            await cache.put({"by-tls": b"1"}, 60)
            assert await cache.get(["by-tls"]) == [b"1"]
        for url, authority in ((f"rediss://127.0.0.1:{port}/0", stranger), (f"rediss://localhost:{port}/0", ca)):
            async with RedisReportCache.connect(url, authority) as cache:
                with pytest.raises(CacheMisconfigured):
                    await cache.probe()


async def test_storage_is_reached_by_tls_with_the_keys_of_a_role(stack: Stack, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stack.authority is not None
    values = {name: value for name, value in _values(settings, {}).items() if not name.startswith("s3_")} | {
        "s3_endpoint_url": f"https://127.0.0.1:{stack.ports.s3_secured}",
        "s3_bucket": settings.s3_bucket,
        "s3_ca": stack.authority.ca.read_text(),
    }
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(Misconfigured, match="no credentials"):
        async with S3ObjectStore(Settings(_env_file=None, **values)) as store:
            await store.probe()
    async with role_of_a_container(stack) as (url, asked):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        async with S3ObjectStore(Settings(_env_file=None, **values)) as store:
            await store.put_mark("by-role")
            assert await store.read("by-role") == b""
            await store.delete(["by-role"])
    assert len(asked) > 1, "keys that are about to end are asked for again"


@pytest.mark.parametrize(
    ("fault", "code"),
    [("Kafka's password", 2), ("the database's authority", 2), ("the storage's secret", 2), ("no topics", 2), ("no Kafka", 1)],
)
async def test_a_start_ends_with_one_line_that_names_the_setting(installation: Installation, stack: Stack, fault: str, code: int) -> None:
    more = {
        "no topics": ({"topic_prefix": "absent."}, "shop-images setup"),
        "no Kafka": ({"kafka_url": "kafka://127.0.0.1:1"}, "KAFKA_URL"),
    }
    wrong, setting = (faults(stack) | more)[fault]
    values = {name.upper(): str(value) for name, value in wrong.items()} | {"LOG_FORMAT": "json"}
    for process in (installation.spawn("worker", "faust_app", **values), installation.spawn("web", "faust_app.web_app", **values)):
        await installation.until(lambda: not process.alive, "the process gives up", limit=90)  # noqa: B023 - called before the next turn
        lines = process.log.read_text().splitlines()
        # A connection that a busy machine does not get at once is told too, and is no reason to end.
        (line,) = [line for line in lines if json.loads(line)["event"] != "started without a dependency"]
        assert (process.exit_code, json.loads(line)["event"]) == (code, "cannot start"), line
        assert setting in json.loads(line)["check"]


@asynccontextmanager
async def role_of_a_container(stack: Stack) -> AsyncIterator[tuple[str, list[str]]]:
    """Serve the stack's keys as a container's role does, for nine minutes each: a client renews them ten minutes before their end."""
    asked: list[str] = []

    async def keys(request: web.Request) -> web.Response:
        asked.append(request.path)
        until = datetime.now(UTC) + timedelta(minutes=9)
        body = {"AccessKeyId": stack.secrets.s3_access_key_id, "SecretAccessKey": stack.secrets.s3_secret_access_key, "Token": ""}
        return web.json_response({**body, "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")})

    application = web.Application()
    application.router.add_get("/keys", keys)
    async with TestServer(application) as server:
        yield str(server.make_url("/keys")), asked


@asynccontextmanager
async def speaking_tls(pair: KeyPair, to: int) -> AsyncIterator[int]:
    """Yield the port of a proxy that speaks TLS to its clients and plain text to a port of 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def both(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pipe(reader, back), pipe(there, writer))

    server = await asyncio.start_server(both, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _values(settings: Settings, changed: dict[str, Any]) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.model_fields_set} | changed


async def _lag_is_ok(installation: Installation) -> bool:
    status, lag = await installation.call("GET", "/lag")
    return bool(status == 200 and [group["status"] for group in lag["groups"]] == ["OK", "OK"])


def _request(image_id: str, source_url: str) -> bytes:
    return json.dumps({"op": "register", "shop_no": SHOP, "image_id": image_id, "source_url": source_url}).encode()
