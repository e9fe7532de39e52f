"""One installation of the product on the real services: its processes, its entry points, and a look behind them."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pymysql
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from devstack.ports import free_port
from devstack.stack import Stack
from faust_app.adapters.s3.object_store import S3ObjectStore
from faust_app.settings import Settings

CLONE = Path(__file__).parents[2]
LIMIT = 45.0
"""Seconds after which something that should have happened is taken as broken; it is never waited for in vain."""


needs_kcat = pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed; .ci/run installs it")


class Process:
    """A process of the product, with its log."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], folder: Path, port: int) -> None:
        self.name, self.port = name, port
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=folder
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        if self.alive:
            self._process.send_signal(number)

    def terminate(self, *, within: float = 60.0) -> float:
        """Stop by SIGTERM; return the seconds it took."""
        started = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(within)
        return time.monotonic() - started

    def end(self) -> None:
        if self.alive:
            self.kill()


class Installation:
    """Starts and stops processes by id; everything it started is ended by `close`."""

    def __init__(self, settings: Settings, stack: Stack, folder: Path) -> None:
        self.settings, self.stack, self.folder = settings, stack, folder
        self.topics = settings.topics
        self.processes: list[Process] = []
        self.web: Process | None = None
        self._forget_requests()

    def _forget_requests(self) -> None:
        """Let the image source count from nothing: its flaky addresses are shared by all tests of a run."""
        forget = urllib.request.Request(self.source + "/requests", method="DELETE")  # noqa: S310 - our own address
        with urllib.request.urlopen(forget, timeout=LIMIT):  # noqa: S310 - our own address
            pass

    @property
    def source(self) -> str:
        return str(self.stack.image_source.address)

    def environment(self) -> dict[str, str]:
        values = {name.upper(): _text(getattr(self.settings, name)) for name in self.settings.model_fields_set}
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "PYTHONPATH": str(CLONE), "PYTHONWARNINGS": "default"} | values

    async def start(self, *workers: str) -> list[Process]:
        """Start the web process and workers side by side; return them, the web process first, when all are ready."""
        processes = [self._spawn_web(), *(self.spawn_worker(name) for name in workers or ("worker",))]
        for process in processes:
            await self.until_ready(process)
        return processes

    async def start_worker(self, name: str = "worker") -> Process:
        return await self._start(name, "faust_app")

    async def start_web(self) -> Process:
        web = self._spawn_web()
        await self.until_ready(web)
        return web

    async def start_stats(self) -> Process:
        port = free_port()
        process = self._run("stats", ["faust_app", "stats"], self.environment() | {"STATISTICS_PORT": str(port)}, port)
        await self.until_ready(process)
        return process

    def spawn_worker(self, name: str) -> Process:
        """Start a worker and do not wait for it."""
        return self._spawn(name, "faust_app", free_port())

    def spawn(self, name: str, app: str, **environment: str) -> Process:
        """Start another app and do not wait for it."""
        return self._spawn(name, app, free_port(), environment)

    async def restart_web(self) -> None:
        """Start the web process again where it was; return when it is ready."""
        await self.until_ready(self.respawn_web())

    def respawn_web(self) -> Process:
        """Start the web process again where it was and do not wait for it."""
        assert self.web is not None
        self.web = self._spawn("web", "faust_app.web_app", self.web.port)
        return self.web

    def _spawn_web(self) -> Process:
        self.web = self._spawn("web", "faust_app.web_app", free_port())
        return self.web

    async def _start(self, name: str, app: str) -> Process:
        process = self._spawn(name, app, free_port())
        await self.until_ready(process)
        return process

    async def launch(self, name: str, *, port: int) -> Process:
        """Start a worker that may not become ready; return when it answers."""
        process = self._spawn(name, "faust_app", port)
        await self.until(lambda: self._answers(process), f"{name} answers")
        return process

    def _spawn(self, name: str, app: str, port: int, environment: dict[str, str] | None = None) -> Process:
        command = ["faust", "-A", app, "worker", "-l", "info", "--web-port", str(port)]
        return self._run(name, command, self.environment() | (environment or {}), port)

    def _run(self, name: str, command: Sequence[str], environment: dict[str, str], port: int) -> Process:
        process = Process(name, command, environment, self.folder, port)
        self.processes.append(process)
        return process

    async def until_ready(self, process: Process) -> float:
        """Wait until the process says that it can work; return the seconds it took. Its end is an error."""
        return await self.until(lambda: self._ready(process), f"{process.name} ready")

    async def _ready(self, process: Process) -> bool:
        return await self._status(process, "/ready") == 200

    async def _answers(self, process: Process) -> bool:
        return await self._status(process, "/health") == 200

    async def _status(self, process: Process, path: str) -> int | None:
        assert process.alive, process.log.read_text()[-3000:]
        try:
            async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{process.port}{path}") as answer:
                return answer.status
        except aiohttp.ClientError:
            return None

    def close(self) -> None:
        for process in self.processes:
            process.end()

    # The entry points

    async def call(self, method: str, path: str, *, process: Process | None = None, **arguments: Any) -> tuple[int, Any]:
        """Send a request to the web process, or the one given, with a token of every scope; return status and body."""
        process = process or self.web
        assert process is not None
        headers = {"Authorization": f"Bearer {self.stack.environment()['OPERATE_TOKEN']}"} | arguments.pop("headers", {})
        url = f"http://127.0.0.1:{process.port}{path}"
        try:
            async with aiohttp.ClientSession() as http, http.request(method, url, headers=headers, **arguments) as answer:
                if answer.content_type.endswith("json"):
                    return answer.status, await answer.json(content_type=None)
                return answer.status, await answer.read()
        except aiohttp.ClientConnectorError as error:
            raise AssertionError(f"{process.name} does not listen; exit code {process.exit_code}\n{self._logs()}") from error

    async def put(self, shop_no: int, image_id: str, path: str, **fields: Any) -> int:
        body = {"source_url": self.source + path, **fields}
        status, answer = await self.call("PUT", f"/v1/shops/{shop_no}/images/{image_id}", json=body)
        assert status in {200, 202}, answer
        return int(answer["version"])

    async def post(self, shop_no: int, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        status, answer = await self.call("POST", f"/v1/shops/{shop_no}/images", json=list(items))
        assert status == 202, answer
        return dict(answer)

    async def register_many(self, shop_no: int, count: int, path: str, *, first: int = 0) -> None:
        """Register `count` images, numbered from `first`; {n} in the path is the image's number."""
        for start in range(first, first + count, 1000):
            numbers = range(start, min(start + 1000, first + count))
            await self.post(
                shop_no, [{"op": "register", "image_id": f"i{n}", "source_url": self.source + path.format(n=n)} for n in numbers]
            )

    async def get(self, shop_no: int, image_id: str) -> dict[str, Any]:
        status, answer = await self.call("GET", f"/v1/shops/{shop_no}/images/{image_id}")
        assert status == 200, answer
        return dict(answer)

    async def content(self, shop_no: int, image_id: str) -> bytes:
        status, body = await self.call("GET", f"/v1/shops/{shop_no}/images/{image_id}/content")
        assert status == 200, body
        return bytes(body)

    async def source_bytes(self, path: str) -> bytes:
        async with aiohttp.ClientSession() as http, http.get(self.source + path) as answer:
            assert answer.status == 200
            return await answer.read()

    async def run_command(self, *words: str, code: int | None = 0, **environment: str) -> tuple[str, str]:
        """Run `shop-images`; return what it printed and what it complained of. With `code` None any exit code will do."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "faust_app", *words,
            env=self.environment() | environment, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert code is None or process.returncode == code, err.decode()
        return out.decode(), err.decode()

    async def produce(self, topic: str, *values: bytes, key: bytes | None = None, partition: int | None = None) -> None:
        async with AIOKafkaProducer(**self.settings.kafka) as producer:
            for value in values:
                await producer.send_and_wait(topic, value, key, partition=partition)

    # Behind the entry points

    def query(self, sql: str, *parameters: Any) -> tuple[tuple[Any, ...], ...]:
        with pymysql.connect(**self.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return tuple(cursor.fetchall())

    def execute(self, sql: str, *parameters: Any) -> None:
        with pymysql.connect(**self.settings.database, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    def states(self, shop_no: int) -> Counter[str]:
        return Counter(state for (state,) in self.query("SELECT state FROM image WHERE shop_no = %s", shop_no))

    async def metric(self, process: Process, name: str, **labels: str) -> float:
        """Return a metric of a process."""
        _, page = await self.call("GET", "/metrics", process=process)
        for family in text_string_to_metric_families(page.decode()):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return 0.0

    async def keys(self, prefix: str = "") -> list[str]:
        """Return the keys of every object in the bucket."""
        async with S3ObjectStore(self.settings) as store:
            return [key async for key in store.list_keys(prefix)]

    async def put_object(self, key: str, content: bytes) -> None:
        """Put an object into the bucket, past the product."""
        async with S3ObjectStore(self.settings) as store:
            digest = hashlib.sha256(content).hexdigest()
            await store.put(key, content, content_type="image/jpeg", sha256=digest, metadata={})

    async def records(self, topic: str) -> list[ConsumerRecord]:
        """Return every record of a topic."""
        found: list[ConsumerRecord] = []
        async with AIOKafkaConsumer(topic, **self.settings.kafka, auto_offset_reset="earliest") as consumer:
            ends = await consumer.end_offsets(consumer.assignment())
            for tp, end in ends.items():
                await consumer.seek_to_beginning(tp)
                while await consumer.position(tp) < end:
                    found += (await consumer.getmany(tp, timeout_ms=500)).get(tp, [])
        return found

    async def until(self, condition: Callable[[], bool | Awaitable[bool]], what: str, *, limit: float = LIMIT) -> float:
        """Wait until the condition holds; return the seconds it took."""
        started = time.monotonic()
        while True:
            holds = condition()
            if isinstance(holds, bool) and holds:
                return time.monotonic() - started
            if not isinstance(holds, bool) and await holds:
                return time.monotonic() - started
            if time.monotonic() - started > limit:
                raise AssertionError(f"not within {limit:.0f} s: {what}\n{self._logs()}")
            await asyncio.sleep(0.05)

    async def all_in(self, shop_no: int, state: str, count: int, *, limit: float = LIMIT) -> float:
        return await self.until(lambda: self.states(shop_no) == {state: count}, f"{count} images {state}", limit=limit)

    def _logs(self) -> str:
        return "\n".join(f"== {process.name}\n{process.log.read_text()[-2500:]}" for process in self.processes)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
