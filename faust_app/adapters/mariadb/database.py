"""The database as units of work: a pool, transactions that are rerun after a deadlock, errors by their names."""

import asyncio
import random
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, Final, Self, TypeVar

import aiomysql
import pymysql
import structlog
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions

from faust_app.core.failure import Dependency, FailureCode, Permanent, Unavailable

T = TypeVar("T")
Row = tuple[Any, ...]

_LOCK_WAIT: Final = 1205
_RERUN: Final = {1213, 1020, _LOCK_WAIT}
"""Deadlock, record changed, lock wait timeout: the whole unit is rolled back and run again (MariaDB error codes)."""
_RERUNS: Final = 20

INIT_COMMAND: Final = (
    "SET tx_isolation='READ-COMMITTED', time_zone='+00:00', wait_timeout=30, innodb_lock_wait_timeout=5, sql_mode='STRICT_ALL_TABLES'"
)

_CONVERSIONS: Final = {**conversions, FIELD_TYPE.DATETIME: datetime.fromisoformat}
"""pymysql's, but times are read by C code: its own regular expression costs a worker 3 % of its CPU."""

log = structlog.get_logger()


class Session:
    """Statements on one connection, inside the transaction that the caller opened.

    A value that the database refuses for what it is raises Permanent `unstorable_result`: the same statement can never
    succeed.
    """

    def __init__(self, cursor: aiomysql.Cursor) -> None:
        self._cursor = cursor

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Row]:
        """Run a query and return its rows."""
        with _refusals_named():
            await self._cursor.execute(sql, parameters)
        return await self._cursor.fetchall()  # type: ignore[no-any-return]

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ((now,),) = await self.rows("SELECT UTC_TIMESTAMP(6)")
        return now  # type: ignore[no-any-return]

    async def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement and return how many rows it changed (MySQL counts changed rows, not matched ones)."""
        with _refusals_named():
            return await self._cursor.execute(sql, parameters)  # type: ignore[no-any-return]


class Database:
    """A pool of connections; implements `flows.ports.clock.Clock`.

    Every method raises Unavailable when the database does not do its part, and Permanent `unstorable_result` when a value
    is refused for its content.
    """

    def __init__(self, pool: aiomysql.Pool) -> None:
        self._pool = pool

    @classmethod
    @asynccontextmanager
    async def connect(cls, address: dict[str, str | int], connections: int) -> AsyncIterator[Self]:
        """Open a pool that connects when first used, so that a process starts while the database is unavailable."""
        pool = await aiomysql.create_pool(
            **address,
            minsize=0,
            maxsize=connections,
            autocommit=True,
            charset="utf8mb4",
            connect_timeout=5,
            pool_recycle=20,  # below wait_timeout: the server has not closed what we take
            init_command=INIT_COMMAND,
            conv=_CONVERSIONS,
        )
        try:
            yield cls(pool)
        finally:
            pool.terminate()
            await pool.wait_closed()

    async def run(self, unit: Callable[[Session], Awaitable[T]]) -> T:
        """Run the unit in one transaction and return its result after COMMIT.

        The unit is run again, whole, after a deadlock. Unavailable after COMMIT was sent means that the outcome is not
        known: the caller reads again before it decides.
        """
        for attempt in range(_RERUNS):
            async with self._connection() as connection:
                try:
                    return await self._transaction(connection, unit)
                except (pymysql.err.OperationalError, pymysql.err.InternalError) as error:
                    if error.args[0] not in _RERUN:
                        raise
                    await connection.rollback()
            log.debug("transaction rerun", attempt=attempt)
            await asyncio.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 5)))  # noqa: S311 - spreads rivals, no secret
        raise Unavailable(Dependency.DATABASE, f"The database ended the transaction as a deadlock {_RERUNS} times.")

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Row]:
        """Run one query outside a transaction."""
        async with self._connection() as connection, connection.cursor() as cursor:
            return await Session(cursor).rows(sql, parameters)

    async def now(self) -> datetime:
        async with self._connection() as connection, connection.cursor() as cursor:
            return await Session(cursor).now()

    async def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one statement as a transaction of its own, rerun after a deadlock."""
        return await self.run(lambda session: session.change(sql, parameters))

    async def alter(self, sql: str, *, wait_seconds: int) -> bool:
        """Run one statement that changes a table, once; False when its lock was not to be had in so many seconds.

        Whoever comes while it waits for the lock waits behind it: it has to be short, and is not run again.
        """
        async with self._connection() as connection, connection.cursor() as cursor:
            await cursor.execute("SET lock_wait_timeout = %s", (wait_seconds,))
            try:
                await cursor.execute(sql)
            except pymysql.err.OperationalError as error:
                if error.args[0] != _LOCK_WAIT:
                    raise
                return False
            finally:
                await cursor.execute("SET lock_wait_timeout = DEFAULT")
            return True

    @staticmethod
    async def _transaction(connection: aiomysql.Connection, unit: Callable[[Session], Awaitable[T]]) -> T:
        async with connection.cursor() as cursor:
            await connection.begin()
            result = await unit(Session(cursor))
            await connection.commit()
            return result

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiomysql.Connection]:
        connection = None
        try:
            connection = await self._pool.acquire()
            yield connection
        except BaseException as error:
            if connection is not None:
                connection.close()  # whatever was under way is rolled back by the server
            if _is_unavailable(error):
                raise Unavailable(Dependency.DATABASE, describe(error)) from error
            raise
        finally:
            if connection is not None:
                await self._pool.release(connection)


