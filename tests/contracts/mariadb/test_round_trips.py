"""What a unit of work costs in round trips, counted on the wire, and that what travels together holds as what went alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as with_settings
from hypothesis import strategies as st

from faust_app.adapters.mariadb.database import Database, Session
from faust_app.adapters.mariadb.image_repository import MariaImageRepository
from faust_app.adapters.mariadb.image_writes import Author
from faust_app.core.failure import FailureCode, Permanent
from faust_app.core.images.changes import Changes, Locked
from faust_app.core.images.outcome import Failed, Outcome, Retry, Stored
from faust_app.core.images.row import ImageRow
from faust_app.flows.images.intake import IntakeTerms, decide
from faust_app.flows.images.settle import settle_all
from faust_app.metrics import Metrics
from faust_app.settings import Settings
from tests.factories import LEASE, make_request, make_shown

GRACE = timedelta(days=7)
PIECE = 64 * 1024


class Wire:
    """Forwards one client's connections to the database; a round trip begins when the client speaks first, or after the database did."""

    def __init__(self) -> None:
        self.trips = 0
        self._answered = True

    @asynccontextmanager
    async def before(self, address: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Listen in front of the address; yield the address of that."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            inner_reader, inner_writer = await asyncio.open_connection(address["host"], address["port"])
            served.append(asyncio.gather(self._asks(reader, inner_writer), self._answers(inner_reader, writer)))
            await served[-1]

        served: list[asyncio.Future[Any]] = []
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            yield {**address, "host": "127.0.0.1", "port": server.sockets[0].getsockname()[1]}
            await asyncio.gather(*served)

    async def _asks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            self.trips += self._answered
            self._answered = False
            writer.write(piece)
        await closed(writer)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE):
            self._answered = True
            writer.write(piece)
        await closed(writer)


async def closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()


class Counted:
    """A repository whose round trips are counted."""

    def __init__(self, wire: Wire, database: Database) -> None:
        self._wire = wire
        self.rows = MariaImageRepository(database, Author("1.0", "w"))

    async def trips(self, work: Awaitable[object]) -> int:
        before = self._wire.trips
        await work
        return self._wire.trips - before


@pytest.fixture
async def counted(settings: Settings) -> AsyncIterator[Counted]:
    wire = Wire()
    async with wire.before(settings.database) as address, Database.connect(address, 1) as database:
        await database.now()  # connects
        yield Counted(wire, database)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    async with Database.connect(settings.database, 8) as database:
        yield database


async def accepted(repository: MariaImageRepository, shop_no: int, *image_ids: str) -> list[ImageRow]:
    requests = [make_request(shop_no, image_id) for image_id in image_ids]
    decisions = await repository.change([r.key for r in requests], lambda locked: decide(requests, locked, IntakeTerms(LEASE)), create=True)
    return [decision.row for decision in decisions]


async def settle(repository: MariaImageRepository, *outcomes: Outcome) -> None:
    await repository.change([each.row.key for each in outcomes], lambda locked: settle_all(outcomes, locked, GRACE))


def failed(row: ImageRow) -> Outcome:
    return Failed(row, FailureCode.SOURCE_ERROR, "The source answered 500.")


async def test_a_load_is_one_round_trip(counted: Counted, shop_no: int) -> None:
    rows = await accepted(counted.rows, shop_no, "a", "b")
    assert await counted.trips(counted.rows.load([row.key for row in rows])) == 1


async def test_a_settle_is_two_round_trips_whatever_it_writes(counted: Counted, shop_no: int) -> None:
    a, b, c, *many = await accepted(counted.rows, shop_no, *(f"i{n}" for n in range(60)))
    assert await counted.trips(settle(counted.rows, Stored(a, make_shown(a)))) == 2
    everything = (failed(b), Retry(c, FailureCode.SOURCE_ERROR, "", timedelta(1)), *(Stored(row, make_shown(row)) for row in many))
    assert await counted.trips(settle(counted.rows, *everything)) == 2


async def test_an_intake_of_new_images_is_three_round_trips(counted: Counted, shop_no: int) -> None:
    assert await counted.trips(accepted(counted.rows, shop_no, "a", "b", "c")) == 3
    assert await counted.trips(accepted(counted.rows, shop_no, "a", "b", "c")) == 2


