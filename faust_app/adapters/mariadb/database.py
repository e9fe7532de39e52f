"""The database as units of work: a pool, transactions that are rerun after a deadlock, errors by their names."""

import asyncio
import random
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, Final, Self, TypeVar

import aiomysql
import pymysql
import structlog
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions

from faust_app.adapters.mariadb.literals import with_literals
from faust_app.core.failure import Dependency, FailureCode, Misconfigured, Permanent, Unavailable
from faust_app.metrics import Metrics
from faust_app.tls import TlsFault, tls_fault

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
            await self._cursor.execute(with_literals(sql, parameters))
        return await self._cursor.fetchall()  # type: ignore[no-any-return]

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ((now,),) = await self.rows("SELECT UTC_TIMESTAMP(6)")
        return now  # type: ignore[no-any-return]

    async def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement and return how many rows it changed (MySQL counts changed rows, not matched ones)."""
        with _refusals_named():
            return await self._cursor.execute(with_literals(sql, parameters))  # type: ignore[no-any-return]


class Database:
    """A pool of connections; implements `flows.ports.clock.Clock`.

    Every method raises Unavailable when the database does not do its part, and Permanent `unstorable_result` when a value
    is refused for its content.
    """

    def __init__(self, pool: aiomysql.Pool, metrics: Metrics, *, encrypted: bool = False) -> None:
        self._pool = pool
        self._encrypted = encrypted
        self._waiting = 0
        self._metrics = metrics
        metrics.pool_limit.labels("database").set(pool.maxsize)
        shown = metrics.pool_connections
        shown.labels("database", "in_use").set_function(lambda: pool.size - pool.freesize)
        shown.labels("database", "idle").set_function(lambda: pool.freesize)
        shown.labels("database", "waiting").set_function(lambda: self._waiting)

    @classmethod
    @asynccontextmanager
    async def connect(cls, address: Mapping[str, Any], connections: int, metrics: Metrics | None = None) -> AsyncIterator[Self]:
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
            yield cls(pool, metrics or Metrics(), encrypted="ssl" in address)
        finally:
            pool.terminate()
            await pool.wait_closed()

    async def run(self, unit: Callable[[Session], Awaitable[T]]) -> T:
        """Run the unit in one transaction and return its result after COMMIT.

        The unit is run again, whole, after a deadlock. Unavailable after COMMIT was sent means that the outcome is not
        known: the caller reads again before it decides.
        """
        with self._metrics.transaction_seconds.time():
            return await self._until_it_holds(unit)

    async def _until_it_holds(self, unit: Callable[[Session], Awaitable[T]]) -> T:
        for attempt in range(_RERUNS):
            async with self._connection() as connection:
                try:
                    return await self._transaction(connection, unit)
                except (pymysql.err.OperationalError, pymysql.err.InternalError) as error:
                    if error.args[0] not in _RERUN:
                        raise
                    await connection.rollback()
            self._metrics.transaction_reruns.inc()
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

    async def _acquired(self) -> aiomysql.Connection:
        self._waiting += 1
        try:
            return await self._pool.acquire()
        finally:
            self._waiting -= 1

    def _refuse_clear(self, connection: aiomysql.Connection) -> None:
        """Raise Misconfigured if the server offers no TLS although the settings require it: the driver would continue in the clear."""
        if self._encrypted and not connection._secure:  # noqa: SLF001 - it has no public name
            raise without_tls()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[aiomysql.Connection]:
        connection = None
        try:
            connection = await self._acquired()
            self._refuse_clear(connection)
            yield connection
        except BaseException as error:
            if connection is not None:
                connection.close()  # whatever was under way is rolled back by the server
            if _is_unavailable(error):
                raise unavailable(error) from error
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


_TLS_REQUIRED: Final = 3159
_REFUSED: Final = {
    1043: ("The database and we agree on no TLS", "DATABASE_CA"),
    1044: ("The database refuses the account this database", "DATABASE_URL"),
    1045: ("The database refuses the user or the password, or asks for TLS", "DATABASE_URL and DATABASE_CA"),
    1049: ("There is no database of this name", "DATABASE_URL"),
    1130: ("The database takes no connection from this host", "DATABASE_URL"),
    1698: ("The database refuses the user or the password", "DATABASE_URL"),
    _TLS_REQUIRED: ("The database takes connections by TLS only", "DATABASE_CA"),
}
"""What a server says to whoever connects, by its code, and the setting that it is about."""
_OF_TLS: Final = {
    TlsFault.UNTRUSTED: "DATABASE_CA",
    TlsFault.EXPIRED: "the certificate of the server in DATABASE_URL",
    TlsFault.NOT_YET_VALID: "the certificate of the server in DATABASE_URL",
    TlsFault.OTHER_HOST: "DATABASE_URL",
    TlsFault.REFUSED: "DATABASE_CA",
}


def unavailable(error: BaseException, what: str = "") -> Unavailable:
    """Return the failure that an error of the driver stands for; `what` is a sentence that comes before."""
    code = error.args[0] if error.args else None
    fault = tls_fault(error)
    if fault in _OF_TLS:
        return Misconfigured(Dependency.DATABASE, f"{what} The database {fault.value}.".strip(), setting=_OF_TLS[fault])
    if isinstance(error, pymysql.err.MySQLError) and code in _REFUSED:
        sentence, setting = _REFUSED[code]
        return Misconfigured(Dependency.DATABASE, f"{what} {sentence} (error {code}).".strip(), setting=setting)
    return Unavailable(Dependency.DATABASE, f"{what} {describe(error)}".strip())


def without_tls() -> Misconfigured:
    """Return the failure of a server that offers no TLS although we ask for it."""
    return Misconfigured(Dependency.DATABASE, "The database offers no TLS.", setting="DATABASE_CA")


def describe(error: BaseException) -> str:
    """Return what the driver or the socket said, as a sentence; texts of the server may quote what is in a row."""
    code = error.args[0] if error.args else None
    if isinstance(error, pymysql.err.MySQLError) and isinstance(code, int) and code:
        return f"The database, or the way to it, failed with error {code}."
    if isinstance(error, TimeoutError):
        return "The database did not answer in time."
    return "The connection to the database broke off."
