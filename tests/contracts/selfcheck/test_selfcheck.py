"""The self-check of real services: what is well, and what is mis-set in one place."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from pydantic import SecretStr

from devstack.stack import Stack
from faust_app.adapters.kafka.topics import ensure_topics
from faust_app.adapters.mariadb.database import Database
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.core.selfcheck.finding import Finding, Verdict
from faust_app.settings import Settings
from faust_app.wiring.selfcheck import selfcheck


@pytest.fixture(scope="module")
def installed(install: Callable[..., Settings]) -> Settings:
    return install()


def of(findings: list[Finding], subject: str) -> Finding:
    (found,) = [each for each in findings if each.subject == subject]
    return found


async def check(settings: Settings, **changes: Any) -> list[Finding]:
    return await selfcheck(settings.model_copy(update=changes))


async def test_what_setup_made_has_no_error_and_every_part_is_named(installed: Settings) -> None:
    findings = await check(installed)
    assert [each for each in findings if each.verdict is Verdict.ERROR] == []
    named = {each.subject for each in findings}
    assert named >= {"database", "schema", "brokers", "topics", "bucket", "statistics", "cache", "alerts"}
    assert {each.subject: each.verdict for each in findings if each.subject.startswith("clock of ")} == {
        "clock of the database": Verdict.OK,
        "clock of Kafka": Verdict.OK,
        "clock of storage": Verdict.OK,
    }


async def test_a_check_leaves_nothing_in_the_bucket(installed: Settings) -> None:
    await check(installed)
    async with S3ObjectStore(installed) as store:
        assert [key async for key in store.list_keys("selfcheck/")] == []


@pytest.mark.parametrize(
    ("changes", "subject", "setting"),
    [
        ({"database_url": SecretStr("mysql://nobody:s3cretword@{database}")}, "database", "DATABASE_URL"),
        ({"kafka_url": "kafka://127.0.0.1:1"}, "Kafka", "KAFKA_URL"),
        ({"s3_endpoint_url": "http://127.0.0.1:1"}, "bucket", "S3_ENDPOINT_URL and S3_BUCKET"),
        ({"s3_bucket": "no-such-bucket"}, "bucket", "correct S3_BUCKET, or run `shop-images setup`"),
        ({"s3_secret_access_key": SecretStr("s3cretword")}, "bucket", "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"),
    ],
)
async def test_a_part_that_does_not_answer_is_one_line_with_its_setting(
    installed: Settings, changes: dict[str, Any], subject: str, setting: str
) -> None:
    if "database_url" in changes:
        address = installed.database_url.get_secret_value().partition("@")[2]
        changes = {"database_url": SecretStr(changes["database_url"].get_secret_value().format(database=address))}
    findings = await check(installed, **changes)
    found = of(findings, subject)
    assert found.verdict is Verdict.ERROR
    assert setting in found.remedy
    assert "s3cretword" not in repr(findings)
    assert "\n" not in found.found + found.remedy


async def test_a_server_of_kafka_that_does_not_answer_holds_up_nothing_beside_one_that_does(installed: Settings) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        lost = ",".join([f"127.0.0.1:{silent.getsockname()[1]}"] * 3)
        findings = await check(installed, kafka_url=f"kafka://{lost},{','.join(installed.bootstrap_servers)}")
    assert [each for each in findings if "Kafka" in each.subject and each.verdict is not Verdict.OK] == []
    assert of(findings, "clock of Kafka").verdict is Verdict.OK


async def test_a_store_and_a_cache_that_are_down_are_warnings_for_the_images_go_on(installed: Settings) -> None:
    down = {"clickhouse_url": SecretStr("http://u:p@127.0.0.1:1/default"), "redis_url": SecretStr("redis://127.0.0.1:1/0")}
    findings = await check(installed, **down)
    assert {name: of(findings, name).verdict for name in ("statistics", "cache")} == {
        "statistics": Verdict.WARNING,
        "cache": Verdict.WARNING,
    }
    assert "CLICKHOUSE_URL" in of(findings, "statistics").remedy
    assert "REDIS_URL" in of(findings, "cache").remedy


async def test_the_cache_says_what_it_is(installed: Settings, stack: Stack) -> None:
    address = stack.environment()["REDIS_URL"]
    found = of(await check(installed, redis_url=SecretStr(address)), "cache")
    assert found.found.split()[0] in {"Valkey", "Redis"}


async def test_topics_that_were_made_by_hand_are_named_with_what_differs(installed: Settings) -> None:
    prefix = "byhand."
    topics = installed.model_copy(update={"topic_prefix": prefix}).topics
    few = [spec.__class__(spec.name, 2 if spec is topics.bulk else spec.partitions, spec.config) for spec in topics.all[:-1]]
    await ensure_topics(installed.kafka, few, replication=1, min_insync=1)
    admin = AIOKafkaAdminClient(bootstrap_servers=installed.bootstrap_servers)
    await admin.start()
    try:
        await admin.create_partitions({topics.retry.name: NewPartitions(total_count=16)})
    finally:
        await admin.close()
    findings = await check(installed, topic_prefix=prefix)
    assert of(findings, f"topic {topics.bulk.name}").found.startswith("has 2 partitions, 12 are needed")
    assert of(findings, f"topic {topics.probe.name}").found == "does not exist"
    assert [each for each in findings if each.subject == f"topic {topics.retry.name}"] == [], "more partitions are no fault"


async def test_a_schema_of_another_release_is_named(installed: Settings) -> None:
    async with Database.connect(installed.database, 1) as database:
        ((revision,),) = await database.rows("SELECT version_num FROM alembic_version")
        await database.change("UPDATE alembic_version SET version_num = '0001'")
        try:
            found = of(await check(installed), "schema")
        finally:
            await database.change("UPDATE alembic_version SET version_num = %s", (revision,))
    assert (found.verdict, found.found) == (Verdict.ERROR, f"at revision 0001, this release needs {revision}")


async def test_a_message_that_waits_for_minutes_is_an_error(installed: Settings) -> None:
    hook = {"alert_webhook_url": SecretStr("http://127.0.0.1:1/x")}
    async with Database.connect(installed.database, 1) as database:
        await database.change(
            "INSERT INTO alert_message (webhook_id, body, created_at, next_at, attempts, last_error)"
            " SELECT 'm', '{}', at, at, 3, 'the messenger answered 404' FROM (SELECT UTC_TIMESTAMP(6) - INTERVAL 10 MINUTE at) x"
        )
        try:
            found = of(await check(installed, **hook), "alerts")
        finally:
            await database.change("DELETE FROM alert_message")
    assert found.verdict is Verdict.ERROR
    assert "the oldest for 10 minutes: the messenger answered 404" in found.found


@pytest.mark.parametrize(
    ("right", "operation", "policy"),
    [
        ("put", "PutObject", "s3:PutObject"),
        ("get", "GetObject", "s3:GetObject"),
        ("list", "ListObjectsV2", "s3:ListBucket"),
        ("delete", "DeleteObjects", "s3:DeleteObject"),
    ],
)
async def test_a_right_that_the_bucket_refuses_is_named(installed: Settings, right: str, operation: str, policy: str) -> None:
    async with without(right, installed.s3_endpoint_url or "") as address:
        findings = await check(installed, s3_endpoint_url=address)
    found = of(findings, f"bucket {installed.s3_bucket}")
    assert found.verdict is Verdict.ERROR
    assert found.found.startswith(f"{right} fails: Storage answered {operation} with AccessDenied.")
    assert found.remedy == f"grant {policy} on S3_BUCKET to the access key"
    assert of(findings, "clock of storage").verdict is Verdict.OK, "its clock needs no right"


async def test_every_service_says_what_it_is(installed: Settings) -> None:
    findings = await check(installed)
    assert of(findings, "Kafka").found == "speaks the protocol of Kafka 4.1 or newer"
    assert of(findings, "storage").found.startswith("SeaweedFS")
    assert {of(findings, name).verdict for name in ("Kafka", "storage", "database")} == {Verdict.OK}


def right_of(request: web.Request) -> str:
    """Return the right that S3 asks for a request."""
    if request.method == "POST" and "delete" in request.query:
        return "delete"
    if request.method == "PUT":
        return "put"
    of_an_object = "/" in request.path.strip("/")
    return "get" if of_an_object else "list"  # of the bucket: ListObjectsV2 and HeadBucket


@asynccontextmanager
async def without(right: str, storage: str) -> AsyncIterator[str]:
    """Serve the storage, but refuse one right as a policy does."""
    denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"

    async def forward(request: web.Request) -> web.Response:
        if right_of(request) == right:
            return web.Response(status=403, text=denied, content_type="application/xml")
        url, body = f"{storage}{request.raw_path}", await request.read()
        async with session.request(request.method, url, headers=request.headers, data=body, skip_auto_headers=["Accept"]) as answer:
            kept = {name: value for name, value in answer.headers.items() if name in {"Content-Type", "Date", "ETag", "x-amz-request-id"}}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", forward)
    runner = web.AppRunner(application)
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
