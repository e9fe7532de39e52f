"""The database as units of work: a pool, and transactions of few round trips that are rerun after a deadlock."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple, Self, TypeVar

import aiomysql
import pymysql
import structlog
from pymysql.constants import FIELD_TYPE
from pymysql.converters import conversions

from faust_app.adapters.mariadb.failures import is_unavailable, refusals_named, unavailable, without_tls
from faust_app.adapters.mariadb.literals import joined, with_literals
from faust_app.core.failure import Dependency, Unavailable
from faust_app.metrics import Metrics

T = TypeVar("T")
Row = tuple[Any, ...]

_LOCK_WAIT: Final = 1205
_RERUN: Final = {1213, 1020, _LOCK_WAIT}
"""Deadlock, record changed, lock wait timeout: the whole unit is rolled back and run again (MariaDB error codes)."""
_RERUNS: Final = 20

# MariaDB runs the first comment, MySQL the second: MariaDB before 11.1 knows no `transaction_isolation`, and MySQL 8.0 no `tx_isolation`.
# `group_concat_max_len` also bounds what JSON_ARRAYAGG returns on MariaDB, which cuts what is longer.
INIT_COMMAND: Final = (
    "SET /*M! tx_isolation*//*!80000 transaction_isolation*/='READ-COMMITTED', time_zone='+00:00', wait_timeout=30,"
    " innodb_lock_wait_timeout=5, sql_mode='STRICT_ALL_TABLES', group_concat_max_len=1048576"
)

_CONVERSIONS: Final = {**conversions, FIELD_TYPE.DATETIME: datetime.fromisoformat}
"""pymysql's, but times are read by C code: its own regular expression costs a worker 3 % of its CPU."""

_NOW: Final = "SELECT UTC_TIMESTAMP(6)"

log = structlog.get_logger()


class Session:
    """Statements on one connection, inside the transaction that `Database.run` opens.

    What is queued is sent with the next statement whose result is asked for, or with COMMIT: one round trip, in order. The
    database runs none of what follows a statement that fails. A value that it refuses for what it is raises Permanent
    `unstorable_result` where the statement is sent: the same statement can never succeed.
    """

    def __init__(self, cursor: aiomysql.Cursor) -> None:
        self._cursor = cursor
        self._queued: list[str] = []

    def enqueue(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Queue a statement whose result nobody needs."""
        self._queued.append(with_literals(sql, parameters))

    async def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Sequence[Row]:
        """Run a query and return its rows."""
        self.enqueue(sql, parameters)
        (result,) = await self._send(1)
        return result.rows

    async def now(self) -> datetime:
        """Return the database's clock, UTC without a zone."""
        ((now,),) = await self.rows(_NOW)
        return now  # type: ignore[no-any-return]

    async def rows_and_now(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Sequence[Row], datetime]:
        """Run a query, then read the clock: when every lock that the query asks for is granted. One round trip."""
        self.enqueue(sql, parameters)
        self.enqueue(_NOW)
        result, clock = await self._send(2)
        return result.rows, clock.rows[0][0]

    async def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement and return how many rows it changed (MySQL counts changed rows, not matched ones)."""
        self.enqueue(sql, parameters)
        (result,) = await self._send(1)
        return result.changed

    async def commit(self) -> None:
        """Send what is queued, and COMMIT behind it."""
        self.enqueue("COMMIT")
        await self._send(0)

    async def _send(self, asked: int) -> Sequence["_Result"]:
        """Send what is queued; return the results of the last statements, as many as are asked for.

        Statements are joined in one text and not written one after the other: the database would run COMMIT after an error.
        """
        queued, self._queued = self._queued, []
        # Each statement answers, those that were only queued too: what is asked for is last, and what came before it is let go.
        results = deque[_Result](maxlen=asked)
        with refusals_named():
            for text in joined(queued):
                await self._cursor.execute(text)
                results.append(await self._result())
                while await self._cursor.nextset():
                    results.append(await self._result())
        return results

    async def _result(self) -> "_Result":
        return _Result(await self._cursor.fetchall(), self._cursor.rowcount)


class _Result(NamedTuple):
    """What one statement returned: its rows, and how many it found or changed."""

    rows: Sequence[Row]
    changed: int


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
        metrics.watch_pool(
            "database",
            pool.maxsize,
            in_use=lambda: pool.size - pool.freesize,
            idle=lambda: pool.freesize,
            waiting=lambda: self._waiting,
        )

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
        with self._metrics.transaction_seconds.unlabelled.time():
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
            session = Session(cursor)
            session.enqueue("BEGIN")
            result = await unit(session)
            await session.commit()
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
            if is_unavailable(error):
                raise unavailable(error) from error
            raise
        finally:
            if connection is not None:
                await self._pool.release(connection)
