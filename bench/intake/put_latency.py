"""How long a PUT takes, at a steady rate, until the 202 that follows the commit."""

import asyncio
import time
from statistics import median

import aiohttp

from bench.figures import p99
from bench.installation import Installation

RATE = 200
SECONDS = 15
WARM_UP = 200


def measure_put_latency(installation: Installation) -> tuple[float, float]:
    """Return the median and the 99th percentile in milliseconds."""
    return asyncio.run(_measure(installation))


async def _measure(installation: Installation) -> tuple[float, float]:
    headers = {"Authorization": f"Bearer {installation.token}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as http:
        await installation.until_ready(http, installation.web_url, 30.0)
        tasks = []
        started = time.perf_counter()
        for number in range(WARM_UP + RATE * SECONDS):
            await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
            tasks.append(asyncio.create_task(_put(http, installation, number)))
        times = (await asyncio.gather(*tasks))[WARM_UP:]
    return median(times) * 1000, p99(times) * 1000


async def _put(http: aiohttp.ClientSession, installation: Installation, number: int) -> float:
    body = {"source_url": f"{installation.source}/flat/{number}?bytes=5000"}
    started = time.perf_counter()
    async with http.put(f"{installation.web_url}/v1/shops/2/images/i{number}", json=body) as answer:
        assert answer.status == 202, answer.status  # noqa: PLR2004 - accepted
        await answer.read()
    return time.perf_counter() - started
