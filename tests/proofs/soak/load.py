"""Registers, updates and deletes over HTTP, with a ledger of what was asked for and what was acknowledged."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

FIRST_SHOP = 100
SHOPS = 20
SENDERS = 6
DELETES = 0.15
REPEATS = 0.1
STRANGE = 0.1
DEAD = 0.05
DEAD_SHOP = 900
"""The first of the shops whose sources are dead: their images stay in progress, and are no part of the ledger."""
PAUSED_STATUS = 429
"""What a paused shop is answered; nothing of the request is stored, and the ledger has it as one without an acknowledgement."""
IDS = ("i{}", "{{{}}}", "a/{}", "%2F{}", "é {}", "..{}", "a?b#{}", "{}%", "画像{}")
"""Ids as strangers choose them."""


@dataclass(frozen=True)
class Sources:
    """Where images are fetched from: addresses that a number is put into, and hosts that never answer."""

    good: str
    strange: str
    dead: tuple[str, ...]


class Load:
    """Asks for one image after the other; of one image, never two requests at once: their order is known.

    One request in ten repeats the one before it, one source in ten sends validators of no encoding and bytes behind the
    image's end, and one request in twenty is for an image of a dead host.
    """

    def __init__(
        self, base_urls: list[str], token: str, sources: Sources, ledger: Path, installation: str, *, images: int, seed: int
    ) -> None:
        self._urls, self._token, self._sources = base_urls, token, sources
        self._images = images
        self._random = random.Random(seed)
        self._ledger = ledger.open("w")
        self._write({"ledger": 1, "installation": installation})
        self._number = 0
        self._busy: set[int] = set()
        self._last: dict[int, str | None] = {}
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
        if self._random.random() < DEAD:
            await self._send_dead(http)
            return
        shop_no, image_id = FIRST_SHOP + image % SHOPS, IDS[image % len(IDS)].format(image)
        url = self._next_url(image)
        status, answer = await self._ask(http, shop_no, image_id, url)
        acknowledged = status in {200, 202}
        if status in {400, 404, 413, 422}:
            raise AssertionError(f"the load itself is wrong: {status} {answer}")
        self.counts["acknowledged" if acknowledged else "of a paused shop" if status == PAUSED_STATUS else "unknown"] += 1
        self.counts["repeated"] += bool(answer.get("unchanged"))
        entry = {"shop_no": shop_no, "image_id": image_id, "op": "delete" if url is None else "update", "source_url": url}
        answered = {"acknowledged": acknowledged, "version": answer.get("version"), "unchanged": bool(answer.get("unchanged"))}
        self._write(entry | answered)

    async def _send_dead(self, http: aiohttp.ClientSession) -> None:
        self._number += 1
        host = self._number % len(self._sources.dead)
        await self._ask(http, DEAD_SHOP + host, f"i{self._number}", self._sources.dead[host].format(self._number))
        self.counts["of dead hosts"] += 1

    def _next_url(self, image: int) -> str | None:
        """Return what is wanted of the image now: None to delete it, or the last address once more."""
        if image in self._last and self._random.random() < REPEATS:
            return self._last[image]
        self._number += 1
        url = self._sources.strange if self._random.random() < STRANGE else self._sources.good
        self._last[image] = None if self._random.random() < DELETES else url.format(self._number)
        return self._last[image]

    async def _ask(self, http: aiohttp.ClientSession, shop_no: int, image_id: str, url: str | None) -> tuple[int | None, dict[str, Any]]:
        path = f"{self._random.choice(self._urls)}/v1/shops/{shop_no}/images/{quote(image_id, safe='')}"
        headers = {"Authorization": f"Bearer {self._token}"}
        try:
            body = None if url is None else {"source_url": url}
            async with http.request("DELETE" if url is None else "PUT", URL(path, encoded=True), headers=headers, json=body) as answer:
                return answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None, {}

    def _write(self, entry: dict[str, Any]) -> None:
        self._ledger.write(json.dumps(entry) + "\n")
        self._ledger.flush()