async def test_the_clock_of_a_change_is_read_after_its_locks_are_granted(database: Database, shop_no: int) -> None:
    repository = MariaImageRepository(database)
    (row,) = await accepted(repository, shop_no, "a")

    async def clock() -> datetime:
        return await repository.change([row.key], lambda locked: (Changes(), locked.now))

    async def unit(session: Session) -> tuple[datetime, "asyncio.Task[datetime]"]:
        await session.rows("SELECT 1 FROM image WHERE shop_no = %s FOR UPDATE", (shop_no,))
        other = asyncio.create_task(clock())
        await until(lambda: waits_for_a_lock(database))
        return await session.now(), other

    held, other = await database.run(unit)
    assert await other >= held


async def waits_for_a_lock(database: Database) -> bool:
    sql = "SELECT 1 FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND INFO LIKE 'SELECT%%STRAIGHT_JOIN%%FOR UPDATE%%'"
    return bool(await database.rows(sql))


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():
            await asyncio.sleep(0.05)


async def test_overlapping_groups_in_any_order_are_never_run_again(settings: Settings, shop_no: int) -> None:
    metrics = Metrics()
    async with Database.connect(settings.database, 4, metrics) as database:
        repository = MariaImageRepository(database, Author("1.0", "w"))
        rows = await accepted(repository, shop_no, *(f"i{n}" for n in range(40)))

        async def put_off(some: list[ImageRow]) -> None:
            for _ in range(20):
                current = await repository.load([row.key for row in some])
                again = [Retry(current[row.key], FailureCode.SOURCE_ERROR, "The source is busy.", timedelta(seconds=1)) for row in some]
                await settle(repository, *again)

        await asyncio.gather(put_off(rows[:30]), put_off(rows[10:][::-1]), put_off(rows[5:35:2] + rows[4:34:2]))
        await asyncio.gather(settle(repository, *map(failed, rows[:30])), settle(repository, *map(failed, rows[:9:-1])))
    assert metrics.registry.get_sample_value("shop_images_transaction_reruns_total") == 0


ODD = (
    "';\nDROP TABLE odd;\nCOMMIT", "\\", "\\'", "\\';\nROLLBACK;-- ", '";', "`;`", "-- ", "#", "/*", "*/;", "/*!99999 ;*/", ";", ";\n;\n",
    "\0", "\x1a", "\r\n", "%s", "%", "delimiter //", "鞋;子'", "😀'", "\u2028;", "\u00a0\u2019;", "¿'\\\\'", "''", "'",
)  # fmt: skip
"""Texts that would end a statement, a text or a comment, were they not quoted."""
UNDECODABLE = ("\udcff", "a\udcf0", "\udce3';\nDROP TABLE odd", "\ud800", "\udcbf\\")
"""Bytes of no encoding, as the driver sends lone surrogates: some begin a character that the next two or three bytes would end."""


@pytest.fixture(scope="module")
def own(install: Callable[..., Settings]) -> Settings:
    return install()


@pytest.fixture
async def table(own: Settings) -> AsyncIterator[Database]:
    async with Database.connect(own.database, 2) as database:
        await database.change("CREATE OR REPLACE TABLE odd (n INT PRIMARY KEY, words TEXT, raw BLOB) DEFAULT CHARSET=utf8mb4")
        yield database


ADD = "INSERT INTO odd VALUES (%s, %s, %s)"
READ = "SELECT words, raw FROM odd ORDER BY n"


async def added(database: Database, *texts: str) -> list[str]:
    """Write the texts in one unit, each by a statement of its own; return them as they are read back."""

    async def unit(session: Session) -> None:
        session.enqueue("DELETE FROM odd")
        for n, text in enumerate(texts):
            session.enqueue(ADD, (n, text, text.encode("utf-8", "surrogateescape")))

    await database.run(unit)
    found = await database.rows(READ)
    assert [raw.decode() for _, raw in found] == [text for text, _ in found]
    return [text for text, _ in found]


async def test_odd_texts_survive_statements_that_are_sent_together(table: Database) -> None:
    assert await added(table, *ODD) == list(ODD)


@with_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.one_of(st.sampled_from("'\\;\n\"`-/*%\0"), st.characters(codec="utf-8")), max_size=20), max_size=6))
async def test_any_text_survives_beside_any_other(table: Database, texts: list[str]) -> None:
    assert await added(table, *texts) == texts


