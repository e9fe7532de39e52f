"""What is sent: single images of the quiet shops at random times, bursts of records, a republish."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from bench.fairness.hosts import Hosts
from bench.fairness.scenarios import QUIET, QUIET_PER_SECOND
from bench.installation import Installation
from bench.intake.requests_topic import Request

SEED: Final = 16
REPUBLISH_RATE: Final = 1000
"""Images a second that a republish begins at most, the highest rate an operator may set."""
_KNOWN: Final = """
INSERT INTO image (shop_no, image_id, version, op, requested_at, updated_at, state, source_url, source_host, shown_version,
    object_key, shown_url, sha256, bytes, content_type, width, height)
SELECT {shop}, CONCAT('k', seq), 1, 'register', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 'DONE', REPLACE('{url}', '/0?', CONCAT('/', seq, '?')),
    '{host}', 1, CONCAT('shops/{shop}/', LEFT(SHA2(CONCAT('k', seq), 256), 20), '/1-0123456789abcdef.jpg'), 'http://before.test/',
    UNHEX(SHA2('x', 256)), 5000, 'image/jpeg', 94, 94 FROM seq_1_to_{count}
"""


@asynccontextmanager
async def client(installation: Installation) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a client of the product's pages, with a token of every scope."""
    headers = {"Authorization": f"Bearer {installation.token}"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(60)) as http:
        yield http


@asynccontextmanager
async def quiet_shops(http: aiohttp.ClientSession, installation: Installation, hosts: Hosts) -> AsyncIterator[None]:
    """Send single images of the quiet shops at random times during the block, however long the answers take."""
    sender = asyncio.create_task(_send_quietly(http, installation.web_url, hosts))
    try:
        yield
        if sender.done():
            sender.result()  # a refused image is an error of the benchmark
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)


async def _send_quietly(http: aiohttp.ClientSession, url: str, hosts: Hosts) -> None:
    times = random.Random(SEED)  # noqa: S311 - arrivals, no secret
    loop, number = asyncio.get_running_loop(), 0
    due = loop.time()
    async with asyncio.TaskGroup() as sending:
        while True:
            due += times.expovariate(QUIET_PER_SECOND)
            shop, number = times.choice(QUIET), number + 1
            await asyncio.sleep(due - loop.time())
            sending.create_task(_put(http, f"{url}/v1/shops/{shop}/images/q{number}", {"source_url": hosts.flat(shop, number)}))


async def _put(http: aiohttp.ClientSession, url: str, body: Request) -> None:
    async with http.put(url, json=body) as answer:
        if answer.status != HTTPStatus.ACCEPTED:
            raise RuntimeError(f"PUT {url}: {answer.status} {await answer.text()}")


def keep_known(installation: Installation, hosts: Hosts, shop: int, count: int) -> None:
    """Write rows of good images k1, k2, .. of the shop, as if they had been stored before."""
    values = {"shop": shop, "count": count, "url": hosts.flat(shop, 0), "host": hosts.host(shop)}
    installation.execute(_KNOWN.format(**values))


async def start_republish(http: aiohttp.ClientSession, installation: Installation, shop: int, images: int) -> int:
    """Plan and start a republish of the shop's good images; return the run's number."""
    selection = {"states": ["done"], "shops": [shop], "include_good": True}
    plan = await _post(http, f"{installation.web_url}/v1/republish", {"selection": selection, "rate": REPUBLISH_RATE})
    await _post(http, f"{installation.web_url}/v1/republish/{plan['run']}/start", {"images": images})
    return int(plan["run"])


async def is_republished(http: aiohttp.ClientSession, installation: Installation, run: int) -> bool:
    """Return whether the run has finished."""
    async with http.get(f"{installation.web_url}/v1/republish/{run}") as answer:
        answer.raise_for_status()
        return bool((await answer.json())["status"] == "finished")


async def _post(http: aiohttp.ClientSession, url: str, body: object) -> dict[str, Any]:
    async with http.post(url, json=body) as answer:
        if not answer.ok:
            raise RuntimeError(f"POST {url}: {answer.status} {await answer.text()}")
        return dict(await answer.json())
