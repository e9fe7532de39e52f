"""What readers of the feed cost a web process: memory while many read full pages slowly, and how soon those that wait hear of a result."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import aiohttp
from rich.console import Console
from rich.table import Table

from bench.figures import p99
from bench.installation import Installation, cpu_seconds, installed, peak_megabytes, resident_megabytes

KEPT: Final = 200_000
READERS: Final = 100
CROWD: Final = 1_000
RATE: Final = 200
SECONDS: Final = 20
_SHOPS: Final = 100
_BATCH: Final = 20
_SETTLE_SECONDS: Final = 3.0
_BODY: Final = json.dumps({
    "kind": "stored", "version": 1790000000000000, "product_id": "product-1234", "external_version": 17, "correlation_id": "order-123456",
    "object_key": "shops/7/0123456789abcdef0123/1790000000000000-0123456789abcdef.jpg", "size": 123456, "content_type": "image/jpeg",
    "width": 1200, "height": 900,
})  # fmt: skip
_FILL: Final = f"""
INSERT INTO result_feed (position, at, shop_no, image_id, body)
SELECT 1000 + seq, UTC_TIMESTAMP(6), 1 + seq MOD {_SHOPS}, LPAD(seq, 10, '0'), '{_BODY}' FROM seq_1_to_{KEPT}
"""  # noqa: S608 - our own numbers
_REACHED: Final = "UPDATE result_sequence SET last_position = 1000 + {0}, published_position = 1000 + {0}, moved = {0}, published = {0}"
_WRITE: Final = "INSERT INTO result_outbox (at, shop_no, image_id, body) VALUES {}"


@dataclass(frozen=True)
class FeedFigures:
    """Memory in MiB, seconds from commit to the reader, and seconds of CPU a second."""

    idle: float
    reading: float
    after: float
    page: int
    refused: int
    errors: Sequence[str]
    delays: Sequence[float]
    delays_of_shop: Sequence[float]
    cpu_waiting: float
    cpu_reading: float


def feed() -> None:
    """Measure the feed, and print one table."""
    with installed() as installation:
        figures = measure_feed(installation)
    table = Table("what", "measured", "target")
    memory = f"{figures.idle:,.0f} MiB before, {figures.reading:,.0f} at the peak, {figures.after:,.0f} after"
    page = f"page of 1,000 ({figures.page / 1000:,.0f} kB)"
    table.add_row(f"memory of a web process, {READERS} readers that stop in a {page}", memory, "bounded")
    refused = f"{figures.refused:,}: {', '.join(figures.errors)}"
    table.add_row(f"{CROWD:,} readers at once: refused, with which errors", refused, "one clear error")
    followed = ((f"{READERS} readers of all shops", figures.delays), (f"{READERS} readers of a shop each", figures.delays_of_shop))
    for what, delays in followed:
        told = f"{median(delays) * 1000:,.0f} / {p99(delays) * 1000:,.0f} ms ({len(delays):,} results)"
        table.add_row(f"commit to {what}, {RATE}/s, p50 / p99", told, "<= 2 s")
    table.add_row(f"CPU of the process, {READERS} readers that wait", f"{figures.cpu_waiting:.1%}", "")
    table.add_row(f"CPU, {READERS} readers of all shops at {RATE}/s", f"{figures.cpu_reading:.1%}", "")
    Console(width=150).print(table)


def measure_feed(installation: Installation) -> FeedFigures:
    """Fill the feed, and measure what its readers cost one web process."""
    installation.execute(_FILL)
    installation.execute(_REACHED.format(KEPT))
    with installation.process("faust_app.web_app", FEED_READERS=str(READERS * 2)) as web:
        return asyncio.run(_Readers(installation, web.pid).measure())


class _Readers:
    def __init__(self, installation: Installation, pid: int) -> None:
        self._installation, self._pid = installation, pid
        self._headers = {"Authorization": f"Bearer {installation.token}"}

    async def measure(self) -> FeedFigures:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(self._installation.web_url, headers=self._headers, connector=connector) as http:
            await self._installation.until_ready(http, self._installation.web_url)
            await self._ask(http, {"after": "latest"})  # opens what a first reader opens
            idle = resident_megabytes(self._pid)
            page = len(await self._read_slowly(http))
            await asyncio.sleep(_SETTLE_SECONDS)
            reading, after = peak_megabytes(self._pid), resident_megabytes(self._pid)
            latest = (await self._ask(http, {"after": "latest"}))["next"]
            refused = await self._crowd(http, latest)
            cpu_waiting = await self._cpu_of_waiting(http, latest)
            began = cpu_seconds(self._pid)
            delays = await self._follow(http, latest, of_shops=False)
            cpu_reading = (cpu_seconds(self._pid) - began) / SECONDS
            latest = (await self._ask(http, {"after": "latest"}))["next"]
            of_shop = await self._follow(http, latest, of_shops=True)
        return FeedFigures(idle, reading, after, page, len(refused), sorted(set(refused)), delays, of_shop, cpu_waiting, cpu_reading)

    async def _read_slowly(self, http: aiohttp.ClientSession) -> bytes:
        """Request a page with every reader, and read none before the process has answered all; return a page."""
        answers = await asyncio.gather(*(http.get("/v1/changes") for _ in range(READERS)))
        await asyncio.sleep(_SETTLE_SECONDS)
        bodies = [await answer.read() for answer in answers]
        return bodies[0]

    async def _crowd(self, http: aiohttp.ClientSession, latest: str) -> list[str]:
        async def one() -> str | None:
            async with http.get("/v1/changes", params={"after": latest, "wait": "5"}) as answer:
                body = await answer.json(content_type=None)
                return None if answer.status == 200 else f"{answer.status} {body['detail']}"  # noqa: PLR2004

        return [each for each in await asyncio.gather(*(one() for _ in range(CROWD))) if each is not None]

    async def _cpu_of_waiting(self, http: aiohttp.ClientSession, latest: str) -> float:
        waiting = [asyncio.create_task(self._ask(http, {"after": latest, "wait": "20"})) for _ in range(READERS)]
        await asyncio.sleep(_SETTLE_SECONDS)
        before = cpu_seconds(self._pid)
        await asyncio.sleep(10)
        spent = (cpu_seconds(self._pid) - before) / 10
        await asyncio.gather(*waiting)
        return spent

    async def _follow(self, http: aiohttp.ClientSession, latest: str, *, of_shops: bool) -> list[float]:
        """Write results for SECONDS while every reader follows; return how long after its commit each was read."""
        committed: dict[str, float] = {}
        delays: list[float] = []
        done = asyncio.Event()

        async def reader(number: int) -> None:
            cursor, shop = latest, {"shop": str(number + 1)} if of_shops else {}
            while not done.is_set():
                answer = await self._ask(http, {"after": cursor, "wait": "1", **shop})
                now = time.monotonic()
                delays.extend(now - committed[item["image_id"]] for item in answer["items"] if item["image_id"] in committed)
                cursor = answer["next"]

        readers = [asyncio.create_task(reader(number)) for number in range(READERS)]
        await asyncio.sleep(_SETTLE_SECONDS)
        await asyncio.to_thread(self._write, committed)
        await asyncio.sleep(_SETTLE_SECONDS)
        done.set()
        await asyncio.gather(*readers)
        return delays

    def _write(self, committed: dict[str, float]) -> None:
        began, number = time.monotonic(), 0
        while number < RATE * SECONDS:
            names = [f"w{began:.0f}-{number + each}" for each in range(_BATCH)]
            rows = (f"(UTC_TIMESTAMP(6), {1 + (number + each) % _SHOPS}, '{name}', '{_BODY}')" for each, name in enumerate(names))
            self._installation.execute(_WRITE.format(", ".join(rows)))
            committed.update(dict.fromkeys(names, time.monotonic()))
            number += _BATCH
            time.sleep(max(0.0, began + number / RATE - time.monotonic()))

    async def _ask(self, http: aiohttp.ClientSession, query: dict[str, str]) -> Any:
        async with http.get("/v1/changes", params=query) as answer:
            answer.raise_for_status()
            return json.loads(await answer.read())