@pytest.mark.parametrize("text", UNDECODABLE, ids=ascii)
async def test_a_refused_value_leaves_nothing_of_what_was_sent_with_it(table: Database, text: str) -> None:
    await added(table, "before")

    async def unit(session: Session) -> None:
        session.enqueue(ADD, (1, "good", b""))
        session.enqueue(ADD, (2, text, b""))
        session.enqueue(ADD, (3, "good", b""))

    with pytest.raises(Permanent) as caught:
        await table.run(unit)
    assert caught.value.code is FailureCode.UNSTORABLE_RESULT
    assert await table.rows(READ) == (("before", b"before"),)


async def test_the_column_that_refuses_a_value_is_named_whichever_statement_it_is_in(table: Database) -> None:
    async def unit(session: Session) -> None:
        session.enqueue(ADD, (1, "good", b""))
        session.enqueue(ADD, (1 << 40, "good", b""))
        session.enqueue(ADD, (3, "good", b""))

    with pytest.raises(Permanent) as caught:
        await table.run(unit)
    assert caught.value.detail == "The database refused the value of n with error 1264."


async def test_a_result_is_that_of_the_statement_that_asked_for_it(table: Database) -> None:
    async def unit(session: Session) -> tuple[object, ...]:
        session.enqueue("SELECT 1, 2")
        session.enqueue(ADD, (1, "a", b""))
        two = await session.change("INSERT INTO odd VALUES (2, '', ''), (3, '', '')")
        session.enqueue("DELETE FROM odd WHERE n = 1")
        rows, now = await session.rows_and_now("SELECT n FROM odd ORDER BY n")
        return two, rows, type(now)

    assert await table.run(unit) == (2, ((2,), (3,)), datetime)


INJECTIONS = (
    "\\'; DROP TABLE odd; -- ",
    "'; DROP TABLE odd; -- ",
    "\\",
    "\\\\'",
    "'\\",
    "''",
    "\\''; DELETE FROM odd; -- ",
    "\0\n\r\x1a\\n'",
)


@pytest.mark.parametrize("mode", ["STRICT_ALL_TABLES", "STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES"])
async def test_no_text_ends_a_statement_in_either_sql_mode(own: Settings, table: Database, mode: str) -> None:
    async def unit(session: Session) -> None:
        await session.change("SET sql_mode=%s", (mode,))
        session.enqueue("DELETE FROM odd")
        for n, text in enumerate(INJECTIONS):
            session.enqueue(ADD, (n, text, text.encode()))

    async with Database.connect(own.database, 1) as moded:
        await moded.run(unit)
    doubled = "\\\\" if "NO_BACKSLASH" in mode else "\\"
    assert await table.rows(READ) == tuple((text.replace("\\", doubled), text.encode()) for text in INJECTIONS)


async def test_backslashes_quote_whatever_mode_the_server_runs_in(table: Database) -> None:
    assert await table.rows("SELECT @@sql_mode, @@character_set_client") == (("STRICT_ALL_TABLES", "utf8mb4"),)


async def test_a_connection_reads_what_is_committed_and_by_utc_whatever_the_server_defaults_to(table: Database) -> None:
    assert await table.rows("SELECT @@tx_isolation, @@time_zone, @@innodb_lock_wait_timeout") == (("READ-COMMITTED", "+00:00", 5),)


async def test_more_than_one_text_can_hold_is_sent_in_several_and_committed_at_the_end(table: Database) -> None:
    texts = ["x" * 60_000] * 40
    assert await added(table, *texts) == texts


async def test_a_unit_that_fails_sends_nothing_of_what_it_queued(table: Database) -> None:
    await added(table, "before")

    async def unit(session: Session) -> None:
        session.enqueue("DELETE FROM odd")
        raise ValueError("ours")

    with pytest.raises(ValueError, match="ours"):
        await table.run(unit)
    assert await table.rows(READ) == (("before", b"before"),)


async def test_a_decision_sees_the_rows_that_it_locked_and_their_time(counted: Counted, shop_no: int) -> None:
    (row,) = await accepted(counted.rows, shop_no, "a")

    def seen(locked: Locked) -> tuple[Changes, Locked]:
        return Changes(), locked

    locked = await counted.rows.change([row.key], seen)
    assert (list(locked.rows), type(locked.now)) == ([row.key], datetime)
    assert (await counted.rows.change([], seen)).rows == {}