def _is_unavailable(error: BaseException) -> bool:
    """Return whether the database is unavailable or overloaded, and not our own statement wrong."""
    if isinstance(error, pymysql.err.OperationalError | pymysql.err.InternalError | pymysql.err.InterfaceError):
        return not error.args or error.args[0] not in _OURS
    return isinstance(error, OSError | asyncio.IncompleteReadError | ssl.SSLError | TimeoutError)


_OURS: Final = {
    1054, 1060, 1062, 1064, 1093, 1110, 1136, 1146, 1149, 1172, 1210, 1222, 1241, 1242, 1267, 1305, 1364, 1390,
}  # fmt: skip
"""Errors that our own statement earns, whatever class the driver gives them: columns, syntax, too many parameters (1390).
They are internal errors, and waiting for the database would hide them."""

_CONTENT: Final = {
    1048, 1118, 1153, 1264, 1265, 1292, 1300, 1366, 1367, 1406, 1411, 1416, 1441, 1452, 1525, 1690, 1977, 3140, 3819, 3854, 3903, 4025,
    4078, 4161,
}  # fmt: skip
"""Errors that a value earns for what it is, on MariaDB and MySQL: null, out of range, too long, of another encoding or type, no
date, against a constraint (3819, 4025), larger than a packet (1153) or a row (1118)."""
_COLUMN: Final = re.compile(r"column '?(?:`\w+`\.`\w+`\.)?`?(\w+)")


@contextmanager
def _refusals_named() -> Iterator[None]:
    """Translate what the database, or the driver, says of a value that it cannot take."""
    try:
        yield
    except pymysql.err.MySQLError as error:
        if not error.args or error.args[0] not in _CONTENT:
            raise
        raise Permanent(FailureCode.UNSTORABLE_RESULT, _refusal(error)) from error
    except UnicodeEncodeError as error:  # the driver encodes the statement
        raise Permanent(FailureCode.UNSTORABLE_RESULT, "A value is not valid Unicode.") from error


def _refusal(error: pymysql.err.MySQLError) -> str:
    """Return which column refused its value; the value itself is a stranger's."""
    number, message = error.args[0], str(error.args[1]) if len(error.args) > 1 else ""
    column = _COLUMN.search(message)
    return f"The database refused the value of {column[1] if column else 'a column'} with error {number}."


def describe(error: BaseException) -> str:
    """Return what the driver or the socket said, as a sentence; texts of the server may quote what is in a row."""
    code = error.args[0] if error.args else None
    if isinstance(error, pymysql.err.MySQLError) and isinstance(code, int) and code:
        return f"The database, or the way to it, failed with error {code}."
    if isinstance(error, TimeoutError):
        return "The database did not answer in time."
    return "The connection to the database broke off."
