"""When a dependency of ours is unavailable, every adapter says so by the same name; what is our own fault is never taken for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiokafka.errors as kafka
import pymysql
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from pydantic import SecretStr

from devstack.stack import Stack
from faust_app.adapters.kafka import dead_letters
from faust_app.adapters.kafka.producer import KafkaEventLog
from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.core.failure import Dependency, FailureCode, Permanent, RecordRefused, Unavailable
from faust_app.core.messages.positions import Position
from faust_app.core.messages.record import Message
from faust_app.core.messages.topics import Topics
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from tests.sentences import is_sentence

Operation = Callable[[S3ObjectStore], Coroutine[Any, Any, object]]


def is_unavailable(failure: object, dependency: Dependency) -> Unavailable:
    assert isinstance(failure, Unavailable)
    assert is_sentence(failure.detail)
    assert (failure.dependency, failure.code.value) == (dependency, f"{dependency}_unavailable")
    return failure


# Storage


async def list_all(store: S3ObjectStore) -> None:
    async for _ in store.list_keys("a/"):
        pass


OPERATIONS: dict[str, Operation] = {
    "PutObject": lambda store: store.put("a/b", b"x", content_type="image/jpeg", sha256="0" * 64, metadata={}),
    "GetObject": lambda store: store.read("a/b"),
    "HeadObject": lambda store: store.exists("a/b"),
    "DeleteObjects": lambda store: store.delete(["a/b"]),
    "ListObjectsV2": list_all,
}


def s3_error(code: str) -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode()


@asynccontextmanager
async def storage(answer: Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]) -> AsyncIterator[S3ObjectStore]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server, opened_store(f"http://127.0.0.1:{server.port}") as store:
        yield store


def opened_store(url: str) -> S3ObjectStore:
    return S3ObjectStore(Settings(_env_file=None, s3_endpoint_url=url, s3_access_key_id="key", s3_secret_access_key=SecretStr("s3cr3t")))


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, s3_error("InternalError"), "InternalError"),
        (502, b"<html>Bad gateway</html>", "502"),
        (503, s3_error("SlowDown"), "SlowDown"),
        (503, s3_error("ServiceUnavailable"), "ServiceUnavailable"),
        (503, b"", "503"),
        (504, b"", "504"),
        (429, s3_error("TooManyRequests"), "TooManyRequests"),
        (403, s3_error("AccessDenied"), "AccessDenied"),
        (403, s3_error("SignatureDoesNotMatch"), "SignatureDoesNotMatch"),
        (403, s3_error("InvalidAccessKeyId"), "InvalidAccessKeyId"),
        (403, s3_error("RequestTimeTooSkewed"), "RequestTimeTooSkewed"),
        (404, s3_error("NoSuchBucket"), "NoSuchBucket"),
    ],
)
@pytest.mark.parametrize("name", OPERATIONS)
async def test_storage_that_fails_is_unavailable_and_tells_the_operation_and_its_code(
    name: str, status: int, body: bytes, told: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, body=body, content_type="application/xml")

    async with storage(answer) as store:
        if (name, status) == ("HeadObject", 404):
            assert not await store.exists("a/b"), "a HEAD has no body: a missing bucket looks like a missing object"
            return
        with pytest.raises(Unavailable) as caught:
            await OPERATIONS[name](store)
    detail = is_unavailable(caught.value, Dependency.STORAGE).detail
    assert name in detail
    assert name == "HeadObject" or told in detail
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("name", ["GetObject", "DeleteObjects", "ListObjectsV2"])
async def test_storage_whose_answer_is_no_xml_is_unavailable(name: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=500 if name == "GetObject" else 200, body=b"<html><p>not closed", content_type="text/html")

    async with storage(answer) as store:
        with pytest.raises(Unavailable) as caught:
            await OPERATIONS[name](store)
    is_unavailable(caught.value, Dependency.STORAGE)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_storage_that_hangs_up_is_unavailable(name: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        raise asyncio.CancelledError

    async with storage(answer) as store:
        with pytest.raises(Unavailable) as caught:
            await OPERATIONS[name](store)
    is_unavailable(caught.value, Dependency.STORAGE)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
async def test_storage_that_nobody_can_connect_to_is_unavailable(name: str, url: str) -> None:
    async with opened_store(url) as store:
        with pytest.raises(Unavailable) as caught:
            await OPERATIONS[name](store)
    is_unavailable(caught.value, Dependency.STORAGE)


async def test_a_delete_that_storage_refuses_for_a_key_is_an_outage() -> None:
    async def answer(_: web.Request) -> web.Response:
        body = b"<DeleteResult><Error><Key>a/b</Key><Code>AccessDenied</Code><Message>m</Message></Error></DeleteResult>"
        return web.Response(body=body, content_type="application/xml")

    async with storage(answer) as store:
        with pytest.raises(Unavailable) as caught:
            await store.delete(["a/b"])
    assert "AccessDenied" in is_unavailable(caught.value, Dependency.STORAGE).detail


# The database


class FailingPool:
    """A pool whose every connection meets one error."""

    maxsize = 1

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.closed = 0

    async def acquire(self) -> "FailingPool":
        return self

    async def release(self, _: object) -> None:
        pass

    @asynccontextmanager
    async def cursor(self) -> AsyncIterator["FailingPool"]:
        yield self

    async def execute(self, *_: object) -> None:
        raise self.error

    def close(self) -> None:
        self.closed += 1


ABSENT = [
    *(pymysql.err.OperationalError(code, "m") for code in (2006, 2013, 1040, 1053, 1290, 2003, 1129, 1130, 1044, 1045, 1049, 1203, 1927)),
    pymysql.err.InternalError(1180, "m"),
    pymysql.err.InterfaceError(0, "not connected"),
    pymysql.err.InterfaceError("(0, '')"),
    ConnectionResetError(), BrokenPipeError(), OSError(113, "no route"), TimeoutError(), asyncio.IncompleteReadError(b"", 4),
]  # fmt: skip

OURS = [
    pymysql.err.ProgrammingError(1064, "syntax"), pymysql.err.ProgrammingError(1146, "no table"), pymysql.err.IntegrityError(1062, "twice"),
    pymysql.err.OperationalError(1054, "no column"), pymysql.err.OperationalError(1390, "too many placeholders"), ValueError("m"),
]  # fmt: skip

CONTENT = [
    pymysql.err.DataError(1406, "Data too long for column 'secret' at row 1"), pymysql.err.OperationalError(1292, "no date"),
    pymysql.err.OperationalError(1153, "packet too large"), pymysql.err.OperationalError(3819, "Check constraint 'c' is violated."),
    pymysql.err.OperationalError(4025, "CONSTRAINT `c` failed"), pymysql.err.InternalError(1300, "Invalid utf8mb4 character string"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
]  # fmt: skip


async def ask(database: Database) -> None:
    async def unit(session: Session) -> None:
        await session.rows("SELECT 1")

    await database.run(unit)


@pytest.mark.parametrize("error", ABSENT, ids=repr)
async def test_a_database_that_does_not_do_its_part_is_unavailable(error: Exception) -> None:
    pool = FailingPool(error)
    with pytest.raises(Unavailable) as caught:
        await ask(Database(pool, Metrics()))
    detail = is_unavailable(caught.value, Dependency.DATABASE).detail
    numbers = [str(code) for code in error.args[:1] if isinstance(error, pymysql.err.MySQLError) and isinstance(code, int) and code]
    assert all(number in detail for number in numbers)
    assert pool.closed == 1, "a connection that met an error is not used again"


@pytest.mark.parametrize("error", OURS, ids=repr)
async def test_a_statement_of_ours_that_is_wrong_is_no_outage(error: Exception) -> None:
    with pytest.raises(type(error)):
        await ask(Database(FailingPool(error), Metrics()))


@pytest.mark.parametrize("error", CONTENT, ids=repr)
async def test_a_value_that_is_refused_for_what_it_is_is_permanent(error: Exception) -> None:
    with pytest.raises(Permanent) as caught:
        await ask(Database(FailingPool(error), Metrics()))
    assert caught.value.code is FailureCode.UNSTORABLE_RESULT
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize(
    "greeting",
    [
        b"\x17\x00\x00\x00\xff\x10\x04Too many connections",  # error 1040 in place of a greeting
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x04\x00\x00",
    ],
)
async def test_a_server_that_refuses_at_once_is_unavailable(greeting: bytes) -> None:
    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    address: dict[str, str | int] = {"host": "127.0.0.1", "port": server.sockets[0].getsockname()[1], "user": "u", "password": "s3cr3t"}
    async with server, Database.connect(address, 1) as database:
        with pytest.raises(Unavailable) as caught:
            await ask(database)
    is_unavailable(caught.value, Dependency.DATABASE)
    assert "s3cr3t" not in str(caught.value)


# Kafka


class FailingProducer:
    """A producer whose sends fail, at once or later."""

    def __init__(self, error: Exception, *, later: bool) -> None:
        self._error = error
        self._later = later

    async def send(self, *_: object, **__: object) -> "asyncio.Future[object]":
        if not self._later:
            raise self._error
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_exception(self._error)
        return future


def event_log(producer: Any) -> KafkaEventLog:
    return KafkaEventLog(producer, "probe")


KAFKA_AWAY = [
    kafka.KafkaTimeoutError(), kafka.KafkaConnectionError(), kafka.NotLeaderForPartitionError(), kafka.LeaderNotAvailableError(),
    kafka.NotEnoughReplicasError(), kafka.NotEnoughReplicasAfterAppendError(), kafka.BrokerNotAvailableError(),
    kafka.RequestTimedOutError(), kafka.UnknownTopicOrPartitionError(), kafka.TopicAuthorizationFailedError(), kafka.ProducerClosed(),
    kafka.KafkaStorageError(), ConnectionRefusedError(), OSError(), TimeoutError(),
]  # fmt: skip


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("error", KAFKA_AWAY, ids=lambda error: type(error).__name__)
async def test_kafka_that_does_not_take_a_record_is_unavailable(error: Exception, later: bool) -> None:  # noqa: FBT001 - pytest's way
    (result,) = await event_log(FailingProducer(error, later=later)).publish([Message("t", b"x")])
    is_unavailable(result, Dependency.KAFKA)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize(
    "error", [kafka.MessageSizeTooLargeError(), kafka.RecordListTooLargeError()], ids=lambda error: type(error).__name__
)
async def test_a_record_that_kafka_will_never_take_is_our_error(error: Exception, later: bool) -> None:  # noqa: FBT001 - as above
    (result,) = await event_log(FailingProducer(error, later=later)).publish([Message("t", b"x")])
    assert isinstance(result, RecordRefused)


async def test_a_probe_that_kafka_will_never_take_has_not_succeeded() -> None:
    with pytest.raises(RecordRefused):
        await event_log(FailingProducer(kafka.MessageSizeTooLargeError(), later=True)).probe()
    with pytest.raises(Unavailable):
        await event_log(FailingProducer(kafka.KafkaTimeoutError(), later=False)).probe()


async def test_dead_letters_are_not_waited_for_where_kafka_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letters, "SILENT_SECONDS", 0.2)

    connected: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(lambda _, writer: connected.append(writer), "127.0.0.1", 0)
    async with silent:
        server = f"127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        with pytest.raises(Unavailable) as caught:
            await dead_letters.dead_lettered({"bootstrap_servers": [server], "security_protocol": "PLAINTEXT"}, "t")
        for writer in connected:
            writer.close()
            await writer.wait_closed()
    assert "Kafka did not answer in time." in is_unavailable(caught.value, Dependency.KAFKA).detail


async def test_dead_letters_are_not_waited_for_where_kafka_freezes_before_their_end(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    topic = Topics.named(settings.topic_prefix).dead_letter.name
    async with KafkaEventLog.connect(settings.kafka, client_id="t", probe_topic="t") as log:
        headers = [("shop-images-shop-no", b"7"), ("shop-images-image-id", b"%C3%A4"), ("shop-images-version", b"3")]
        assert isinstance((await log.publish([Message(topic, b"x", None, headers)]))[0], Position)
    found = await dead_letters.dead_lettered(settings.kafka, topic)
    assert found[7, "ä".encode()] == {3}

    async def nothing(*_: object, **__: object) -> dict[object, object]:
        await asyncio.sleep(0.05)
        return {}

    monkeypatch.setattr(dead_letters, "SILENT_SECONDS", 5.0)
    monkeypatch.setattr(AIOKafkaConsumer, "getmany", nothing)
    with pytest.raises(Unavailable) as caught:
        await dead_letters.dead_lettered(settings.kafka, topic)
    assert "Kafka did not answer in time." in is_unavailable(caught.value, Dependency.KAFKA).detail


async def test_a_record_that_is_too_large_for_the_real_kafka_holds_up_none_beside_it(stack: Stack, settings: Settings) -> None:
    topic = f"{settings.topic_prefix}dead-letter"
    async with AIOKafkaProducer(**settings.kafka, max_request_size=20_000_000) as producer:
        large = Message(topic, b"x" * 8_000_000)
        results = await event_log(producer).publish([Message(topic, b"before"), large, Message(topic, b"behind")])
    assert [type(result) for result in results] == [Position, RecordRefused, Position]
