"""Months of figures from the cache, and from the store where the cache has none: read once, however many ask at once.

A block's key changes with every load of its month, so nothing in the cache is ever out of date, and nothing is ever invalidated.
"""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog

from faust_app.core.failure import Unavailable
from faust_app.core.statistics.blocks import PLATFORM, Block, Loads, blocks_of, decoded, encoded, key_of, last_day_of
from faust_app.core.statistics.load import Manifest
from faust_app.core.statistics.unavailable import CacheUnavailable, StoreUnavailable
from faust_app.flows.ports.statistics import ReportCache, StatisticsStore
from faust_app.flows.statistics.coalesced import Coalesced

log = structlog.get_logger()

CLOSED_SECONDS: Final = 14 * 86400
OPEN_SECONDS: Final = 26 * 3600
"""The running month changes its key every night; its blocks need not outlive it by long."""
LOCK_MS: Final = 2000
"""A process that reads the store has so long; then others do not wait for it any more."""
_POLL_SECONDS: Final = 0.01
MOST_KEPT: Final = 2000
"""Decoded blocks that a process keeps: some 20 MB."""


@dataclass(frozen=True, slots=True)
class Read:
    """The blocks that could be read, and why the others could not."""

    blocks: Mapping[date, Block]
    failure: StoreUnavailable | Unavailable | None = None


class MonthBlocks:
    """Reads blocks."""

    def __init__(self, store: StatisticsStore, cache: ReportCache | None) -> None:
        self._store = store
        self._cache = cache
        self._coalesced = Coalesced()
        self._kept: OrderedDict[str, Block] = OrderedDict()

    async def of_shop(self, shop_no: int, months: Sequence[date], loads: Loads) -> Read:
        """Return the blocks of the months that have a loaded day; PLATFORM is all shops together.

        While the store does not answer, they are those that this process or the cache has.
        """
        keys = {month: key_of(shop_no, month, loads.versions[month]) for month in months if month in loads.versions}
        found = {month: self._kept[key] for month, key in keys.items() if key in self._kept}
        for month in found:
            self._kept.move_to_end(keys[month])
        missing = {month: key for month, key in keys.items() if month not in found}
        if not missing:
            return Read(found)
        read = await self._coalesced.run(tuple(missing.values()), lambda: self._read(shop_no, missing, loads.manifest))
        return Read({**found, **read.blocks}, read.failure)

    async def forget(self, shop_no: int, loads: Loads) -> None:
        """Delete the blocks of a shop; they are read anew."""
        keys = [key_of(shop_no, month, version) for month, version in loads.versions.items()]
        for key in keys:
            self._kept.pop(key, None)
        if self._cache is not None:
            with suppress(CacheUnavailable):
                await self._cache.forget(keys)

    async def _read(self, shop_no: int, keys: Mapping[date, str], manifest: Manifest) -> Read:
        found: dict[date, Block] = {}
        failure = None
        try:
            if self._cache is not None:
                try:
                    await self._through(self._cache, shop_no, keys, manifest, found)
                except CacheUnavailable as error:
                    log.debug("report is read without the cache", reason=str(error))
            missing = _without(keys, found)
            if missing:
                found |= await self._from_store(shop_no, list(missing), manifest)
        except (StoreUnavailable, Unavailable) as error:
            failure = error
        for month, block in found.items():
            self._kept[keys[month]] = block
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return Read(found, failure)

    async def _through(
        self, cache: ReportCache, shop_no: int, keys: Mapping[date, str], manifest: Manifest, found: dict[date, Block]
    ) -> None:
        """Add the blocks of the cache to those found; of processes that miss some at the same time, one reads the store for all.

        What is still missing after that, nobody reads for this process. Raises CacheUnavailable, and as the store does.
        """
        found |= await _cached(cache, keys)
        missing = _without(keys, found)
        if not missing:
            return
        name, token = f"{shop_no}:{max(missing.values())}", secrets.token_hex(8)
        ends = asyncio.get_running_loop().time() + LOCK_MS / 1000
        while not await cache.lock(name, token, LOCK_MS):
            await asyncio.sleep(_POLL_SECONDS)
            found |= await _cached(cache, missing)
            missing = _without(keys, found)
            if not missing or asyncio.get_running_loop().time() >= ends:
                return
        try:
            found |= await _cached(cache, missing)  # the holder before us may have been done between our two looks
            missing = _without(keys, found)
            if missing:
                found |= await self._store_and_keep(cache, shop_no, missing, manifest)
        finally:
            with suppress(CacheUnavailable):
                await cache.unlock(name, token)

    async def _store_and_keep(self, cache: ReportCache, shop_no: int, keys: Mapping[date, str], manifest: Manifest) -> dict[date, Block]:
        blocks = await self._from_store(shop_no, list(keys), manifest)
        newest = max(manifest)
        open_month = newest.replace(day=1)
        with suppress(CacheUnavailable):
            await cache.put({keys[month]: encoded(block) for month, block in blocks.items() if month != open_month}, CLOSED_SECONDS)
            await cache.put({keys[month]: encoded(block) for month, block in blocks.items() if month == open_month}, OPEN_SECONDS)
        return blocks

    async def _from_store(self, shop_no: int, months: Sequence[date], manifest: Manifest) -> dict[date, Block]:
        first, last = min(months), last_day_of(max(months))
        if shop_no == PLATFORM:
            sums = await self._store.platform_rows(first, last)
            rows = [(day, manifest[day].load_id, row) for day, row in sums.items() if day in manifest]
        else:
            rows = list(await self._store.shop_rows(shop_no, first, last))
        return blocks_of(rows, months, manifest)


def _without(keys: Mapping[date, str], found: Mapping[date, Block]) -> dict[date, str]:
    return {month: key for month, key in keys.items() if month not in found}


async def _cached(cache: ReportCache, keys: Mapping[date, str]) -> dict[date, Block]:
    values = await cache.get(list(keys.values()))
    blocks = {month: decoded(month, value) for month, value in zip(keys, values, strict=True) if value is not None}
    return {month: block for month, block in blocks.items() if block is not None}
