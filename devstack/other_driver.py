"""asyncmy in the place of aiomysql: shows whether what we promise of the database hangs on one driver, and what another would save.

No process of the product uses it.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import aiomysql
import asyncmy.errors
import pymysql

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence


def replace_driver() -> None:
    """Have every pool that this process opens from here on be of asyncmy."""
    aiomysql.create_pool = create_pool
    aiomysql.connect = None  # nothing connects past the pool


async def create_pool(**options: Any) -> OtherPool:
    """Open a pool with the options of `aiomysql.create_pool`."""
    with _errors_of_pymysql():
        return OtherPool(await asyncmy.create_pool(**options))


@contextmanager
def _errors_of_pymysql() -> Iterator[None]:
    """Translate errors: aiomysql raises those of pymysql, which have the same names and arguments."""
    try:
        yield
    except asyncmy.errors.MySQLError as error:
        raise getattr(pymysql.err, type(error).__name__)(*error.args) from error


class OtherPool:
    """A pool of asyncmy, with as much of aiomysql's pool as `Database` uses."""

    def __init__(self, pool: asyncmy.Pool) -> None:
        self._pool = pool

    @property
    def maxsize(self) -> int:
        """Connections at most."""
        return int(self._pool.maxsize)

    @property
    def size(self) -> int:
        """Connections, in use or idle."""
        return int(self._pool.size)

    @property
    def freesize(self) -> int:
        """Idle connections."""
        return int(self._pool.freesize)

    async def acquire(self) -> OtherConnection:
        """Return a connection that is free, once there is one."""
        with _errors_of_pymysql():
            return OtherConnection(await self._pool.acquire())

    async def release(self, connection: OtherConnection) -> None:
        """Give a connection back."""
        await self._pool.release(connection.inner)

    def terminate(self) -> None:
        """Close every connection, those in use too."""
        self._pool.terminate()

    async def wait_closed(self) -> None:
        """Wait until all are closed."""
        await self._pool.wait_closed()


class OtherConnection:
    """A connection of asyncmy."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @property
    def _secure(self) -> bool:
        return bool(self.inner._secure)  # noqa: SLF001 - it has no public name, in either driver

    @asynccontextmanager
    async def cursor(self) -> AsyncIterator[OtherCursor]:
        """Open a cursor."""
        async with self.inner.cursor() as cursor:
            yield OtherCursor(cursor)

    async def rollback(self) -> None:
        """Roll back what is under way."""
        with _errors_of_pymysql():
            await self.inner.rollback()

    def close(self) -> None:
        """Close the connection at once."""
        self.inner.close()


class OtherCursor:
    """A cursor of asyncmy, whose rows come as aiomysql's: a tuple of tuples."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def rowcount(self) -> int:
        """Rows that the statement found or changed."""
        return int(self._inner.rowcount)

    async def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> int:
        """Run a text of one or more statements; return the first one's `rowcount`."""
        with _errors_of_pymysql():
            return int(await self._inner.execute(sql, parameters))

    async def nextset(self) -> bool:
        """Read the next statement's result; False if there is none."""
        with _errors_of_pymysql():
            return bool(await self._inner.nextset())

    async def fetchall(self) -> tuple[tuple[Any, ...], ...]:
        """Return the rows of the result."""
        return tuple(await self._inner.fetchall())
