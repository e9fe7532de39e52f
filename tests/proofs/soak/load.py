"""Registers, updates and deletes over HTTP, with a ledger of what was asked for and what was acknowledged."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp

SHOPS = 20
SENDERS = 6
DELETES = 0.15


class Load:
    """Asks for one image after the other; of one image, never two requests at once: their order is known."""

    def __init__(self, base_urls: list[str], token: str, source: str, ledger: Path, installation: str, *, images: int, seed: int) -> None:
        self._urls, self._token, self._source = base_urls, token, source
        self._images = images
        self._random = random.Random(seed)
        self._ledger = ledger.open("w")
        self._write({"ledger": 1, "installation": installation})
        self._number = 0
        self._busy: set[int] = set()
        self.counts: Counter[str] = Counter()

    async def run(self, until: asyncio.Event, rate: float) -> None:
        """Send `rate` requests a second, as far as they are answered, until the event is set."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as http:
            await asyncio.gather(*(self._send_on(http, until, SENDERS / rate) for _ in range(SENDERS)))
        self._ledger.close()

    async def _send_on(self, http: aiohttp.ClientSession, until: asyncio.Event, pause: float) -> None:
        while not until.is_set():
            image = self._random.choice([number for number in range(self._images) if number not in self._busy])
            self._busy.add(image)
            await self._send(http, image)
            self._busy.discard(image)
            await asyncio.sleep(pause)

    async def _send(self, http: aiohttp.ClientSession, image: int) -> None:
        shop_no, image_id = 100 + image % SHOPS, f"i{image}"
        self._number += 1
        url = None if self._random.random() < DELETES else f"{self._source}/flat/{self._number}?bytes=6000"
        path = f"{self._random.choice(self._urls)}/v1/shops/{shop_no}/images/{image_id}"
        status, version = await self._ask(http, path, url)
        acknowledged = status in {200, 202}
        if status in {400, 404, 413, 422}:
            raise AssertionError(f"the load itself is wrong: {status}")
        self.counts["acknowledged" if acknowledged else "unknown"] += 1
        op = "delete" if url is None else "update"
        entry = {"shop_no": shop_no, "image_id": image_id, "op": op, "source_url": url, "acknowledged": acknowledged, "version": version}
        self._write(entry)

    async def _ask(self, http: aiohttp.ClientSession, path: str, url: str | None) -> tuple[int | None, int | None]:
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            body = None if url is None else {"source_url": url}
            async with http.request("DELETE" if url is None else "PUT", path, headers=headers, json=body) as answer:
                return answer.status, (await answer.json(content_type=None)).get("version")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None, None

    def _write(self, entry: dict[str, Any]) -> None:
        self._ledger.write(json.dumps(entry) + "\n")
        self._ledger.flush()
