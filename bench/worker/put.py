"""What does a PUT of 100 kB cost a worker's process? Over our own connections and over aiohttp, signed alike, in turns."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import aiohttp
import uvloop
from rich.console import Console
from rich.table import Table
from yarl import URL

from bench.figures import spread
from bench.installation import Installation, installed
from devstack.image_source.pictures import flat_picture
from faust_app.adapters.s3.object_store import S3ObjectStore

ROUNDS: Final = 9
PUTS: Final = 2_000
BYTES: Final = 100_000
AT_ONCE: Final = 32
_TYPE: Final = "image/jpeg"

Put = Callable[[int], Awaitable[None]]


def put(rounds: int = ROUNDS) -> None:
    """Print the CPU of a PUT by each way, and their ratio."""
    with installed("structure") as installation:
        own, general = uvloop.run(_measure(installation, rounds))
    table = Table("a PUT of 100 kB", "CPU us")
    table.add_row("own connections", spread(own, ",.0f"))
    table.add_row("aiohttp", spread(general, ",.0f"))
    table.add_row("own / aiohttp", spread([one / other for one, other in zip(own, general, strict=True)], ".2f"))
    Console(width=120).print(table)


async def _measure(installation: Installation, rounds: int) -> tuple[list[float], list[float]]:
    content = flat_picture(0, BYTES)
    digest = hashlib.sha256(content).hexdigest()
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with S3ObjectStore(installation.settings) as store, aiohttp.ClientSession(connector=connector) as http:

        async def over_own_connections(number: int) -> None:
            await store.put(f"own/{number}", content, content_type=_TYPE, sha256=digest, metadata={})

        async def over_aiohttp(number: int) -> None:
            path = f"/{installation.settings.s3_bucket}/aiohttp/{number}"
            headers = await store._put.sign(path, digest, {"content-type": _TYPE}, datetime.now(UTC))  # noqa: SLF001 - the same work for both
            async with http.put(
                URL(f"{installation.settings.s3_endpoint_url}{path}", encoded=True), data=content, headers=headers
            ) as answer:
                answer.raise_for_status()
                await answer.read()

        ways = (over_own_connections, over_aiohttp)
        costs: dict[Put, list[float]] = {way: [] for way in ways}
        for number in range(rounds + 1):
            for way in ways[:: 1 if number % 2 else -1]:
                costs[way].append(await _cost(way))
        return costs[over_own_connections][1:], costs[over_aiohttp][1:]


async def _cost(way: Put) -> float:
    """Return the microseconds of this process's CPU that a PUT takes."""
    numbers = iter(range(PUTS))

    async def slot() -> None:
        for number in numbers:
            await way(number)

    cpu = time.process_time()
    await asyncio.gather(*(slot() for _ in range(AT_ONCE)))
    return (time.process_time() - cpu) / PUTS * 1e6
