"""An installation to measure: the real services on free ports, and the product's processes with their CPU time and memory."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
import pymysql

from devstack.ports import Ports
from devstack.stack import Stack
from faust_app.core.dispatch.host_limit import MOST_SET
from faust_app.settings import Settings

DONE: Final = "SELECT COUNT(*) FROM image WHERE state = 'DONE'"
"""Counts the images that are stored."""
CLONE = Path(__file__).parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
SESSION_SECONDS = "60"
"""Longer than a process is stopped between two rounds, so that it keeps its partitions."""


class Installation:
    """The services with one database, topics and bucket; commands run as a user runs them."""

    def __init__(self, stack: Stack, folder: Path, level: str, own: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.stack = stack
        self.environment = {
            **os.environ,
            **stack.environment(),
            "PYTHONPATH": str(CLONE),
            "SESSION_TIMEOUT": SESSION_SECONDS,
            "IMAGE_CHECK_LEVEL": level,
            **(own or {}),
        }
        known = {name.lower(): value for name, value in self.environment.items() if name.lower() in Settings.model_fields}
        self.settings = Settings(_env_file=None, **known)  # type: ignore[arg-type]
        self.source = stack.image_source.address
        self.web_url = self.environment["WEB_URL"]
        self.token = self.environment["OPERATE_TOKEN"]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.command("setup")

    @contextmanager
    def process(self, app: str, name: str | None = None, **own: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker or the web process for the duration of the block; a second one of an app needs a name and settings of its own."""
        with self.started(name or app, [sys.executable, "-m", "faust", "-A", app, "worker", "-l", "warn"], own) as process:
            yield process

    @contextmanager
    def started(self, name: str, command: Sequence[str], own: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command for the duration of the block, with a log of its name."""
        with self._log(name).open("ab") as log:
            process = subprocess.Popen(command, env={**self.environment, **(own or {})}, stdout=log, stderr=log, cwd=self.folder)
        self._running[name] = process
        try:
            yield process
        finally:
            del self._running[name]
            process.terminate()
            process.wait(60)

    def command(self, *words: str) -> str:
        """Run `shop-images` and return its output."""
        command = [sys.executable, "-m", "faust_app", *words]
        return subprocess.run(command, env=self.environment, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def query(self, sql: str) -> int:
        """Return the only number of a query's result, 0 where it is empty."""
        with pymysql.connect(**self.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            row = cursor.fetchone()
        return int(row[0]) if row else 0

    def column(self, sql: str) -> list[int]:
        """Return the numbers in a query's only column."""
        with pymysql.connect(**self.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [int(value) for (value,) in cursor.fetchall()]

    def texts(self, sql: str) -> list[str]:
        """Return the texts in a query's only column."""
        with pymysql.connect(**self.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [value.decode() if isinstance(value, bytes) else str(value) for (value,) in cursor.fetchall()]

    def execute(self, sql: str) -> None:
        """Run a statement."""
        with pymysql.connect(**self.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def until(self, sql: str, value: int, seconds: float = 600.0) -> None:
        """Wait until the query's number reaches the value. Raises RuntimeError when a process has ended, and TimeoutError."""
        limit = time.monotonic() + seconds
        while self.query(sql) < value:
            self.refuse_ended()
            if time.monotonic() > limit:
                raise TimeoutError(f"{sql} stays below {value}")
            time.sleep(0.1)

    async def until_ready(self, http: aiohttp.ClientSession, url: str, seconds: float = 120.0) -> None:
        """Wait until the process at the address is ready. Raises RuntimeError when a process has ended, and TimeoutError."""
        async with asyncio.timeout(seconds):
            while not await _is_ready(http, url):
                self.refuse_ended()
                await asyncio.sleep(0.1)

    def refuse_ended(self) -> None:
        """Raise RuntimeError with the log of a process that has ended by itself."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended:\n{self.log(name)[:6000]}")

    def log(self, name: str) -> str:
        """Return what a process has printed."""
        return self._log(name).read_text()

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


async def _is_ready(http: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with http.get(f"{url}/ready") as answer:
            return answer.status == HTTPStatus.OK
    except aiohttp.ClientError:  # it does not listen yet
        return False


@contextmanager
def installed(
    level: str = "structure", *, buffer_pool: str = "256M", statistics: bool = False, own: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Start the services in a temporary folder and stop them afterwards; `level` is the level of the image check.

    `buffer_pool` is MariaDB's; with `statistics` the settings have an embedded ClickHouse; `own` are settings beside those of the stack.
    """
    with stack_up(buffer_pool) as (stack, folder):
        yield Installation(stack, folder, level, {**(stack.statistics_environment() if statistics else {}), **(own or {})})


@contextmanager
def stack_up(buffer_pool: str = "256M") -> Iterator[tuple[Stack, Path]]:
    """Start the services alone, for several installations on them; yield them with a folder for the installations' files."""
    with TemporaryDirectory(prefix="shop-images-bench-") as name:
        stack = Stack(Path(name) / "stack", Ports.free(), CLONE / ".devstack")
        stack.mariadb.buffer_pool = buffer_pool
        with stack:
            yield stack, Path(name)


def names_of_its_own(stack: Stack, folder: Path, name: str) -> dict[str, str]:
    """Create a database; return the settings that give an installation on a shared stack its own of everything but a worker's port."""
    with stack.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE shop_images_{name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    return {
        "DATABASE_URL": stack.mariadb.url_of(f"shop_images_{name}"),
        "APP_ID": name,
        "TOPIC_PREFIX": f"{name}.",
        "S3_BUCKET": f"{name}-images",
        "DATA_DIR": str(folder / "faust"),
    }


def known_source(stack: Stack, at_once: int = MOST_SET) -> dict[str, str]:
    """Return the setting by which the source serves so many at once: without it a worker finds out, up to MOST_FOUND."""
    return {"SOURCE_HOST_LIMITS": f"{stack.image_source.address.removeprefix('http://')}={at_once}"}


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds a process has used, user and system."""
    return sum(_ticks(pid)[:2]) / _TICKS


def cpu_seconds_of_family(pid: int) -> float:
    """Return the CPU seconds of a process and of all its children, those that have ended included."""
    return sum(sum(_ticks(each)) for each in (pid, *children(pid))) / _TICKS


def _ticks(pid: int) -> list[int]:
    """Return the ticks of a process, user and system, and those of its ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return [int(each) for each in fields[11:15]]


def children(pid: int) -> list[int]:
    """Return the children of a process that run, and theirs."""
    found = [int(each) for path in Path(f"/proc/{pid}/task").glob("*/children") for each in path.read_text().split()]
    return [each for child in found for each in (child, *children(child))]


def peak_megabytes(pid: int) -> float:
    """Return a process's peak resident memory, in MiB."""
    return _megabytes(pid, "VmHWM:")


def resident_megabytes(pid: int) -> float:
    """Return a process's resident memory, in MiB."""
    return _megabytes(pid, "VmRSS:")


def _megabytes(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"/proc has no {name}")
