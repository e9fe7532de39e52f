"""The dialect of the embedded store: who may ask, and what a GET may run."""

from collections.abc import AsyncIterator, Mapping

import pytest
from aiohttp import encode_basic_auth, web
from aiohttp.test_utils import TestClient, TestServer

from faust_app.stats.dialect import DialectHandlers
from faust_app.stats.reading import only_reads


class FakeEngine:
    def __init__(self) -> None:
        self.ran: list[str] = []

    async def query(self, sql: str, _parameters: Mapping[str, str], _database: str) -> bytes:
        self.ran.append(sql)
        return b"1\n"

    async def insert(self, sql: str, *_: object) -> int:
        self.ran.append(sql)
        return 1


def login(password: str) -> dict[str, str]:
    return {"Authorization": encode_basic_auth("stats", password)}


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def client(engine: FakeEngine) -> AsyncIterator["TestClient[web.Request, web.Application]"]:
    application = web.Application()
    DialectHandlers(engine, "p/a:ss%").register(application.router)  # type: ignore[arg-type]
    async with TestClient(TestServer(application), headers=login("p/a:ss%")) as client:
        yield client


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("SELECT 1", True),
        ("\n (select 1) ;\n", True),
        ("-- why\n/* and */ WITH 1 AS x SELECT x", True),
        ("SHOW TABLES", True),
        ("describe t", True),
        ("EXISTS TABLE t", True),
        ("", False),
        ("SELECTED", False),
        ("DROP TABLE t", False),
        ("SET readonly = 0", False),
        ("/* SELECT */ ALTER TABLE t DELETE WHERE 1", False),
        ("WITH 1 AS x INSERT INTO t SELECT x", False),
        ("SELECT 1; DROP TABLE t", False),
        ("SELECT '--'; DROP TABLE t", False),
        ("SELECT 1 INTO OUTFILE '/tmp/x'", False),
    ],
)
def test_a_statement_reads_or_may_write(statement: str, reads: bool) -> None:  # noqa: FBT001 - a case
    assert only_reads(statement) is reads


async def test_a_get_runs_what_reads_and_refuses_the_rest_as_clickhouse_does(
    client: "TestClient[web.Request, web.Application]", engine: FakeEngine
) -> None:
    async with client.get("/", params={"query": "SELECT 1"}) as answer:
        assert (answer.status, await answer.text()) == (200, "1\n")
    for statement in ("DROP TABLE t", "INSERT INTO t FORMAT TSV\n1"):
        async with client.get("/", params={"query": statement}) as answer:
            assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (500, "164")
            assert "send it by POST" in await answer.text()
    assert engine.ran == ["SELECT 1"]
    async with client.post("/", data="DROP TABLE t") as answer:
        assert answer.status == 200
    assert engine.ran[1:] == ["DROP TABLE t"]


@pytest.mark.parametrize("password", ["", "p%2Fa%3Ass%25", "wrong"])
async def test_a_statement_without_the_password_is_not_run(
    client: "TestClient[web.Request, web.Application]", engine: FakeEngine, password: str
) -> None:
    async with client.post("/", data="SELECT 1", headers=login(password)) as answer:
        assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert engine.ran == []
