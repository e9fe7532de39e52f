"""The embedded ClickHouse: one process owns its folder, and a few sessions answer side by side.

Nothing else imports `chdb`, and this imports it only when it is opened: installations with a ClickHouse server do not have it.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Self, TypeVar

import structlog

T = TypeVar("T")

SESSIONS: Final = 4
"""A session answers one query after the other. More than four answer no more on two cores, and each waits longer."""
_QUERY_SECONDS: Final = 60
"""Seconds that a query may take: a client that gave up must not leave a session busy for ever."""
_CODE: Final = "Code: "

log = structlog.get_logger()


class EngineError(Exception):
    """The engine cannot be opened; the message says why, and what to do."""


class QueryRefused(Exception):  # noqa: N818 - what was asked is wrong, not the engine
    """ClickHouse refuses a query; `code` is its number for the reason, the message is ClickHouse's."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        digits = message.partition(_CODE)[2].partition(".")[0]
        self.code = int(digits) if digits.isdecimal() else 1002


@dataclass(slots=True)
class _Session:
    """A session, and the database that its statements mean."""

    chdb: Any
    database: str = "default"

    def use(self, database: str) -> None:
        if database != self.database:
            self.chdb.query(f"USE `{database}`")
            self.database = database


class Engine:
    """Runs queries on the store in a folder."""

    def __init__(self, sessions: list[Any]) -> None:
        self._sessions: SimpleQueue[_Session] = SimpleQueue()
        for session in sessions:
            self._sessions.put(_Session(session))
        self._threads = ThreadPoolExecutor(len(sessions), thread_name_prefix="chdb")

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Self]:
        """Open the folder, and create it when it is missing. Raises EngineError when another process owns it, or chdb is missing."""
        with ExitStack() as stack:
            stack.enter_context(_owned(folder))
            sessions = await asyncio.to_thread(_sessions, folder)
            engine = cls(sessions)
            stack.callback(engine._close, sessions)
            yield engine

    async def query(self, sql: str, parameters: Mapping[str, str], database: str) -> bytes:
        """Run a statement and return its result as ClickHouse formats it. Raises QueryRefused."""
        return await self._run(database, lambda session: bytes(session.query(sql, "TabSeparated", params=dict(parameters)).bytes()))

    async def insert(self, sql: str, data_format: str, data: bytes, database: str) -> int:
        """Run an INSERT without its FORMAT, with data in this format; return how many rows it wrote. Raises QueryRefused."""

        def run(session: Any) -> int:
            with session.send_insert(sql, data_format) as inserting:
                inserting.append(data)
                return int(inserting.finish().rows_written)

        return await self._run(database, run)

    async def _run(self, database: str, work: Callable[[Any], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._on_session, database, work)

    def _on_session(self, database: str, work: Callable[[Any], T]) -> T:
        session = self._sessions.get()
        try:
            session.use(database)
            return work(session.chdb)
        except RuntimeError as error:  # what chdb raises, whatever ClickHouse refuses
            raise QueryRefused(str(error)) from error
        finally:
            self._sessions.put(session)

    def _close(self, sessions: list[Any]) -> None:
        # A query that runs is waited for: a session that is closed under it crashes the process.
        self._threads.shutdown(wait=True, cancel_futures=True)
        for session in sessions:
            with suppress(RuntimeError):
                session.close()


@contextmanager
def _owned(folder: Path) -> Any:
    """Hold the folder for this process. A lock of the kernel ends with its process, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = folder.with_name(f"{folder.name}.lock").open("a")
    except OSError as error:
        raise EngineError(f"STATISTICS_DIR {folder} cannot be written: {error.strerror or error}") from error
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EngineError(
                f"STATISTICS_DIR {folder} is in use by another process; only one process `shop-images stats` can own it, stop the other one"
            ) from None
        yield


def _sessions(folder: Path) -> list[Any]:
    try:
        from chdb.session import Session  # noqa: PLC0415 - it takes half a second, and is missing where nobody needs it
    except ImportError as error:
        raise EngineError(
            "chdb is not installed: install requirements/stats.txt, or set CLICKHOUSE_URL to a ClickHouse server and clear STATISTICS_DIR"
        ) from error
    try:
        sessions = [Session(str(folder)) for _ in range(SESSIONS)]  # type: ignore[no-untyped-call]
        for session in sessions:
            session.query(f"SET max_execution_time = {_QUERY_SECONDS}")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise EngineError(f"STATISTICS_DIR {folder} cannot be opened: {str(error).splitlines()[0]}") from error
    return sessions
