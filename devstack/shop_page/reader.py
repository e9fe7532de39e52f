"""Reads the feed of changes for ever: what a platform writes in its own language."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import aiohttp

if TYPE_CHECKING:
    from devstack.shop_page.pictures import Pictures

PAUSE = 2.0
"""Seconds before the next try where the feed does not answer."""
LONGEST = 60.0
BEGIN_AGAIN = {400, 410}
"""The cursor is too old, or of another installation: `.devstack` was removed and made anew."""


class FeedReader:
    """Keeps the pictures of one shop up to date. `changed` is replaced, and set, whenever something is new."""

    def __init__(self, url: str, token: str, shop_no: int, pictures: Pictures) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._shop_no = shop_no
        self._pictures = pictures
        self.connected = False
        self.changed = asyncio.Event()

    async def run(self) -> None:
        """Read until cancelled; an answer that does not come is asked for again."""
        async with aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(LONGEST)) as http:
            while True:
                try:
                    await self.step(http)
                except (aiohttp.ClientError, TimeoutError):
                    self._tell(connected=False)
                    await asyncio.sleep(PAUSE)

    async def step(self, http: aiohttp.ClientSession) -> None:
        """Read one answer and apply it. Raises ClientError where there is none."""
        after = self._pictures.cursor
        query = {"shop": str(self._shop_no)} | ({} if after is None else {"after": after})
        async with http.get(f"{self._url}/v1/changes", params=query) as response:
            if response.status in BEGIN_AGAIN:
                await self._begin_again(http)
                return
            response.raise_for_status()
            answer = await response.json()
        changed = self._pictures.apply(answer["items"], answer["next"])
        if changed or not self.connected:
            self._tell(connected=True)

    async def _begin_again(self, http: aiohttp.ClientSession) -> None:
        """List the pictures, from a cursor that was taken before: what ends meanwhile comes again."""
        latest = await self._json(http, "/v1/changes", {"after": "latest"})
        images: list[dict[str, Any]] = []
        query: dict[str, str] | None = {"limit": "1000"}
        while query is not None:
            page = await self._json(http, f"/v1/shops/{self._shop_no}/images", query)
            images += page["images"]
            query = None if page["next"] is None else {"limit": "1000", "after": page["next"]}
        self._pictures.replace([self._as_result(image) for image in images if image["state"] != "DELETED"], latest["next"])
        self._tell(connected=True)

    async def _json(self, http: aiohttp.ClientSession, path: str, query: dict[str, str]) -> Any:
        async with http.get(self._url + path, params=query) as response:
            response.raise_for_status()
            return await response.json()

    def _as_result(self, image: dict[str, Any]) -> dict[str, Any]:
        """Return a listed image as the feed would tell it; every result of the feed is newer. Its address leads to what is shown."""
        address = f"{self._url}/i/{self._shop_no}/{quote(image['image_id'], safe='')}"
        return {
            **image,
            "kind": "failed" if image["state"] == "FAILED" else "unchanged",
            "public_url": address if image["shown_version"] else None,
            "sentence": image["error_code"],
            "at": image["updated_at"],
            "position": 0,
        }

    def _tell(self, *, connected: bool) -> None:
        self.connected = connected
        self.changed.set()
        self.changed = asyncio.Event()
